"""One style on different people: part, volume, curl, frizz, grey, and what the forehead keeps."""

from __future__ import annotations

import numpy as np
import pytest

from assets.geometry import Strands
from assets.hair import HeadSurface, scalp_hair
from assets.hair.data import groom_data
from assets.hair.forehead import forehead_cover
from tests.make_specs import make_spec

DRAFT = 0.2


def grown(head: HeadSurface, style: str, detail: float = DRAFT, **hair: float) -> Strands:
    spec = make_spec(hair={"style": style, **hair}, identity={"sex": 0.2})
    strands = scalp_hair(spec, head, detail=detail)
    assert strands is not None
    return strands


def turned(strands: Strands) -> float:
    """Mean angle between one piece of a grown strand and the next; baby hairs are left out."""
    way = np.diff(strands.points_m, axis=1)
    step = np.linalg.norm(way, axis=2, keepdims=True)
    length = step.sum(axis=(1, 2))
    way = (way / np.maximum(step, 1e-9))[length > 0.7 * np.median(length)]
    return float(np.arccos(np.clip((way[:, 1:] * way[:, :-1]).sum(2), -1, 1)).mean())


def detour(strands: Strands) -> float:
    """Length of grown strands by the length of their eighths as the crow flies."""
    points = strands.points_m
    length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
    at = np.linspace(0, points.shape[1] - 1, 9).astype(int)
    straight = np.linalg.norm(np.diff(points[:, at], axis=1), axis=2).sum(1)
    grown_out = length > 0.7 * np.median(length)
    return float((length / straight)[grown_out].mean())


def reach_m(strands: Strands, head: HeadSurface) -> float:
    """Mean distance of the points from the middle of the skull."""
    return float(
        np.linalg.norm(strands.points_m - head.to_world(head.skull.centre_m), axis=2).mean()
    )


def test_the_part_changes_sides(woman: HeadSurface) -> None:
    def to_left(side: float) -> float:
        points = grown(woman, "side_part", part_side=side).points_m @ woman.world_from_skull[:3, :3]
        top = points[:, 0, 1] > np.quantile(points[:, 0, 1], 0.7)
        return float((points[top, -1, 0] - points[top, 0, 0]).mean())

    left, right = to_left(1.0), to_left(-1.0)
    assert left < -0.005 < 0.005 < right, "most of the top is combed away from the part"
    assert left < to_left(0.0) < right, "a middle part combs as much to both sides"


@pytest.mark.parametrize("style", ["quiff", "afro", "long_straight"])
def test_volume_takes_hair_off_the_head(style: str, woman: HeadSurface) -> None:
    flat, own, full = (reach_m(grown(woman, style, volume=v), woman) for v in (0.6, 1.0, 1.5))
    assert flat < own < full


@pytest.mark.parametrize("style", ["curly_long", "long_wavy", "long_straight"])
def test_curl_winds_strands(style: str, woman: HeadSurface) -> None:
    # Wider waves of long hair are pressed flat where they lie on head and neck.
    straight, own, curled = (detour(grown(woman, style, curl=c)) for c in (0.3, 1.0, 1.4))
    assert straight <= own
    assert own - 1 < 0.9 * (curled - 1)


@pytest.mark.parametrize("style", ["bob", "curly_long", "ponytail"])
def test_frizz_bends_strands(style: str, woman: HeadSurface) -> None:
    assert 1.02 * turned(grown(woman, style, frizz=0.3)) < turned(grown(woman, style, frizz=2.5))


def test_a_grey_strand_is_grey_at_every_detail(man: HeadSurface) -> None:
    few, many = (
        grown(man, "short_crop", detail, melanin=0.8, grey=0.4).melanin.max(axis=1) < 0.05
        for detail in (0.1, 0.3)
    )
    assert 0.3 < few.mean() < 0.5
    np.testing.assert_array_equal(few, many[: len(few)])


@pytest.mark.parametrize(
    "style", ["buzz", "slicked_back", "undercut", "quiff", "horseshoe", "ponytail", "cornrows",
              "short_crop", "long_straight", "bob_fringe", "long_fringe", "curtains"],
)  # fmt: skip
def test_the_forehead_is_covered_as_declared(style: str, man: HeadSurface) -> None:
    low, high = groom_data().style(style).forehead
    cover = forehead_cover(grown(man, style, detail=0.3), man)
    assert low <= cover <= high


def test_a_fringe_hides_what_hair_combed_back_leaves_free(man: HeadSurface) -> None:
    fringe, back = (forehead_cover(grown(man, s, detail=0.3), man) for s in ("long_fringe", "bun"))
    assert fringe > 0.5
    assert back < 0.05
