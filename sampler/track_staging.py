"""Head-motion tracks before their cameras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sampler import camera, expression
from sampler.camera import Framing, Lens
from sampler.config import SamplerConfig
from sampler.inputs import Landmarks
from sampler.layout import TracksLayout
from sampler.placement import Faces, place_together
from sampler.pose import Pose, turns_within
from sampler.staging import (
    GROUP_ROWS,
    People,
    PeopleOf,
    RowDraws,
    Staged,
    gathered,
    group_size,
    taken,
)
from sampler.streams import F64
from sampler.tracks import Motion, Place
from spec_schema.errors import SpecError
from spec_schema.spec import ARKIT_UNITS

__all__ = ["OnTracks"]

_CACHED: Final = 4
_TRIES: Final = 6
"""Times that a track's motion is reduced before its head rests."""
_LESS: Final = 0.7


@dataclass(frozen=True)
class _Stand:
    """How some tracks are filmed; ``(tracks, …)`` each."""

    resting: Pose
    """Pose about which the head moves, and the orbit of the camera."""
    framed: Framing
    position: F64
    """Place of the head in that pose."""
    lens: Lens
    spread: F64
    """Share of the motion in the pose's deviation, ``(tracks,)``."""
    bent: NDArray[np.bool_]

    def of(self, owner: NDArray[np.int64]) -> _Stand:
        return _Stand(
            taken(self.resting, owner), taken(self.framed, owner), self.position[owner],
            taken(self.lens, owner), self.spread[owner], self.bent[owner],
        )  # fmt: skip


