"""What must hold for every groom: it builds, stays outside the head, and repeats."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import numpy as np
import pytest

from assets.geometry import Strands
from assets.hair import HeadSurface, eyebrows, eyelashes, facial_hair, scalp_hair
from assets.hair.data import groom_data
from spec_schema import AssetError, SceneSpec
from spec_schema.classes import SegmentationClass as C
from tests.assets.hair.exact_distance import ExactDistance
from tests.make_specs import make_spec

STYLES = sorted(groom_data().styles)
FACIAL = sorted(groom_data().facial_hair)
DRAFT = 0.08
DEEPEST_M = 0.0005


def styled(style: str, **hair: object) -> SceneSpec:
    return make_spec(hair={"style": style, **hair})


def bearded(style: str, **facial: object) -> SceneSpec:
    length = groom_data().facial_hair[style].max_length_m
    changes = {"style": style, "length_m": length, "density": 1.0, **facial}
    return make_spec(facial_hair=changes)


def check_arrays(strands: Strands) -> None:
    n, m, _ = strands.points_m.shape
    assert n > 20
    assert strands.radius_m.shape == (n, m)
    assert strands.melanin.shape == strands.redness.shape
    assert strands.melanin.shape in ((n,), (n, m))
    for array in (strands.points_m, strands.radius_m, strands.melanin, strands.redness):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
    assert strands.radius_m.min() > 5e-6
    assert strands.radius_m.max() < 4.8e-4
    assert strands.melanin.min() >= 0
    assert strands.melanin.max() <= 1


@cache
def _skin(head: HeadSurface) -> ExactDistance:
    inner = head.masks["inside-mouth"][head.faces].max(1) > 0.5
    return ExactDistance(head.vertices_m, head.faces[~inner])


def check_outside(strands: Strands, head: HeadSurface) -> None:
    """No point but the root deeper than half a millimetre in skin or eyeball."""
    exact = _skin(head)
    points = strands.points_m[:, 1:].reshape(-1, 3)
    assert exact(points).min() > -DEEPEST_M
    for eye in (head.right_eye_m, head.left_eye_m):
        assert np.linalg.norm(points - eye, axis=1).min() > head.eye_radius_m - DEEPEST_M


@pytest.mark.parametrize(
    ("style", "which"),
    [(s, ("turned man", "blinking woman")[i % 2]) for i, s in enumerate(STYLES)],
)
def test_every_style_builds_outside_the_head(
    style: str, which: str, heads: dict[str, HeadSurface]
) -> None:
    strands = scalp_hair(styled(style), heads[which], detail=DRAFT)
    assert strands is not None
    assert strands.strand_class == C.HAIR
    check_arrays(strands)
    check_outside(strands, heads[which])


@pytest.mark.parametrize("style", FACIAL)
def test_every_facial_style_builds_outside_the_head(style: str, man: HeadSurface) -> None:
    strands = facial_hair(bearded(style), man, detail=0.3)
    assert strands is not None
    assert strands.strand_class == C.BEARD
    check_arrays(strands)
    check_outside(strands, man)


@pytest.mark.parametrize("style", STYLES)
def test_the_sampler_finds_its_hints(style: str) -> None:
    raw = tomllib.loads(resources.files("assets").joinpath("data/hair.toml").read_text("utf-8"))
    hints = {"share_female", "share_male", "length_class", "texture", "min_length", "max_length"}
    assert hints <= raw["styles"][style].keys()


@pytest.mark.parametrize("style", ["short_crop", "long_wavy", "twists", "ponytail"])
def test_same_spec_same_strands(style: str, woman: HeadSurface) -> None:
    spec = styled(style)
    first, second = (scalp_hair(spec, woman, detail=DRAFT) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.points_m.tobytes() == second.points_m.tobytes()
    assert first.melanin.tobytes() == second.melanin.tobytes()
    other = scalp_hair(styled(style, seed=99), woman, detail=DRAFT)
    assert other is not None
    assert other.points_m.tobytes() != first.points_m.tobytes()


def test_order_of_calls_changes_nothing(man: HeadSurface) -> None:
    spec = bearded("full_short")
    fresh = HeadSurface(**{k: getattr(man, k) for k in HeadSurface.__dataclass_fields__})
    alone = facial_hair(spec, fresh, detail=0.2)
    scalp_hair(styled("long_straight"), fresh, detail=DRAFT)
    after = facial_hair(spec, fresh, detail=0.2)
    assert alone is not None
    assert after is not None
    assert alone.points_m.tobytes() == after.points_m.tobytes()


def test_detail_keeps_the_cover(man: HeadSurface) -> None:
    spec = styled("short_crop")
    coarse, fine = (scalp_hair(spec, man, detail=d) for d in (0.4, 0.8))
    assert coarse is not None
    assert fine is not None

    def cover(s: Strands) -> float:
        return float(s.radius_m[:, 0].astype(np.float64).sum())

    assert len(fine.points_m) == pytest.approx(2 * len(coarse.points_m), rel=0.02)
    assert cover(fine) == pytest.approx(cover(coarse), rel=0.03)


def test_bald_and_shaved_have_none(man: HeadSurface) -> None:
    assert scalp_hair(styled("bald"), man) is None
    assert facial_hair(make_spec(), man) is None


def test_unknown_style_names_the_nearest(man: HeadSurface) -> None:
    with pytest.raises(AssetError, match="did you mean 'short_crop'"):
        scalp_hair(styled("shortcrop"), man)


def test_brows_and_lashes_lie_on_their_sides(heads: dict[str, HeadSurface]) -> None:
    for head in heads.values():
        right, left = eyebrows(make_spec(), head)
        assert (right.strand_class, left.strand_class) == (C.RIGHT_BROW, C.LEFT_BROW)
        for brow, own, other in (
            (right, head.right_eye_m, head.left_eye_m),
            (left, head.left_eye_m, head.right_eye_m),
        ):
            check_arrays(brow)
            check_outside(brow, head)
            middle = brow.points_m.reshape(-1, 3).mean(0)
            assert np.linalg.norm(middle - own) < 0.032
            assert np.linalg.norm(middle - other) > 0.05
        lashes = eyelashes(make_spec(), head)
        check_arrays(lashes)
        assert lashes.strand_class == C.SKIN


def test_left_is_the_positive_side(man: HeadSurface) -> None:
    world_from_skull = man.world_from_skull
    _, left = eyebrows(make_spec(), man)
    skull = (left.points_m.reshape(-1, 3) - world_from_skull[:3, 3]) @ world_from_skull[:3, :3]
    assert skull[:, 0].min() > 0


def test_lashes_follow_a_blink(man: HeadSurface, woman: HeadSurface) -> None:
    """Roots sit on the lid's edge; a closed lid carries the upper ones down to the lower."""
    for head, closed in ((man, False), (woman, True)):
        lashes = eyelashes(make_spec(), head)
        root = lashes.points_m[:, 0]
        exact = ExactDistance(head.vertices_m, head.faces)
        assert np.abs(exact(root)).max() < 0.002
        skull = (root - head.world_from_skull[:3, 3]) @ head.world_from_skull[:3, :3]
        upper = skull[: groom_data().lashes.upper_count]
        lower = skull[len(upper) : len(upper) + groom_data().lashes.lower_count]
        middle = np.quantile(upper[:, 0], [0.4, 0.6])
        gap = np.mean(
            [p[:, 1][(p[:, 0] > middle[0]) & (p[:, 0] < middle[1])].mean() for p in (upper,)]
        )
        gap -= lower[:, 1][(lower[:, 0] > middle[0]) & (lower[:, 0] < middle[1])].mean()
        assert (gap < 0.003) == closed


@pytest.mark.parametrize("style", ["short_crop", "long_wavy", "locs_short", "cornrows", "bun"])
def test_fewer_strands_are_the_first_of_many(style: str, woman: HeadSurface) -> None:
    few, many = (scalp_hair(styled(style), woman, detail=d) for d in (0.62, 0.75))
    assert few is not None
    assert many is not None
    n = len(few.points_m)
    assert n < len(many.points_m)
    np.testing.assert_array_equal(few.points_m, many.points_m[:n])
