"""Streaming a manifest to a file or a pipe, drawing ahead of the writer."""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyarrow as pa

from sampler.scene import Block, Sampler
from spec_schema.manifest import ManifestInfo, ManifestWriter
from spec_schema.spec import ARKIT_UNITS, SCHEMA_VERSION

__all__ = ["manifest_info", "write_manifest"]

_THREADS: Final = 2
_AHEAD: Final = 3
"""Blocks in flight: they bound the memory at any number of rows."""


def _versions() -> dict[str, str]:
    try:
        own = metadata.version("replicantface")
    except metadata.PackageNotFoundError:
        own = "source tree"
    return {
        "replicantface": own,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def manifest_info(sampler: Sampler) -> ManifestInfo:
    """What a manifest of this sampler says of itself."""
    return ManifestInfo(
        schema_version=SCHEMA_VERSION,
        seed=sampler.seed,
        config=sampler.config.model_dump(mode="json"),
        versions=_versions(),
        asset_lock=dict(sampler.inputs.asset_lock),
    )


class _Gate:
    """A binary stream that can be shut, so that nothing (a footer) follows an interruption."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._open = True
        self.closed = False

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        if self._open:
            self._stream.write(data)
        return len(data)

    def flush(self) -> None:
        if self._open:
            self._stream.flush()

    def close(self) -> None:
        self.closed = True

    def shut(self) -> None:
        self._open = False


def _drawn(sampler: Sampler, start: int, n: int) -> Iterator[Block]:
    pieces = iter(sampler.blocks(start, n))
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="rf-sample")
    waiting: deque[Future[Block]] = deque()
    try:
        for piece in pieces:
            waiting.append(pool.submit(sampler.draw_block, *piece))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def write_manifest(
    sampler: Sampler,
    start: int,
    n: int,
    target: Path | IO[bytes],
    on_rows: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write rows ``start`` to ``start + n``.

    Whatever ends it early leaves no file under the name, and no stream that reads as complete.

    Args:
        on_rows: called with the number of rows written so far.

    Returns:
        How many rows met the framing rules without being bent to them.
    """
    info = manifest_info(sampler)
    gate = None if isinstance(target, Path) else _Gate(target)
    sink = target if gate is None else gate
    accepted = rows = 0
    with ManifestWriter(sink, info, sampler.shape_keys, ARKIT_UNITS) as writer:  # type: ignore[arg-type]
        try:
            for block in _drawn(sampler, start, n):
                writer.write(block.table)
                accepted += block.accepted
                rows += block.table.num_rows
                on_rows(rows)
        except BaseException:
            if gate is not None:
                gate.shut()
            raise
    if gate is not None:
        gate.flush()
    return accepted