class OnTracks:
    """Frames of tracks: all that moves is a function of the time."""

    def __init__(
        self, config: SamplerConfig, draws: RowDraws, landmarks: Landmarks, people: PeopleOf
    ) -> None:
        layout = config.layout
        assert isinstance(layout, TracksLayout)
        _check_limits(config)
        self._config, self._layout, self._draws, self._landmarks = config, layout, draws, landmarks
        self._people = people
        self._group = group_size(layout.frames)
        self._stands = lru_cache(maxsize=_CACHED)(self._solve)

    def rows(self, first: int, n: int, people: People) -> Staged:
        frames = self._layout.frames
        track0, track1 = first // frames, (first + n - 1) // frames + 1
        motion = self._motion(track0, track1 - track0)
        stands = gathered(self._stands, self._group, frames, first, n)
        track, time_s = motion.rows(first, n)
        # One entry a track, as the motion wants it: each track's first row here has it.
        begin = np.unique(track, return_index=True)[1]
        spread = stands.spread[begin]
        place = Place(stands.position[begin], stands.resting.camera_from_head[begin], spread)
        posed = motion.poses(first, frames, time_s, spread)
        shift = motion.shifts(
            track, time_s, posed.camera_from_head, stands.resting.camera_from_head
        )
        posed = replace(
            posed,
            azimuth_deg=stands.resting.azimuth_deg,
            elevation_deg=stands.resting.elevation_deg,
            camera_roll_deg=stands.resting.camera_roll_deg,
        )
        position = stands.position + shift
        unlooking = motion.faces(self._config.expression, track, time_s)
        aimed = motion.looks(
            self._config.gaze, track, time_s, posed.camera_from_head, position, place
        )
        face = expression.look(
            self._config.expression.look, unlooking, aimed.yaw_deg, aimed.pitch_deg
        )
        return Staged(
            posed, stands.framed, position, face, aimed, stands.lens,
            candidates=stands.framed.candidates, bent=stands.bent,
            lit=stands.resting, lit_position=stands.position,
            sweep_deg=motion.sweep_deg(first, frames, time_s, spread),
        )  # fmt: skip

    def _motion(self, first: int, count: int) -> Motion:
        return Motion(self._layout, self._config.pose, self._draws, first, count)

    def _solve(self, group: int) -> _Stand:
        c, first = self._config, group * self._group
        motion = self._motion(first, self._group)
        spread = np.full(self._group, self._layout.motion.pose.spread)
        for attempt in range(_TRIES + 1):
            resting, fits = self._orbit(motion, spread)
            if not fits.all() and attempt < _TRIES:
                spread = np.where(fits, spread, self._reduced(spread, attempt))
                continue
            stand, smallest = self._place(motion, resting, spread)
            if (smallest >= c.accept.min_face).all() or attempt == _TRIES:
                return stand
            spread = np.where(smallest >= c.accept.min_face, spread, self._reduced(spread, attempt))
        raise AssertionError("the last attempt returns")

    def _reduced(self, spread: F64, attempt: int) -> F64:
        """Less motion, and none in the end, when the camera may face any head."""
        return spread * _LESS if attempt < _TRIES - 1 else np.zeros_like(spread)

    def _orbit(self, motion: Motion, spread: F64) -> tuple[Pose, NDArray[np.bool_]]:
        """The camera's orbit of each track, and whether the neck is at ease in all frames.

        It is that of the resting pose, or the first on the way to the one that the resting
        face looks into from which the head never turns too far.
        """
        resting = motion.resting(spread)
        wanted = np.stack(
            [resting.azimuth_deg, resting.elevation_deg, resting.camera_roll_deg], axis=-1
        )
        facing = np.stack(
            [resting.yaw_deg, np.clip(-resting.pitch_deg, -89, 89), resting.camera_roll_deg],
            axis=-1,
        )
        way = (facing - wanted + 180) % 360 - 180
        orbits = [wanted + part * way for part in (0.0, 0.35, 0.7, 1.0)]
        at_ease = np.ones((len(orbits), motion.count), bool)
        limits = self._config.pose.turn_limits
        for start, track, time_s in motion.chunks(GROUP_ROWS):
            rotation = motion.poses(start, self._layout.frames, time_s, spread).camera_from_head
            for row, orbit in zip(at_ease, orbits, strict=True):
                np.logical_and.at(row, track, turns_within(limits, orbit[track], rotation))
        pick = at_ease.argmax(axis=0)
        fits = at_ease.any(axis=0) | (spread == 0)
        chosen = np.stack(orbits)[pick, np.arange(motion.count)]
        return (
            replace(
                resting,
                azimuth_deg=(chosen[:, 0] + 180) % 360 - 180,
                elevation_deg=chosen[:, 1],
                camera_roll_deg=chosen[:, 2],
            ),
            fits,
        )

    def _place(self, motion: Motion, resting: Pose, spread: F64) -> tuple[_Stand, F64]:
        """Where the head rests, so that it stays in the picture and away from the lens."""
        c, frames = self._config, self._layout.frames
        people = self._people(motion.first, motion.count, 1)
        framed = camera.draw_framing(
            c.camera, self._draws("camera", motion.first, motion.count, 1), c.accept.min_face
        )
        rotation = resting.camera_from_head
        neutral = np.zeros((motion.count, len(ARKIT_UNITS)), np.float32)
        landmarks = self._landmarks.landmarks_head_m(people.macros, people.shape, neutral)
        wanted = camera.place_head(framed, rotation, landmarks)
        framed, wanted = camera.keep_distance(c.camera, framed, rotation, landmarks, wanted)

        def moved() -> Iterator[tuple[int, NDArray[np.int64], F64, F64, F64]]:
            for start, track, time_s in motion.chunks(GROUP_ROWS):
                turned = motion.poses(start, frames, time_s, spread).camera_from_head
                yield (
                    start,
                    track,
                    time_s,
                    turned,
                    motion.shifts(track, time_s, turned, rotation[track]),
                )

        def faces() -> Iterator[Faces]:
            for start, track, time_s, turned, shift in moved():
                shown = motion.faces(c.expression, track, time_s).astype(np.float32)
                all_of = self._people(start, len(track), frames)
                points = self._landmarks.landmarks_head_m(all_of.macros, all_of.shape, shown)
                yield Faces(track, camera.in_camera_axes(points, turned) + shift.T[:, None])

        nearest = np.full(motion.count, np.inf)
        for _, track, _, _, shift in moved():
            np.minimum.at(nearest, track, shift[:, 2])
        # A head that comes too near on its way is filmed from farther off, by a longer lens.
        factor = np.maximum((c.camera.min_distance_m * 1.001 - nearest) / wanted[:, 2], 1.0)
        ratio = framed.focal_ratio * factor
        place = place_together(
            faces, wanted * factor[:, None], ratio, c.camera.margin, c.accept.min_face
        )
        retouched = (factor > 1) | place.bent | (spread < self._layout.motion.pose.spread)
        framed = replace(framed, focal_ratio=ratio)
        lens = camera.solve_lens(
            c.camera, self._draws("camera", motion.first, motion.count, 1),
            framed, rotation, landmarks, place.position_m,
        )  # fmt: skip
        bent = ~framed.accepted | retouched
        return _Stand(resting, framed, place.position_m, lens, spread, bent), place.smallest


def _check_limits(config: SamplerConfig) -> None:
    """A track can't be drawn again for one frame, so its distributions must keep the limits."""
    for name in ("yaw", "pitch", "roll"):
        low, high = getattr(config.pose, name).support()
        limit = getattr(config.accept, f"max_{name}_deg")
        if max(-low, high) > limit:
            raise SpecError(
                f"pose.{name}: values from {low:g} to {high:g} can come of it, and in tracks "
                f"they must stay within accept.max_{name}_deg = {limit:g}"
            )
