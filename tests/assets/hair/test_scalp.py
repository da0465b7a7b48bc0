"""Where hair grows: hairline, loss, hats, greys, tints."""

from __future__ import annotations

import numpy as np
import pytest

from assets.geometry import Strands
from assets.hair import HeadSurface, beard_tint, scalp_hair, scalp_tint
from assets.hair.colour import TURNING
from spec_schema import SceneSpec
from tests.assets.hair.exact_distance import ExactDistance
from tests.make_specs import make_spec

DRAFT = 0.2


def styled(style: str = "short_crop", sex: float = 0.2, **hair: object) -> SceneSpec:
    return make_spec(hair={"style": style, **hair}, identity={"sex": sex})


def roots_rest_dm(strands: Strands, head: HeadSurface) -> np.ndarray:
    """Rest coordinates of the vertices nearest to the roots."""
    exact = ExactDistance(head.vertices_m, head.faces)
    _, near = exact.tree.query(strands.points_m[:, 0])
    return head.rest_m[exact.triangles[near, 0]] * 10


@pytest.mark.parametrize("sex", [0.0, 1.0])
def test_no_roots_on_forehead_ears_or_face(sex: float, heads: dict[str, HeadSurface]) -> None:
    for head in heads.values():
        strands = scalp_hair(styled(sex=sex), head, detail=DRAFT)
        assert strands is not None
        x, y, z = roots_rest_dm(strands, head).T
        forehead = (z > 1.0) & (y < 7.75) & (np.abs(x) < 0.55)
        assert not forehead.any()
        assert not ((z > 0.9) & (y < 7.0)).any()
        exact = ExactDistance(head.vertices_m, head.faces)
        _, near = exact.tree.query(strands.points_m[:, 0])
        assert head.masks["ears"][exact.triangles[near]].min(1).max() < 0.5
        assert (y < 6.4).mean() == 0
        # And it is not a patch: both sides, crown and back of the head are covered.
        assert (x > 0.4).mean() > 0.1
        assert (x < -0.4).mean() > 0.1
        assert (y > 8.2).mean() > 0.1
        assert (z < -0.1).mean() > 0.1


def test_recession_bares_the_front_and_thinning_the_crown(man: HeadSurface) -> None:
    full, receded, thin = (
        scalp_hair(styled(sex=1.0, **loss), man, detail=DRAFT)
        for loss in ({}, {"recession": 1.0}, {"thinning": 0.9})
    )
    assert full is not None
    assert receded is not None
    assert thin is not None

    def front(s: Strands) -> int:
        _, y, z = roots_rest_dm(s, man).T
        return int(((z > 1.0) & (y > 7.9)).sum())

    def crown(s: Strands) -> int:
        x, y, z = roots_rest_dm(s, man).T
        return int(((np.hypot(x, z - 0.15) < 0.3) & (y > 8.0)).sum())

    def sides(s: Strands) -> int:
        x, y, _ = roots_rest_dm(s, man).T
        return int(((np.abs(x) > 0.5) & (y < 7.6)).sum())

    assert front(receded) < 0.4 * front(full)
    assert crown(thin) < 0.5 * crown(full)
    assert sides(thin) == pytest.approx(sides(full), rel=0.1)


def test_a_hat_hides_the_roots_under_it(man: HeadSurface) -> None:
    def covered(rest_m: np.ndarray) -> np.ndarray:
        assert rest_m.ndim == 2
        return (rest_m[:, 1] > 0.79).astype(np.float32)

    free = scalp_hair(styled(), man, detail=DRAFT)
    strands = scalp_hair(styled(), man, covered=covered, detail=DRAFT)
    assert free is not None
    assert strands is not None
    # The nearest vertex may lie a little higher than the root.
    assert roots_rest_dm(strands, man)[:, 1].max() < 7.98
    below = (roots_rest_dm(free, man)[:, 1] < 7.9).sum()
    assert len(strands.points_m) == pytest.approx(below, rel=0.05)
    assert scalp_hair(styled(), man, covered=lambda p: np.ones(len(p), np.float32)) is None


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_grey_is_the_share_of_white_strands(share: float, man: HeadSurface) -> None:
    strands = scalp_hair(styled(melanin=0.8, grey=share), man, detail=DRAFT)
    assert strands is not None
    # One white strand in twelve keeps a part of its pigment.
    white = (strands.melanin.max(axis=1) < 0.05).mean()
    assert white == pytest.approx((1 - TURNING) * share, abs=0.02)


def test_tints_stay_where_hair_grows(man: HeadSurface) -> None:
    spec = make_spec(
        hair={"style": "buzz"}, facial_hair={"style": "stubble", "density": 1.0, "length_m": 0.001}
    )
    scalp, beard = scalp_tint(spec, man.rest_m), beard_tint(spec, man.rest_m)
    assert scalp.dtype == beard.dtype == np.float32
    assert scalp.shape == (len(man.rest_m),)
    crown = (man.rest_m[:, 1] > 0.83) & (man.rest_m[:, 2] < 0.05)
    chin = (np.abs(man.rest_m[:, 1] - 0.635) < 0.01) & (man.rest_m[:, 2] > 0.13)
    assert scalp[crown].mean() > 0.8
    assert scalp[chin].max() == 0
    assert beard[crown].max() == 0
    assert beard[chin].mean() > 0.4
    assert scalp_tint(make_spec(), man.rest_m).max() == 0
    assert beard_tint(make_spec(), man.rest_m).max() == 0
