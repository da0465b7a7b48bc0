"""Head-motion tracks: what a face does at each time before a camera that stands.

Everything of a row is a function of its track and its time: the pose follows smooth waves
(:mod:`sampler.motion`), expressions and blinks come and go, the eyes jump from fixation to
fixation. A track's camera and place are solved once, over all of its frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from scipy.special import ndtr

from sampler import expression, gaze, pose
from sampler.distributions import Distribution
from sampler.expression import ExpressionConfig
from sampler.gaze import GazeConfig
from sampler.layout import TracksLayout
from sampler.motion import (
    MovingDraws,
    Waves,
    events,
    minimum_jerk,
    unit_uniform,
    waves,
)
from sampler.pose import Pose, PoseConfig
from sampler.streams import F64, Draws
from spec_schema.frames import direction_from_angles
from spec_schema.spec import ARKIT_UNITS

__all__ = ["Motion", "Place", "TrackDraws"]

_ANGLES: Final = ("yaw", "pitch", "roll")

TrackDraws = Callable[[str, int, int, int], Draws]
"""(component, start, n, repeat) to the draws of these rows."""


@dataclass(frozen=True)
class _Turning:
    """How the heads of some tracks turn. ``(tracks,)`` each."""

    angles: tuple[Waves, Waves, Waves]
    mean: tuple[F64, F64, F64]
    """Uniform of the track itself, for each angle."""
    speed: F64
    hold_s: F64
    hold_phase: F64


@dataclass(frozen=True)
class Place:
    """How tracks stand before their cameras: ``(tracks, 3)``, ``(tracks, 3, 3)``, ``(tracks,)``."""

    position_m: F64
    rotation: F64
    spread: F64


@dataclass(frozen=True)
class _Fixations:
    """What the eyes of some tracks look at, ``(tracks, fixations, …)``."""

    at_lens: NDArray[np.bool_]
    toward: F64
    """Direction in the camera's axes, where it is not the lens."""
    distance_m: F64


