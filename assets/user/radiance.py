"""Reading ``.hdr`` pictures: Greg Ward's Radiance RGBE format.

Source: the reference manual of Radiance, *File Formats*, and ``color.c``. Both the new run
lengths of scan lines and plain pixels are read; the oldest run lengths, of before 1991, are not.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spec_schema.errors import AssetError

__all__ = ["read_hdr"]

_MOST_PIXELS = 16384 * 8192


def read_hdr(path: Path) -> NDArray[np.float32]:
    """(H, W, 3) f32 linear radiance, row 0 at the top.

    Raises:
        AssetError: the file is no Radiance picture, or ends too early.
    """
    data = path.read_bytes()
    if not data.startswith((b"#?RADIANCE", b"#?RGBE")):
        raise AssetError(f"{path}: no Radiance picture (.hdr)")
    head, found, _ = data.partition(b"\n\n")
    size = re.match(rb"-Y (\d+) \+X (\d+)\n", data[len(head) + 2 :])
    if not found or size is None:
        raise AssetError(f"{path}: its size is not given as '-Y height +X width'")
    if b"32-bit_rle_xyze" in head:
        raise AssetError(f"{path}: is in XYZ; save it as RGB")
    height, width = int(size[1]), int(size[2])
    if not 0 < height * width <= _MOST_PIXELS:
        raise AssetError(f"{path}: {width} x {height} pixels; at most 16384 x 8192")
    body = np.frombuffer(data, np.uint8, offset=len(head) + 2 + size.end())
    rgbe = np.empty((height, width, 4), np.uint8)
    at = 0
    try:
        for row in rgbe:
            at = _read_row(body, at, row)
    except (IndexError, ValueError) as e:
        raise AssetError(f"{path}: damaged, or cut off") from e
    scale = np.ldexp(1.0, rgbe[..., 3].astype(np.int32) - 136)
    radiance = (rgbe[..., :3] + 0.5) * scale[..., None]
    return np.where(rgbe[..., 3:] == 0, 0.0, radiance).astype(np.float32)


def _read_row(body: NDArray[np.uint8], at: int, row: NDArray[np.uint8]) -> int:
    """Fill one row of RGBE (W, 4); returns where the next begins."""
    width = len(row)
    start = body[at : at + 4]
    coded = 8 <= width < 32768 and start[0] == 2 and start[1] == 2 and start[2] < 128
    if not coded:
        plain = body[at : at + 4 * width]
        row[:] = plain.reshape(width, 4)
        return at + 4 * width
    if int(start[2]) * 256 + int(start[3]) != width:
        raise ValueError("a scan line of another width")
    at += 4
    for channel in range(4):
        x = 0
        while x < width:
            count = int(body[at])
            if count > 128:
                count -= 128
                row[x : x + count, channel] = body[at + 1]
                at += 2
            else:
                values = body[at + 1 : at + 1 + count]
                if count == 0 or x + count > width:
                    raise ValueError("a run past the end of its line")
                row[x : x + count, channel] = values
                at += 1 + count
            x += count
        if x != width:
            raise ValueError("a run past the end of its line")
    return at
