"""A folder of arrays that are slow to compute: written whole or not at all, mapped on reading."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.skin.constants import fields_digest
from spec_schema.errors import AssetError

__all__ = ["Arrays", "cached"]

Arrays = dict[str, NDArray[Any]]

_LIST = "arrays.txt"
_PREFIX = "skin-fields-"


def cached(
    folder: Path, lock: Mapping[str, str], resolution: int, compute: Callable[[], Arrays]
) -> Arrays:
    """The arrays for these assets and constants: mapped from disk, or computed and put there."""
    key = f"{fields_digest()}/{resolution}/{sorted(lock.items())}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    home = folder / f"{_PREFIX}{resolution}-{digest}"
    found = _read(home)
    if found is None:
        _write(home, compute())
        _remove_superseded(home, f"{_PREFIX}{resolution}-")
        found = _read(home)
    if found is None:
        raise AssetError(f"{home}: the cached skin fields can't be read back")
    return found


def _read(home: Path) -> Arrays | None:
    """The arrays of a folder, None where one is missing or damaged."""
    try:
        lines = (home / _LIST).read_text("utf-8").split()
        sizes = dict(line.split("=") for line in lines)
        out: Arrays = {}
        for name, size in sizes.items():
            path = home / f"{name}.npy"
            if path.stat().st_size != int(size):
                return None
            out[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return out


def _write(home: Path, arrays: Arrays) -> None:
    """Put the arrays there in one step; another process that was first is left alone."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=home.parent))
        try:
            sizes = []
            for name, array in arrays.items():
                path = work / f"{name}.npy"
                np.save(path, array, allow_pickle=False)
                sizes.append(f"{name}={path.stat().st_size}")
            (work / _LIST).write_text("\n".join(sizes), "utf-8")
            if home.exists() and _read(home) is None:
                shutil.rmtree(home)
            if not home.exists():
                os.replace(work, home)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as e:
        raise AssetError(
            f"{home.parent}: the skin fields can't be cached ({e.strerror}); set RF_ASSETS_DIR "
            "to a folder that can be written"
        ) from e


def _remove_superseded(home: Path, prefix: str) -> None:
    """Remove what earlier constants or assets left, 170 MB each.

    A process that has the old arrays mapped keeps them. A name with a dot is being written.
    """
    for old in home.parent.glob(f"{prefix}*"):
        if old != home and "." not in old.name:
            shutil.rmtree(old, ignore_errors=True)
