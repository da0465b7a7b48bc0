"""The compiled store: mapped reading, detection of damage, one compiler at a time."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from assets import compile as compile_module
from assets import store as store_module
from assets.cache import Cache
from assets.compile import METADATA_KEY, header_bytes, receipt_path, store_path
from assets.progress import Progress
from assets.store import Store, ensure_store, open_store, store_problem
from assets.verify import verify_cache
from spec_schema.errors import AssetError

ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "a/bytes": np.arange(7, dtype=np.uint8),
    "a/flags": np.array([True, False, True]),
    "a/half": np.linspace(-1, 1, 6, dtype=np.float16).reshape(1, 2, 3),
    "b/empty": np.zeros((0, 3), np.float32),
    "b/float": np.linspace(0, 1, 12, dtype=np.float32).reshape(4, 3),
    "b/int": np.array([[1, -2], [3, 4]], np.int32),
    "b/long": np.array([2**40], np.int64),
    "b/short": np.array([-3, 5], np.int16),
}


def write_store(path: Path, arrays: dict[str, np.ndarray[Any, Any]] = ARRAYS) -> Path:
    """A small store with its receipt, as the compiler writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"lock": {"toy": "0" * 64}, "documents": {"toy": {"k": [1, 2]}}}
    save_file(arrays, path, {METADATA_KEY: json.dumps(metadata)})
    receipt = {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "header_sha256": hashlib.sha256(header_bytes(path)).hexdigest(),
    }
    receipt_path(path).write_text(json.dumps(receipt))
    return path


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    return write_store(tmp_path / "toy.safetensors")


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_arrays_come_back_bit_for_bit_and_read_only(toy: Path, name: str) -> None:
    got = Store(toy).array(name)
    want = ARRAYS[name]
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_array_equal(got, want)
    assert not got.flags.writeable


def test_arrays_are_views_of_one_map_not_copies(toy: Path) -> None:
    store = Store(toy)
    first, second = store.array("b/float"), store.array("b/float")
    assert np.shares_memory(first, second)
    assert not first.flags.owndata


def test_names_documents_and_lock(toy: Path) -> None:
    store = Store(toy)
    assert store.names("a/") == ["a/bytes", "a/flags", "a/half"]
    assert store.has("b/int")
    assert not store.has("b/in")
    assert store.json("toy") == {"k": [1, 2]}
    assert store.lock == {"toy": "0" * 64}


def test_unknown_names_are_told_with_the_nearest(toy: Path) -> None:
    store = Store(toy)
    with pytest.raises(AssetError, match=r"no array 'b/flaot'.*did you mean 'b/float'"):
        store.array("b/flaot")
    with pytest.raises(AssetError, match=r"no document 'tory'.*did you mean 'toy'"):
        store.json("tory")


def damage_receipt(path: Path) -> None:
    receipt_path(path).write_text('{"bytes": 1')


def flip_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[12] ^= 1
    path.write_bytes(data)


