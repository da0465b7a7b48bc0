"""Where the head of each row stands before the camera, what face it makes and where it looks.

Three ways, by the layout: every row alone; all variations of an identity in one place; or the
frames of a track. The last two solve the place once for an identity, over all of its rows, in
groups of identities whose size depends on the layout alone, so that a row comes out the same
whichever rows are asked for with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sampler import camera, expression, gaze, pose
from sampler.acceptance import GIVE_UP_AFTER, MAX_ATTEMPTS, AcceptConfig
from sampler.camera import Framing, Lens
from sampler.config import SamplerConfig
from sampler.inputs import Landmarks
from sampler.layout import StillsLayout
from sampler.placement import Faces, keep_inside, place_together
from sampler.pose import Pose
from sampler.streams import F64, Draws
from spec_schema.errors import SpecError
from spec_schema.spec import ARKIT_UNITS

__all__ = [
    "GROUP_ROWS",
    "EachAlone",
    "People",
    "PeopleOf",
    "RowDraws",
    "Staged",
    "Stager",
    "Together",
    "accepted_poses",
    "gathered",
    "group_size",
    "taken",
]

RowDraws = Callable[[str, int, int, int], Draws]
"""(component, first row, rows, rows that share a draw) to draws."""

GROUP_ROWS: Final = 4096
_CACHED: Final = 4
_T = TypeVar("_T")
_S = TypeVar("_S", bound="_Gatherable")


@dataclass(frozen=True)
class People:
    """What the landmarks of some faces depend on, but for the expression."""

    macros: Mapping[str, F64]
    shape: NDArray[np.float32]


@dataclass(frozen=True)
class Staged:
    """Rows before the camera; ``(n, …)`` each."""

    posed: Pose
    framed: Framing
    position: F64
    face: F64
    """``(n, 52)`` expression weights with the lids that follow the eyes."""
    aimed: gaze.Gaze
    lens: Lens
    candidates: NDArray[np.int64]
    """Poses and framings drawn for the row."""
    bent: NDArray[np.bool_]
    lit: Pose
    """The pose at which the light is metered."""
    lit_position: F64
    sweep_deg: F64 | None = None
    """``(n, 3)`` turn about the head's axes while the shutter is open, where heads move."""


class Stager(Protocol):
    """One way to stage rows."""

    def rows(self, first: int, n: int, people: People) -> Staged:
        """Rows ``first`` to ``first + n``."""


def taken(record: _T, index: NDArray[np.int64]) -> _T:
    """A record of arrays with these rows of each."""
    changed: dict[str, Any] = {f.name: getattr(record, f.name)[index] for f in fields(record)}  # type: ignore[arg-type]
    return replace(record, **changed)  # type: ignore[type-var]


def _merged(old: Pose, new: Pose, rows: NDArray[np.bool_]) -> Pose:
    out: dict[str, Any] = {}
    for f in fields(old):
        a, b = getattr(old, f.name), getattr(new, f.name)
        out[f.name] = np.where(rows.reshape(-1, *[1] * (a.ndim - 1)), b, a)
    return replace(old, **out)


def accepted_poses(
    config: pose.PoseConfig, rules: AcceptConfig, draws: Callable[[str], Draws]
) -> tuple[Pose, NDArray[np.int64]]:
    """Poses that keep the rules, and how many each row had to draw for it.

    Args:
        draws: by name of the stream: each further try has its own.

    Raises:
        SpecError: for some row no pose of a bounded number did.
    """
    posed = pose.draw(config, draws("pose"))
    candidates = np.ones(len(posed.yaw_deg), np.int64)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        bad = ~rules.poses(posed.yaw_deg, posed.pitch_deg, posed.roll_deg)
        if not bad.any():
            return posed, candidates
        if attempt == GIVE_UP_AFTER and bad.mean() > 0.75:
            break
        posed = _merged(posed, pose.draw(config, draws(f"pose/try-{attempt}")), bad)
        candidates += bad
    raise SpecError(
        f"accept: too few poses stay within max_yaw_deg = {rules.max_yaw_deg:g}, max_pitch_deg = "
        f"{rules.max_pitch_deg:g} and max_roll_deg = {rules.max_roll_deg:g}: {attempt} in a row "
        "did not; widen these, or narrow the distributions under pose"
    )


