"""Samples on disk: whole or absent, and believed only by their hashes."""

from __future__ import annotations

import errno
import json
import os
import time
import zipfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from renderer import atomic
from renderer.atomic import StoreError, write_atomic
from renderer.description import npz_bytes
from renderer.journal import Journal, final_failures
from renderer.storage import LocalStorage
from renderer.store import SampleState, SampleStore
from spec_schema import DatasetError
from spec_schema.dataset import Sample

FILES = {".png": b"picture" * 1000, "_mask.png": b"mask", ".msgpack": b"labels"}
DIGEST, SETTINGS = "d" * 64, "5" * 64


@pytest.fixture
def store(tmp_path: Path) -> SampleStore:
    return make_store(tmp_path)


def make_store(root: Path, settings_hash: str = SETTINGS, tag: str = "shard-1-of-1") -> SampleStore:
    return SampleStore(LocalStorage(root, tag), settings_hash)


def paths(root: Path) -> list[str]:
    return sorted(p.name for p in root.rglob("*") if p.is_file())


def test_a_written_sample_is_done_and_verifies(store: SampleStore, tmp_path: Path) -> None:
    store.write(1007, DIGEST, FILES)
    assert store.state(1007, DIGEST) is SampleState.DONE
    assert store.scan() == {1007}
    folder = tmp_path / "00001"
    names = ["00001007.done.json", "00001007.msgpack", "00001007.png", "00001007_mask.png"]
    assert paths(folder) == names
    marker = json.loads((folder / names[0]).read_text())
    Sample(1007, folder, marker).verify()
    assert marker["files"].keys() == set(names[1:])


def test_equal_samples_give_equal_markers(tmp_path: Path) -> None:
    contents = []
    for name, files in (("a", FILES), ("b", dict(reversed(FILES.items())))):
        (tmp_path / name).mkdir()
        make_store(tmp_path / name, tag=f"shard-{name}").write(0, DIGEST, files)
        contents.append((tmp_path / name / "00000/00000000.done.json").read_bytes())
    assert contents[0] == contents[1]


def test_another_spec_or_other_settings_are_not_done(store: SampleStore, tmp_path: Path) -> None:
    store.write(0, DIGEST, FILES)
    assert store.state(0, "e" * 64) is SampleState.DAMAGED
    other = make_store(tmp_path, "6" * 64)
    assert other.state(0, DIGEST) is SampleState.DAMAGED
    assert store.state(1, DIGEST) is SampleState.ABSENT


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_file_is_noticed(
    store: SampleStore, tmp_path: Path, suffix: str, damage: str
) -> None:
    store.write(0, DIGEST, FILES)
    path = tmp_path / f"00000/00000000{suffix}"
    data = path.read_bytes()
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if damage == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    assert store.state(0, DIGEST) is SampleState.DAMAGED


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"row": 0}', b'{"row": 0, "files": 3}', b"\xff\xfe"]
)
def test_a_damaged_marker_is_noticed(store: SampleStore, tmp_path: Path, content: bytes) -> None:
    store.write(0, DIGEST, FILES)
    (tmp_path / "00000/00000000.done.json").write_bytes(content)
    assert store.state(0, DIGEST) is SampleState.DAMAGED


def test_a_marker_without_files_claims_nothing(store: SampleStore, tmp_path: Path) -> None:
    store.write(0, DIGEST, FILES)
    path = tmp_path / "00000/00000000.done.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "files": {}}))
    assert store.state(0, DIGEST) is SampleState.DAMAGED


