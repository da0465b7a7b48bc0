"""What a run tells of itself."""

from __future__ import annotations

import io

import pytest

from renderer.progress import Progress, duration


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3599, "1 h 0 min"),
        (18_600, "5 h 10 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_rate_and_time_left_come_from_the_last_samples() -> None:
    clock = Clock()
    progress = Progress("rf-render", 1000, io.StringIO(), clock)
    clock.now_s = 500.0  # a slow start
    for _ in range(200):
        clock.now_s += 2.0
        progress.count()
    clock.now_s += 2.0
    progress.count(failed=True)
    assert progress.line().startswith("rf-render: 201/1000 samples (20%), 0.50/s, 27 min left")
    assert progress.line().endswith(", 1 failed")


def test_plain_lines_are_rare_and_a_terminal_line_is_rewritten() -> None:
    for stream, n_told in ((io.StringIO(), 2), (Terminal(), 100)):
        clock = Clock()
        progress = Progress("rf-render", 100, stream, clock)
        for _ in range(100):
            clock.now_s += 0.8
            progress.count()
            progress.tick()
        assert stream.getvalue().count("samples (") == n_told
    assert stream.getvalue().count("\r") == 100
    assert "\n" not in stream.getvalue()
    progress.say("a word")
    assert stream.getvalue().endswith("\nrf-render: a word\n")
