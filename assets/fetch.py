"""Fetch a pack's archive with its registry's own client, and check its hash.

The archive comes into a working folder of the cache, is hashed there, and only then gets its
place; so what lies in ``archives/`` was whole when it came.
"""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from assets.cache import Cache
from assets.clients import ClientFailed, npm_command, pip_command, run_client
from assets.packs import Pack
from assets.progress import Progress
from spec_schema.dataset import sha256_file
from spec_schema.errors import FetchError

__all__ = ["archive_problem", "fetch_archive"]

_REGISTRY: Final = {"pypi": "PyPI", "npm": "npm"}
# A client holds a download in its cache, its temporary folder and at its destination.
_SPACE_FACTOR: Final = 3
_SPACE_MARGIN_BYTES: Final = 50_000_000

_NO_SPACE: Final = re.compile(r"ENOSPC|No space left", re.IGNORECASE)
_OFFLINE: Final = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET"
    r"|name resolution|new connection|Max retries|timed out|unreachable"
    r"|\(from versions: none\)",
    re.IGNORECASE,
)


def archive_problem(pack: Pack, cache: Cache) -> str | None:
    """Why the archive in the cache must not be used, or None. Reads all of it."""
    path = cache.archives / pack.archive
    if not path.exists():
        return "not fetched"
    if path.stat().st_size != pack.bytes:
        return f"has {path.stat().st_size} bytes instead of {pack.bytes}"
    if sha256_file(path) != pack.sha256:
        return "its SHA-256 is not the declared one"
    return None


def fetch_archive(pack: Pack, cache: Cache, progress: Progress) -> None:
    """Bring a pack's archive into the cache, unless it is there and whole.

    The caller holds the cache's lock.

    Raises:
        FetchError: naming the pack, what went wrong, and what to do.
    """
    problem = archive_problem(pack, cache)
    if problem is None:
        return
    if problem != "not fetched":
        progress(f"pack {pack.name}: the archive in the cache {problem}; fetching it again")
    try:
        cache.archives.mkdir(parents=True, exist_ok=True)
        cache.work.mkdir(parents=True, exist_ok=True)
        (cache.archives / pack.archive).unlink(missing_ok=True)
        _check_space(pack, cache)
        registry = _REGISTRY[pack.source]
        progress(f"fetching {pack.name}: {pack.requirement} from {registry}")
        with tempfile.TemporaryDirectory(dir=cache.work) as name:
            folder = Path(name)
            _download(pack, cache, folder, progress)
            _accept(pack, cache, folder)
    except ClientFailed as e:
        raise FetchError(_explain(pack, cache, e.output)) from e
    except OSError as e:
        if e.errno == errno.ENOSPC:
            raise FetchError(_explain(pack, cache, "ENOSPC")) from e
        raise FetchError(
            f"pack {pack.name!r}: {cache.folder} can't be written ({e.strerror}); set "
            "RF_ASSETS_DIR to a folder that can"
        ) from e
    progress(f"fetched {pack.name}: {pack.bytes / 1e6:.0f} MB, hash as declared")


def _check_space(pack: Pack, cache: Cache) -> None:
    free = shutil.disk_usage(cache.folder).free
    need = _SPACE_FACTOR * pack.bytes + _SPACE_MARGIN_BYTES
    if free < need:
        raise FetchError(
            f"pack {pack.name!r}: fetching it needs {need / 1e6:.0f} MB of disk space under "
            f"{cache.folder}, and {free / 1e6:.0f} MB are free; make room, or set RF_ASSETS_DIR "
            "to a folder on another disk"
        )


def _download(pack: Pack, cache: Cache, folder: Path, progress: Progress) -> None:
    if pack.source == "pypi":
        options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"]
        options += ["--disable-pip-version-check", "--progress-bar=off", "--retries=2"]
        command = [*pip_command(cache.tools, progress), "download", *options]
        command += ["--dest", str(folder), pack.requirement]
    else:
        options = ["--ignore-scripts", "--no-update-notifier", "--fetch-retries=2"]
        options += ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
        options += [f"--cache={folder / 'client-cache'}", f"--pack-destination={folder}"]
        command = [*npm_command(cache.tools, progress), "pack", pack.requirement, *options]
    # The client's own temporary files shall grow where their size is seen, and go with the folder.
    run_client(command, folder, pack.name, pack.bytes, progress, {"TMPDIR": str(folder)})


def _accept(pack: Pack, cache: Cache, folder: Path) -> None:
    """Check what came and give it its place."""
    came = [p for p in folder.iterdir() if p.suffix in (".whl", ".tgz")]
    if len(came) != 1:
        raise FetchError(
            f"pack {pack.name!r}: expected one archive of {pack.requirement}, but "
            f"{len(came)} came; please report this"
        )
    got = sha256_file(came[0])
    if got != pack.sha256:
        raise FetchError(
            f"pack {pack.name!r}: {came[0].name} has SHA-256 {got}, but {pack.sha256} is "
            "declared, so it was thrown away. The download was broken, or a mirror serves "
            "another file: run `rf-assets fetch` again, or from another network"
        )
    came[0].replace(cache.archives / pack.archive)


def _explain(pack: Pack, cache: Cache, output: str) -> str:
    what = f"pack {pack.name!r}: {pack.requirement} could not be fetched"
    if _NO_SPACE.search(output):
        return (
            f"{what}: no disk space is left under {cache.folder}; make room, or set "
            "RF_ASSETS_DIR to a folder on another disk"
        )
    by_hand = (
        f"or put the file {pack.archive} (SHA-256 {pack.sha256}) into {cache.archives} by hand"
    )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if _OFFLINE.search(line)]
    said = (telling or lines[-1:] or ["nothing"])[0]
    if telling:
        return (
            f"{what}: {_REGISTRY[pack.source]} can't be reached. Connect this machine and run "
            f"`rf-assets fetch`, {by_hand}. The client said: {said}"
        )
    return f"{what}. Run `rf-assets fetch` again, {by_hand}. The client said: {said}"
