"""Motion as a pure function of track and time: waves, events and steps.

Nothing is integrated from frame to frame, so that any frame can be computed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sampler.motion_model import Band
from sampler.streams import F64, Draws

__all__ = ["Events", "MovingDraws", "Waves", "events", "minimum_jerk", "unit_uniform", "waves"]

_PARTS: Final = 8
_JITTER: Final = 0.8
"""How much of an interval an event may be late; under 1, so that events keep their order."""


def minimum_jerk(x: F64) -> F64:
    """The step from 0 to 1 of a hand or an eye: least jerk, at rest at both ends.

    T. Flash and N. Hogan, The coordination of arm movements, J. Neurosci. 5, 1985.
    """
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2))


@dataclass(frozen=True)
class Waves:
    """Smooth random motions, one a track: sums of sines. ``(tracks, parts)`` each.

    Amplitudes are Rayleigh and phases even, so that at any time the values over all tracks
    are exactly standard normal.
    """

    frequency_hz: F64
    amplitude: F64
    phase: F64

    def at(self, track: NDArray[np.int64], time_s: F64) -> F64:
        """Values ``(n,)`` of the tracks ``(n,)`` at the times ``(n,)``."""
        out = np.zeros(len(track))
        for k in range(self.phase.shape[1]):
            turn = 2 * np.pi * self.frequency_hz[track, k] * time_s + self.phase[track, k]
            out += self.amplitude[track, k] * np.cos(turn)
        return out

    @property
    def max_speed(self) -> F64:
        """A bound of the change in a second, ``(tracks,)``."""
        return np.asarray((2 * np.pi * self.frequency_hz * self.amplitude).sum(axis=1))


def waves(draws: Draws, name: str, band: Band) -> Waves:
    """Draw the motion of each of ``draws``' tracks in a band, slower parts being larger."""
    steps = (np.arange(_PARTS) + draws.uniforms(f"{name}/frequency", _PARTS)) / _PARTS
    frequency = band.low_hz * (band.high_hz / band.low_hz) ** steps
    power = 1 / frequency
    power /= power.sum(axis=1, keepdims=True)
    rayleigh = np.sqrt(-2 * np.log(draws.uniforms(f"{name}/amplitude", _PARTS)))
    phase = 2 * np.pi * draws.uniforms(f"{name}/phase", _PARTS)
    return Waves(frequency, np.sqrt(power) * rayleigh, phase)


def unit_uniform(mean_u: F64, moving: F64, spread: F64) -> F64:
    """A uniform that moves: a track's own one ``(n,)`` and a standard normal motion ``(n,)``.

    The shares add up in variance, so that it stays exactly uniform over all tracks.
    """
    z = np.sqrt(1 - spread**2) * ndtri(mean_u) + spread * moving
    return np.asarray(np.clip(ndtr(z), 2.0**-53, 1 - 2.0**-53))


@dataclass(frozen=True)
class MovingDraws(Draws):
    """Draws of tracks, of which some fields move from row to row."""

    moving: Mapping[str, F64] = field(default_factory=dict)
    """``(n,)`` uniforms by field."""

    def _independent(self, field: str, width: int) -> F64:
        if field in self.moving and width == 1:
            return self.moving[field][:, None]
        return super()._independent(field, width)


@dataclass(frozen=True)
class Events:
    """What happens again and again in each track, in order; seen from ``first`` on."""

    first: int
    """Number of the first event; fields of an event are named by its number."""
    start_s: F64
    """``(tracks, events)`` ascending."""

    def __iter__(self) -> Iterator[tuple[int, F64]]:
        """(number, start ``(tracks,)``) of each event."""
        for k in range(self.start_s.shape[1]):
            yield self.first + k, self.start_s[:, k]


def events(draws: Draws, interval_s: F64, begin_s: float, end_s: float) -> Events:
    """The events that start from two intervals before ``begin_s`` to ``end_s``, and some beyond.

    Each track has a grid of its own in time; each event is late on it by a part of an interval.

    Args:
        interval_s: ``(tracks,)`` mean time from one to the next.
    """
    first = max(0, int(begin_s / interval_s.max()) - 1)
    last = int(end_s / interval_s.min()) + 4
    grid = draws.uniform("grid")
    late = np.stack([draws.uniform(f"late/{k}") for k in range(first, last)], axis=-1)
    number = np.arange(first, last)
    start = (number - 2 - grid[:, None] + _JITTER * late) * interval_s[:, None]
    return Events(first, start)