def test_rewriting_takes_the_marker_back_first(
    store: SampleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(0, DIGEST, FILES)
    fail_after(monkeypatch, 1)
    with pytest.raises(StoreError):
        store.write(0, DIGEST, {**FILES, ".png": b"new"})
    assert store.state(0, DIGEST) is SampleState.ABSENT


def fail_after(monkeypatch: pytest.MonkeyPatch, n_files: int, number: int = errno.ENOSPC) -> None:
    """Let the disk be full from the ``n_files + 1``-th file on, after half of its bytes."""
    real = atomic._write
    written = 0

    def limited(path: Path, pieces: Iterable[bytes], synced: bool) -> None:
        nonlocal written
        written += 1
        if written <= n_files:
            real(path, pieces, synced)
            return
        data = b"".join(pieces)
        path.write_bytes(data[: len(data) // 2])
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(atomic, "_write", limited)


@pytest.mark.parametrize("n_files", range(4))
def test_a_full_disk_leaves_no_marker_and_no_scraps(
    store: SampleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_files: int
) -> None:
    with monkeypatch.context() as patch:
        fail_after(patch, n_files)
        with pytest.raises(StoreError, match="No space left on device") as caught:
            store.write(0, DIGEST, FILES)
    assert caught.value.exit_code == 75
    assert store.state(0, DIGEST) is SampleState.ABSENT
    assert len(paths(tmp_path)) == n_files
    assert not [name for name in paths(tmp_path) if name.endswith(".tmp")]
    store.write(0, DIGEST, FILES)
    assert store.state(0, DIGEST) is SampleState.DONE


def test_a_read_only_file_system(store: SampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_after(monkeypatch, 0, errno.EROFS)
    with pytest.raises(StoreError, match="Read-only file system"):
        store.write(0, DIGEST, FILES)


def test_scan_removes_the_scraps_of_its_own_shard_and_old_ones(tmp_path: Path) -> None:
    mine, other = (make_store(tmp_path, tag=f"shard-{k}-of-2") for k in (1, 2))
    mine.write(0, DIGEST, FILES)
    scraps = [tmp_path / f"00000/.00000002.png.shard-{k}-of-2.tmp" for k in (1, 2)]
    for scrap in scraps:
        scrap.write_bytes(b"half")
    assert mine.scan() == {0}
    assert [scrap.exists() for scrap in scraps] == [False, True]
    an_hour_ago = time.time() - 3700
    os.utime(scraps[1], (an_hour_ago, an_hour_ago))
    mine.scan()
    assert not scraps[1].exists()
    scraps[1].write_bytes(b"half")
    other.scan()
    assert not scraps[1].exists()


def test_write_atomic_replaces_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old", "t")
    fail_after(monkeypatch, 0)
    with pytest.raises(StoreError):
        write_atomic(path, b"newer", "t")
    assert path.read_bytes() == b"old"
    assert paths(tmp_path) == ["file"]


def test_npz_bytes_hold_no_date_and_load() -> None:
    arrays = {"b": np.arange(6, dtype=np.int32).reshape(2, 3).T, "a": np.zeros(2, np.uint8)}
    data = npz_bytes(arrays)
    assert data == npz_bytes(dict(reversed(arrays.items())))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(BytesIO(data)) as loaded:
        for name, array in arrays.items():
            np.testing.assert_array_equal(loaded[name], array)
            assert loaded[name].dtype == array.dtype


def test_journal_survives_a_torn_line(tmp_path: Path) -> None:
    failure = {"event": "failed", "final": True, "spec_hash": DIGEST}
    with Journal(tmp_path, "shard-1-of-1") as journal:
        journal.append({**failure, "row": 3})
    with journal.path.open("ab") as f:
        f.write(b'{"event": "failed", "row": 4, "fin')
    with Journal(tmp_path, "shard-1-of-1") as journal:
        journal.append({**failure, "row": 5})
        journal.append({**failure, "row": 6, "final": False})
    assert final_failures(LocalStorage(tmp_path, "")) == {3: DIGEST, 5: DIGEST}


def test_one_shard_has_one_writer(tmp_path: Path) -> None:
    with Journal(tmp_path, "shard-1-of-2"):
        with pytest.raises(DatasetError, match="another process is rendering this shard"):
            Journal(tmp_path, "shard-1-of-2")
        Journal(tmp_path, "shard-2-of-2").close()
    Journal(tmp_path, "shard-1-of-2").close()
