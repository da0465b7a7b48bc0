"""The last push out of skin and eyes, and hair loss and waxed moustaches that look like such."""

from __future__ import annotations

import numpy as np
import pytest

from assets.geometry import F32Array
from assets.hair import HeadSurface, facial_hair
from assets.hair.distance import DistanceField
from assets.hair.exact import held_out
from assets.hair.facial import out_of_mouth
from assets.hair.scalp import Scalp
from tests.assets.hair.exact_distance import ExactDistance
from tests.make_specs import make_spec


def test_strands_through_ears_lids_and_eyes_come_out(man: HeadSurface) -> None:
    skull = man.skull
    eye = skull.eyes_m[0]
    ears = np.flatnonzero(man.masks["ears"] > 0.5)[::25]
    lids = np.flatnonzero(man.masks["eyelids"] > 0.5)[::25]
    at = np.concatenate([ears, lids])
    root = skull.vertices_m[at] + 0.004 * skull.normals[at]
    way = np.linspace(0.0, 1.0, 9, dtype=np.float32)[None, :, None]
    # From before the skin to 1 mm within, and one straight through an eyeball.
    strands = root[:, None] - 0.005 * way * skull.normals[at][:, None]
    through = eye + (np.array([0, 0, 0.02], np.float32) - np.array([0, 0, 0.04]) * way)
    strands = np.concatenate([strands, through]).astype(np.float32)
    out = held_out(skull, skull.field, strands)
    inner = man.masks["inside-mouth"][man.faces].max(1) > 0.5
    exact = ExactDistance(skull.vertices_m, man.faces[~inner])
    assert exact(strands[:-1, 1:].reshape(-1, 3)).min() < -0.0008
    assert exact(out[:-1, 1:].reshape(-1, 3)).min() > -0.0005
    assert np.linalg.norm(out[-1, 1:] - eye, axis=1).min() > skull.eye_radius_m - 0.0005
    assert np.array_equal(out[:, 0], strands[:, 0])


def test_hair_gets_weak_before_it_is_lost(man: HeadSurface) -> None:
    spec = make_spec(hair={"style": "short_crop", "recession": 0.8, "thinning": 0.9})
    scalp, whole = Scalp.of(spec), Scalp.of(spec, whole=True)
    rest = man.skull.rest_dm[man.skull.used]
    vigour = scalp.vigour(rest, whole)
    over_ear = (np.abs(rest[:, 0]) > 0.6) & (np.abs(rest[:, 1] - 7.55) < 0.1) & (rest[:, 2] < 0.4)
    crown = (rest[:, 1] > 8.3) & (np.abs(rest[:, 0]) < 0.2)
    assert vigour[over_ear & (whole.density(rest) > 0.9)].min() > 0.8
    assert vigour[crown].mean() < 0.3
    assert ((vigour > 0.2) & (vigour < 0.8)).sum() > 100


def test_waxed_ends_turn_up(man: HeadSurface) -> None:
    spec = make_spec(
        facial_hair={"style": "handlebar", "length_m": 0.05, "density": 1.0, "curl": 0.2}
    )
    beard = facial_hair(spec, man, 0.5)
    assert beard is not None
    turn = man.world_from_skull[:3, :3]
    points = (beard.points_m - man.world_from_skull[:3, 3]) @ turn
    side = points[:, 0, 0] > np.median(points[:, 0, 0])
    for half in (points[side], points[~side]):
        out = np.abs(half[:, -1, 0])
        far = half[out > np.quantile(out, 0.75)]
        assert (np.abs(far[:, -1, 0]) > np.abs(far[:, 0, 0])).mean() > 0.95
        assert (far[:, -1, 1] > far[:, -5, 1]).mean() > 0.9


@pytest.mark.parametrize(("gap_m", "shift_m"), [(0.003, 0.0), (0.005, 0.011), (0.008, 0.009)])
def test_skin_under_an_ear_is_inside(gap_m: float, shift_m: float) -> None:
    """An ear in a cell with the skull behind it must not turn the skull inside out."""
    y, z = (a.ravel() for a in np.meshgrid(*2 * [np.arange(-0.04, 0.04, 0.002)]))

    def sheet(x: float, side: float, kept: F32Array) -> tuple[F32Array, F32Array]:
        points = np.stack([np.full_like(y, x), y, z], 1)[kept]
        return points.astype(np.float32), np.tile(np.float32([side, 0, 0]), (len(points), 1))

    back = shift_m + gap_m
    sheets = (
        sheet(shift_m, 1, y < 1), sheet(back, -1, y < 0), sheet(back + 0.003, 1, y < 0),
    )  # fmt: skip
    points, normals = (np.concatenate(parts) for parts in zip(*sheets, strict=True))
    nowhere, half = np.full((2, 3), 9.0, np.float32), np.full(3, 0.06, np.float32)
    flat = np.zeros(len(points), bool)
    field = DistanceField(points, normals, flat, nowhere, 0.012, -half, half, -np.inf)
    deep = np.random.default_rng(0).uniform(-0.03, 0.03, (20_000, 3)).astype(np.float32)
    deep[:, 0] = np.linspace(-0.03, -0.0005, len(deep))
    said = field.distance(deep + np.float32([shift_m, 0, 0]))
    assert said.max() < -0.0004
    assert np.abs(said - deep[:, 0])[deep[:, 0] > -0.002].max() < 0.0005


def test_a_beard_that_starts_through_the_lip_ends_at_its_root(man: HeadSurface) -> None:
    skull = man.skull
    inner = man.masks["inside-mouth"][man.faces].max(1) > 0.5
    skin, wall = (ExactDistance(skull.vertices_m, man.faces[at]) for at in (~inner, inner))
    walls = np.unique(man.faces[inner])
    front = walls[skull.vertices_m[walls, 2] > np.quantile(skull.vertices_m[walls, 2], 0.9)]
    mouth = skull.vertices_m[front] + 0.0005 * skull.normals[front]
    rim = mouth[(wall(mouth) > 0) & (np.abs(wall(mouth)) < np.abs(skin(mouth)))][::5]
    assert len(rim) > 10
    outer = np.flatnonzero((skull.bare < 0.1) & (skull.normals[:, 2] > 0.5))
    root = skull.vertices_m[outer]
    root = root[np.linalg.norm(root - rim[:, None], axis=2).argmin(1)]
    # Only the point next to the root is in the mouth.
    strands = np.repeat(root[:, None], 9, axis=1)
    strands[:, 1:] += 0.004 * np.linspace(0.1, 1, 8, dtype=np.float32)[:, None] * [0, 0, 1]
    strands[:, 1] = rim
    out = out_of_mouth(skull, strands.astype(np.float32))[:, 1:].reshape(-1, 3)
    assert (np.abs(wall(out)) > np.abs(skin(out))).all()
    assert np.abs(skin(out)).max() < 0.001


def test_stubble_stays_where_it_grows(man: HeadSurface) -> None:
    spec = make_spec(
        facial_hair={"style": "trimmed_stubble", "length_m": 0.003, "density": 1.0, "curl": 0.2}
    )
    beard = facial_hair(spec, man, 0.5)
    assert beard is not None
    # Where planes mislead nothing is drawn to a far triangle.
    length = np.linalg.norm(np.diff(beard.points_m, axis=1), axis=2).sum(1)
    assert length.max() < 0.006
