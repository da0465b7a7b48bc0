"""The user's cache folder: where things lie in it, and the lock that guards it.

::

    <folder>/archives/<file>           packs as the registries serve them
    <folder>/compiled/<name>.*         the compiled store and its receipt
    <folder>/tools/                    pip or npm, where the machine has none
    <folder>/work/                     unfinished downloads; emptied by whoever holds the lock
    <folder>/.lock
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir

from assets.progress import Progress
from spec_schema.errors import AssetError

__all__ = ["Cache", "default_cache"]


@dataclass(frozen=True)
class Cache:
    """Paths under one cache folder."""

    folder: Path

    @property
    def archives(self) -> Path:
        """Folder of the fetched archives."""
        return self.folder / "archives"

    @property
    def compiled(self) -> Path:
        """Folder of the compiled store."""
        return self.folder / "compiled"

    @property
    def tools(self) -> Path:
        """Folder of clients that the machine lacks."""
        return self.folder / "tools"

    @property
    def work(self) -> Path:
        """Folder of unfinished downloads."""
        return self.folder / "work"

    @contextmanager
    def exclusive(self, progress: Progress) -> Iterator[None]:
        """Hold the folder for this process alone; others wait, saying so.

        The lock belongs to the open file, so the system drops it when the process dies.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as e:
            raise AssetError(
                f"{self.folder}: the asset cache can't be written ({e.strerror}); set "
                "RF_ASSETS_DIR to a folder that can"
            ) from e
        try:
            told = False
            while not _try_lock(handle, self.folder):
                if not told:
                    progress("another process is preparing the assets; waiting for it")
                    told = True
                time.sleep(0.2)
            shutil.rmtree(self.work, ignore_errors=True)
            yield
        finally:
            os.close(handle)


def _try_lock(handle: int, folder: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as e:
        raise AssetError(
            f"{folder}: the file system does not lock files ({e.strerror}); set RF_ASSETS_DIR to "
            "a folder on a local disk"
        ) from e
    return True


def default_cache() -> Cache:
    """The folder that ``RF_ASSETS_DIR`` names, or the platform's cache folder for us."""
    override = os.environ.get("RF_ASSETS_DIR")
    return Cache(Path(override).expanduser() if override else Path(user_cache_dir("replicantface")))
