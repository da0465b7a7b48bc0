"""The numbers behind ``rf-plot``: what a manifest's columns hold, and their summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sampler import framing
from sampler.camera import in_camera_axes
from sampler.inputs import Landmarks
from sampler.streams import F64
from spec_schema.errors import ManifestError, nearest
from spec_schema.frames import camera_from_head_rotation
from spec_schema.manifest import Manifest
from spec_schema.spec import ARKIT_UNITS

__all__ = ["BOX_ROWS", "QUANTITIES", "Figures", "check", "face_boxes", "read_figures", "summary"]

BOX_ROWS: Final = 20_000
"""Rows, spread over the manifest, for which the face box is computed."""

QUANTITIES: Final[Mapping[str, str]] = {
    "yaw (deg)": "pose.yaw_deg",
    "pitch (deg)": "pose.pitch_deg",
    "roll (deg)": "pose.roll_deg",
    "distance (m)": "pose.z_m",
    "focal length (mm)": "camera.focal_length_mm",
    "gaze yaw (deg)": "gaze.yaw_deg",
    "gaze pitch (deg)": "gaze.pitch_deg",
    "sex": "identity.sex",
    "age (years)": "identity.age_years",
    "Monk tone": "skin.monk_tone",
    "grey hair": "hair.grey",
    "hair melanin": "hair.melanin",
}

_NAMED: Final[Mapping[str, str]] = {
    "hair": "hair.style",
    "facial hair": "facial_hair.style",
    "iris": "eyes.iris",
    "skin texture": "skin.texture",
    "environment": "environment.hdri",
}
_WORN: Final = ("glasses", "headwear", "clothing")
_MACRO: Final = ("sex", "age_years", "african", "asian", "european", "weight", "muscle")


@dataclass(frozen=True)
class Figures:
    """One manifest, boiled down."""

    name: str
    n: int
    values: Mapping[str, F64]
    """``(n,)`` by the names of :data:`QUANTITIES`."""
    box_size: F64
    """``(m,)`` longer side of the 68-landmark box, in picture widths."""
    box_centre: F64
    """``(m, 2)`` in picture widths."""
    shares: Mapping[str, Mapping[str, float]]
    """By group (``hair``, ``glasses`` …), then by name; each group sums to 1."""
    units: Mapping[str, float]
    """Share of faces with an expression unit above 0.25, sides averaged, largest first."""


def _float(table: pa.Table, path: str) -> F64:
    name, *rest = path.split(".")
    column = table.column(name).combine_chunks()
    for part in rest:
        column = pc.struct_field(column, part)
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)


def _shares(column: pa.Array, n: int, none: str) -> dict[str, float]:
    counts = pc.value_counts(column)
    found = {
        none if v["values"] is None else str(v["values"]): v["counts"] / n
        for v in counts.to_pylist()
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _struct(table: pa.Table, path: str) -> pa.Array:
    name, field = path.split(".")
    return pc.struct_field(table.column(name).combine_chunks(), field)


def face_boxes(manifest: Manifest, landmarks: Landmarks, rows: int = BOX_ROWS) -> tuple[F64, F64]:
    """Size ``(m,)`` and centre ``(m, 2)`` of the projected 68-landmark boxes, picture widths.

    Args:
        rows: at most about so many, evenly spread over the manifest.
    """
    step = max(1, len(manifest) // rows)
    first, sizes, centres = 0, [], []
    columns = ["pose", "camera", "identity", "expression"]
    for batch in manifest.batches(columns):
        picked = np.arange(-first % step, batch.num_rows, step)
        first += batch.num_rows
        table = pa.Table.from_batches([batch]).take(pa.array(picked))
        if table.num_rows:
            size, centre = _boxes(table, landmarks)
            sizes.append(size)
            centres.append(centre)
    return np.concatenate(sizes), np.concatenate(centres)


def _boxes(table: pa.Table, landmarks: Landmarks) -> tuple[F64, F64]:
    def keys(path: str, names: tuple[str, ...]) -> NDArray[np.float32]:
        part = table.column(path.split(".")[0]).combine_chunks()
        for name in path.split(".")[1:]:
            part = pc.struct_field(part, name)
        have = {part.type.field(i).name for i in range(part.type.num_fields)}
        out = np.zeros((len(table), len(names)), np.float32)
        for i, name in enumerate(names):
            if name in have:
                out[:, i] = pc.struct_field(part, name).to_numpy(zero_copy_only=False)
        return out

    macro = {name: _float(table, f"identity.{name}") for name in _MACRO}
    points = landmarks.landmarks_head_m(
        macro, keys("identity.shape", landmarks.shape_keys), keys("expression", ARKIT_UNITS)
    )
    angles = (_float(table, f"pose.{a}_deg") for a in ("yaw", "pitch", "roll"))
    rotation = camera_from_head_rotation(*angles)
    position = np.stack([_float(table, f"pose.{a}_m") for a in "xyz"], axis=-1)
    ratio = _float(table, "camera.focal_length_mm") / _float(table, "camera.sensor_width_mm")
    return framing.box(in_camera_axes(points, rotation), position, ratio)


def check(path: Path) -> None:
    """Refuse what can't be plotted, before anything takes time.

    Raises:
        ManifestError: it is no manifest, or has no rows.
    """
    if len(Manifest(path)) == 0:
        raise ManifestError(f"{path}: has no rows, so there is nothing to plot")


def read_figures(path: Path, landmarks: Landmarks) -> Figures:
    """Read what is plotted of a manifest.

    Raises:
        ManifestError: it is none, or names shape keys that the head model lacks.
    """
    manifest = Manifest(path)
    known = sorted(landmarks.shape_keys)
    for key in manifest.shape_keys:
        if key not in known:
            raise ManifestError(
                f"{path}: column 'identity.shape.{key}': the head model has no such shape key; "
                + nearest(key, known)
            )
    columns = sorted({p.split(".")[0] + "." + p.split(".")[1] for p in QUANTITIES.values()})
    table = manifest.table([*columns, *_NAMED.values(), *(f"{w}.id" for w in _WORN)])
    n = len(manifest)
    shares = {group: _shares(_struct(table, column), n, "none") for group, column in _NAMED.items()}
    shares |= {item: _shares(_struct(table, f"{item}.id"), n, f"no {item}") for item in _WORN}
    names = sorted({u.removesuffix("Left").removesuffix("Right") for u in ARKIT_UNITS})
    above = dict.fromkeys(names, 0.0)
    for batch in manifest.batches(["expression"]):
        face = batch.column("expression")
        for unit in ARKIT_UNITS:
            name = unit.removesuffix("Left").removesuffix("Right")
            sides = sum(u.startswith(name) and u[len(name) :] in ("", "Left", "Right")
                        for u in ARKIT_UNITS)  # fmt: skip
            high = pc.sum(pc.greater(pc.struct_field(face, unit), 0.25)).as_py()
            above[name] += (high or 0) / n / sides
    size, centre = face_boxes(manifest, landmarks)
    return Figures(
        name=path.stem,
        n=n,
        values={name: _float(table, column) for name, column in QUANTITIES.items()},
        box_size=size,
        box_centre=centre,
        shares=shares,
        units=dict(sorted(above.items(), key=lambda item: -item[1])),
    )


def summary(figures: Figures) -> str:
    """The same numbers as text."""
    lines = [f"{figures.name}: {figures.n:,} scenes", ""]
    lines.append(f"{'':20}{'mean':>9}{'sd':>9}{'min':>9}{'5 %':>9}{'95 %':>9}{'max':>9}")
    quantities = dict(figures.values)
    quantities["face size (width)"] = figures.box_size
    quantities["face centre x"] = figures.box_centre[:, 0]
    quantities["face centre y"] = figures.box_centre[:, 1]
    for name, values in quantities.items():
        low, high = np.percentile(values, [5, 95])
        numbers = (values.mean(), values.std(), values.min(), low, high, values.max())
        lines.append(f"{name:20}" + "".join(f"{x:9.3f}" for x in numbers))
    lines += ["", "shares (%)"]
    for group, shares in figures.shares.items():
        parts = [f"{name} {100 * share:.1f}" for name, share in shares.items()]
        lines.append(f"  {group}: " + ", ".join(parts))
    parts = [f"{name} {100 * share:.0f}" for name, share in list(figures.units.items())[:14]]
    lines.append("  expression units above 0.25: " + ", ".join(parts))
    return "\n".join(lines)