class EachAlone:
    """Every row solved for its own pose, camera and face."""

    def __init__(self, config: SamplerConfig, draws: RowDraws, landmarks: Landmarks) -> None:
        layout = config.layout
        assert isinstance(layout, StillsLayout)
        self._config, self._layout, self._draws, self._landmarks = config, layout, draws, landmarks

    def rows(self, first: int, n: int, people: People) -> Staged:
        c = self._config
        each = self._layout.rows_an_identity

        def draws(stream: str) -> Draws:
            component = stream.partition("/")[0]
            return self._draws(stream, first, n, 1 if self._layout.varies(component) else each)

        posed, poses = accepted_poses(c.pose, c.accept, draws)
        framed = camera.draw_framing(c.camera, draws("camera"), c.accept.min_face)
        calm = _calm(self._layout, first, n)
        unlooking = expression.draw(c.expression, draws("expression"))
        unlooking[calm] = 0
        looking = gaze.draw(c.gaze, draws("gaze"))

        # The eyes look at a lens whose place depends on the landmarks, and the lids that follow
        # the eyes move landmarks: place the head, aim, and place it again.
        rotation = posed.camera_from_head
        neutral = self._landmarks.neutral_head_m(people.macros, people.shape)
        landmarks = neutral + self._landmarks.moved_head_m(unlooking.astype(np.float32), neutral)
        position = camera.place_head(framed, rotation, landmarks)
        framed, position = camera.keep_distance(c.camera, framed, rotation, landmarks, position)
        aimed = gaze.aim(c.gaze, looking, rotation, position)
        if self._layout.varies("gaze"):
            aimed = _straight(aimed, calm)
        face = expression.look(c.expression.look, unlooking, aimed.yaw_deg, aimed.pitch_deg)
        # Not the difference of both: how far lids follow the eyes depends on how open they are.
        landmarks = neutral + self._landmarks.moved_head_m(face.astype(np.float32), neutral)
        points = camera.in_camera_axes(landmarks, rotation)
        position = camera.place(framed, points, position)
        position, moved = keep_inside(points, points, position, framed.focal_ratio, c.camera.margin)
        lens = camera.solve_lens(c.camera, draws("camera"), framed, rotation, landmarks, position)
        return Staged(
            posed, framed, position, face, aimed, lens,
            candidates=poses + framed.candidates - 1,
            bent=~framed.accepted | moved,
            lit=posed, lit_position=position,
        )  # fmt: skip


def _calm(layout: StillsLayout, first: int, n: int) -> NDArray[np.bool_]:
    """Which rows are the neutral ones of their identity."""
    variation = np.arange(first, first + n) % layout.variations
    return np.asarray((variation == 0) & layout.neutral_first)


def _straight(aimed: gaze.Gaze, rows: NDArray[np.bool_]) -> gaze.Gaze:
    """Eyes straight ahead in these rows."""
    return replace(
        aimed,
        yaw_deg=np.where(rows, 0.0, aimed.yaw_deg),
        pitch_deg=np.where(rows, 0.0, aimed.pitch_deg),
        at_lens=aimed.at_lens & ~rows,
    )


@dataclass(frozen=True)
class _Stands:
    """Where some identities stand; ``(identities, …)`` each."""

    posed: Pose
    framed: Framing
    position: F64
    lens: Lens
    candidates: NDArray[np.int64]
    bent: NDArray[np.bool_]

    def of(self, owner: NDArray[np.int64]) -> _Stands:
        return _Stands(
            taken(self.posed, owner), taken(self.framed, owner), self.position[owner],
            taken(self.lens, owner), self.candidates[owner], self.bent[owner],
        )  # fmt: skip


PeopleOf = Callable[[int, int, int], People]
"""(first row, rows, rows an identity) to the people of these rows."""


