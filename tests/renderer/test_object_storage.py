"""Datasets behind a URL: the bytes of a local run, whatever happens on the way."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from moto.server import ThreadedMotoServer

from renderer.atomic import StoreError
from renderer.journal import final_failures
from renderer.journal_files import ObjectJournal
from renderer.object_storage import ObjectStorage
from renderer.status import dataset_status
from renderer.storage import LocalStorage, local_copy, open_storage
from renderer.store import SampleState, SampleStore
from renderer.verify import verify_dataset
from spec_schema import DatasetError, ToolError
from tests.renderer.runner import N_ROWS, Runner
from tests.renderer.specs import tree, write_manifest

FILES = {".png": b"picture" * 1000, "_mask.png": b"mask", ".msgpack": b"labels"}
DIGEST, SETTINGS = "d" * 64, "5" * 64
ARGUMENTS = ("--size", 32, "--samples", 1, "--workers", 2)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        runner = Runner(tmp_path_factory.mktemp("clean"), patch)
        assert runner.render(runner.folder / "out", workers=1)[0] == 0
        return tree(runner.folder / "out")


@pytest.fixture
def memory(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of an empty place in this process; a test's name may hold what a pattern would."""
    yield f"memory://{request.node.name}/faces"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of an S3 server on this machine."""
    running = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


BUCKETS = count()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty bucket."""
    credentials(monkeypatch, server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    name = f"faces-{next(BUCKETS)}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    return f"s3://{name}"


def credentials(patch: pytest.MonkeyPatch, server: str) -> None:
    """Nothing of this machine's own configuration, and no credentials yet."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        patch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        patch.setenv(name, "/nowhere")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_ENDPOINT_URL", server)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def objects(url: str) -> dict[str, bytes]:
    """Content of a dataset by relative name, without the journal."""
    fs, root = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    fs.invalidate_cache()
    paths = {str(path).removeprefix(root + "/"): path for path in fs.find(root)}
    named = {name: path for name, path in paths.items() if not name.startswith("journal/")}
    return dict(zip(named, fs.cat_ranges(list(named.values()), None, None), strict=True))


def journal_lines(url: str) -> list[dict[str, Any]]:
    fs, root = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    paths = sorted(fs.find(f"{root}/journal"))
    lines = [
        ln for path in paths if path.endswith(".jsonl") for ln in fs.cat_file(path).split(b"\n")
    ]
    return [json.loads(line) for line in lines if line]


def test_objects_hold_the_bytes_of_a_local_run(
    runner: Runner, clean: dict[str, bytes], memory: str
) -> None:
    assert runner.render(memory)[0] == 0
    assert objects(memory) == clean
    assert {ln["event"] for ln in journal_lines(memory)} >= {"run", "done"}
    code, told = runner.render(memory)
    assert code == 0
    assert "7 of 7 samples are done; nothing to do" in told
    assert verify_dataset(memory, io.StringIO()).whole


def test_a_file_url_is_a_folder(runner: Runner, clean: dict[str, bytes]) -> None:
    out = runner.folder / "out"
    assert isinstance(open_storage(f"file://{out}", "t"), LocalStorage)
    assert runner.render(f"file://{out}")[0] == 0
    assert tree(out) == clean


def test_failures_are_remembered(runner: Runner, clean: dict[str, bytes], memory: str) -> None:
    runner.fake(rows={"2": "abort", "5": "exception"})
    code, told = runner.render(memory)
    assert code == 1
    assert "2 samples failed; the reasons are in memory://" in told
    runner.fake()
    code, told = runner.render(memory)
    assert code == 1
    assert "5 of 7 samples are done; 2 failed before" in told
    failed = [ln for ln in journal_lines(memory) if ln["event"] == "failed" and ln["final"]]
    assert sorted(ln["row"] for ln in failed) == [2, 5]
    status = dataset_status(memory)
    assert (status.counts["done"], status.counts["failed"]) == (5, 2)
    assert [(row["row"], row["kind"]) for row in status.failures] == [
        (2, "crash"),
        (5, "exception"),
    ]
    assert runner.render(memory, retry_failed=True)[0] == 0
    assert objects(memory) == clean


@pytest.mark.parametrize("suffix", ["", ".done.json"])
def test_what_is_lost_is_rendered_again(
    runner: Runner, clean: dict[str, bytes], memory: str, suffix: str
) -> None:
    assert runner.render(memory)[0] == 0
    fs, root = fsspec.url_to_fs(memory)
    fs.rm_file(f"{root}/00000/00000003{suffix or '.png'}")
    verdict = verify_dataset(memory, io.StringIO())
    assert (verdict.missing, verdict.damaged) == (((3,), ()) if suffix else ((), (3,)))
    code, told = runner.render(memory)
    assert code == 0
    assert "6 of 7 samples are done" in told
    assert objects(memory) == clean


def test_content_is_compared_when_asked_to(
    runner: Runner, clean: dict[str, bytes], memory: str
) -> None:
    assert runner.render(memory)[0] == 0
    fs, root = fsspec.url_to_fs(memory)
    fs.pipe_file(f"{root}/00000/00000003.png", b"other")
    assert verify_dataset(memory, io.StringIO()).damaged == (3,)
    assert "7 of 7 samples are done" in runner.render(memory)[1]
    code, told = runner.render(memory, recheck=True)
    assert code == 0
    assert "6 of 7 samples are done; 1 damaged ones are rendered again" in told
    assert objects(memory) == clean


def test_a_marker_of_other_settings_is_not_believed(memory: str) -> None:
    storage = ObjectStorage(memory, "t")
    SampleStore(storage, SETTINGS).write(7, DIGEST, FILES)
    assert SampleStore(storage, SETTINGS).state(7, DIGEST) is SampleState.DONE
    assert SampleStore(storage, "6" * 64).state(7, DIGEST) is SampleState.DAMAGED
    assert SampleStore(storage, SETTINGS).state(7, "e" * 64) is SampleState.DAMAGED
    assert SampleStore(storage, SETTINGS).state(8, DIGEST) is SampleState.ABSENT


def test_states_come_in_order_across_folders_and_batches(memory: str) -> None:
    storage = ObjectStorage(memory, "t")
    store = SampleStore(storage, SETTINGS)
    rows = [0, 998, 999, 1000, 1001, 2500]
    for row in rows:
        store.write(row, DIGEST, FILES)
    storage.remove("00001/00001001.msgpack")
    assert store.scan() == set(rows)
    storage.batch = 4
    asked = [0, 1, 999, 1000, 1001, 2500]
    states = [state.value for _, _, state in store.states((row, DIGEST) for row in asked)]
    assert states == ["done", "absent", "done", "done", "damaged", "done"]


@pytest.mark.parametrize("n_objects", range(4))
def test_a_store_that_fails_leaves_no_marker(
    memory: str, monkeypatch: pytest.MonkeyPatch, n_objects: int
) -> None:
    storage = ObjectStorage(memory, "t")
    storage.prepare()
    store = SampleStore(storage, SETTINGS)
    store.write(0, DIGEST, {**FILES, ".png": b"old"})
    real = MemoryFileSystem.pipe_file
    left = n_objects

    def fail(fs: MemoryFileSystem, path: str, value: bytes, **options: Any) -> None:
        nonlocal left
        if not left:
            raise ConnectionError("the line went dead")
        left -= 1
        real(fs, path, value, **options)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "pipe_file", fail)
        with pytest.raises(StoreError, match="can't be written: the line went dead") as caught:
            store.write(0, DIGEST, FILES)
    assert caught.value.exit_code == 75
    assert store.state(0, DIGEST) is SampleState.ABSENT
    store.write(0, DIGEST, FILES)
    assert store.state(0, DIGEST) is SampleState.DONE


def test_a_dead_line_is_no_damage(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = ObjectStorage(memory, "t")
    storage.prepare()
    store = SampleStore(storage, SETTINGS)
    store.write(0, DIGEST, FILES)

    def fail(*_: object, **__: object) -> bytes:
        raise ConnectionError("the line went dead")

    monkeypatch.setattr(MemoryFileSystem, "cat_file", fail)
    with pytest.raises(StoreError, match="can't be read: the line went dead"):
        store.state(0, DIGEST)


class PlainFileSystem(LocalFileSystem):
    """A file system whose files can be seen half written, such as sftp's."""

    protocol = ("plain",)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return super()._strip_protocol(str(path).removeprefix("plain://"))


def test_file_systems_that_are_no_object_stores_get_a_rename(
    runner: Runner, clean: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("plain", PlainFileSystem, clobber=True)
    opened: list[str] = []
    real = PlainFileSystem.pipe_file

    def pipe_file(fs: PlainFileSystem, path: str, value: bytes, **options: Any) -> None:
        opened.append(Path(path).name)
        real(fs, path, value, **options)

    monkeypatch.setattr(PlainFileSystem, "pipe_file", pipe_file)
    out = runner.folder / "out"
    assert runner.render(f"plain://{out}", "1/2")[0] == 0
    scrap = out / "00000/.00000003.png.shard-2-of-2.tmp"
    scrap.write_bytes(b"half")
    assert runner.render(f"plain://{out}", "2/2")[0] == 0
    assert tree(out) == clean
    assert all(name.endswith(".tmp") for name in opened)
    assert len(opened) > 4 * N_ROWS


# The journal.


def test_a_journal_is_written_in_pieces(memory: str) -> None:
    clock = iter([0.0, 1.0, 2.0, 70.0, 70.0, 71.0, 72.0, 73.0, 74.0])
    storage = ObjectStorage(memory, "t")
    with ObjectJournal(storage, "shard-1-of-2", lambda: next(clock)) as journal:
        journal.append({"event": "run"})
        journal.append({"event": "done", "row": 0})
        assert journal_lines(memory) == []
        journal.append({"event": "done", "row": 1})  # a minute later
        assert [ln.get("row") for ln in journal_lines(memory)] == [None, 0, 1]
        failure = {"event": "failed", "row": 2, "final": True, "spec_hash": DIGEST}
        journal.append(failure)
        assert final_failures(storage) == {2: DIGEST}
        journal.append({"event": "done", "row": 3})
    assert [ln.get("row") for ln in journal_lines(memory)] == [None, 0, 1, 2, 3]
    names = [f"shard-1-of-2.0000.0000{k}.jsonl" for k in range(3)]
    assert storage.entries("journal") == names


def test_runs_never_overwrite_each_others_journal(memory: str) -> None:
    storage = ObjectStorage(memory, "t")
    first, second = (ObjectJournal(storage, "shard-1-of-1") for _ in range(2))
    other = ObjectJournal(storage, "shard-1-of-10")
    for row, journal in enumerate((first, second, other)):
        with journal:
            journal.append({"event": "done", "row": row})
    assert sorted(ln["row"] for ln in journal_lines(memory)) == [0, 1, 2]
    assert storage.entries("journal") == [
        "shard-1-of-1.0000.00000.jsonl",
        "shard-1-of-1.0001.00000.jsonl",
        "shard-1-of-10.0000.00000.jsonl",
    ]


def test_a_store_without_conditions_still_gets_names(
    memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = MemoryFileSystem.pipe_file

    def pipe_file(fs: MemoryFileSystem, path: str, value: bytes, mode: str = "overwrite") -> None:
        if mode == "create":
            raise NotImplementedError("A header you provided implies functionality we lack")
        real(fs, path, value)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", pipe_file)
    storage = ObjectStorage(memory, "t")
    assert [storage.create("journal/x.jsonl", data) for data in (b"1", b"2")] == [True, False]
    assert storage.read(["journal/x.jsonl"]) == {"journal/x.jsonl": b"1"}


# S3, served by another process's threads, written by real commands.


def test_s3_killed_and_gone_on_with(runner: Runner, clean: dict[str, bytes], bucket: str) -> None:
    url = f"{bucket}/set/faces"
    runner.fake(all="slow", rows={"6": "hang"})
    running = runner.start(runner.manifest, "--out", url, *ARGUMENTS)
    watched, markers = SampleStore(ObjectStorage(url, "watch"), SETTINGS), 0
    deadline = time.monotonic() + 60
    while markers < 3 and time.monotonic() < deadline:
        assert running.poll() is None, running.communicate()[1]
        time.sleep(0.05)
        markers = len(watched.scan())
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert 3 <= markers < N_ROWS
    left = objects(url)
    assert all(clean[name] == data for name, data in left.items() if not name.endswith(".tmp"))
    runner.fake()
    code, said = runner.command(runner.manifest, "--out", url, *ARGUMENTS)
    assert code == 0
    assert "of 7 samples are done\n" in said
    assert objects(url) == clean
    code, said = runner.command("--verify", url)
    assert code == 0
    assert "7 samples are whole, 0 missing, 0 damaged" in said


def test_s3_shards_at_once_with_the_manifest_in_the_bucket(
    runner: Runner, clean: dict[str, bytes], bucket: str
) -> None:
    manifest = f"{bucket}/manifests/faces.parquet"
    fsspec.filesystem("s3", skip_instance_cache=True).put_file(runner.manifest, manifest)
    shards = [
        runner.start(manifest, "--out", f"{bucket}/faces/", *ARGUMENTS, "--shard", f"{k}/2")
        for k in (1, 2)
    ]
    for process in shards:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert objects(f"{bucket}/faces") == clean


def test_s3_of_two_runs_only_one_gets_a_name(bucket: str) -> None:
    storage = ObjectStorage(f"{bucket}/faces", "t")
    assert [storage.create("journal/x.jsonl", data) for data in (b"1", b"2")] == [True, False]
    assert storage.read(["journal/x.jsonl", "journal/y.jsonl"]) == {"journal/x.jsonl": b"1"}


# Refusals: one message, before anything is rendered.


def refused(runner: Runner, out: str, error: type[Exception], *words: str) -> None:
    with pytest.raises(error) as caught:
        runner.render(out)
    assert getattr(caught.value, "exit_code", None) == 2
    for word in words:
        assert word in str(caught.value)


def test_no_such_bucket(runner: Runner, bucket: str) -> None:
    refused(runner, "s3://no-such-bucket/faces", DatasetError, "bucket", "make the bucket first")


def test_no_credentials(runner: Runner, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(monkeypatch, server)
    code, said = runner.command(runner.manifest, "--out", "s3://faces-0/x", *ARGUMENTS)
    assert code == 2
    assert "Unable to locate credentials; give credentials" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("s3://bucket/x", "s3fs", "pip install 'replicantface[cloud]' or pip install s3fs"),
        ("gs://bucket/x", "gcsfs", "pip install 'replicantface[cloud]' or pip install gcsfs"),
        ("abfs://box/x", "adlfs", "pip install adlfs"),
        ("memory://x", "fsspec", "pip install 'replicantface[cloud]' or pip install fsspec"),
    ],
)
def test_a_missing_package_is_named(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, url.split(":")[0], raising=False)
    refused(runner, url, ToolError, url, f"needs the package {package}", extra)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s4://bucket/x", "no storage of the kind 's4'"),
        ("simplecache::s3://bucket/x", "no storage of the kind 'simplecache::s3'"),
        ("s3://", "which bucket?"),
    ],
)
def test_a_url_of_no_kind(runner: Runner, url: str, words: str) -> None:
    refused(runner, url, DatasetError, url, words)


