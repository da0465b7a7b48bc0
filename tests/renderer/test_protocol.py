"""Frames survive pipes in any pieces, and nothing else passes for one."""

from __future__ import annotations

import os
import struct
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.protocol import (
    MAX_FRAME_BYTES,
    FrameDecoder,
    ProtocolError,
    encode_frame,
    read_frame,
    send,
)

MESSAGES: list[dict[str, Any]] = [
    {"kind": "ready", "rss_mb": 12.5},
    {"kind": "done", "row": 7, "files": {".png": b"\x00" * 70_000, ".msgpack": b""}},
    {"kind": "phase", "name": "geometry"},
]


@given(st.lists(st.integers(1, 9000), max_size=60))
@settings(deadline=None, max_examples=50)
def test_any_pieces_give_the_same_messages(cuts: list[int]) -> None:
    stream = b"".join(map(encode_frame, MESSAGES))
    decoder, got, start = FrameDecoder(), [], 0
    for size in [*cuts, len(stream)]:
        got += list(decoder.feed(stream[start : start + size]))
        start += size
    assert got == MESSAGES


def test_pipe_round_trip_of_more_than_a_pipe_holds() -> None:
    reader, writer = os.pipe()
    message = {"kind": "item", "values": np.arange(100_000, dtype=np.float32)}
    thread = threading.Thread(target=lambda: (send(writer, message), os.close(writer)))
    thread.start()
    got = read_frame(reader)
    thread.join()
    assert got is not None
    np.testing.assert_array_equal(got["values"], message["values"])
    assert read_frame(reader) is None
    os.close(reader)


def test_stream_that_ends_within_a_frame() -> None:
    reader, writer = os.pipe()
    os.write(writer, encode_frame(MESSAGES[1])[:100])
    os.close(writer)
    with pytest.raises(ProtocolError, match="ends within a frame"):
        read_frame(reader)
    os.close(reader)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"Blender 4.5.15 (hash 0123456789ab)\n", "announces"),
        (struct.pack(">I", MAX_FRAME_BYTES + 1), "announces"),
        (struct.pack(">I", 3) + b"\xc1\xc1\xc1", "damaged"),
        (struct.pack(">I", 1) + b"\x07", "no message"),
        (struct.pack(">I", 1) + b"\x80", "no message"),
    ],
)
def test_what_is_no_frame(stream: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        list(FrameDecoder().feed(stream))
