"""NumPy archives as bytes that depend on nothing but their content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_schema.errors import DatasetError

__all__ = ["npy_bytes", "npz_bytes", "read_npz"]


def npy_bytes(array: NDArray[Any]) -> bytes:
    """A ``.npy`` file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A compressed ``.npz`` file with these arrays, in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, npy_bytes(array))
    return buffer.getvalue()


def read_npz(data: bytes, where: str) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file.

    Raises:
        DatasetError: not a whole one; ``where`` names it in the message.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return {name: np.asarray(stored[name]) for name in stored.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as e:
        raise DatasetError(f"{where}: not a readable .npz file ({e})") from e