def wreck_length(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[:8] = b"\xff" * 8
    path.write_bytes(data)


DAMAGES = {
    "no receipt": (lambda p: receipt_path(p).unlink(), "not compiled yet"),
    "damaged receipt": (damage_receipt, "its receipt is damaged"),
    "receipt of another kind": (lambda p: receipt_path(p).write_text("7"), "receipt is damaged"),
    "file gone": (lambda p: p.unlink(), "can't be read: No such file"),
    "cut off": (lambda p: p.write_bytes(p.read_bytes()[:-1]), "bytes, its receipt says"),
    "empty": (lambda p: p.write_bytes(b""), "has 0 bytes"),
    "header's length": (wreck_length, "header of the compiled file is damaged"),
    "header": (flip_header, "header of the compiled file is damaged"),
}


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_damage_is_seen_on_opening(toy: Path, name: str) -> None:
    damage, message = DAMAGES[name]
    assert store_problem(toy) is None
    damage(toy)
    with pytest.raises(AssetError, match=message):
        Store(toy)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """A cache whose compiler writes the toy store, and whose fetcher does nothing."""

    def compile_toy(cache: Cache, progress: Progress) -> Path:
        progress("compiling toy")
        return write_store(store_path(cache))

    monkeypatch.setattr(store_module, "compile_store", compile_toy)
    monkeypatch.setattr(store_module, "fetch_archive", lambda pack, cache, progress: None)
    return Cache(tmp_path / "cache")


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_damaged_store_is_made_anew(cache: Cache, name: str) -> None:
    path = ensure_store(cache, Progress(io.StringIO()))
    DAMAGES[name][0](path)
    log = io.StringIO()
    Store(ensure_store(cache, Progress(log)))
    assert "compiling toy" in log.getvalue()


def test_whole_store_is_used_without_a_word_or_a_lock(cache: Cache) -> None:
    ensure_store(cache, Progress(io.StringIO()))
    cache.folder.joinpath(".lock").unlink()
    log = io.StringIO()
    ensure_store(cache, Progress(log))
    assert log.getvalue() == ""
    assert not cache.folder.joinpath(".lock").exists()


def test_damage_inside_an_array_is_found_by_verify_and_never_used_again(cache: Cache) -> None:
    path = ensure_store(cache, Progress(io.StringIO()))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert store_problem(path) is None
    findings = verify_cache(cache, Progress(io.StringIO()))
    assert findings[-1].state == "damaged"
    assert store_problem(path) == "not compiled yet"
    ensure_store(cache, Progress(io.StringIO()))
    assert verify_cache(cache, Progress(io.StringIO()))[-1].state == "whole"


def test_interrupted_compiling_leaves_nothing_that_reads_as_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    monkeypatch.setattr(compile_module, "_COMPILERS", {})

    def interrupt(partial: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compile_module, "_publish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        compile_module.compile_store(cache, Progress(io.StringIO()))
    assert list(cache.compiled.iterdir()) == []
    assert store_problem(store_path(cache)) == "not compiled yet"


def test_other_versions_are_kept_but_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    monkeypatch.setattr(compile_module, "_COMPILERS", {})
    for name in ("old", "older"):
        write_store(cache.compiled / f"{name}.safetensors")
    cache.compiled.joinpath("killed.partial").write_bytes(b"half")
    path = compile_module.compile_store(cache, Progress(io.StringIO()))
    left = {p.name for p in cache.compiled.iterdir()}
    assert {path.name, receipt_path(path).name} < left
    assert len(left) == 4
    assert "killed.partial" not in left


def test_two_processes_compile_once(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import sys, time
            from pathlib import Path
            from assets import store
            from assets.cache import Cache
            from assets.compile import store_path
            from assets.progress import Progress
            from tests.assets.test_store import write_store

            folder = Path(sys.argv[1])

            def compile_slowly(cache, progress):
                with (folder / "log").open("a") as log:
                    log.write("x")
                time.sleep(0.5)
                return write_store(store_path(cache))

            store.compile_store = compile_slowly
            store.fetch_archive = lambda pack, cache, progress: None
            store.Store(store.ensure_store(Cache(folder / "cache"), Progress()))
            """
        )
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, str(program), str(tmp_path)]
    started = [subprocess.Popen(command, cwd=root, env=_environment(root)) for _ in range(2)]
    assert [process.wait(timeout=60) for process in started] == [0, 0]
    assert (tmp_path / "log").read_text() == "x"


def _environment(root: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(root)}


def test_cache_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(AssetError, match="RF_ASSETS_DIR"):
        ensure_store(Cache(blocked / "cache"), Progress(io.StringIO()))


def test_environment_variable_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Cache
) -> None:
    monkeypatch.setenv("RF_ASSETS_DIR", str(cache.folder))
    first = open_store()
    assert first.path.is_relative_to(cache.folder)
    assert open_store() is first
