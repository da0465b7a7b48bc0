"""Two unlike heads in unlike poses, as hair sees them."""

from __future__ import annotations

import numpy as np
import pytest

from assets.hair import HeadSurface
from assets.head import load_head_model
from assets.store import open_store
from spec_schema import SceneSpec
from tests.make_specs import make_spec

HEADS = {
    "turned man": {
        "pose": {"yaw_deg": 40.0, "pitch_deg": 12.0, "roll_deg": -9.0},
        "identity": {"sex": 1.0, "age_years": 60.0, "african": 0, "asian": 0, "european": 1},
        "expression": {"jawOpen": 0.7, "browInnerUp": 0.8},
    },
    "blinking woman": {
        "pose": {"yaw_deg": -25.0, "pitch_deg": -15.0, "roll_deg": 14.0},
        "identity": {"sex": 0.0, "age_years": 25.0, "african": 1, "asian": 0, "european": 0},
        "expression": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    },
}


def surface_of(spec: SceneSpec) -> HeadSurface:
    head = load_head_model(open_store()).build(spec)
    return HeadSurface(
        vertices_m=head.vertices_m,
        normals=head.normals,
        faces=head.faces,
        rest_m=head.rest_m,
        masks=head.masks,
        world_from_skull=head.world_from_skull,
        cage_m=head.cage_m,
        right_eye_m=head.eyes["right"].centre_m.astype(np.float32),
        left_eye_m=head.eyes["left"].centre_m.astype(np.float32),
        eye_radius_m=head.eyes["left"].radius_m,
    )


@pytest.fixture(scope="session")
def heads() -> dict[str, HeadSurface]:
    return {name: surface_of(make_spec(**changes)) for name, changes in HEADS.items()}


@pytest.fixture(scope="session")
def man(heads: dict[str, HeadSurface]) -> HeadSurface:
    return heads["turned man"]


@pytest.fixture(scope="session")
def woman(heads: dict[str, HeadSurface]) -> HeadSurface:
    return heads["blinking woman"]
