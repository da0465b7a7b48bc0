"""How a dataset folder tells what it is: ``dataset.json``, ``README.md``, ``topology.npz``.

Equal runs give equal bytes: no dates, no machine, sorted keys, archive dates fixed.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from renderer.settings import Output, RenderSettings
from spec_schema.classes import CLASS_COLOURS, SegmentationClass
from spec_schema.dataset import DATASET_VERSION
from spec_schema.manifest import Manifest
from spec_schema.version import own_version
from spec_schema.wire import packb

__all__ = [
    "IDENTITY_KEYS",
    "OUTPUT_FILES",
    "describe",
    "description_bytes",
    "npz_bytes",
    "readme_text",
    "settings_hash",
    "with_shared_digests",
]


IDENTITY_KEYS: Final = ("dataset_version", "manifest", "settings", "versions", "asset_lock")
"""What must be equal for two runs to share a folder."""

_FILES: Final = {
    ".png": "image, sRGB, 8 bits a channel",
    "_mask.png": "class mask: 8-bit greyscale, the value is the class id",
    ".msgpack": "label record: pose, camera, vertices, landmarks, boxes, gaze, lids, spec",
    ".done.json": "completion marker: spec hash, settings hash, SHA-256 of each file",
}

OUTPUT_FILES: Final[Mapping[Output, Mapping[str, str]]] = {
    "depth": {
        "_depth.exr": "depth: float32 channel Z, metres along the optical axis, +inf where "
        "nothing is"
    },
    "normals": {
        "_normal.exr": "normals: float32 channels X, Y, Z, unit, OpenCV camera frame, 0 where "
        "nothing is"
    },
    "raw": {"_raw.png": "the picture as rendered, without what a camera adds to it"},
    "uv": {
        "_uv.exr": "dense correspondence: float32 channels U, V of the chart in topology.npz, "
        "-1 where no skin of the head is"
    },
    "mattes": {
        "_hair.png": "soft matte of hair: 8-bit greyscale, 255 where it covers the whole pixel",
        "_beard.png": "soft matte of beard and stubble, the same way",
        "_brows.png": "soft matte of both brows, the same way",
        "_glasses.png": "soft matte of glasses, the same way",
        "_person.png": "soft matte of the whole person, the same way: an alpha channel",
    },
    "layers": {
        "_layers.png": "class mask of what lies beneath hair, beard, glasses, headwear and "
        "facewear; elsewhere the class mask"
    },
}
"""Suffix and meaning of the files of each optional output (docs/labels.md)."""

_FILES_OF_LABELS: Final = (".msgpack", ".done.json")
"""What ``--labels-only`` writes of these."""

_FRAMES: Final = {
    "units": "metres, degrees, pixels",
    "head": "origin between the eye corners, x to the subject's left, y up, z out of the face",
    "camera": "OpenCV: x right, y down, z forward",
    "image": "(0, 0) is the top-left corner of the top-left pixel; pixel centres are at +0.5",
    "transforms": "target_from_source: camera_from_head maps head to camera coordinates",
    "angles": "yaw, pitch, roll of camera_from_head in degrees with the signs of 300W-LP: "
    "+yaw turns the nose to image-left, +pitch looks up, +roll turns clockwise in the image",
}

_LANDMARKS: Final = {
    "scheme": "iBUG 68, then two pupil centres",
    "count": 70,
    "0-67": "iBUG 68 points of the 3D head, occluded or not",
    "68": "centre of the subject's right pupil",
    "69": "centre of the subject's left pupil",
}


def describe(
    manifest: Manifest,
    manifest_sha256: str,
    settings: RenderSettings,
    engine_versions: Mapping[str, str],
    asset_lock: Mapping[str, str],
    licences: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Content of ``dataset.json``."""
    versions = {"replicantface": own_version(), **engine_versions}
    return {
        "dataset_version": DATASET_VERSION,
        "manifest": {
            "file": "manifest.parquet",
            "sha256": manifest_sha256,
            "rows": len(manifest),
            "schema_version": manifest.info.schema_version,
            "seed": manifest.info.seed,
        },
        "settings": settings.content(),
        "settings_hash": settings_hash(settings, versions, asset_lock),
        "versions": versions,
        "asset_lock": dict(asset_lock),
        "files": {
            "layout": "<row // 1000, 5 digits>/<row, 8 digits><suffix>",
            "suffixes": {
                suffix: text
                for suffix, text in _suffixes(settings).items()
                if not settings.labels_only or suffix in _FILES_OF_LABELS
            },
            "topology.npz": "what all samples share: quads, UVs, regions, names of landmarks",
            "journal/": "one line an attempt; differs from run to run",
        },
        "frames": _FRAMES,
        "classes": [
            {"id": int(c), "name": c.name.lower(), "colour_srgb": list(CLASS_COLOURS[c])}
            for c in SegmentationClass
        ],
        "classes_note": "those of FaceSynthetics; left and right are the subject's",
        "landmarks": _LANDMARKS,
        "licences": [dict(entry) for entry in licences],
    }


