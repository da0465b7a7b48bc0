from __future__ import annotations

import io

import pytest

from converters.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that grow by a step at each look."""

    def __init__(self, step_s: float) -> None:
        self.now, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.now += self.step_s
        return self.now


@pytest.mark.parametrize("seconds_a_sample", [0.01, 1.0, 7.0, 29.0])
def test_elsewhere_lines_are_rare(seconds_a_sample: float) -> None:
    stream = io.StringIO()
    progress = Progress("x", 300, stream=stream, clock=Clock(seconds_a_sample))
    for _ in range(300):
        progress.step()
    progress.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) <= 1 + 300 * 2 * seconds_a_sample / 30
    assert len(lines) < 300
    assert "\r" not in stream.getvalue()


def test_a_short_run_says_nothing() -> None:
    stream = io.StringIO()
    progress = Progress("x", 4, stream=stream, clock=Clock(0.2))
    for _ in range(4):
        progress.step()
    progress.close()
    assert stream.getvalue() == ""


def test_a_terminal_has_one_live_line() -> None:
    stream = Terminal()
    progress = Progress("rf-convert coco", 2000, 1000, stream, Clock(0.05))
    for _ in range(40):
        progress.step()
    progress.close()
    text = stream.getvalue()
    assert "\n" not in text
    assert "rf-convert coco: 1,020 of 2,000" in text
    assert "a second" in text
    assert "left" in text
    assert text.endswith("\r"), "the line is cleared"


def test_what_was_done_before_does_not_make_it_look_fast() -> None:
    stream = Terminal()
    progress = Progress("x", 1000, 990, stream, Clock(0.5))
    progress.step()
    # Two looks at the clock a step, half a second each.
    assert "x: 991 of 1,000, 1 a second" in stream.getvalue()
