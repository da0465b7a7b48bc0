"""Each parameter of the skin changes what it names, where it belongs, and nothing else."""

from __future__ import annotations

from dataclasses import fields as fields_of
from typing import Any

import numpy as np
import pytest

from assets.geometry import F32Array, SkinMaterial
from assets.skin import SkinFields, compose
from assets.skin.relief import wrinkle_depths_mm
from tests.make_specs import make_spec

BARE: dict[str, float] = dict.fromkeys(
    ("freckles", "moles", "veins", "peach_fuzz", "oiliness", "flush", "wrinkles"), 0.0
)
MAPS = ("colour", "height_mm", "roughness", "specular", "film", "deep", "fuzz")


def skin(fields: SkinFields, **changes: Any) -> SkinMaterial:
    return compose(make_spec(skin={**BARE, **changes}), fields)


def change(fields: SkinFields, name: str, value: float, **base: Any) -> F32Array:
    """(N, N) greatest relative change of the albedo."""
    before, after = skin(fields, **base).colour, skin(fields, **base, **{name: value}).colour
    return np.abs(after / before - 1).max(-1)


@pytest.mark.parametrize(
    ("name", "region", "least"),
    [
        ("lipstick", "lips", 0.3),
        ("eyeshadow", "crease", 0.15),
        ("blush", "cheekbone", 0.05),
        ("shave_shadow", "shave", 0.05),
    ],
)
def test_colour_stays_in_its_region(
    fields: SkinFields, name: str, region: str, least: float
) -> None:
    """Outside it nothing changes but by the face's mean, which keeps to the tone."""
    seen = change(fields, name, 1.0)
    skinned = fields.maps["fade"] > 0.99
    inside, outside = fields.maps[region] > 0.7, skinned & (fields.maps[region] < 0.02)
    assert seen[inside].mean() > least
    assert np.quantile(seen[outside], 0.98) < 0.03
    assert seen[inside].mean() > 8 * np.median(seen[outside])


def test_eyeliner_darkens_the_lid_s_edge_alone(fields: SkinFields) -> None:
    plain, lined = skin(fields).colour, skin(fields, eyeliner=1.0).colour
    darker = plain - lined > 0.03
    assert darker.any()
    # Lines are thinner than this test's texels, and are caught here and there.
    assert (fields.maps["liner"][darker.any(-1)] > 0.02).all()


def test_acne_is_red_raised_and_gathers_where_it_does(fields: SkinFields) -> None:
    clear, spotty = skin(fields, monk_tone=3), skin(fields, monk_tone=3, acne=1.0)
    risen = spotty.height_mm - clear.height_mm > 0.08
    assert risen.sum() > 30
    ratio = spotty.colour[risen] / clear.colour[risen]
    # Blood takes green and blue away.
    assert (ratio[:, 1] < ratio[:, 0] - 0.05).mean() > 0.9
    assert fields.maps["spotty"][risen].mean() > 3 * fields.maps["spotty"].mean()


def test_scars_are_few_narrow_and_of_their_seed(fields: SkinFields) -> None:
    def marked(seed: int, scars: float) -> F32Array:
        before, after = (skin(fields, seed=seed, scars=s).height_mm for s in (0.0, scars))
        return np.abs(after - before) > 0.06

    one, four = marked(5, 0.25), marked(5, 1.0)
    assert 2 < one.sum() < four.sum()
    assert four.mean() < 0.01
    assert (marked(6, 1.0) != four).any()
    np.testing.assert_array_equal(marked(5, 1.0), four)


def test_veins_take_red_away_and_melanin_hides_them(fields: SkinFields) -> None:
    on_vein = (fields.maps["veins"] > 0.5) & (fields.maps["fade"] > 0.99)
    assert on_vein.sum() > 20
    light, dark = (
        skin(fields, monk_tone=t, veins=1.0).colour / skin(fields, monk_tone=t).colour
        for t in (2, 9)
    )
    assert (light[on_vein, 0] < light[on_vein, 2] - 0.03).all()
    assert np.abs(dark[on_vein] - 1).mean() < 0.5 * np.abs(light[on_vein] - 1).mean()


def test_sweat_is_a_film_on_the_brow(fields: SkinFields) -> None:
    dry, wet = skin(fields), skin(fields, sweat=1.0)
    brow = fields.maps["sweaty"] > 0.6
    assert wet.film[brow].mean() > dry.film[brow].mean() + 0.1
    away = (fields.maps["sweaty"] < 0.01) & (fields.maps["fade"] > 0.99)
    np.testing.assert_allclose(wet.film[away], dry.film[away], atol=0.04)
    np.testing.assert_allclose(wet.colour, dry.colour, rtol=0.02)


