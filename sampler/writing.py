"""Streaming a manifest to a file or a pipe, drawing ahead of the writer."""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyarrow as pa

from sampler.acceptance import Tally
from sampler.one_thread import one_blas_thread
from sampler.scene import Block, Sampler
from spec_schema.errors import SpecError
from spec_schema.manifest import ManifestInfo, ManifestWriter
from spec_schema.spec import ARKIT_UNITS, SCHEMA_VERSION
from spec_schema.version import own_version

__all__ = ["manifest_info", "write_manifest"]

_THREADS: Final = 2
_AHEAD: Final = 3
"""Blocks in flight: they bound the memory at any number of rows."""


def _versions() -> dict[str, str]:
    return {
        "replicantface": own_version(),
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
        asset_lock=sampler.asset_lock(),
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
) -> Tally:
    """Write rows ``start`` to ``start + n``.

    Whatever ends it early leaves no file under the name, and no stream that reads as complete.

    Args:
        on_rows: called with the number of rows written so far.

    Returns:
        How many candidates were drawn for them. It is known when the last row is, after the
        metadata has been written, and so it is no part of the manifest.
    """
    if n < 1:
        raise SpecError(f"n is {n!r}: a manifest has at least one row")
    sampler.blocks(start, n)  # refuses what is no row, before anything is opened
    info = manifest_info(sampler)
    gate = None if isinstance(target, Path) else _Gate(target)
    sink = target if gate is None else gate
    tally = Tally()
    try:
        with (
            one_blas_thread(),
            ManifestWriter(sink, info, sampler.shape_keys, ARKIT_UNITS) as writer,  # type: ignore[arg-type]
        ):
            for block in _drawn(sampler, start, n):
                writer.write(block.table)
                tally += block.tally
                on_rows(tally.rows)
    except BaseException:
        # Parquet's writer would still add a footer when it is collected.
        if gate is not None:
            gate.shut()
        raise
    if gate is not None:
        gate.flush()
    return tally
