"""Beards, brows and lashes do what their spec fields say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.geometry import F32Array, Strands
from assets.hair import HeadSurface, brow_tint, eyebrows, eyelashes, facial_hair
from assets.hair.brows import BrowShape
from assets.hair.data import groom_data
from assets.hair.facial_map import REGIONS, BeardShape, beard_density, on_upper_lip
from assets.hair.spacing import OVERSAMPLED, evenly_spaced
from assets.noise import Stream, ValueNoise
from tests.make_specs import make_spec

FACIAL = sorted(groom_data().facial_hair)
STUBBLE = {"style": "stubble", "length_m": 0.0015, "density": 1.0}


def beard(head: HeadSurface, **facial: object) -> Strands:
    strands = facial_hair(make_spec(facial_hair={**STUBBLE, **facial}), head)
    assert strands is not None
    return strands


def rest_of(head: HeadSurface, roots: F32Array) -> F32Array:
    """(n, 3) rest decimetres of the vertices nearest to world points."""
    _, nearest = cKDTree(head.vertices_m).query(roots)
    return np.asarray(head.rest_m[nearest] * 10)


def test_points_of_blue_noise_keep_their_distance() -> None:
    wanted = 1500
    plane = np.zeros((round(OVERSAMPLED * wanted), 3), np.float32)
    plane[:, :2] = Stream(3, "plane").uniform((len(plane), 2))
    kept = evenly_spaced(plane, Stream(4, "lots"))
    assert 0.85 * wanted < len(kept) < 1.2 * wanted
    assert len(np.unique(kept)) == len(kept)

    def nearest(points: F32Array) -> F32Array:
        return np.asarray(cKDTree(points).query(points, k=2)[0][:, 1])

    by_chance = nearest(plane[: len(kept)])
    even = nearest(plane[kept])
    assert even.std() / even.mean() < 0.5 * by_chance.std() / by_chance.mean()
    first = nearest(plane[kept[: len(kept) // 4]])
    assert first.mean() > 0.9 * by_chance.mean() * 2, "the first of many are spread like the whole"


def test_roots_on_the_cheek_are_even(man: HeadSurface) -> None:
    """No blots: counts in 4 mm cells of one region spread less than chance would have them."""
    roots = beard(man).points_m[:, 0]
    rest = rest_of(man, roots)
    cheek = (rest[:, 0] > 0.38) & (rest[:, 1] > 6.4) & (rest[:, 1] < 6.6) & (rest[:, 2] > 0.9)
    points = roots[cheek]
    assert len(points) > 200
    # Among all roots, or the region's border would count as unevenness.
    around = cKDTree(roots).query_ball_point(points, 0.002, return_length=True)
    assert around.var() < 0.95 * around.mean()


def test_fewer_strands_are_the_first_of_many(man: HeadSurface) -> None:
    spec = make_spec(facial_hair=STUBBLE)
    full, half = facial_hair(spec, man, 1.0), facial_hair(spec, man, 0.5)
    assert full is not None
    assert half is not None
    n = len(half.points_m)
    assert n == pytest.approx(0.5 * len(full.points_m), abs=1)
    np.testing.assert_array_equal(half.points_m[:, 0], full.points_m[:n, 0])


@pytest.mark.parametrize("style", FACIAL)
def test_a_style_grows_in_its_regions_alone(style: str) -> None:
    data = groom_data().facial(style)
    points = np.stack(
        np.meshgrid(np.linspace(0, 0.7, 40), np.linspace(5.9, 7.3, 80), [0.7, 1.1, 1.5]), -1
    ).reshape(-1, 3).astype(np.float32)  # fmt: skip
    noise = ValueNoise(1, "test")

    def density(regions: dict[str, float]) -> F32Array:
        return beard_density(points, BeardShape(regions, 0.3, 0.0, 0.0, 0.0), noise)  # type: ignore[arg-type]

    every = density(dict.fromkeys(REGIONS, 1.0))
    own = density(dict(data.regions))
    assert 0 < own.sum() <= every.sum()
    assert own.max() <= max(data.regions.values()) + 1e-6


def test_patchiness_bares_cheeks_more_than_the_lip(man: HeadSurface) -> None:
    counts = []
    for patchiness in (0.0, 0.9):
        rest = rest_of(man, beard(man, patchiness=patchiness).points_m[:, 0])
        lip = on_upper_lip(rest)
        cheek = (np.abs(rest[:, 0]) > 0.4) & (rest[:, 1] > 6.45)
        counts.append((lip.sum() / len(rest), cheek.sum() / len(rest)))
    (lip, cheek), (lip_left, cheek_left) = counts
    assert cheek_left < 0.85 * cheek
    assert lip_left > lip


def test_the_cheek_line_rises(man: HeadSurface) -> None:
    tops = []
    for line in (-0.9, 0.9):
        rest = rest_of(man, beard(man, cheek_line=line).points_m[:, 0])
        cheek = rest[(np.abs(rest[:, 0]) > 0.42) & (np.abs(rest[:, 0]) < 0.55)]
        tops.append(np.quantile(cheek[:, 1], 0.95))
    assert tops[1] > tops[0] + 0.1


def test_a_handlebar_turns_up_and_a_moustache_does_not(man: HeadSurface) -> None:
    rises = []
    for style in ("handlebar", "moustache"):
        strands = beard(man, style=style, length_m=groom_data().facial(style).max_length_m)
        skull = strands.points_m.reshape(-1, 3) @ man.world_from_skull[:3, :3]
        skull = skull.reshape(strands.points_m.shape)
        outer = np.abs(skull[:, 0, 0]) > np.quantile(np.abs(skull[:, 0, 0]), 0.7)
        rises.append((skull[outer, -1, 1] - skull[outer, 0, 1]).mean())
    assert rises[0] > 0.004
    assert rises[1] < 0


def brow_points(head: HeadSurface, **brows: object) -> F32Array:
    """(n, 3) rest decimetres under the roots of the left brow."""
    _, left = eyebrows(make_spec(brows=brows), head)
    return rest_of(head, left.points_m[:, 0])


def test_brow_shapes(man: HeadSurface) -> None:
    def middle_height(**brows: object) -> float:
        rest = brow_points(man, plucked=1.0, **brows)
        x, y = rest[:, 0], rest[:, 1]
        ends = y[(x < 0.2) | (x > 0.5)].mean()
        return float(y[(x > 0.36) & (x < 0.46)].mean() - ends)

    assert middle_height(arch=1.0) > middle_height(arch=0.0) + 0.015
    x_long, x_short = (brow_points(man, tail=t)[:, 0].max() for t in (1.25, 0.6))
    assert x_long > x_short + 0.05
    plain, joined = (
        (brow_points(man, unibrow=u, plucked=0.0)[:, 0] < 0.07).sum() for u in (0.0, 1.0)
    )
    assert joined > plain + 15
    wide, thin = (np.ptp(brow_points(man, thickness=t, plucked=1.0)[:, 1]) for t in (1.5, 0.5))
    assert wide > thin


def test_plucked_brows_keep_few_strays() -> None:
    x, y = np.meshgrid(np.linspace(0.2, 0.4, 60), np.linspace(7.2, 7.6, 200))
    points = np.stack([x, y, np.full_like(x, 1.5)], -1).astype(np.float32)
    astray = []
    for plucked in (0.0, 1.0):
        shape = BrowShape.of(make_spec(brows={"plucked": plucked}).brows)
        density = shape.density(points)
        outside = np.abs(shape.across(points)) > 1.3
        astray.append(density[outside].sum() / density.sum())
    assert astray[0] > 0.02
    assert astray[1] < 0.3 * astray[0]


def test_grey_brows_have_white_hairs(man: HeadSurface) -> None:
    _, brow = eyebrows(make_spec(brows={"grey": 0.6, "melanin": 0.9}), man)
    assert np.mean(brow.melanin < 0.05) == pytest.approx(0.56, abs=0.1)


def test_makeup_tints_the_skin_under_brows() -> None:
    under = np.array([[0.03, 0.7405, 0.144], [-0.03, 0.7405, 0.144], [0.03, 0.80, 0.144]], "f4")
    bare, drawn = (brow_tint(make_spec(brows={"makeup": m}), under) for m in (0.0, 1.0))
    assert bare[0] == bare[1]
    assert bare[2] == drawn[2] == 0
    assert drawn[0] > bare[0] + 0.2


def test_mascara_thickens_lengthens_and_blackens(man: HeadSurface) -> None:
    bare, painted = (
        eyelashes(make_spec(brows={"mascara": m, "melanin": 0.4}), man) for m in (0.0, 1.0)
    )

    def length(s: Strands) -> float:
        return float(np.linalg.norm(s.points_m[:, -1] - s.points_m[:, 0], axis=1).mean())

    assert painted.melanin.mean() > 0.97 > bare.melanin.mean()
    assert painted.radius_m.mean() > 1.4 * bare.radius_m.mean()
    assert length(painted) > 1.08 * length(bare)
    assert bare.radius_m.max() < 45e-6, "lashes are at most 0.1 mm thick"
    few = eyelashes(make_spec(brows={"lash_density": 0.5}), man)
    assert len(few.points_m) == pytest.approx(0.5 * len(bare.points_m), rel=0.05)
