"""The reading side of real trainers, in their terms, written anew from what they do.

6DRepNet and Hopenet; 3DDFA_V2 and img2pose; opentrack's neuralnet-tracker-traincode.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HopenetSample:
    crop: tuple[int, int, int, int]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    image: Image.Image


def hopenet(root: Path, stem: str) -> HopenetSample:
    """Crop from the extremes of ``pt2d``; three angles from the front of ``Pose_Para``."""
    mat = scipy.io.loadmat(root / f"{stem}.mat")
    pt2d = mat["pt2d"]
    crop = (min(pt2d[0, :]), min(pt2d[1, :]), max(pt2d[0, :]), max(pt2d[1, :]))
    pitch, yaw, roll = np.degrees(mat["Pose_Para"][0][:3])
    image = Image.open(root / f"{stem}.jpg").convert("RGB")
    return HopenetSample(tuple(int(c) for c in crop), yaw, pitch, roll, image)


def tddfa(mat: dict[str, Any]) -> tuple[Array, Array]:
    """(3, 3) rotation of 3DDFA's definition, and ``pt3d_68``."""
    pitch, yaw, roll = (float(a) for a in mat["Pose_Para"][0][:3])
    c, s = np.cos, np.sin
    rx = np.array([[1, 0, 0], [0, c(pitch), s(pitch)], [0, -s(pitch), c(pitch)]])
    ry = np.array([[c(yaw), 0, -s(yaw)], [0, 1, 0], [s(yaw), 0, c(yaw)]])
    rz = np.array([[c(roll), s(roll), 0], [-s(roll), c(roll), 0], [0, 0, 1]])
    return rx @ ry @ rz, np.asarray(mat["pt3d_68"], np.float64)


@dataclass(frozen=True)
class OpentrackSample:
    rotation: Rotation
    x: float
    y: float
    size: float
    pt2d: Array
    image: Image.Image


def opentrack_groups(archive: zipfile.ZipFile) -> dict[str, list[str]]:
    """Sequences of samples, by the reader's own rules for what counts."""
    subsets = {"AFW", "HELEN", "IBUG", "LFPW"}
    names = [
        e.filename
        for e in archive.filelist
        if e.external_attr == 0x20
        and e.filename.endswith(".mat")
        and e.filename.split("/")[1] in subsets
    ]
    groups = defaultdict(list)
    for name in names:
        match = re.match(r"([\w| ]+)_(\d+).mat", name.split("/")[-1])
        assert match is not None, name
        groups[match.group(1)].append(name)
    return dict(groups)


def opentrack(archive: zipfile.ZipFile, name: str) -> OpentrackSample:
    """Rotation in OpenCV axes, and the point between the eyes with the size of the head."""
    mat = scipy.io.loadmat(io.BytesIO(archive.read(name)))
    missing = {"Pose_Para", "Shape_Para", "Exp_Para", "pt3d_68", "roi"} - mat.keys()
    assert not missing, missing
    assert mat["Shape_Para"][:40, 0].shape == (40,)
    assert mat["Exp_Para"][:10, 0].shape == (10,)
    image = Image.open(io.BytesIO(archive.read(name[: -len(".mat")] + ".jpg")))
    width, height = image.size
    pitch, yaw, roll, tx, ty, _, scale = mat["Pose_Para"][0]
    mirror = np.diag([1, 1, -1])
    rotation = Rotation.from_matrix(
        mirror @ Rotation.from_euler("XYZ", [pitch, -yaw, roll]).as_matrix() @ mirror
    )
    size = 0.5 * scale / 224 * width * 1e5
    offset = rotation.apply([0, -0.26, -0.9]) * size
    parts = name.split("/")
    points = "/".join([*parts[:-2], "landmarks", parts[-2], parts[-1][:-4] + "_pts.mat"])
    pt2d = scipy.io.loadmat(io.BytesIO(archive.read(points)))["pts_2d"]
    return OpentrackSample(
        rotation, tx + offset[0], height - ty + offset[1], size, np.asarray(pt2d), image
    )


def aflw_names(archive: zipfile.ZipFile) -> list[str]:
    """What opentrack takes for samples: ``.mat`` directly in a folder of exactly that name."""
    names = [e.filename for e in archive.filelist]
    return sorted(n for n in names if n.endswith(".mat") and n.rpartition("/")[0] == "AFLW2000")


@dataclass(frozen=True)
class AflwSample:
    rotation: Rotation
    coord: Array
    pt3d: Array
    roi: Array
    image: Image.Image


