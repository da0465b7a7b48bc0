"""MATLAB v5 files as bytes that depend on nothing but their content."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import scipy.io
from numpy.typing import NDArray

from spec_schema.errors import DatasetError

__all__ = ["mat_bytes", "read_mat"]

# The format's first 116 bytes are free text, in which SciPy writes the date.
_TEXT_BYTES: Final = 116
_TEXT: Final = b"MATLAB 5.0 MAT-file, written by Replicantface".ljust(_TEXT_BYTES)


def mat_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A ``.mat`` file with these matrices, in this order; equal input gives equal bytes."""
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, dict(arrays), format="5", do_compression=False, oned_as="row")
    return _TEXT + buffer.getvalue()[_TEXT_BYTES:]


def read_mat(data: bytes, where: str) -> dict[str, NDArray[Any]]:
    """The matrices of a ``.mat`` file.

    Raises:
        DatasetError: not a whole ``.mat`` file; ``where`` names it in the message.
    """
    try:
        content = scipy.io.loadmat(io.BytesIO(data))
    # SciPy has no common error for damaged files.
    except Exception as e:
        raise DatasetError(f"{where}: not a readable .mat file ({e})") from e
    return {k: np.asarray(v) for k, v in content.items() if not k.startswith("__")}
