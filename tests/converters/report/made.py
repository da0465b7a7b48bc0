"""A dataset to report on: any number of samples of a few pictures, a manifest, failures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from renderer.index import INDEX_SCHEMA
from renderer.rasters import encode_exr
from spec_schema import SceneSpec
from spec_schema.arrow import arrow_schema, leaves, spec_to_row
from spec_schema.dataset import DATASET_VERSION, INDEX_PATH, sample_stem, sha256_file
from spec_schema.manifest import ManifestInfo, ManifestWriter
from spec_schema.spec import SCHEMA_VERSION, spec_hash
from spec_schema.wire import packb
from tests.factories import HeadShot, _draw, add_pixel_labels, head_shape, label_record
from tests.make_specs import make_spec

FAILED = 2
"""The last rows of the manifest: one crashed, one ran out of time."""

LICENCES = [
    {"pack": "head", "licence": "CC0-1.0", "attribution": "its makers", "takes": "a mesh"},
    {"pack": "frames", "licence": "CC-BY-4.0", "attribution": "Ada <Lovelace>", "takes": "glasses"},
]


def _glasses() -> dict[str, Any]:
    """A valid item, whatever its fields are: each number as near to 0 as its bounds allow."""
    item: dict[str, Any] = {}
    for leaf in leaves():
        if leaf.path[0] == "glasses":
            low = max((limit for sign, limit in leaf.bounds if sign.startswith(">")), default=0.0)
            item[leaf.path[1]] = "round" if leaf.kind is str else leaf.kind(max(low, 0.0))
    return item


def yaw_of(row: int) -> float:
    """Yaw of a row in degrees: each its own, in no order."""
    return float((row * 37) % 101 - 50)


def spec_of(row: int) -> SceneSpec:
    """Every third wears glasses; styles and ages vary."""
    return make_spec(
        sample={"index": 1000 + row, "identity_id": row},
        pose={"yaw_deg": yaw_of(row), "pitch_deg": 4.0, "roll_deg": -3.0},
        identity={"age_years": 20.0 + row % 50},
        glasses=_glasses() if row % 3 == 0 else None,
        hair={"style": ("bob", "afro", "bald")[row % 3]},
    )


def write_reported(
    root: Path, n: int, size_px: int = 96, pictures: Sequence[Image.Image] = (), depth: bool = True
) -> Path:
    """Write a dataset of ``n`` samples and :data:`FAILED` failures.

    Args:
        root: folder to make.
        n: complete samples.
        size_px: of the pictures.
        pictures: to take in turns; drawn ones where there are none.
        depth: whether each has a depth file.
    """
    root.mkdir(parents=True)
    shape = head_shape()
    base = [label_record(shape, HeadShot(yaw, 4.0, -3.0), 0, size_px) for yaw in (-40.0, 0.0, 40.0)]
    drawn = [
        _draw(shape, r["vertices"]["camera_m"].astype(float), r["camera"]["intrinsics"],
              HeadShot(0, 0, 0), size_px)
        for r in base
    ]  # fmt: skip
    metres = np.where(np.asarray(drawn[0][1]) > 0, np.float32(0.9), np.float32(np.inf))
    exr = encode_exr({"Z": metres.astype(np.float32)})
    masks = [_png(mask) for _, mask in drawn]
    images = [_png(p) for p in pictures] or [_png(image) for image, _ in drawn]
    records = [add_pixel_labels(r, np.asarray(d[1])) for r, d in zip(base, drawn, strict=True)]
    specs = [spec_of(row) for row in range(n + FAILED)]
    for row, spec in enumerate(specs[:n]):
        record = {
            **records[row % 3], "row": row, "index": spec.sample.index,
            "spec_hash": spec_hash(spec), "spec": spec.model_dump(),
        }  # fmt: skip
        files = {".png": images[row % len(images)], "_mask.png": masks[row % 3]}
        files |= {"_depth.exr": exr} if depth else {}
        _write_sample(root, row, {**files, ".msgpack": packb(record)}, record["spec_hash"])
    _write_manifest(root / "manifest.parquet", specs)
    _write_index(root, specs, n)
    info = {
        "dataset_version": DATASET_VERSION, "manifest": {"rows": len(specs), "seed": 5},
        "settings": {"size_px": size_px, "samples": 16}, "versions": {"replicantface": "0"},
        "licences": LICENCES,
    }  # fmt: skip
    (root / "dataset.json").write_text(json.dumps(info))
    np.savez(root / "topology.npz", face_vertices=shape.face_vertices)
    return root


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _write_sample(root: Path, row: int, files: dict[str, bytes], digest: str) -> None:
    stem = root / sample_stem(row)
    stem.parent.mkdir(exist_ok=True)
    hashes = {}
    for suffix, data in files.items():
        path = stem.with_name(stem.name + suffix)
        path.write_bytes(data)
        hashes[path.name] = sha256_file(path)
    marker = {"row": row, "spec_hash": digest, "files": hashes}
    stem.with_name(f"{stem.name}.done.json").write_text(json.dumps(marker))


def _write_manifest(path: Path, specs: Sequence[SceneSpec]) -> None:
    info = ManifestInfo(
        schema_version=SCHEMA_VERSION, seed=5, config={}, versions={}, asset_lock={}
    )
    shapes, units = sorted(specs[0].identity.shape), sorted(specs[0].expression)
    with ManifestWriter(path, info, shapes, units) as writer:
        rows: list[dict[str, Any]] = [spec_to_row(s) for s in specs]
        writer.write(pa.Table.from_pylist(rows, schema=arrow_schema(shapes, units)))


def _write_index(root: Path, specs: Sequence[SceneSpec], done: int) -> None:
    (root / INDEX_PATH).parent.mkdir()
    rows = []
    for row, spec in enumerate(specs):
        base = {"row": row, "index": spec.sample.index, "spec_hash": spec_hash(spec)}
        if row < done:
            seconds = {"paths": 1.5 + row % 4, "skin": 0.5}
            rows.append({**base, "status": "done", "attempts": 1, "seconds": 2.0 + row % 4,
                         "rss_mb": 900.0, "wall_s": seconds, "cpu_s": seconds})  # fmt: skip
        else:
            kind = "crash" if row == done else "timeout"
            rows.append({**base, "status": "failed", "attempts": 2, "seconds": 9.0, "kind": kind,
                         "phase": "paths", "message": f"a {kind} </script> here"})  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema=INDEX_SCHEMA), root / INDEX_PATH)