def aflw(archive: zipfile.ZipFile, name: str) -> AflwSample:
    """opentrack's sample of AFLW2000-3D: depth turned round and centred between the eyes."""
    mat = scipy.io.loadmat(io.BytesIO(archive.read(name)))
    assert mat["pt3d_68"].shape == (3, 68)
    pitch, yaw, roll, tx, ty, _, scale = mat["Pose_Para"][0]
    image = Image.open(io.BytesIO(archive.read(name[: -len(".mat")] + ".jpg")))
    mirror = np.diag([1, 1, -1])
    turn = Rotation.from_euler("XYZ", [pitch, -yaw, roll]).as_matrix()
    rotation = Rotation.from_matrix(mirror @ turn @ mirror)
    size = 0.5 * scale / 224 * image.width * 1e5
    offset = rotation.apply([0, -0.26, -0.9]) * size
    pt3d = np.array(mat["pt3d_68"], np.float64)
    pt3d[2] = -(pt3d[2] - pt3d[2, [45, 42, 39, 36]].mean())
    roi = np.concatenate([pt3d[:2].min(axis=1), pt3d[:2].max(axis=1)])
    coord = np.array([tx + offset[0], image.height - ty + offset[1], size])
    return AflwSample(rotation, coord, pt3d.T, roi, image)


FACE_COLOUR = (220, 57, 33)


@dataclass(frozen=True)
class RawReplicantface:
    quat: Array
    coord: Array
    face_box: Array
    skin_box: Array
    landmarks: Array
    brightness: float


def _screen_to_image(p: Array, size: float) -> Array:
    return (1.0 - p) / 2.0 * size


def raw_replicantface(npz: Path) -> RawReplicantface:
    """What opentrack's ``dsprocess_replicantface.py`` makes of one sample of the raw folder."""
    rows = {
        k: np.load(npz.parent / f"{k}_indices.npz")["indices"] for k in ("head", "face", "landmark")
    }
    where = np.full(rows["head"].max() + 1, -1)
    where[rows["head"]] = np.arange(len(rows["head"]))
    with np.load(npz) as f:
        modelview, projection = f["modelview"], f["projection"]
        vertices, size = f["vertices"], float(f["resolution"])
    assert np.isclose(projection[0, 0], projection[1, 1])
    rx = np.diag([1.0, -1.0, -1.0])
    rx4 = np.diag([1.0, -1.0, -1.0, 1.0])
    eyes = rx4.T @ modelview @ rx4 @ [0.0, -0.064, -0.086, 1.0]
    p = projection @ eyes
    coord = np.append(_screen_to_image(p[:2] / p[3], size), 0)
    coord[2] = 0.1 * projection[0, 0] / eyes[2] * size * 0.5
    quat = Rotation.from_matrix(rx.T @ modelview[:3, :3] @ rx).as_quat()
    points = np.pad(vertices, [(0, 0), (0, 1)], constant_values=1.0)
    face = projection @ rx4.T @ modelview @ points[where[rows["face"]]].T
    face = _screen_to_image(face[:2] / face[3], size).T
    weak = (rx4.T @ modelview @ points[where[rows["landmark"]]].T).T
    landmarks = _screen_to_image(-projection[0, 0] / eyes[2] * weak[:, :3], size)
    landmarks[:, 2] -= landmarks[[45, 42, 39, 36], 2].mean()
    mask = np.asarray(Image.open(npz.with_name(npz.stem + "_mask.png")))
    assert mask.shape[2] == 3
    assert mask.dtype == np.uint8
    line, column = np.nonzero(np.abs(mask.astype(int) - FACE_COLOUR).max(axis=2) < 20)
    skin = np.array([column.min(), line.min(), column.max(), line.max()], float)
    image = np.asarray(Image.open(npz.with_name(npz.stem + "_img.jpg")))
    box = np.concatenate([face.min(axis=0), face.max(axis=0)])
    return RawReplicantface(quat, coord, box, skin, landmarks, float(image.mean()))


def opentrack_h5(path: Path) -> list[dict[str, Any]]:
    """Samples as opentrack's ``Hdf5PoseDataset`` hands them out: by name, with a category."""
    import h5py

    known = {
        "images": "image", "quats": "pose", "coords": "coord", "rois": "roi",
        "pt3d_68": "pt3d_68", "pt2d_68": "pt2d_68", "shapeparams": "shapeparam",
        "semseg": "semseg", "hasface": "hasface", "keys": "image", "seg_image": "semseg",
    }  # fmt: skip
    with h5py.File(path, "r") as file:
        found = {name: file[name] for name in file if name in known}
        lengths = {len(ds) for ds in found.values()}
        assert len(lengths) == 1, lengths
        samples: list[dict[str, Any]] = []
        for i in range(lengths.pop()):
            sample: dict[str, Any] = {}
            for name, ds in found.items():
                value = ds[i]
                if ds.attrs.get("storage") == "varsize_image_buffer":
                    assert ds.attrs["lossy"]
                    assert value.dtype == np.uint8
                    assert value.ndim == 1
                    value = np.asarray(Image.open(io.BytesIO(value.tobytes())).convert("RGB"))
                sample[known[name]] = (str(ds.attrs["category"]), np.asarray(value))
            samples.append(sample)
        starts = file["sequence_starts"][...] if "sequence_starts" in file else None
        for i, sample in enumerate(samples):
            sample["individual"] = (
                -1 if starts is None else int(np.searchsorted(starts, i, "right"))
            )
    return samples
