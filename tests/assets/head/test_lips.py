"""Lips that meet, smiles that let them, and eyes that lie against their lids."""

from __future__ import annotations

import numpy as np
import pytest

from assets.head import HeadModel, load_head_model
from assets.head.lips import lip_units
from assets.store import open_store
from spec_schema.spec import ARKIT_UNITS, IdentitySpec
from tests.make_specs import make_spec

INNER = ((61, 67), (62, 66), (63, 65))


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return load_head_model(open_store())


def identities(model: HeadModel, n: int) -> list[IdentitySpec]:
    """With each shape key drawn within half of its range."""
    rng, plain = np.random.default_rng(5), make_spec().identity
    out = []
    for _ in range(n):
        low = [0.0 if k in model.one_sided else -0.5 for k in model.shape_keys]
        drawn = rng.uniform(low, 0.5)
        shape = dict(zip(model.shape_keys, drawn.tolist(), strict=True))
        sex, age = float(rng.uniform()), float(rng.uniform(20, 80))
        out.append(plain.model_copy(update={"shape": shape, "sex": sex, "age_years": age}))
    return out


def gap_mm(model: HeadModel, cage_m: np.ndarray) -> float:
    y = model.landmark_positions(cage_m)[:, 1]
    return float(np.mean([y[a] - y[b] for a, b in INNER])) * 1e3


def smiling(value: float, **units: float) -> dict[str, float]:
    return {"mouthSmileLeft": value, "mouthSmileRight": value, **units}


def test_lips_meet_toward_the_corners_in_every_identity(model: HeadModel) -> None:
    facts = model.facts.lip_corners
    mirror = np.asarray(open_store().array("head/mirror"))
    upper, lower = (np.array(v) for v in (facts.upper, facts.lower))
    for identity in identities(model, 6):
        y = model.targets.neutral(identity)[:, 1]
        for u, v in ((upper, lower), (mirror[upper], mirror[lower])):
            assert (y[u] - y[v]) * 1e3 == pytest.approx(facts.gap_m * 1e3, abs=0.25)


def test_a_smile_neither_parts_the_lips_nor_presses_them_together(model: HeadModel) -> None:
    neutral = model.targets.neutral(make_spec().identity)
    closed = model.targets.express(neutral, smiling(0.8))
    assert -0.9 < gap_mm(model, closed) < 0.6
    upper = {"mouthUpperUpLeft": 0.45, "mouthUpperUpRight": 0.45}
    parted = model.targets.express(neutral, smiling(0.8, jawOpen=0.14, **upper))
    assert gap_mm(model, parted) > 4.5


def test_a_smile_brings_the_lower_lip_of_its_side(model: HeadModel) -> None:
    weights = np.zeros((1, 52), np.float32)
    weights[0, ARKIT_UNITS.index("mouthSmileLeft")] = 0.5
    moved = lip_units(weights, 0.6) - weights
    assert moved[0, ARKIT_UNITS.index("mouthLowerDownLeft")] == pytest.approx(0.3)
    assert np.count_nonzero(moved) == 1


def test_deep_eyes_are_brought_to_their_lids(model: HeadModel) -> None:
    facts = model.facts.eye_depth
    for identity in identities(model, 4):
        spec = make_spec().model_copy(update={"identity": identity, "expression": {}})
        head = model.build(spec)
        for side, (first, last) in model.facts.eye_ranges.items():
            ball = head.neutral_m[first : last + 1].astype(np.float64)
            low, high = ball.min(0), ball.max(0)
            radius = head.eyes[side].radius_m
            motion = head.world_from_skull
            centre = motion[:3, :3].T @ (head.eyes[side].centre_m - motion[:3, 3])
            forward = centre[2] - (low[2] + radius)
            edge = head.rest_landmarks_m[list(facts.lids[side])]
            height = float((np.linalg.norm(edge - (centre - [0, 0, forward]), axis=1)).mean())
            wanted = np.clip(facts.share * (height - radius - facts.least_m), 0, facts.most_m)
            assert forward == pytest.approx(wanted, abs=1e-6)
            assert centre[:2] == pytest.approx((low + high)[:2] / 2, abs=1e-6)
