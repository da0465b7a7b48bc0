"""Lips that meet, smiles that let them, and eyes that lie against their lids."""

from __future__ import annotations

import numpy as np
import pytest

from assets.head import HeadModel, load_head_model
from assets.head.calibration import Targets
from assets.head.lips import LipSeal
from assets.store import open_store
from spec_schema.spec import IdentitySpec
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


@pytest.mark.parametrize(("left", "right"), [(0.9, 0.9), (0.6, 0.1), (0.0, 0.5)])
def test_smiles_leave_closed_lips_closed(model: HeadModel, left: float, right: float) -> None:
    """No teeth show between them, and neither lip is pushed through the other."""
    smile = {"mouthSmileLeft": left, "mouthSmileRight": right}
    for identity in identities(model, 4):
        cage = model.targets.express(model.targets.neutral(identity), smile)
        y = model.landmark_positions(cage)[:, 1] * 1e3
        gaps = [y[a] - y[b] for a, b in INNER]
        assert max(gaps) < 0.3
        assert min(gaps) > -1.2


def test_parted_smiles_part_the_lips(model: HeadModel) -> None:
    neutral = model.targets.neutral(make_spec().identity)
    upper = {"mouthUpperUpLeft": 0.45, "mouthUpperUpRight": 0.45}
    parted = model.targets.express(neutral, smiling(0.8, jawOpen=0.14, **upper))
    assert gap_mm(model, parted) > 4.0


def test_smiles_of_both_sides_are_mirror_images(model: HeadModel) -> None:
    targets, mirror = model.targets, np.asarray(open_store().array("head/mirror"))
    left, right = (
        targets.express(targets.base, {f"mouthSmile{side}": 1.0}) - targets.base
        for side in ("Left", "Right")
    )
    assert np.abs(right[mirror] * [-1, 1, 1] - left).max() < 1.5e-3


def test_a_seal_closes_what_a_target_opens(model: HeadModel) -> None:
    base, store = model.targets.base, open_store()
    faces, mirror = store.array("head/faces"), np.asarray(store.array("head/mirror"))
    seal = LipSeal(base, faces, mirror, model.facts.lip_seal)
    rows = np.flatnonzero(np.abs(base[:, 0]) < 0.03).astype(np.int32)
    lifted = np.zeros((len(rows), 3), np.float32)
    above = base[rows, 1] > 0.6612
    lifted[above, 1] = 2e-3 * np.cos(base[rows[above], 0] * 50)
    opening = Targets(np.array([0, len(rows)]), rows, lifted)
    closed = seal.sealed(opening, {0: 0.5}, {})
    before, after = (
        np.abs(seal.gap(v.astype(np.int64), d[:, 1].astype(np.float64))).mean()
        for v, d in (opening.of(0), closed.of(0))
    )
    assert before > 0.5e-3
    assert after < 0.25 * before
    part = seal.sealed(opening, {}, {0: 1.0})
    left, whole = (
        seal.gap(v.astype(np.int64), d[:, 1].astype(np.float64))
        for v, d in (part.of(0), opening.of(0))
    )
    middle = len(whole) // 2
    assert np.isclose(left[middle], whole[middle], rtol=0.05)
    assert np.abs(left[[0, -1]]).max() < 0.5 * np.abs(whole[[0, -1]]).min()


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
