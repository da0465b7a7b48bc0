"""Expressions: what goes together, what can't, and that every unit is seen."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sampler import expression, load_config
from sampler.expression_model import COLUMN, ExpressionConfig, columns
from sampler.streams import Draws
from spec_schema.errors import SpecError
from spec_schema.spec import ARKIT_UNITS
from tests.sampler.statistics import chance

F64 = NDArray[np.float64]

MOVED = [u for u in ARKIT_UNITS if not u.startswith("eyeLook")]
STILL: dict[str, Any] = {
    "mixed_share": 0.0, "random_share": 0.0, "unit_jitter": 0.0, "side_jitter": 0.0,
    "asymmetry": {"kind": "constant", "value": 0.0}, "stray_share": 0.0,
    "blink": {"kind": "constant", "value": 0.0},
}  # fmt: skip
DEFAULT = load_config().expression


def faces(n: int = 20_000, seed: int = 5, **changes: Any) -> F64:
    config = ExpressionConfig.model_validate({**DEFAULT.model_dump(), **changes})
    return expression.draw(config, Draws(seed, "train", "expression", 0, n))


def only(kind: dict[str, Any], **changes: Any) -> F64:
    declared = {"share": 1.0, "intensity": {"kind": "constant", "value": 1.0}, **kind}
    return faces(kinds={"it": declared}, **{**STILL, **changes})


def of(weights: F64, unit: str) -> F64:
    return weights[:, COLUMN[unit]]


@pytest.fixture(scope="module")
def many() -> F64:
    return faces(60_000)


@pytest.fixture(scope="module")
def wild() -> F64:
    return faces(60_000, random_share=1.0)


@pytest.mark.parametrize("name", sorted(DEFAULT.kinds))
def test_a_kind_at_full_intensity_is_a_face_that_can_be_made(name: str) -> None:
    kind = DEFAULT.kinds[name].model_dump()
    kind |= {"intensity": {"kind": "constant", "value": 1.0}, "parts": [], "one_sided": False}
    drawn = only(kind)[0]
    declared = DEFAULT.repertoire.weights[list(DEFAULT.kinds).index(name)]
    assert np.abs(drawn - declared).max() < 0.2, "a rule takes away much of what the kind says"


@pytest.mark.parametrize("unit", MOVED)
def test_every_unit_is_seen_and_wild_faces_use_it_strongly(many: F64, wild: F64, unit: str) -> None:
    assert (of(many, unit) > 0.05).mean() > 1e-3
    most = 0.25 if unit == "mouthClose" else 0.5
    assert of(wild, unit).max() > most * DEFAULT.highest[COLUMN[unit]]


def test_most_faces_at_rest_hardly_move(many: F64) -> None:
    quiet = many.max(axis=1) < 0.25
    assert 0.2 < quiet.mean() < 0.45
    assert 0.005 < (many[quiet] > 0.02).mean() < 0.3, "micro-variation, and not more"


def test_what_excludes_each_other_is_never_seen_together(many: F64, wild: F64) -> None:
    for weights in (many, wild):
        for a, b in DEFAULT.exclusive:
            for i, j in zip(columns([a]), columns([b]), strict=True):
                assert np.minimum(weights[:, i], weights[:, j]).max() < 1e-12


def test_units_give_way_and_sums_are_kept(many: F64, wild: F64) -> None:
    for weights in (many, wild):
        for rule in DEFAULT.yields:
            strongest = weights[:, columns(rule.to)].max(axis=1)
            room = np.maximum(rule.limit - rule.slope * strongest, 0)
            # Sums and the highest weights are applied after it, and may leave the others less.
            assert (weights[:, columns(rule.units)].max(axis=1) <= room + 0.1).all()
        for limit in DEFAULT.sum_limits:
            assert weights[:, columns(limit.units)].sum(axis=1).max() <= limit.limit + 1e-9
        assert (weights <= DEFAULT.highest + 1e-12).all()
        assert weights.min() >= 0


def test_puffed_cheeks_keep_the_lips_shut(wild: F64) -> None:
    puffed = of(wild, "cheekPuff") > 0.2
    assert puffed.sum() > 100
    for unit in ("jawOpen", "mouthUpperUpLeft", "mouthLowerDownLeft", "mouthFunnel"):
        assert of(wild, unit)[puffed].max() < 0.25


def test_both_sides_do_nearly_the_same(many: F64) -> None:
    left, right = of(many, "noseSneerLeft"), of(many, "noseSneerRight")
    strong = np.maximum(left, right) > 0.3
    ratio = np.minimum(left, right)[strong] / np.maximum(left, right)[strong]
    assert np.quantile(ratio, 0.1) > 0.7, "nothing sneers by accident"


def test_a_one_sided_kind_is_played_on_either_side() -> None:
    drawn = only({"one_sided": True, "weights": {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.1}})
    left = of(drawn, "mouthSmileLeft") > 0.3
    assert chance(left, 0.5) > 1e-3
    assert np.allclose(
        np.where(left, of(drawn, "mouthSmileRight"), of(drawn, "mouthSmileLeft")), 0.1
    )


def test_parts_are_added_as_often_and_as_much_as_declared() -> None:
    part = {
        "chance": 0.3,
        "amount": {"kind": "uniform", "low": 0.5, "high": 1.0},
        "weights": {"jawOpen": 0.4},
    }
    drawn = only({"weights": {"browInnerUp": 0.5}, "parts": [part]})
    jaw = of(drawn, "jawOpen")
    assert chance(jaw > 0, 0.3) > 1e-3
    assert jaw[jaw > 0].min() > 0.199
    assert jaw[jaw > 0].mean() == pytest.approx(0.3, abs=0.005)
    assert np.allclose(of(drawn, "browInnerUp"), 0.5)


def test_mixed_faces_lie_between_two_kinds() -> None:
    kind = {"share": 1.0, "intensity": {"kind": "constant", "value": 1.0}}
    kinds = {
        "a": {**kind, "weights": {"jawOpen": 0.6}},
        "b": {**kind, "weights": {"browInnerUp": 0.6}},
    }
    changes = STILL | {"mixed_share": 1.0, "mixed_intensity": {"kind": "constant", "value": 0.25}}
    drawn = faces(kinds=kinds, **changes)
    sums = of(drawn, "jawOpen") + of(drawn, "browInnerUp")
    assert np.allclose(sums, 0.6)
    assert set(np.round(of(drawn, "jawOpen"), 6)) == {0.0, 0.15, 0.45, 0.6}


def test_settling_twice_changes_nothing(many: F64) -> None:
    again = expression.settle(DEFAULT, many[:5000].copy())
    assert np.abs(again - many[:5000]).max() < 0.05


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("expression.stray_units.browInnerUpp=0.1", "did you mean 'browInnerUp'"),
        ("expression.most.jawOpe=0.1", "did you mean 'jawOpen'"),
        ("expression.gestures.mouth.smile.weights.mouthSmil=1", "did you mean 'mouthSmile'"),
        ("expression.gestures.ears={}", "gestures.ears: at least one gesture"),
    ],
)  # fmt: skip
def test_mistakes_are_named(override: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        load_config(overrides=[override])