class Motion:
    """The tracks ``first`` to ``first + count`` of a config."""

    def __init__(
        self,
        layout: TracksLayout,
        posing: PoseConfig,
        draws: TrackDraws,
        first: int,
        count: int,
    ) -> None:
        self._layout, self._pose, self._draws = layout, posing, draws
        self.first, self.count = first, count
        self._turning = self._turn()
        motion = layout.motion
        swaying = draws("motion.sway", first, count, 1)
        self._sway = [waves(swaying, axis, motion.sway) for axis in "xyz"]

    def _of_tracks(self, component: str) -> Draws:
        return self._draws(component, self.first, self.count, 1)

    def _turn(self) -> _Turning:
        settings = self._layout.motion.pose
        own = self._of_tracks("pose")
        moving = self._of_tracks("motion.pose")
        yaw, pitch, roll = (waves(moving, angle, settings) for angle in _ANGLES)
        bound = sum(
            w.max_speed * _steepest(getattr(self._pose, angle))
            for w, angle in zip((yaw, pitch, roll), _ANGLES, strict=True)
        ) * (settings.spread * (1 + settings.hold))
        speed = np.minimum(1.0, settings.max_speed_deg_s / np.maximum(bound, 1e-9))
        return _Turning(
            (yaw, pitch, roll),
            (own.uniform("yaw"), own.uniform("pitch"), own.uniform("roll")),
            np.broadcast_to(speed, (self.count,)),
            settings.hold_interval.ppf(moving.uniform("hold_interval")),
            moving.uniform("hold_phase"),
        )

    def poses(self, start: int, repeat: int, time_s: F64, spread: F64) -> Pose:
        """Poses at some times, and the orbits that each would have by itself.

        Args:
            start: position of the first row, counted in rows of ``repeat`` a track.
            time_s: ``(n,)``.
            spread: ``(tracks,)`` share of the motion in the declared deviation.
        """
        n = len(time_s)
        track = np.arange(start, start + n) // repeat - self.first
        turning, hold = self._turning, self._layout.motion.pose.hold
        # Time that runs fast and slow: the head turns, rests and turns on.
        pace = 2 * np.pi / turning.hold_s[track]
        phase = 2 * np.pi * turning.hold_phase[track]
        warped = time_s - hold / pace * (np.sin(pace * time_s + phase) - np.sin(phase))
        warped = warped * turning.speed[track]
        moving = {
            angle: unit_uniform(mean[track], w.at(track, warped), spread[track])
            for angle, w, mean in zip(_ANGLES, turning.angles, turning.mean, strict=True)
        }
        held = self._draws("pose", start, n, repeat)
        return pose.draw(self._pose, _moving(held, moving))

    def sweep_deg(self, start: int, repeat: int, time_s: F64, spread: F64) -> F64:
        """``(n, 3)`` turn about the head's own axes while the shutter is open, about each time.

        Args: as of :meth:`poses`.
        """
        shutter = self._layout.motion.shutter
        own = self._of_tracks("motion.shutter")
        blurred = own.uniform("share") < shutter.share
        open_s = np.where(blurred, shutter.open.ppf(own.uniform("open")), 0.0)
        track = np.arange(start, start + len(time_s)) // repeat - self.first
        half = open_s[track] / 2
        before, after = (
            self.poses(start, repeat, at, spread).camera_from_head
            for at in (time_s - half, time_s + half)
        )
        turned = Rotation.from_matrix(np.swapaxes(before, 1, 2) @ after).as_rotvec(degrees=True)
        return np.where(blurred[track, None], turned, 0.0)

    def resting(self, spread: F64) -> Pose:
        """The pose ``(tracks,)`` about which each track moves."""
        still = np.zeros(self.count)
        moving = {
            angle: unit_uniform(mean, still, spread)
            for angle, mean in zip(_ANGLES, self._turning.mean, strict=True)
        }
        return pose.draw(self._pose, _moving(self._of_tracks("pose"), moving))

    def shifts(self, track: NDArray[np.int64], time_s: F64, rotation: F64, straight: F64) -> F64:
        """Where the head has gone from its place ``(n, 3)``, camera's axes, m.

        Args:
            rotation: ``(n, 3, 3)`` at these times.
            straight: ``(n, 3, 3)`` that of the track's place.
        """
        settings = self._layout.motion
        arm = np.array([0.0, settings.pose.neck_up_m, settings.pose.neck_forward_m])
        sway = np.stack([w.at(track, time_s) for w in self._sway], axis=-1)
        return np.asarray((rotation - straight) @ arm + settings.sway.scale_m * sway)

    def faces(self, config: ExpressionConfig, track: NDArray[np.int64], time_s: F64) -> F64:
        """Expression weights ``(n, 52)`` without the eyeLook units."""
        settings = self._layout.motion.expression
        weights = np.zeros((len(track), len(ARKIT_UNITS)))
        timing = self._of_tracks("motion.expression")
        interval = settings.interval.ppf(timing.uniform("interval"))
        for k, begin in events(timing, interval, time_s.min(), time_s.max()):
            onset, apex, offset = (
                d.ppf(timing.uniform(f"{name}/{k}"))
                for name, d in (
                    ("onset", settings.onset),
                    ("apex", settings.apex),
                    ("offset", settings.offset),
                )
            )
            since = time_s - begin[track]
            strength = _there_and_back(since, onset[track], apex[track], offset[track])
            rows = np.flatnonzero(strength)
            if rows.size:
                played = expression.draw(config, self._of_tracks(f"expression/{k}"))
                shown = played[track[rows]] * strength[rows, None]
                weights[rows] = np.maximum(weights[rows], shown)
        weights = expression.settle(config, weights)
        return expression.close_lids(weights, self._blinks(track, time_s))

    def _blinks(self, track: NDArray[np.int64], time_s: F64) -> F64:
        """Closure of the lids ``(n,)`` by blinks."""
        settings = self._layout.motion.blink
        closed = np.zeros(len(track))
        timing = self._of_tracks("motion.blink")
        interval = settings.interval.ppf(timing.uniform("interval"))
        for k, begin in events(timing, interval, time_s.min(), time_s.max()):
            since = time_s - begin[track]
            closing, shut, opening = (
                d.ppf(timing.uniform(f"{name}/{k}"))[track]
                for name, d in (
                    ("closing", settings.closing),
                    ("closed", settings.closed),
                    ("opening", settings.opening),
                )
            )
            closed = np.maximum(closed, _there_and_back(since, closing, shut, opening))
        return closed

    def looks(
        self,
        config: GazeConfig,
        track: NDArray[np.int64],
        time_s: F64,
        rotation: F64,
        position: F64,
        place: Place,
    ) -> gaze.Gaze:
        """Where the eyes look at each row, given where the head is.

        Args:
            rotation: ``(n, 3, 3)`` and ``position`` ``(n, 3)`` of the head.
            place: of the tracks.
        """
        settings = self._layout.motion.gaze
        timing = self._of_tracks("motion.gaze")
        interval = settings.interval.ppf(timing.uniform("interval"))
        fixations = events(timing, interval, time_s.min(), time_s.max())
        begins = fixations.start_s
        drawn = [gaze.draw(config, self._of_tracks(f"gaze/{k}")) for k, _ in fixations]
        onset = self._onsets(config, drawn, begins, place)
        now = np.maximum((begins[track] <= time_s[:, None]).sum(axis=1) - 1, 1)

        def aimed(number: NDArray[np.int64]) -> gaze.Gaze:
            def pick(table: NDArray[Any]) -> NDArray[Any]:
                return np.asarray(table[track, number])

            toward = np.einsum("nij,ni->nj", rotation, pick(onset.toward))
            here = gaze.GazeDraw(
                lens_u=np.where(pick(onset.at_lens), -1.0, 2.0),
                effort=np.ones(len(track)),
                yaw_deg=np.degrees(np.arctan2(toward[:, 0], toward[:, 2])),
                pitch_deg=np.degrees(np.arcsin(np.clip(toward[:, 1], -1, 1))),
                distance_m=pick(onset.distance_m),
            )
            return gaze.aim(config, here, rotation, position)

        old, new = aimed(now - 1), aimed(now)
        size = np.hypot(new.yaw_deg - old.yaw_deg, new.pitch_deg - old.pitch_deg)
        duration = settings.saccade_s + settings.saccade_s_per_deg * size
        part = minimum_jerk((time_s - begins[track, now]) / duration)

        def between(a: F64, b: F64) -> F64:
            return np.asarray(a + (b - a) * part)

        return replace(
            new,
            yaw_deg=between(old.yaw_deg, new.yaw_deg),
            pitch_deg=between(old.pitch_deg, new.pitch_deg),
            distance_m=1 / between(1 / old.distance_m, 1 / new.distance_m),
        )

    def _onsets(
        self, config: GazeConfig, drawn: list[gaze.GazeDraw], begins: F64, place: Place
    ) -> _Fixations:
        """What each fixation is on, as the eyes find it: that stays while the head turns on."""
        count, each = begins.shape
        time_s, track = begins.reshape(-1), np.repeat(np.arange(count), each)
        rotation = self.poses(self.first * each, each, time_s, place.spread).camera_from_head
        shift = self.shifts(track, time_s, rotation, place.rotation[track])
        flat = {
            f.name: np.stack([getattr(d, f.name) for d in drawn], axis=-1).reshape(-1)
            for f in fields(gaze.GazeDraw)
        }
        looking = gaze.GazeDraw(**flat)
        aimed = gaze.aim(config, looking, rotation, place.position_m[track] + shift)
        ahead = direction_from_angles(looking.yaw_deg, looking.pitch_deg)
        toward = (rotation @ ahead[..., None])[..., 0]
        return _Fixations(
            aimed.at_lens.reshape(count, each),
            toward.reshape(count, each, 3),
            looking.distance_m.reshape(count, each),
        )

    def chunks(self, rows: int) -> Iterator[tuple[int, NDArray[np.int64], F64]]:
        """(first row, tracks, times) of all frames of these tracks, ``rows`` at a time."""
        frames = self._layout.frames
        stop = (self.first + self.count) * frames
        for start in range(self.first * frames, stop, rows):
            yield start, *self.rows(start, min(rows, stop - start))

    def rows(self, start: int, n: int) -> tuple[NDArray[np.int64], F64]:
        """Tracks ``(n,)``, counted from ``first``, and times ``(n,)`` of some rows."""
        position = np.arange(start, start + n)
        track, frame = np.divmod(position, self._layout.frames)
        return track - self.first, frame / self._layout.frame_rate_hz


def _moving(held: Draws, moving: dict[str, F64]) -> MovingDraws:
    given = {f.name: getattr(held, f.name) for f in fields(held)}
    return MovingDraws(**given, moving=moving)


def _there_and_back(since: F64, rise: F64, stay: F64, fall: F64) -> F64:
    """0, up to 1 within ``rise``, for ``stay`` there, and back within ``fall``; seconds."""
    up = minimum_jerk(since / rise)
    return np.asarray(up * (1 - minimum_jerk((since - rise - stay) / fall)))


def _steepest(distribution: Distribution) -> float:
    """Most degrees by which the value changes for each deviation of a normal behind it."""
    z = np.linspace(-5, 5, 2001)
    return float(np.abs(np.diff(distribution.ppf(ndtr(z)))).max() / (z[1] - z[0]))
