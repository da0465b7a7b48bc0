"""Every format with its inverse, in one shape, so that one test can ask all of them."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.export import Format
from converters.filters import Filters
from converters.format_300w_lp import Format300wLp
from converters.format_aflw2000 import FormatAflw2000
from converters.format_coco import FormatCoco, read_coco_samples
from converters.format_facesynthetics import FormatFaceSynthetics, read_landmarks
from converters.format_opentrack_h5 import FormatOpentrackH5, RoiKind, read_h5_samples
from converters.format_replicantface import FormatReplicantface, read_raw_sample
from converters.format_webdataset import FormatWebDataset, read_web_labels
from converters.mat_labels import read_mat_sample
from converters.npzfile import read_npz

Array = NDArray[np.float64]
EVERYTHING = Filters(0, 180, 0)


@dataclass(frozen=True)
class Back:
    """What an inverse gives of one sample."""

    size_px: int
    landmarks_px: Array
    """(N, 2) edge-origin pixels of the exported image; NaN where the format leaves one out."""
    box_px: Array | None
    """(4,) face box"""
    rotation: Array | None
    """(3, 3) camera from head"""
    seen: bool
    """The rotation is as seen, not plain."""


def _file(out: Path, name: str) -> bytes:
    if out.is_dir():
        return (out / name).read_bytes()
    with zipfile.ZipFile(out) as archive:
        return archive.read(name)


def _names(out: Path) -> list[str]:
    if out.is_dir():
        return [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()]
    with zipfile.ZipFile(out) as archive:
        return archive.namelist()


def _mats(out: Path, folder: str) -> list[Back]:
    names = [n for n in _names(out) if n.startswith(folder) and n.endswith(".mat")]
    backs = []
    for name in sorted(n for n in names if "landmarks/" not in n):
        mat = read_mat_sample(_file(out, name), name)
        backs.append(Back(450, mat.landmarks_px, mat.box_px, mat.pose.camera_from_head, True))
    return backs


def _facesynthetics(out: Path, size_px: int) -> list[Back]:
    names = sorted(n for n in _names(out) if n.endswith("_ldmks.txt"))
    return [Back(512, read_landmarks(_file(out, n), n), None, None, False) for n in names]


def _replicantface(out: Path, size_px: int) -> list[Back]:
    rows = read_npz(_file(out, "landmark_indices.npz"), "landmark_indices.npz")["indices"]
    backs = []
    for name in sorted(n for n in _names(out) if n.startswith("face_0") and n.endswith(".npz")):
        raw = read_raw_sample(_file(out, name), rows, name)
        rotation = raw.camera_from_head[:3, :3]
        backs.append(Back(raw.size_px, raw.landmarks_px, raw.box_px, rotation, False))
    return backs


def _opentrack_h5(out: Path, size_px: int) -> list[Back]:
    return [
        Back(size_px, s.landmarks_px, s.box_px, s.camera_from_head, True)
        for s in read_h5_samples(out)
    ]


def _webdataset(out: Path, size_px: int) -> list[Back]:
    backs = []
    for shard in sorted(out.glob("*.tar")):
        with tarfile.open(shard) as archive:
            for member in archive:
                if member.name.endswith(".json"):
                    stored = archive.extractfile(member)
                    assert stored is not None
                    web = read_web_labels(stored.read(), member.name)
                    rotation = web.camera_from_head[:3, :3]
                    backs.append(Back(size_px, web.landmarks_px, web.face_box_px, rotation, False))
    return backs


def _coco(out: Path, size_px: int) -> list[Back]:
    return [
        Back(size_px, s.landmarks_px, s.face_box_px, s.camera_from_head, True)
        for s in read_coco_samples(_file(out, "annotations/train.json"), "train.json")
    ]


@dataclass(frozen=True)
class Case:
    """A format with options that leave nothing out, and the inverse of all it wrote."""

    form: Format
    out: str
    back: Callable[[Path, int], list[Back]]
    """From the export and the size of the source images."""
    points_tolerance_px: float = 0.01
    """What the format's own precision takes: float16 of vertices, four decimals, float32."""


CASES: dict[str, Case] = {
    "300w-lp": Case(
        Format300wLp(filters=EVERYTHING), "out.zip", lambda out, _: _mats(out, "300W_LP/")
    ),
    "aflw2000": Case(
        FormatAflw2000(filters=EVERYTHING), "out.zip", lambda out, _: _mats(out, "AFLW2000/")
    ),
    "facesynthetics": Case(FormatFaceSynthetics(filters=EVERYTHING), "out", _facesynthetics),
    "replicantface": Case(FormatReplicantface(filters=EVERYTHING), "out", _replicantface, 0.06),
    "opentrack-h5": Case(
        FormatOpentrackH5(roi=RoiKind.FACE, filters=EVERYTHING), "out.h5", _opentrack_h5
    ),
    "webdataset": Case(FormatWebDataset(shard_size=3, filters=EVERYTHING), "out", _webdataset),
    "coco": Case(FormatCoco(filters=EVERYTHING), "out", _coco),
}


def tree(out: Path) -> dict[str, bytes]:
    """All bytes of an export, by name."""
    if out.is_file():
        return {out.name: out.read_bytes()}
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def export_record(out: Path) -> dict[str, Any]:
    """``export.json`` of an export."""
    if out.suffix == ".h5":
        import h5py

        with h5py.File(out, "r") as file:
            return dict(json.loads(file["about/export.json"][()]))
    return dict(json.loads(_file(out, "export.json")))