def settings_hash(
    settings: RenderSettings, versions: Mapping[str, str], asset_lock: Mapping[str, str]
) -> str:
    """SHA-256 (hex) of what decides a sample's bytes beside its spec, for its marker.

    Settings, release, Blender and assets: samples of unlike ones can be told apart.
    """
    what = [settings.content(), sorted(versions.items()), sorted(asset_lock.items())]
    return hashlib.sha256(packb(what)).hexdigest()


def with_shared_digests(description: Mapping[str, Any], topology: bytes) -> dict[str, Any]:
    """The description with the SHA-256 of the files that all samples share, for ``--verify``."""
    files = {"topology.npz": topology, "README.md": readme_text(description).encode()}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return {**description, "shared_sha256": digests}


def _suffixes(settings: RenderSettings) -> dict[str, str]:
    extra = {s: text for name in settings.outputs for s, text in OUTPUT_FILES[name].items()}
    return {**_FILES, **extra}


def description_bytes(description: Mapping[str, Any]) -> bytes:
    """``dataset.json`` as written."""
    text = json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False)
    return text.encode() + b"\n"


def readme_text(description: Mapping[str, Any]) -> str:
    """``README.md`` of the folder, for whoever is given it without us."""
    d = description
    classes = "\n".join(f"| {c['id']} | {c['name']} |" for c in d["classes"])
    frames = "\n".join(f"- {name}: {text}" for name, text in d["frames"].items())
    files = "\n".join(f"- `NNNNNNNN{s}`: {text}" for s, text in d["files"]["suffixes"].items())
    licences = "\n".join(
        f"| {e['pack']} | {e['licence']} | {e['attribution']} | {e['takes']} |"
        for e in d["licences"]
    )
    versions = ", ".join(f"{name} {version}" for name, version in d["versions"].items())
    return f"""# Synthetic faces with labels

{d["manifest"]["rows"]} scenes (seed {d["manifest"]["seed"]}) at {d["settings"]["size_px"]} px,
{"labels only, computed" if "labels_only" in d["settings"] else "rendered"} with {versions}.
`dataset.json` says the same for programs; `manifest.parquet` holds the whole description of every
scene, one row a sample.

Sample NNNNNNNN is row NNNNNNNN of the manifest, in the folder NNNNNNNN // 1000:

{files}

A sample without a marker is not finished. Check all with `rf-render --verify THIS_FOLDER`, and
read them in Python with `spec_schema.Dataset`. Label records are msgpack maps in which an array
is extension type 1: a packed triple of dtype, shape and bytes. `topology.npz` holds the quads,
regions and names of landmarks that all samples share.

## Frames

{frames}

Landmarks: {d["landmarks"]["scheme"]}; {d["landmarks"]["0-67"]}.

## Classes

| id | class |
|---|---|
{classes}

Left and right are the subject's.

## Assets and their licences

| Pack | Licence | Attribution | Taken from it |
|---|---|---|---|
{licences}
"""


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An ``.npz`` file whose bytes depend on the arrays alone (``np.savez`` puts in the date)."""
    buffer = io.BytesIO()
    # Stored, not deflated: compressors differ between machines.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            entry = io.BytesIO()
            np.lib.format.write_array(  # type: ignore[no-untyped-call]
                entry, np.ascontiguousarray(arrays[name]), version=(1, 0), allow_pickle=False
            )
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, entry.getvalue())
    return buffer.getvalue()