class Together:
    """All variations of an identity in one pose before one camera."""

    def __init__(
        self, config: SamplerConfig, draws: RowDraws, landmarks: Landmarks, people: PeopleOf
    ) -> None:
        layout = config.layout
        assert isinstance(layout, StillsLayout)
        self._config, self._layout, self._draws, self._landmarks = config, layout, draws, landmarks
        self._people = people
        self._group = group_size(layout.variations)
        self._stands = lru_cache(maxsize=_CACHED)(self._solve)

    def rows(self, first: int, n: int, people: People) -> Staged:
        stands = gathered(self._stands, self._group, self._layout.variations, first, n)
        face, aimed = self._faces(first, n, stands.posed.camera_from_head, stands.position)
        return Staged(
            stands.posed, stands.framed, stands.position, face, aimed, stands.lens,
            candidates=stands.candidates, bent=stands.bent,
            lit=stands.posed, lit_position=stands.position,
        )  # fmt: skip

    def _faces(self, first: int, n: int, rotation: F64, position: F64) -> tuple[F64, gaze.Gaze]:
        c, layout = self._config, self._layout

        def draws(component: str) -> Draws:
            return self._draws(
                component, first, n, 1 if layout.varies(component) else layout.variations
            )

        calm = _calm(layout, first, n)
        unlooking = expression.draw(c.expression, draws("expression"))
        unlooking[calm] = 0
        aimed = gaze.aim(c.gaze, gaze.draw(c.gaze, draws("gaze")), rotation, position)
        if layout.varies("gaze"):
            aimed = _straight(aimed, calm)
        face = expression.look(c.expression.look, unlooking, aimed.yaw_deg, aimed.pitch_deg)
        return face, aimed

    def _solve(self, group: int) -> _Stands:
        """The identities of a group, placed by a neutral face (or the one that all rows make)."""
        c, each = self._config, self._layout.variations
        first = group * self._group

        def draws(stream: str) -> Draws:
            return self._draws(stream, first, self._group, 1)

        people = self._people(first, self._group, 1)
        if self._layout.varies("expression"):
            face = np.zeros((self._group, len(ARKIT_UNITS)))
        else:
            face = expression.draw(c.expression, draws("expression"))
        posed, poses = accepted_poses(c.pose, c.accept, draws)
        framed = camera.draw_framing(c.camera, draws("camera"), c.accept.min_face)
        rotation = posed.camera_from_head
        landmarks = self._landmarks.landmarks_head_m(
            people.macros, people.shape, face.astype(np.float32)
        )
        wanted = camera.place_head(framed, rotation, landmarks)
        framed, wanted = camera.keep_distance(c.camera, framed, rotation, landmarks, wanted)

        def faces() -> Any:
            for begin in range(first * each, (first + self._group) * each, GROUP_ROWS):
                n = min(GROUP_ROWS, (first + self._group) * each - begin)
                owner = np.arange(begin, begin + n) // each - first
                made, _ = self._faces(begin, n, rotation[owner], wanted[owner])
                all_of = self._people(begin, n, each)
                points = self._landmarks.landmarks_head_m(
                    all_of.macros, all_of.shape, made.astype(np.float32)
                )
                yield Faces(owner, camera.in_camera_axes(points, rotation[owner]))

        place = place_together(
            faces, wanted, framed.focal_ratio, c.camera.margin, c.accept.min_face
        )
        lens = camera.solve_lens(
            c.camera, draws("camera"), framed, rotation, landmarks, place.position_m
        )
        return _Stands(
            posed, framed, place.position_m, lens, poses + framed.candidates - 1,
            ~framed.accepted | place.bent,
        )  # fmt: skip


def group_size(rows_an_identity: int) -> int:
    """Identities that are placed at once: a power of two of about a block's rows."""
    return 1 << max(0, (GROUP_ROWS // rows_an_identity).bit_length() - 1)


class _Gatherable(Protocol):
    def of(self: _S, owner: NDArray[np.int64]) -> _S: ...


def gathered(solve: Callable[[int], _S], group: int, each: int, first: int, n: int) -> _S:
    """Where the identities of some rows stand, one entry a row."""
    identity = np.arange(first, first + n) // each
    groups = range(int(identity[0]) // group, int(identity[-1]) // group + 1)
    parts = [solve(g).of(identity[identity // group == g] - g * group) for g in groups]
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[_S]) -> _S:
    def join(values: list[Any]) -> Any:
        if isinstance(values[0], np.ndarray):
            return np.concatenate(values)
        names = [f.name for f in fields(values[0])]
        return type(values[0])(*(join([getattr(v, name) for v in values]) for name in names))

    joined: _S = join(parts)
    return joined
