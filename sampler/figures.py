"""The numbers behind ``rf-plot``: what a set of scenes holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sampler import framing
from sampler.camera import in_camera_axes
from sampler.gaze import lens_angles_deg
from sampler.inputs import Landmarks
from sampler.plotted import ACTIVE, HIGH, NAMED, NONE, PRESENT, QUANTITIES, UNIT_NAMES
from sampler.sources import Source
from sampler.streams import F64
from spec_schema.frames import camera_from_head_rotation, direction_from_angles
from spec_schema.spec import ARKIT_UNITS, WORN_SLOTS

__all__ = ["BOX_ROWS", "MAX_TRACKS", "Figures", "Grouping", "Track", "UnitFigures", "read_figures"]

BOX_ROWS: Final = 20_000
"""Rows, spread over the set, for which the face box is computed."""
MAX_TRACKS: Final = 4
"""Tracks that are followed over time: the first ones."""
MAX_TRACK_FRAMES: Final = 3000

_MACRO: Final = ("sex", "age_years", "african", "asian", "european", "weight", "muscle")
_ANCESTRY: Final = ("african", "asian", "european")
_LEVELS: Final = np.linspace(-2, 2, 401)
"""Edges in which expression weights are counted."""


@dataclass(frozen=True)
class UnitFigures:
    """One expression unit, both sides counted."""

    high: float
    """Share of faces with a weight above :data:`sampler.plotted.HIGH`, sides averaged."""
    quantiles: tuple[float, float, float, float, float]
    """5, 25, 50, 75, 95 % of the weights above :data:`sampler.plotted.ACTIVE`; NaN if none."""


@dataclass(frozen=True)
class Grouping:
    """How rows belong together."""

    identities: int
    rows_an_identity: tuple[int, int]
    """Fewest and most."""
    neutral_first: int
    """Identities whose first variation makes no expression."""
    tracks: int
    frames: tuple[int, int]
    """Fewest and most of a track."""
    seconds: float
    """Longest track."""


@dataclass(frozen=True)
class Track:
    """One face over time, ``(frames,)`` each."""

    id: int
    time_s: F64
    yaw: F64
    pitch: F64
    roll: F64
    blink: F64
    """``eyeBlink``, sides averaged."""


@dataclass(frozen=True)
class Figures:
    """One set, boiled down."""

    name: str
    title: str
    n: int
    values: Mapping[str, F64]
    """``(n,)`` by the keys of :data:`QUANTITIES`; the face box only of some rows, key lights
    only of the rows that have one."""
    shares: Mapping[str, Mapping[str, float]]
    """By group (``hair``, ``glasses`` …), then by name, largest first; each group sums to 1."""
    present: Mapping[str, float]
    """Share of the faces that have it, by the names of :data:`PRESENT`."""
    ancestry: Mapping[str, float]
    """Mean share."""
    units: Mapping[str, UnitFigures]
    """By the names of :data:`UNIT_NAMES`, the most frequent first."""
    grouping: Grouping
    tracks: tuple[Track, ...]


def column(batch: pa.RecordBatch, path: str) -> pa.Array:
    """A leaf by its dotted name, null where a parent is."""
    name, *rest = path.split(".")
    array = batch.column(name)
    for part in rest:
        array = pc.struct_field(array, part)
    return array


def _has(batch: pa.RecordBatch, path: str) -> NDArray[np.bool_]:
    return np.asarray(column(batch, path).is_valid().to_numpy(zero_copy_only=False), bool)


def _floats(batch: pa.RecordBatch, path: str) -> F64:
    return np.asarray(column(batch, path).to_numpy(zero_copy_only=False), np.float64)


def _keys(batch: pa.RecordBatch, path: str, names: tuple[str, ...]) -> NDArray[np.float32]:
    """``(n, K)`` weights; 0 for keys that the set does not have."""
    part = batch.column(path.split(".")[0])
    for name in path.split(".")[1:]:
        part = pc.struct_field(part, name)
    out = np.zeros((batch.num_rows, len(names)), np.float32)
    for i, name in enumerate(names):
        if part.type.get_field_index(name) >= 0:
            out[:, i] = pc.struct_field(part, name).to_numpy(zero_copy_only=False)
    return out


def _boxes(batch: pa.RecordBatch, landmarks: Landmarks) -> tuple[F64, F64]:
    """Size ``(n,)`` and centre ``(n, 2)`` of the projected 68-landmark boxes, picture widths."""
    macro = {name: _floats(batch, f"identity.{name}") for name in _MACRO}
    points = landmarks.landmarks_head_m(
        macro,
        _keys(batch, "identity.shape", landmarks.shape_keys),
        _keys(batch, "expression", ARKIT_UNITS),
    )
    ratio = _floats(batch, "camera.focal_length_mm") / _floats(batch, "camera.sensor_width_mm")
    return framing.box(in_camera_axes(points, _rotation(batch)), _position(batch), ratio)


def _rotation(batch: pa.RecordBatch) -> F64:
    return camera_from_head_rotation(
        *(_floats(batch, f"pose.{angle}_deg") for angle in ("yaw", "pitch", "roll"))
    )


def _position(batch: pa.RecordBatch) -> F64:
    return np.stack([_floats(batch, f"pose.{axis}_m") for axis in "xyz"], axis=-1)


def _off_lens_deg(batch: pa.RecordBatch) -> F64:
    """Angle ``(n,)`` between the gaze and the way from the head origin to the lens."""
    yaw, pitch, _ = lens_angles_deg(_rotation(batch), _position(batch))
    gaze = direction_from_angles(_floats(batch, "gaze.yaw_deg"), _floats(batch, "gaze.pitch_deg"))
    lens = direction_from_angles(yaw, pitch)
    chord = np.linalg.norm(gaze - lens, axis=-1)
    return np.asarray(np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))))


class _Reader:
    """Adds up batches in bounded memory, but for the scalars of each face."""

    def __init__(self, source: Source, landmarks: Landmarks) -> None:
        self._source, self._landmarks = source, landmarks
        self._step = max(1, source.rows // BOX_ROWS)
        self._rows = 0
        self._values: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
        self._names: dict[str, Counter[str]] = {group: Counter() for group in NAMED}
        self._present = dict.fromkeys(PRESENT, 0)
        self._ancestry = dict.fromkeys(_ANCESTRY, 0.0)
        self._levels = {name: np.zeros(len(_LEVELS) - 1, np.int64) for name in UNIT_NAMES}
        self._high = dict.fromkeys(UNIT_NAMES, 0)
        self._identities: list[NDArray[np.int64]] = []
        self._neutral = 0
        self._tracks: list[NDArray[np.int64]] = []
        self._seconds = 0.0
        self._followed: dict[int, list[F64]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        def keep(name: str, values: F64) -> None:
            self._values[name].append(values.astype(np.float32))

        for name, quantity in QUANTITIES.items():
            if quantity.column:
                values = _floats(batch, quantity.column)
                keep(name, values[np.isfinite(values)])
        sensor = _floats(batch, "camera.sensor_width_mm")
        keep("focal_length", _floats(batch, "camera.focal_length_mm") / sensor * 36)
        keep("off_lens", _off_lens_deg(batch))
        power = _floats(batch, "environment.key_light.power_w")
        # A lamp across the room has a thousand times the power of one at the cheek.
        keep("key_power", np.log10(power[power > 0]))
        picked = np.arange(-self._rows % self._step, batch.num_rows, self._step)
        if picked.size:
            size, centre = _boxes(batch.take(pa.array(picked)), self._landmarks)
            for name, values in zip(("face_size", "face_x", "face_y"), (size, *centre.T),
                                    strict=True):  # fmt: skip
                keep(name, values)
        self._count_names(batch)
        face = _keys(batch, "expression", ARKIT_UNITS)
        shown = [i for i, unit in enumerate(ARKIT_UNITS) if not unit.startswith("eyeLook")]
        keep("expression", face[:, shown].max(axis=1).astype(np.float64))
        self._count_units(face)
        self._group(batch, face[:, shown])
        self._rows += batch.num_rows

    def _count_names(self, batch: pa.RecordBatch) -> None:
        for group, path in NAMED.items():
            for found in pc.value_counts(column(batch, path)).to_pylist():
                name = found["values"] or NONE.get(group, f"no {group}")
                self._names[group][name] += found["counts"]
        worn = {item: _has(batch, item) for item in WORN_SLOTS}
        bearded = pc.not_equal(column(batch, "facial_hair.style"), "shaved")
        lit = {f"{lamp} light": _has(batch, f"environment.{lamp}_light")
               for lamp in ("key", "fill", "rim")}  # fmt: skip
        dye = _floats(batch, "hair.dye")
        has: dict[str, NDArray[np.bool_]] = {
            **worn,
            "beard": bearded.to_numpy(zero_copy_only=False),
            "makeup": _floats(batch, "skin.makeup") > ACTIVE,
            "grey hair": _floats(batch, "hair.grey") * (1 - dye) > HIGH,
            "dyed hair": dye > 0,
            **lit,
            "photo effects": _has(batch, "photo"),
        }
        for name in PRESENT:
            self._present[name] += int(has[name].sum())
        for name in _ANCESTRY:
            self._ancestry[name] += float(_floats(batch, f"identity.{name}").sum())

    def _count_units(self, face: NDArray[np.float32]) -> None:
        at = {unit: i for i, unit in enumerate(ARKIT_UNITS)}
        for name, units in UNIT_NAMES.items():
            weights = face[:, [at[u] for u in units]]
            self._high[name] += int((weights > HIGH).sum())
            self._levels[name] += np.histogram(weights[weights > ACTIVE], _LEVELS)[0]

    def _group(self, batch: pa.RecordBatch, face: NDArray[np.float32]) -> None:
        self._identities.append(np.asarray(column(batch, "sample.identity_id"), np.int64))
        variation = np.asarray(column(batch, "sample.variation"))
        self._neutral += int(((variation == 0) & (face.max(axis=1) <= 0)).sum())
        ids = column(batch, "sample.track_id")
        if ids.null_count == batch.num_rows:
            return
        on_track = ids.is_valid().to_numpy(zero_copy_only=False)
        track = np.asarray(ids.fill_null(0), np.int64)
        self._tracks.append(track[on_track])
        time_s = _floats(batch, "sample.time_s")
        self._seconds = max(self._seconds, float(time_s[on_track].max()))
        series = np.column_stack(
            [
                time_s,
                *(_floats(batch, f"pose.{angle}_deg") for angle in ("yaw", "pitch", "roll")),
                _keys(batch, "expression", ("eyeBlinkLeft", "eyeBlinkRight")).mean(axis=1),
            ]
        )
        for id_ in np.unique(track[on_track]).tolist():
            if id_ in self._followed or len(self._followed) < MAX_TRACKS:
                parts = self._followed.setdefault(id_, [])
                if sum(map(len, parts)) < MAX_TRACK_FRAMES:
                    parts.append(series[on_track & (track == id_)])

    def figures(self) -> Figures:
        n = self._rows
        shares = {
            group: {name: count / n for name, count in names.most_common()}
            for group, names in self._names.items()
        }
        units = {
            name: UnitFigures(self._high[name] / n / len(members), _quantiles(self._levels[name]))
            for name, members in UNIT_NAMES.items()
        }
        return Figures(
            name=self._source.name,
            title=self._source.title,
            n=n,
            values={
                name: np.concatenate(self._values[name]).astype(np.float64) for name in QUANTITIES
            },
            shares=shares,
            present={name: count / n for name, count in self._present.items()},
            ancestry={name: total / n for name, total in self._ancestry.items()},
            units=dict(sorted(units.items(), key=lambda item: -item[1].high)),
            grouping=self._grouping(),
            tracks=tuple(_track(id_, parts) for id_, parts in sorted(self._followed.items())),
        )

    def _grouping(self) -> Grouping:
        each = np.unique(np.concatenate(self._identities), return_counts=True)[1]
        frames = np.array([0])
        if self._tracks:
            frames = np.unique(np.concatenate(self._tracks), return_counts=True)[1]
        return Grouping(
            identities=len(each),
            rows_an_identity=(int(each.min()), int(each.max())),
            neutral_first=self._neutral,
            tracks=len(frames) if self._tracks else 0,
            frames=(int(frames.min()), int(frames.max())),
            seconds=self._seconds,
        )


def _track(id_: int, parts: list[F64]) -> Track:
    rows = np.concatenate(parts)[:MAX_TRACK_FRAMES]
    return Track(id_, *rows[np.argsort(rows[:, 0], kind="stable")].T)


def _quantiles(counts: NDArray[np.int64]) -> tuple[float, float, float, float, float]:
    total = counts.sum()
    if total == 0:
        return (np.nan,) * 5
    below = np.concatenate([[0], np.cumsum(counts)]) / total
    a, b, c, d, e = np.interp([0.05, 0.25, 0.5, 0.75, 0.95], below, _LEVELS).tolist()
    return a, b, c, d, e


def read_figures(source: Source, landmarks: Landmarks) -> Figures:
    """Read what is plotted of a set.

    Raises:
        SpecError: a value breaks a rule of the scene spec; naming file, row, field and rule.
    """
    reader = _Reader(source, landmarks)
    for batch in source.batches():
        reader.add(batch)
    return reader.figures()