def test_foundation_evens_and_mattens(fields: SkinFields) -> None:
    uneven = {"freckles": 0.9, "acne": 0.8, "oiliness": 0.8}
    bare, made_up = skin(fields, **uneven), skin(fields, **uneven, makeup=1.0)
    face = (fields.maps["face"] > 0.95) & (fields.maps["spotty"] > 0.3)
    face &= fields.maps["nostril"] == 0
    spread = [np.log(m.colour[face]).std(0) for m in (bare, made_up)]
    assert (spread[1] < 0.75 * spread[0]).all()
    assert made_up.film[face].mean() < 0.7 * bare.film[face].mean()
    assert made_up.roughness[face].mean() > bare.roughness[face].mean()


def test_peach_fuzz_is_its_own_and_spares_lips(fields: SkinFields) -> None:
    none, full = skin(fields), skin(fields, peach_fuzz=1.0)
    assert none.fuzz_strength == 0 < full.fuzz_strength
    assert full.fuzz[fields.maps["lips"] > 0.9].mean() < 0.06
    np.testing.assert_array_equal(none.colour, full.colour)


def test_a_one_sided_expression_folds_one_side(fields: SkinFields) -> None:
    smile = {"mouthSmileLeft": 1.0, "eyeSquintLeft": 1.0}
    for name in ("crow", "nasolabial", "under_eye"):
        right, left = wrinkle_depths_mm(make_spec(expression=smile), 0.5)[name]
        assert left > right + 0.05, name
    still = compose(make_spec(expression={}), fields).height_mm
    moved = compose(make_spec(expression=smile), fields).height_mm
    grooves = fields.maps["wrinkle_crow"] < -0.5
    on_left = fields.maps["left"] > 0.9
    assert np.abs(moved - still)[grooves & on_left].mean() > 0.05
    assert np.abs(moved - still)[grooves & (fields.maps["left"] < 0.1)].max() < 0.02


def test_the_neck_has_lines_that_deepen(fields: SkinFields) -> None:
    def lines(age: float) -> float:
        spec = make_spec(identity={"age_years": age}, skin={"wrinkles": age / 90})
        height = compose(spec, fields).body_height_mm.reshape(-1)[fields.body.index]
        on_line = fields.body.neck < -0.5
        flat = np.abs(fields.body.neck) < 0.02
        return float(height[flat].mean() - height[on_line].mean())

    assert (fields.body.neck < -0.5).sum() > 100
    assert lines(80) > lines(22) + 0.1


@pytest.mark.parametrize("tone", [1.0, 5.0, 10.0])
def test_everything_at_once_is_finite_and_in_range(fields: SkinFields, tone: float) -> None:
    names = [
        *("flush", "freckles", "moles", "wrinkles", "oiliness", "lip_colour", "acne", "scars"),
        *("veins", "age_spots", "shave_shadow", "peach_fuzz", "sweat", "makeup", "lipstick"),
        *("lip_gloss", "eyeshadow", "eyeliner", "blush"),
    ]
    made = compose(make_spec(skin={"monk_tone": tone, **dict.fromkeys(names, 1.0)}), fields)
    for field in fields_of(made):
        value = getattr(made, field.name)
        if isinstance(value, np.ndarray):
            assert np.isfinite(value).all(), field.name
            assert value.dtype == np.float32, field.name
    for name in ("colour", "body_colour", "roughness", "specular", "film", "deep", "fuzz"):
        assert 0 <= getattr(made, name).min() <= getattr(made, name).max() <= 1, name
    assert np.abs(made.height_mm).max() < 2


def test_what_the_body_goes_on_with_is_even_at_the_border(fields: SkinFields) -> None:
    made = skin(fields, oiliness=1.0, sweat=1.0, peach_fuzz=1.0)
    for name in ("roughness", "specular", "film", "deep", "fuzz"):
        a = getattr(made, name)
        edge = np.concatenate([a[0], a[-1], a[:, -1]])
        assert np.ptp(edge) < 1e-6, name


def test_nostrils_are_dark_and_give_no_light_from_the_deep(fields: SkinFields) -> None:
    hole = fields.maps["nostril"] > 0.95
    rest = np.repeat(np.repeat(fields.rest_quarter_m, 4, 0), 4, 1)[hole]
    assert hole.sum() >= 6
    for side in (rest[rest[:, 0] > 0], rest[rest[:, 0] < 0]):
        assert len(side) > 0
        # The rest positions are known every fourth texel, here 6 mm.
        np.testing.assert_allclose(np.abs(side).mean(0), (0.0096, 0.687, 0.156), atol=0.004)
    for tone in (1.5, 9.5):
        made = skin(fields, monk_tone=tone)
        assert made.colour[hole].max() < 0.04
        assert made.deep[hole].max() < 0.05
        assert made.specular[hole].max() < 0.05


def test_dark_skin_has_the_darker_upper_lip(fields: SkinFields) -> None:
    upper = fields.maps["upper_lip"] > 0.9
    lower = (fields.maps["lips"] > 0.9) & (fields.maps["upper_lip"] < 0.1)

    def ratio(tone: float) -> float:
        colours = [skin(fields, monk_tone=tone, seed=seed).colour for seed in range(4)]
        return float(np.mean([c[upper].mean() / c[lower].mean() for c in colours]))

    assert ratio(9.0) < 0.9 * ratio(2.0)
