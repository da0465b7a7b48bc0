"""A disk that loses its power: what was not synced may be gone, half there, or there.

While a :class:`Disk` watches, it notes what ``os.fsync`` makes durable: the bytes of a file, or
the names in a folder. :meth:`Disk.cut` then builds the folder as a journalling file system might
leave it: of every name that was not yet synced, either the old or the new state by chance (each
for itself, so in any order); of every byte that was not yet synced, nothing, half, or all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Names = dict[str, int]
"""Inode by name."""


class PowerCut(BaseException):
    """The machine is off."""


class Disk:
    """Watches one folder.

    Args:
        root: below which all counts.
        patch: for ``os.fsync``, ``os.replace`` and ``os.unlink``.
        seed: of chance.
        last_step: the power fails at this call of the three; never where it is None.
        lies: whether it says that it has synced a file's bytes, and has not.
    """

    def __init__(
        self,
        root: Path,
        patch: pytest.MonkeyPatch,
        seed: int,
        last_step: int | None,
        *,
        lies: bool = False,
    ) -> None:
        self.root, self.image = root, root.with_name(f"{root.name}.image")
        self.steps = 0
        self._last_step, self._lies = last_step, lies
        self._rng = np.random.default_rng(seed)
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, Names] = {}
        self._kept: list[int] = []
        """Descriptors that keep every inode that was ever named, so that none is used again."""
        self._note_all()
        for name in ("fsync", "replace", "unlink"):
            patch.setattr(os, name, self._watched(getattr(os, name), after=name == "fsync"))

    def _watched(self, real: Callable[..., None], *, after: bool) -> Callable[..., None]:
        def call(*arguments: object, **options: object) -> None:
            self.steps += 1
            if self.steps == self._last_step:
                if self._rng.random() < 0.5 and not after:
                    real(*arguments, **options)
                self.cut()
                raise PowerCut
            real(*arguments, **options)
            if after:
                self._note(int(str(arguments[0])), lies=self._lies)

        return call

    def _note_all(self) -> None:
        """What is there at the start is old, and durable."""
        for folder, _, files in os.walk(self.root):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                handle = os.open(path, os.O_RDONLY)
                self._note(handle)
                os.close(handle)

    def _note(self, handle: int, *, lies: bool = False) -> None:
        status = os.fstat(handle)
        self._kept.append(os.dup(handle))
        if stat.S_ISDIR(status.st_mode):
            self._names[status.st_ino] = _names(Path(os.readlink(f"/proc/self/fd/{handle}")))
        elif not lies:
            self._bytes[status.st_ino] = Path(f"/proc/self/fd/{handle}").read_bytes()

    def cut(self) -> None:
        """Build what is left in ``image``."""
        contents: dict[int, bytes] = {}
        for handle in self._kept:
            status = os.fstat(handle)
            if stat.S_ISREG(status.st_mode):
                contents[status.st_ino] = Path(f"/proc/self/fd/{handle}").read_bytes()
        self._build(self.root, self.image, contents)

    def _build(self, folder: Path, target: Path, contents: dict[int, bytes]) -> None:
        target.mkdir()
        now = _names(folder)
        durable = self._names.get(folder.stat().st_ino, {})
        for name in sorted({*now, *durable}):
            if now.get(name) == durable.get(name) or self._rng.random() < 0.5:
                inode = durable.get(name)
            else:
                inode = now.get(name)
            if inode is None:
                continue
            path = folder / name
            if path.is_dir():
                self._build(path, target / name, contents)
            else:
                there = path.read_bytes() if inode == now.get(name) else contents[inode]
                (target / name).write_bytes(self._left_of(inode, there))

    def _left_of(self, inode: int, there: bytes) -> bytes:
        durable = self._bytes.get(inode, b"")
        if there == durable:
            return there
        share = self._rng.choice([0.0, 0.5, 1.0])
        kept = len(durable) if there.startswith(durable) else 0
        return there[: kept + round(share * (len(there) - kept))]

    def close(self) -> None:
        """Let go of the files."""
        for handle in self._kept:
            os.close(handle)
        self._kept.clear()


def _names(folder: Path) -> Names:
    return {entry.name: entry.inode() for entry in os.scandir(folder)}
