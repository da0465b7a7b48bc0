"""Source data that is broken: each fault, in every format, named and fatal or counted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from converters.export import export
from converters.overlay import OverlayOptions, write_overlay
from converters.pipeline import OnError, ReadOptions
from spec_schema import DatasetError, packb, sample_stem, unpackb
from tests.converters.formats import CASES, export_record
from tests.factories import HEAD_SHOTS, write_dataset, write_marker

ROW = 1
SIZE_PX = 48


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("sound") / "dataset", HEAD_SHOTS[:3], SIZE_PX)


@pytest.fixture
def source(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "source"))


def file(source: Path, suffix: str, row: int = ROW) -> Path:
    stem = source / sample_stem(row)
    return stem.with_name(stem.name + suffix)


def remark(source: Path) -> None:
    write_marker(source, ROW, unpackb(file(source, ".msgpack").read_bytes())["spec_hash"])


def edit_record(source: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
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
    shutil.copy(file(source, ".msgpack", 0), file(source, ".msgpack"))
    remark(source)


def truncated_image_with_a_fresh_marker(source: Path) -> None:
    cut(file(source, ".png"))
    remark(source)


def other_settings(source: Path) -> None:
    path = source / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "settings_hash": "a" * 64}))
    marker = json.loads(file(source, ".done.json").read_text())
    file(source, ".done.json").write_text(json.dumps({**marker, "settings_hash": "b" * 64}))


BREAKAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated marker": (lambda s: cut(file(s, ".done.json")), "unreadable marker"),
    "missing record": (lambda s: file(s, ".msgpack").unlink(), "missing"),
    "missing image": (lambda s: file(s, ".png").unlink(), "missing"),
    "missing mask": (lambda s: file(s, "_mask.png").unlink(), "missing"),
    "truncated image": (lambda s: cut(file(s, ".png")), "SHA-256"),
    "truncated before its marker was made": (truncated_image_with_a_fresh_marker, "truncated"),
    "truncated record": (lambda s: cut(file(s, ".msgpack")), "SHA-256"),
    "image of another row": (
        lambda s: shutil.copy(file(s, ".png", 0), file(s, ".png")),
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
    "record of the version before": (
        lambda s: edit_record(s, lambda r: r["landmarks"].pop("in_frame")),
        "lacks 'landmarks.in_frame'; was it written by another version",
    ),
    "sample of other settings": (other_settings, "samples of different runs are mixed"),
    "fewer vertices than the topology": (
        lambda s: edit_record(
            s, lambda r: r.update(vertices={k: v[:50] for k, v in r["vertices"].items()})
        ),
        "different versions",
    ),
    "another resolution": (
        lambda s: edit_record(s, lambda r: r.update(size_px=320)),
        "48×48 pixels, and its record says 320",
    ),
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
@pytest.mark.parametrize("name", CASES)
def test_it_is_named_and_fatal_or_skipped(
    source: Path, tmp_path: Path, name: str, breakage: str
) -> None:
    spoil, message = BREAKAGES[breakage]
    spoil(source)
    form, out = CASES[name].form, tmp_path / CASES[name].out
    with pytest.raises(DatasetError, match=message) as caught:
        export(source, out, form, ReadOptions(on_error=OnError.FAIL), overwrite=False)
    assert f"{ROW:08d}" in str(caught.value)
    assert not out.exists()
    skip = ReadOptions(on_error=OnError.SKIP)
    summary = export(source, out, form, skip, overwrite=False)
    assert (summary.read, summary.written) == (3, 2)
    assert list(summary.skipped) == [ROW]
    assert summary.skipped[ROW].startswith(f"00000/{ROW:08d}")
    told = export_record(out)["samples"]["skipped_broken"]
    assert told == {str(ROW): summary.skipped[ROW]}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_the_overlay_skips_and_counts_too(source: Path, tmp_path: Path, breakage: str) -> None:
    spoil, message = BREAKAGES[breakage]
    spoil(source)
    out, look = tmp_path / "sheet.png", OverlayOptions(size_px=64)
    with pytest.raises(DatasetError, match=message):
        write_overlay(source, out, look, ReadOptions())
    assert [p.name for p in tmp_path.iterdir()] == ["source"]
    drawn = write_overlay(source, out, look, ReadOptions(on_error=OnError.SKIP))
    assert (drawn.summary.written, list(drawn.summary.skipped)) == (2, [ROW])
    assert out.exists()


@pytest.mark.parametrize("name", CASES)
def test_without_verification_a_truncated_image_is_still_found(
    source: Path, tmp_path: Path, name: str
) -> None:
    cut(file(source, ".png"))
    options = ReadOptions(verify=False)
    with pytest.raises(DatasetError, match="truncated image"):
        export(source, tmp_path / CASES[name].out, CASES[name].form, options, overwrite=False)


def test_the_message_of_a_worker_arrives(source: Path, tmp_path: Path) -> None:
    file(source, ".msgpack").unlink()
    case = CASES["300w-lp"]
    with pytest.raises(DatasetError, match=r"00000001\.msgpack: missing"):
        export(source, tmp_path / case.out, case.form, ReadOptions(workers=2), overwrite=False)
    assert not (tmp_path / case.out).exists()


@pytest.mark.parametrize("name", ["facesynthetics", "replicantface", "webdataset", "coco"])
def test_an_unknown_class_in_a_mask(source: Path, tmp_path: Path, name: str) -> None:
    Image.new("L", (SIZE_PX, SIZE_PX), 77).save(file(source, "_mask.png"))
    remark(source)
    case = CASES[name]
    with pytest.raises(DatasetError, match="holds class 77"):
        export(source, tmp_path / case.out, case.form, ReadOptions(), overwrite=False)


@pytest.mark.parametrize("name", CASES)
def test_every_sample_broken_is_an_error(source: Path, tmp_path: Path, name: str) -> None:
    for path in source.glob("*/*.msgpack"):
        path.unlink()
    case = CASES[name]
    skip = ReadOptions(on_error=OnError.SKIP)
    with pytest.raises(DatasetError, match="skipped because broken: 3"):
        export(source, tmp_path / case.out, case.form, skip, overwrite=False)
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("name", CASES)
def test_labels_without_pictures_are_told(source: Path, tmp_path: Path, name: str) -> None:
    for path in source.glob("*/*.done.json"):
        marker = json.loads(path.read_text())
        marker["files"] = {k: v for k, v in marker["files"].items() if k.endswith(".msgpack")}
        path.write_text(json.dumps(marker))
        for picture in path.parent.glob("*.png"):
            picture.unlink()
    case = CASES[name]
    with pytest.raises(DatasetError, match="render without --labels-only"):
        export(source, tmp_path / case.out, case.form, ReadOptions(), overwrite=False)
    # Labels can be looked at, though.
    out = tmp_path / "sheet.png"
    drawn = write_overlay(source, out, OverlayOptions(size_px=64), ReadOptions())
    assert drawn.summary.written == 3


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
@pytest.mark.parametrize("name", CASES)
def test_a_broken_dataset(
    source: Path, tmp_path: Path, name: str, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(source)
    case = CASES[name]
    with pytest.raises(DatasetError, match=message):
        export(source, tmp_path / case.out, case.form, ReadOptions(), overwrite=False)
