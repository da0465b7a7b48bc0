"""COCO's compressed run-length encoding of a mask, and back.

Runs go down the columns and begin with one of zeros. From the third on a run is stored as the
difference to the run two before; a number is stored in groups of five bits, least first, each a
printable character. Source: ``rleToString`` in the COCO API's maskApi.c, checked against
pycocotools in the tests.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_schema.errors import DatasetError

__all__ = ["decode", "encode"]

_ZERO: Final = 48
_BITS: Final = 5
_MORE: Final = 0x20
_SIGN: Final = 0x10


def _run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    flat = np.concatenate([[False], mask.T.ravel()])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(n) for n in np.diff(np.concatenate([[0], changes, [mask.size]]))]


def encode(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """``{"size": [height, width], "counts": "..."}`` of a mask ``(H, W)``."""
    runs = _run_lengths(mask)
    out = []
    for i, run in enumerate(runs):
        left = run - runs[i - 2] if i > 2 else run
        while True:
            group = left & (_MORE - 1)
            left >>= _BITS
            done = left == (-1 if group & _SIGN else 0)
            out.append(chr(_ZERO + (group if done else group | _MORE)))
            if done:
                break
    return {"size": [int(n) for n in mask.shape], "counts": "".join(out)}


def decode(rle: dict[str, Any]) -> NDArray[np.bool_]:
    """The mask ``(H, W)``; inverse of :func:`encode`.

    Raises:
        DatasetError: the runs don't fill the mask.
    """
    height, width = rle["size"]
    runs: list[int] = []
    value, shift = 0, 0
    for character in rle["counts"]:
        group = ord(character) - _ZERO
        value |= (group & (_MORE - 1)) << shift
        shift += _BITS
        if group & _MORE:
            continue
        if group & _SIGN:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value, shift = 0, 0
    if sum(runs) != height * width or min(runs, default=0) < 0:
        raise DatasetError(f"runs of {sum(runs)} pixels in a mask of {height}×{width}")
    values = np.arange(len(runs)) % 2 == 1
    return np.asarray(np.repeat(values, runs).reshape(width, height).T)
