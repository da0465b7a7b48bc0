from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.export import export
from converters.format_300w_lp import Format300wLp
from converters.format_facesynthetics import FormatFaceSynthetics
from converters.overlay import write_overlay
from converters.pipeline import OnError, ReadOptions
from spec_schema import DatasetError, packb, sample_stem, unpackb
from tests.factories import write_marker

ROW = 2


@pytest.fixture
def source(dataset_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(dataset_dir, tmp_path / "source"))


def file(source: Path, suffix: str, row: int = ROW) -> Path:
    stem = source / sample_stem(row)
    return stem.with_name(stem.name + suffix)


def edit_record(source: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change a record and make its marker agree, as a wrong program would have written it."""
    path = file(source, ".msgpack")
    record = unpackb(path.read_bytes())
    spec_hash = record["spec_hash"]
    edit(record)
    path.write_bytes(packb(record))
    write_marker(source, ROW, spec_hash)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def record_of_another(source: Path) -> None:
    shutil.copy(file(source, ".msgpack", 1), file(source, ".msgpack"))
    write_marker(source, ROW, unpackb(file(source, ".msgpack").read_bytes())["spec_hash"])


def truncated_image_with_a_fresh_marker(source: Path) -> None:
    cut(file(source, ".png"))
    write_marker(source, ROW, unpackb(file(source, ".msgpack").read_bytes())["spec_hash"])


def other_resolution(source: Path) -> None:
    edit_record(source, lambda r: r.update(size_px=320))


BREAKAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated marker": (lambda s: cut(file(s, ".done.json")), "unreadable marker"),
    "missing record": (lambda s: file(s, ".msgpack").unlink(), "missing"),
    "missing image": (lambda s: file(s, ".png").unlink(), "missing"),
    "truncated image": (lambda s: cut(file(s, ".png")), "SHA-256"),
    "truncated before its marker was made": (truncated_image_with_a_fresh_marker, "truncated"),
    "truncated record": (lambda s: cut(file(s, ".msgpack")), "SHA-256"),
    "image of another row": (
        lambda s: shutil.copy(file(s, ".png", 1), file(s, ".png")) and None,
        "SHA-256",
    ),
    "record of another row": (record_of_another, "another sample"),
    "record of another spec": (
        lambda s: edit_record(s, lambda r: r.update(spec_hash="0" * 64)),
        "mixed up",
    ),
    "record of another version": (
        lambda s: edit_record(s, lambda r: r.pop("landmarks")),
        "lacks 'landmarks.head_m'; was it written by another version",
    ),
    "fewer vertices than the topology": (
        lambda s: edit_record(
            s, lambda r: r.update(vertices={k: v[:50] for k, v in r["vertices"].items()})
        ),
        "different versions",
    ),
    "another resolution": (other_resolution, "160×160 pixels, and its record says 320"),
    "not a number": (
        lambda s: edit_record(s, lambda r: r.update(face_box_px=np.full(4, np.nan))),
        "'face_box_px' holds a value that is not finite",
    ),
    "a wrong shape": (
        lambda s: edit_record(s, lambda r: r.update(face_box_px=np.zeros(3))),
        r"'face_box_px' has shape \(3,\), and must be 4",
    ),
    "points that contradict the camera": (
        lambda s: edit_record(s, lambda r: r["camera"].update(intrinsics=np.eye(3))),
        "projected by the intrinsics",
    ),
    "points that contradict the pose": (
        lambda s: edit_record(s, lambda r: r["pose"].update(camera_from_head=np.eye(4))),
        "moved by pose.camera_from_head",
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_it_is_named_and_fatal_or_skipped(source: Path, tmp_path: Path, breakage: str) -> None:
    spoil, message = BREAKAGES[breakage]
    spoil(source)
    out = tmp_path / "out.zip"
    with pytest.raises(DatasetError, match=message) as caught:
        export(source, out, Format300wLp(), ReadOptions(on_error=OnError.FAIL), overwrite=False)
    assert f"{ROW:08d}" in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["source"]
    summary = export(
        source, out, Format300wLp(), ReadOptions(on_error=OnError.SKIP), overwrite=False
    )
    assert (summary.read, summary.written) == (4, 3)
    assert list(summary.skipped) == [ROW]
    assert summary.skipped[ROW].startswith(f"00000/{ROW:08d}")


def test_without_verification_a_truncated_image_is_still_found(
    source: Path, tmp_path: Path
) -> None:
    cut(file(source, ".png"))
    options = ReadOptions(verify=False)
    with pytest.raises(DatasetError, match="truncated image"):
        export(source, tmp_path / "out.zip", Format300wLp(), options, overwrite=False)


def test_the_message_of_a_worker_arrives(source: Path, tmp_path: Path) -> None:
    file(source, ".msgpack").unlink()
    options = ReadOptions(workers=2)
    with pytest.raises(DatasetError, match=r"00000002\.msgpack: missing"):
        export(source, tmp_path / "out.zip", Format300wLp(), options, overwrite=False)
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_an_unknown_class_in_a_mask(source: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (160, 160), 77).save(file(source, "_mask.png"))
    record = unpackb(file(source, ".msgpack").read_bytes())
    write_marker(source, ROW, record["spec_hash"])
    form = FormatFaceSynthetics()
    with pytest.raises(DatasetError, match="holds class 77"):
        export(source, tmp_path / "out.zip", form, ReadOptions(), overwrite=False)


def test_the_overlay_skips_and_counts_too(source: Path, tmp_path: Path) -> None:
    file(source, "_mask.png").unlink()
    out = tmp_path / "sheet.png"
    with pytest.raises(DatasetError, match="missing"):
        write_overlay(source, out, 64, None, ReadOptions())
    assert not out.exists()
    summary = write_overlay(source, out, 64, None, ReadOptions(on_error=OnError.SKIP))
    assert (summary.written, list(summary.skipped)) == (3, [ROW])
    assert out.exists()


def test_every_sample_broken_is_an_error(source: Path, tmp_path: Path) -> None:
    for path in source.glob("*/*.msgpack"):
        path.unlink()
    with pytest.raises(DatasetError, match="skipped because broken: 4"):
        export(
            source, tmp_path / "out.zip", Format300wLp(), ReadOptions(on_error=OnError.SKIP), False
        )
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: (s / "topology.npz").unlink(), "topology.npz: missing"),
        (lambda s: cut(s / "topology.npz"), "topology.npz: unreadable"),
        (lambda s: np.savez(s / "topology.npz", faces=np.zeros(3)), "no array 'face_vertices'"),
        (lambda s: (s / "dataset.json").unlink(), "dataset.json is missing"),
        (
            lambda s: (s / "dataset.json").write_text(json.dumps({"dataset_version": 99})),
            "dataset version 99",
        ),
        (lambda s: shutil.rmtree(s / "00000"), "no complete sample"),
    ],
)
def test_a_broken_dataset(
    source: Path, tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(source)
    with pytest.raises(DatasetError, match=message):
        export(source, tmp_path / "out.zip", Format300wLp(), ReadOptions(), overwrite=False)
