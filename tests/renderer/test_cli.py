"""The command: shards, resuming, verifying, and every kind of bad input in one clear message."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from renderer import storage as storage_module
from renderer.cli import HELP
from renderer.engine import BlenderEngine
from renderer.folder import sample_bytes
from renderer.settings import RenderSettings
from renderer.shards import parse_shard
from renderer.verify import verify_dataset
from spec_schema import (
    AssetError,
    Dataset,
    DatasetError,
    ManifestError,
    ReplicantfaceError,
    SpecError,
    ToolError,
)
from tests.renderer.runner import N_ROWS, SETTINGS, Runner, journal_lines
from tests.renderer.specs import SHAPE_KEYS, tree, write_manifest

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        runner = Runner(tmp_path_factory.mktemp("clean"), patch)
        assert runner.render(runner.folder / "out", workers=1)[0] == 0
        return tree(runner.folder / "out")


def test_the_command_renders_and_the_folder_describes_itself(
    runner: Runner, clean: dict[str, bytes]
) -> None:
    out = runner.folder / "out"
    code, said = runner.command(
        runner.manifest, "--out", out, "--size", 32, "--samples", 1, "--workers", 2
    )
    assert code == 0
    assert "7/7 samples (100%)" in said
    assert "\r" not in said
    assert tree(out) == clean
    dataset = Dataset(out)
    samples = list(dataset.samples())
    assert [s.row for s in samples] == list(range(N_ROWS))
    for sample in samples:
        sample.verify()
        assert sample.marker["spec_hash"] == sample.labels()["spec_hash"]
    assert dataset.info["classes"][18] == {
        "id": 18,
        "name": "facewear",
        "colour_srgb": [200, 200, 210],
    }
    assert dataset.info["settings"] == SETTINGS.content()
    assert clean["manifest.parquet"] == runner.manifest.read_bytes()
    readme = clean["README.md"].decode()
    assert "| head | CC0-1.0 | us | a head |" in readme
    assert str(runner.folder) not in readme + clean["dataset.json"].decode()


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_the_union_of_shards_is_the_whole(
    runner: Runner, clean: dict[str, bytes], order: tuple[int, ...]
) -> None:
    out = runner.folder / "out"
    for number in order:
        assert runner.render(out, f"{number}/3", workers=1)[0] == 0
    assert tree(out) == clean
    code, told = runner.render(out)
    assert code == 0
    assert "7 of 7 samples are done; nothing to do" in told


def test_shards_of_two_machines_are_merged_by_copying(
    runner: Runner, clean: dict[str, bytes]
) -> None:
    one, other, merged = (runner.folder / name for name in ("one", "other", "merged"))
    assert runner.render(one, "1/2")[0] == runner.render(other, "2/2")[0] == 0
    for part in (one, other):
        code, said = runner.command("--verify", part)
        assert code == 1
        assert "missing rows" in said
        shutil.copytree(part, merged, dirs_exist_ok=True)
    assert tree(merged) == clean
    code, told = runner.render(merged)
    assert code == 0
    assert "7 of 7 samples are done; nothing to do" in told
    assert runner.command("--verify", merged)[0] == 0
    assert tree(merged) == clean
    index = Dataset(merged).index()
    assert index["status"].to_pylist() == ["done"] * N_ROWS
    assert index["attempts"].to_pylist() == [1] * N_ROWS


def test_shards_may_run_at_once(runner: Runner, clean: dict[str, bytes]) -> None:
    out = runner.folder / "out"
    arguments = (runner.manifest, "--out", out, "--size", 32, "--samples", 1, "--workers", 1)
    running = [runner.start(*arguments, "--shard", f"{k}/3") for k in (1, 2, 3)]
    for process in running:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert tree(out) == clean


def test_a_shard_without_rows(runner: Runner) -> None:
    code, told = runner.render(runner.folder / "out", "20/20")
    assert code == 0
    assert "nothing to do" in told


@pytest.mark.parametrize(
    "name", ["00000/00000002.png", "00000/00000002.msgpack", "00000/00000002.done.json"]
)
@pytest.mark.parametrize("damage", ["flip", "remove"])
def test_what_is_damaged_is_found_and_rendered_again(
    runner: Runner, clean: dict[str, bytes], name: str, damage: str
) -> None:
    out = runner.folder / "out"
    for path, data in clean.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(data)
    assert verify_dataset(out, io.StringIO()).whole
    if damage == "remove":
        (out / name).unlink()
    else:
        data = clean[name]
        (out / name).write_bytes(data[:5] + bytes([data[5] ^ 255]) + data[6:])
    verdict = verify_dataset(out, io.StringIO())
    absent = damage == "remove" and name.endswith(".done.json")
    assert (verdict.done, verdict.missing, verdict.damaged) == (
        (6, (2,), ()) if absent else (6, (), (2,))
    )
    code, told = runner.render(out, workers=1)
    assert code == 0
    assert "6 of 7 samples are done" in told
    assert [ln["row"] for ln in journal_lines(out) if ln["event"] == "done"] == [2]
    assert tree(out) == clean


def test_verify_as_a_command(runner: Runner) -> None:
    out = runner.folder / "out"
    assert runner.render(out)[0] == 0
    code, said = runner.command("--verify", out)
    assert code == 0
    assert "7 samples are whole, 0 missing, 0 damaged" in said
    (out / "00000/00000002.png").unlink()
    (out / "00000/00000005.done.json").unlink()
    code, said = runner.command("--verify", out)
    assert code == 1
    assert "missing rows: 5\ndamaged rows: 2\nrow 2: 00000/00000002.png is missing\n" in said


def test_an_interrupted_start_is_gone_on_with(runner: Runner, clean: dict[str, bytes]) -> None:
    out = runner.folder / "out"
    (out / "journal").mkdir(parents=True)
    (out / "manifest.parquet").write_bytes(clean["manifest.parquet"])
    (out / ".topology.npz.shard-1-of-1.tmp").write_bytes(b"half")
    assert runner.render(out)[0] == 0
    assert tree(out) == clean


def test_manifest_inside_the_folder(runner: Runner, clean: dict[str, bytes]) -> None:
    out = runner.folder / "out"
    out.mkdir()
    shutil.copy(runner.manifest, out / "manifest.parquet")
    assert runner.render(out, manifest=out / "manifest.parquet")[0] == 0
    assert tree(out) == clean


# Bad input. Each is refused before anything is written.

Spoil = Callable[[int, dict[str, Any]], None]


def spoil(row: int, *path: str, value: Any) -> Spoil:
    def change(at: int, record: dict[str, Any]) -> None:
        if at == row:
            for name in path[:-1]:
                record = record[name]
            record[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (spoil(4, "pose", "yaw_deg", value=float("nan")), SpecError, "row 4: pose.yaw_deg is nan"),
        (spoil(5, "pose", "z_m", value=-1.0), SpecError, "row 5: pose.z_m is -1.0: must be >"),
        (
            spoil(3, "identity", "shape", value=dict.fromkeys(SHAPE_KEYS, float("inf"))),
            SpecError,
            "row 3: identity.shape.head-oval is inf",
        ),
        (spoil(6, "skin", "seed", value=-1), SpecError, "row 6: skin.seed is -1"),
        (spoil(2, "hair", "style", value="bold"), AssetError, "row 2: hair.style is 'bold'"),
        (spoil(1, "hair", "style", value=""), SpecError, "row 1: hair.style is ''"),
    ],
)
def test_a_bad_value(
    runner: Runner, change: Spoil, error: type[ReplicantfaceError], words: str
) -> None:
    bad = write_manifest(runner.folder / "bad.parquet", N_ROWS, change)
    refused(runner, error, [str(bad), words], manifest=bad)


def refused(
    runner: Runner, error: type[ReplicantfaceError], words: list[str], **arguments: Any
) -> None:
    """The run is refused with one message that holds these words, and nothing is written."""
    out = runner.folder / "out"
    before = tree(out) if out.is_dir() else None
    with pytest.raises(error) as caught:
        runner.render(out, **arguments)
    assert caught.value.exit_code == 2
    for word in words:
        assert word in str(caught.value)
    assert (tree(out) if out.is_dir() else None) == before


def test_not_a_parquet_file(runner: Runner) -> None:
    bad = runner.folder / "bad.parquet"
    bad.write_text("hello")
    refused(runner, ManifestError, [str(bad), "not a readable Parquet file"], manifest=bad)


def test_no_such_manifest(runner: Runner) -> None:
    bad = runner.folder / "none.parquet"
    refused(runner, ManifestError, [str(bad), "no such file"], manifest=bad)


def test_a_wrong_schema_version(runner: Runner) -> None:
    bad = write_manifest(runner.folder / "bad.parquet", 2, schema_version=99)
    refused(runner, ManifestError, [str(bad), "schema version 99"], manifest=bad)


def test_other_assets(runner: Runner) -> None:
    lock = {"head": "e" * 64, "hdri": "b" * 64, "user": "f" * 64}
    bad = write_manifest(runner.folder / "bad.parquet", 2, asset_lock=lock)
    words = [str(bad), "'head': eeeeeeeeeeee", "aaaaaaaaaaaa is here", "'user'", "none here"]
    refused(runner, AssetError, words, manifest=bad)


def test_an_unknown_shape_key(runner: Runner) -> None:
    keys = ("head-oval", "nose-hunp")
    bad = write_manifest(runner.folder / "bad.parquet", 2, shape_keys=keys)
    words = [str(bad), "identity.shape.nose-hunp", "did you mean identity.shape.nose-hump?"]
    refused(runner, ManifestError, words, manifest=bad)


def test_an_output_of_another_manifest(runner: Runner) -> None:
    assert runner.render(runner.folder / "out")[0] == 0
    other = write_manifest(runner.folder / "other.parquet", N_ROWS + 1, seed=4)
    words = ["holds another dataset", "(7 rows), asked for is", "(8 rows)"]
    refused(runner, DatasetError, words, manifest=other)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("size_px", 48, "size_px: it has 32, asked for is 48"),
        ("samples", 2, "samples: it has 1, asked for is 2"),
    ],
)
def test_an_output_of_other_settings(runner: Runner, field: str, value: int, words: str) -> None:
    assert runner.render(runner.folder / "out")[0] == 0
    other = SETTINGS.model_copy(update={field: value})
    refused(runner, DatasetError, ["holds another dataset", words], settings=other)


def test_an_output_of_another_release(runner: Runner) -> None:
    assert runner.render(runner.folder / "out")[0] == 0
    path = runner.folder / "out/dataset.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, "versions": {**info["versions"], "fake": "0"}}))
    refused(runner, DatasetError, ["fake: it has 0, asked for is 1"])


def test_threads_and_device_are_no_other_settings(runner: Runner) -> None:
    assert runner.render(runner.folder / "out", "1/2")[0] == 0
    other = RenderSettings(size_px=32, samples=1, device="optix", threads=4)
    assert runner.render(runner.folder / "out", "2/2", settings=other)[0] == 0


@pytest.mark.parametrize("name", ["holiday.jpg", "README.md", "manifest.parquet"])
def test_a_folder_of_something_else(runner: Runner, name: str) -> None:
    out = runner.folder / "out"
    out.mkdir()
    (out / name).write_bytes(b"mine")
    refused(runner, DatasetError, [name])
    assert (out / name).read_bytes() == b"mine"


def test_a_damaged_dataset_json(runner: Runner) -> None:
    out = runner.folder / "out"
    out.mkdir()
    (out / "dataset.json").write_text("{")
    refused(runner, DatasetError, ["dataset.json: unreadable"])


def test_too_little_space(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        storage_module.shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 2 * 10**6)
    )
    large = RenderSettings(size_px=640)
    needed = N_ROWS * sample_bytes(large) / 1e6
    words = [f"7 samples of 640 px take about {needed:.1f} MB", "2.0 MB are free"]
    refused(runner, DatasetError, words, settings=large)
    assert not (runner.folder / "out").exists()
    assert runner.render(runner.folder / "out")[0] == 0


def test_space_is_counted_for_what_is_left(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    out = runner.folder / "out"
    for shard in ("1/2", "2/4"):
        assert runner.render(out, shard)[0] == 0
    free = 2 * sample_bytes(SETTINGS) - 1  # one sample, not seven
    monkeypatch.setattr(storage_module.shutil, "disk_usage", lambda _: Usage(free, 0, free))
    assert runner.render(out)[0] == 0


@pytest.mark.parametrize("out", ["faces.parquet", "faces.parquet/out"])
def test_a_place_that_is_no_folder(runner: Runner, out: str) -> None:
    with pytest.raises(DatasetError, match=r"faces\.parquet") as caught:
        runner.render(runner.folder / out)
    assert caught.value.exit_code == 2


def test_a_read_only_folder(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    out = runner.folder / "out"
    out.mkdir()

    def refuse(path: Path, data: bytes) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    refused(runner, DatasetError, [f"{out}: can't be written: Permission denied"])


def test_a_read_only_place_is_told_as_such_though_it_is_full_too(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 0))
    real = os.statvfs
    flags = real(runner.folder).f_flag | os.ST_RDONLY
    fields = namedtuple("fields", "f_flag")
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda path: fields(flags))
        refused(runner, DatasetError, ["out: is on a read-only file system"])
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    refused(runner, DatasetError, ["may not be written by this user"])
    assert not (runner.folder / "out").exists()


def test_blender_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolError) as caught:
        BlenderEngine().check_installed()
    for word in ("bpy", "Python 3.11", "pip install 'replicantface[render]'"):
        assert word in str(caught.value)


@pytest.mark.parametrize("text", ["0/16", "17/16", "3of16", "3/0", "-1/4", "1.5/4", "", "auto/"])
def test_a_bad_shard(text: str) -> None:
    with pytest.raises(ManifestError, match="shard"):
        parse_shard(text)


def test_shards_cover_every_row_once() -> None:
    rows = [row for k in range(1, 6) for row in parse_shard(f"{k}/5").rows(23)]
    assert sorted(rows) == list(range(23))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{m}", "--out", "out", "--shard", "17/16"], "rf-render: shard 17/16"),
        (["{m}", "--out", "out", "--shard", "3of16"], "expected I/N"),
        (["{m}"], "--out is missing"),
        ([], "which manifest?"),
        (["{m}", "--out", "out", "--size", "0"], "--size"),
        (["{m}", "--out", "out", "--device", "toaster"], "toaster"),
        (["none.parquet", "--out", "out"], "rf-render: none.parquet: no such file"),
        (["--verify", "nowhere"], "rf-render: nowhere: no dataset of rf-render"),
        (["{m}", "--verify", "out"], "--verify takes a folder"),
    ],
)
def test_misuse_is_one_message_and_code_2(runner: Runner, arguments: list[str], words: str) -> None:
    code, said = runner.command(*(a.format(m=runner.manifest) for a in arguments))
    assert code == 2
    assert words in said
    assert "Traceback" not in said
    assert not (runner.folder / "out").exists()


def test_help_says_what_a_newcomer_needs() -> None:
    for word in ("--shard 3/16", "--verify", "75", "--out"):
        assert word in HELP


@pytest.mark.parametrize("name", ["topology.npz", "README.md", "manifest.parquet"])
@pytest.mark.parametrize("damage", ["flip", "remove"])
def test_verify_checks_what_all_samples_share(runner: Runner, name: str, damage: str) -> None:
    out = runner.folder / "out"
    assert runner.render(out, "20/20")[0] == 0
    data = (out / name).read_bytes()
    if damage == "remove":
        (out / name).unlink()
    else:
        (out / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    if name == "manifest.parquet":
        with pytest.raises(DatasetError, match=name):
            verify_dataset(out, io.StringIO())
    else:
        verdict = verify_dataset(out, io.StringIO())
        assert not verdict.whole
        assert name in verdict.reasons[0]
        assert (verdict.done, len(verdict.missing)) == (0, 7)
    assert runner.render(out, "20/20")[0] == 0
    assert (out / name).read_bytes() == data


def test_a_dry_run_tells_what_would_be_done_and_writes_nothing(runner: Runner) -> None:
    out = runner.folder / "out"
    arguments = (runner.manifest, "--out", out, "--size", 32, "--samples", 1, "--workers", 1)
    process = runner.start(*arguments, "--dry-run")
    told, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert f"manifest  {runner.manifest}: 7 rows\n" in told
    assert "to render 7: 0, 1, 2, 3, 4, 5, 6\n" in told
    assert "32 px, 1 samples a pixel, cpu, 1 x " in told
    assert not out.exists()
    runner.fake(rows={"2": "abort"})
    assert runner.render(out, "1/2")[0] == 1
    (out / "00000/00000004.png").write_bytes(b"half")
    before = tree(out)
    told = runner.start(*arguments, "--dry-run").communicate(timeout=60)[0]
    assert "done      2\ndamaged   1 (rendered again)\nfailed    1 (left alone" in told
    assert "to render 4: 1, 3, 4, 5\n" in told
    assert tree(out) == before


@pytest.mark.parametrize(
    ("arguments", "content"),
    [
        ([], (16, "accurate", 1.0)),
        (["--quality", "draft"], (4, "fast", 0.7)),
        (["--quality", "high"], (64, "accurate", 1.0)),
        (["--quality", "high", "--samples", "5"], (5, "accurate", 1.0)),
    ],
)
def test_quality_presets(
    runner: Runner, arguments: list[str], content: tuple[int, str, float]
) -> None:
    out = runner.folder / "out"
    # A shard without rows describes the folder and renders nothing.
    code, said = runner.command(runner.manifest, "--out", out, "--shard", "20/20", *arguments)
    assert code == 0, said
    settings = Dataset(out).info["settings"]
    assert (settings["samples"], settings["prefilter"], settings["hair_detail"]) == content