def test_a_read_only_kind(runner: Runner) -> None:
    refused(runner, "data://x", DatasetError, "data://x")


def test_a_place_of_something_else(runner: Runner, memory: str) -> None:
    fs, root = fsspec.url_to_fs(memory)
    fs.pipe_file(f"{root}/holiday.jpg", b"mine")
    refused(runner, memory, DatasetError, "holds 'holiday.jpg'")
    assert objects(memory) == {"holiday.jpg": b"mine"}


def test_a_place_of_another_manifest(runner: Runner, memory: str) -> None:
    assert runner.render(memory)[0] == 0
    before = objects(memory)
    other = write_manifest(runner.folder / "other.parquet", N_ROWS + 1, seed=4)
    with pytest.raises(DatasetError, match="holds another dataset"):
        runner.render(memory, manifest=other)
    assert objects(memory) == before


def test_no_such_manifest(memory: str) -> None:
    with (
        pytest.raises(DatasetError, match=r"none\.parquet: can't be read"),
        local_copy(f"{memory}/none.parquet"),
    ):
        pass


def test_a_folder_needs_no_fsspec(runner: Runner) -> None:
    code = "import sys; sys.modules['fsspec'] = None; from renderer.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(runner.manifest), "--out", "out", *map(str, ARGUMENTS)],
        cwd=runner.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
