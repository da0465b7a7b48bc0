"""``rf-render --labels-only``: without Blender, resumable, the records of a full render."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.head import load_head_model
from assets.packs import asset_lock
from assets.store import open_store
from renderer.folder import sample_bytes
from renderer.label_crew import LabelCrew, LabelJob
from renderer.labels import geometric_labels, topology
from renderer.progress import Progress
from renderer.settings import RenderSettings
from spec_schema import Dataset, DatasetError, Manifest, packb, spec_hash
from tests.renderer.runner import Runner
from tests.renderer.specs import write_manifest

ROOT = Path(__file__).parents[2]
N_ROWS = 5
N_LONG = 120
SIZE = 96
WITHOUT_BLENDER = """
import sys
import time
class Ban:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("bpy", "mathutils", "OpenEXR"):
            raise ModuleNotFoundError(f"No module named {name!r} (banned)", name=name)
sys.meta_path.insert(0, Ban())
"""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_manifest(
        tmp_path_factory.mktemp("m") / "faces.parquet", N_ROWS, asset_lock=asset_lock()
    )


def command(
    manifest: Path, out: Path, *more: str, ban: Path | None = None
) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "RF_TEST_BACKEND"}
    folders = [str(ROOT)]
    if ban is not None:  # sitecustomize is run by every interpreter, so by the workers too
        (ban / "sitecustomize.py").write_text(WITHOUT_BLENDER)
        folders.insert(0, str(ban))
    env["PYTHONPATH"] = os.pathsep.join(folders)
    arguments = [str(manifest), "--out", str(out), "--labels-only", "--size", str(SIZE), *more]
    return subprocess.run(
        [sys.executable, "-m", "renderer.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=out.parent,
        env=env,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def labelled(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All rows, made where Blender can't be imported."""
    folder = tmp_path_factory.mktemp("labels")
    done = command(manifest, folder / "out", "--workers", "2", ban=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_the_ban_works(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_BLENDER)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    failed = subprocess.run([sys.executable, "-c", "import bpy"], env=env, capture_output=True)
    assert b"banned" in failed.stderr


def test_records_are_those_of_the_whole_head(manifest: Path, labelled: Path) -> None:
    model = load_head_model(open_store())
    samples = {s.row: s for s in Dataset(labelled).samples()}
    assert sorted(samples) == list(range(N_ROWS))
    for row, spec in Manifest(manifest).specs():
        samples[row].verify()
        whole = model.labelled(model.build(spec))
        expected = {
            "row": row,
            "index": spec.sample.index,
            "spec_hash": spec_hash(spec),
            "size_px": SIZE,
            **geometric_labels(spec, whole, model, SIZE),
        }
        assert samples[row].path(".msgpack").read_bytes() == packb(expected)
        assert set(samples[row].marker["files"]) == {f"{row:08d}.msgpack"}


def test_topology_is_that_of_a_full_render(labelled: Path) -> None:
    expected = topology(load_head_model(open_store()))
    with np.load(labelled / "topology.npz", allow_pickle=False) as there:
        assert set(there) == set(expected)
        for name, array in expected.items():
            np.testing.assert_array_equal(there[name], array)


def test_the_description_knows_only_the_head(labelled: Path) -> None:
    info = json.loads((labelled / "dataset.json").read_text())
    assert info["settings"] == {"labels_only": True, "size_px": SIZE}
    assert set(info["versions"]) == {"replicantface"}
    assert info["asset_lock"] == {"head": asset_lock()["head"]}
    assert set(info["files"]["suffixes"]) == {".msgpack", ".done.json"}
    assert [entry["pack"] for entry in info["licences"]] == ["head"]
    assert "labels only" in (labelled / "README.md").read_text()


def test_going_on_mends_what_is_missing_or_torn(
    manifest: Path, labelled: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert command(manifest, out).returncode == 0
    want = {p: p.read_bytes() for p in sorted(out.rglob("0*/0*"))}
    (out / "00000/00000002.done.json").unlink()
    (out / "00000/00000003.msgpack").write_bytes(b"torn")
    again = command(manifest, out)
    assert again.returncode == 0
    assert "3 of 5 samples are done" in again.stderr
    assert {p: p.read_bytes() for p in sorted(out.rglob("0*/0*"))} == want
    for path, data in want.items():
        assert (labelled / path.relative_to(out)).read_bytes() == data
    assert "nothing to do" in command(manifest, out).stderr


def test_shards_share_a_folder(manifest: Path, labelled: Path, tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        assert command(manifest, tmp_path / "out", "--shard", shard).returncode == 0
    for path in sorted(labelled.rglob("0*/0*")):
        assert (tmp_path / "out" / path.relative_to(labelled)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("more", [("--depth",), ("--samples", "4"), ("--layers",)])
def test_what_needs_pixels_is_refused(manifest: Path, tmp_path: Path, more: tuple[str]) -> None:
    refused = command(manifest, tmp_path / "out", *more)
    assert refused.returncode == 2
    assert more[0] in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_manifest_of_another_head_is_refused(tmp_path: Path) -> None:
    lock: dict[str, Any] = {**asset_lock(), "head": "0" * 64}
    other = write_manifest(tmp_path / "other.parquet", 1, asset_lock=lock)
    refused = command(other, tmp_path / "out")
    assert refused.returncode == 2
    assert "pack 'head'" in refused.stderr


def test_other_packs_and_unknown_wear_do_not_matter(tmp_path: Path) -> None:
    lock = {**asset_lock(), "hdri": "0" * 64}

    def change(row: int, record: dict[str, Any]) -> None:
        record["environment"]["hdri"] = "of_someone_else"

    other = write_manifest(tmp_path / "other.parquet", 1, change, asset_lock=lock)
    assert command(other, tmp_path / "out").returncode == 0


def test_a_folder_holds_labels_or_images(runner: Runner, tmp_path: Path) -> None:
    """With the stand-in for Blender; both ways round."""
    images = tmp_path / "images"
    assert runner.render(images)[0] == 0
    only = RenderSettings(size_px=32, labels_only=True)
    with pytest.raises(
        DatasetError, match=r"holds images with their labels, .*--labels-only is set"
    ):
        runner.render(images, settings=only)
    labels = tmp_path / "labels"
    assert runner.render(labels, settings=only)[0] == 0
    with pytest.raises(DatasetError, match=r"holds labels only, .*--labels-only is missing"):
        runner.render(labels)


def test_a_record_takes_the_space_that_is_asked_for(labelled: Path) -> None:
    size = (labelled / "00000/00000000.msgpack").stat().st_size
    asked = sample_bytes(RenderSettings(labels_only=True, size_px=4096))
    assert size <= asked < 1.1 * size


def started(manifest: Path, out: Path) -> subprocess.Popen[str]:
    """The command, with one worker, when the first record is there."""
    env = {k: v for k, v in os.environ.items() if k != "RF_TEST_BACKEND"}
    arguments = [str(manifest), "--out", str(out), "--labels-only", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "renderer.cli", *arguments, "--size", str(SIZE)],
        stderr=subprocess.PIPE,
        text=True,
        env={**env, "PYTHONPATH": str(ROOT)},
    )
    deadline = time.monotonic() + 60
    while not list(out.glob("0*/*.done.json")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


@pytest.fixture(scope="module")
def long_manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    return write_manifest(folder / "faces.parquet", N_LONG, asset_lock=asset_lock())


@pytest.mark.parametrize("who", ["command", "worker"])
def test_interrupted_it_goes_on(long_manifest: Path, tmp_path: Path, who: str) -> None:
    out = tmp_path / "out"
    process = started(long_manifest, out)
    if who == "command":
        process.send_signal(signal.SIGTERM)
    else:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            pytest.skip("this system does not tell a process's children")
        os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 75, told
    assert "run the same command again" in told
    done = len(list(out.glob("0*/*.done.json")))
    assert 0 < done < N_LONG
    again = command(long_manifest, out)
    assert again.returncode == 0, again.stderr
    assert sum(sample.verify() is None for sample in Dataset(out).samples()) == N_LONG


def test_a_row_that_fails_is_told_and_recorded() -> None:
    lines: list[dict[str, Any]] = []

    class Journal:
        def append(self, record: dict[str, Any]) -> None:
            lines.append(record)

    told = io.StringIO()
    progress = Progress("rf-render", 2, told)
    job = LabelJob(Path("m.parquet"), "out", "t", RenderSettings(labels_only=True), "a" * 64)
    nothing = lambda: None  # noqa: E731
    crew = LabelCrew(job, (3, 4), 1, Journal(), progress, nothing, nothing)  # type: ignore[arg-type]
    crew._note([3, 13, "ab", 0.01, None], 200)
    crew._note([4, 14, "cd", 0.01, "ValueError: no such face"], 200)
    assert [(line["event"], line["row"]) for line in lines] == [("done", 3), ("failed", 4)]
    assert lines[1]["final"]
    assert lines[1]["message"] == "ValueError: no such face"
    assert (progress.done, progress.failed) == (1, 1)
    assert "no such face" in told.getvalue()
