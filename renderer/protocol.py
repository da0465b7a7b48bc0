"""Messages between supervisor and worker: length-prefixed msgpack frames on pipes.

::

    supervisor → worker   start {settings, engine}   item {row, spec}   (end of file: leave)
                          devices {engine}                instead of start: ask, and leave
    worker → supervisor   ready {rss_mb}
                          devices {devices}               each {kind, name}
                          refused {error, message}        the machine lacks something: give up
                          phase {name}                    what the worker is doing now
                          done {row, files, rss_mb, phases}
                                files: suffix → bytes; phases: name → (wall, CPU seconds)
                          failed {row, error, message, trace, rss_mb}
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any, Final

from spec_schema.errors import DatasetError
from spec_schema.wire import packb, unpackb

__all__ = ["MAX_FRAME_BYTES", "FrameDecoder", "ProtocolError", "encode_frame", "read_frame", "send"]

MAX_FRAME_BYTES: Final = 1 << 30
_HEADER: Final = struct.Struct(">I")


class ProtocolError(Exception):
    """What came down a pipe is no frame of ours."""


def encode_frame(message: dict[str, Any]) -> bytes:
    """One frame: length (4 bytes, big-endian), then msgpack.

    Raises:
        ProtocolError: the message is larger than :data:`MAX_FRAME_BYTES`.
    """
    body = packb(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ProtocolError(f"a message of {len(body)} bytes is over {MAX_FRAME_BYTES}")
    return _HEADER.pack(len(body)) + body


def send(fd: int, message: dict[str, Any]) -> None:
    """Write one frame to a blocking descriptor."""
    view = memoryview(encode_frame(message))
    while view:
        view = view[os.write(fd, view) :]


def read_frame(fd: int) -> dict[str, Any] | None:
    """The next frame from a blocking descriptor; None at the end of the stream.

    Raises:
        ProtocolError: the stream ends within a frame, or holds something else.
    """
    header = _read_exactly(fd, _HEADER.size, may_end=True)
    if header is None:
        return None
    body = _read_exactly(fd, _length(header), may_end=False)
    assert body is not None
    return _decode(body)


class FrameDecoder:
    """Frames from bytes that arrive in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The messages that ``data`` completes, in order.

        Raises:
            ProtocolError: the bytes are no frames of ours.
        """
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            end = _HEADER.size + _length(bytes(self._buffer[: _HEADER.size]))
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEADER.size : end])
            del self._buffer[:end]
            yield _decode(body)


def _length(header: bytes) -> int:
    (length,) = _HEADER.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise ProtocolError(f"a frame announces {length} bytes, over {MAX_FRAME_BYTES}")
    return int(length)


def _decode(body: bytes) -> dict[str, Any]:
    try:
        message = unpackb(body)
    except DatasetError as e:
        raise ProtocolError(str(e)) from e
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise ProtocolError("a frame holds no message (a mapping with a 'kind')")
    return message


def _read_exactly(fd: int, size: int, *, may_end: bool) -> bytes | None:
    pieces, missing = [], size
    while missing:
        piece = os.read(fd, min(missing, 1 << 20))
        if not piece:
            if may_end and missing == size:
                return None
            raise ProtocolError("the stream ends within a frame")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
