"""msgpack with numpy arrays: the format of label records and of worker messages.

An array is extension type 1: a packed triple (dtype string, shape, C-order bytes). Only
fixed-size numeric and boolean dtypes pass; nothing is ever executed by decoding.
"""

from __future__ import annotations

from typing import Any, Final

import msgpack
import numpy as np

from spec_schema.errors import DatasetError

__all__ = ["ARRAY_EXT", "packb", "unpackb"]

ARRAY_EXT: Final = 1
_KINDS: Final = frozenset("biuf")


def _default(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in _KINDS:
            raise TypeError(f"arrays of dtype {value.dtype} have no wire form")
        little = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        body = msgpack.packb([little.dtype.str, list(value.shape), little.tobytes()])
        return msgpack.ExtType(ARRAY_EXT, body)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no wire form")


def _ext_hook(code: int, data: bytes) -> Any:
    if code != ARRAY_EXT:
        return msgpack.ExtType(code, data)
    dtype_text, shape, raw = msgpack.unpackb(data)
    dtype = np.dtype(dtype_text)
    if dtype.kind not in _KINDS:
        raise DatasetError(f"a record holds an array of dtype {dtype_text!r}, which is not numeric")
    return np.frombuffer(raw, dtype).reshape(shape)


def packb(value: Any) -> bytes:
    """Encode plain values, mappings, sequences and numpy arrays; equal input gives equal bytes."""
    packed: bytes = msgpack.packb(value, default=_default, use_bin_type=True)
    return packed


def unpackb(data: bytes) -> Any:
    """Decode what :func:`packb` wrote; arrays come back read-only.

    Raises:
        DatasetError: the bytes are not one whole record.
    """
    try:
        return msgpack.unpackb(data, ext_hook=_ext_hook, strict_map_key=False)
    except (msgpack.exceptions.UnpackException, ValueError, TypeError) as e:
        raise DatasetError(f"a msgpack record is damaged: {e}") from e
