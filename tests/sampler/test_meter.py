"""The light meter against a face that is lit in earnest: many normals, every pixel, every lamp."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from assets.catalog import Catalog
from assets.hdri import wall_irradiance
from assets.light_colour import REC709_LUMINANCE
from assets.store import open_store
from sampler import Inputs, Sampler, load_config
from sampler.environment import _SEEN, LAMPS, _skin_luminance
from spec_schema.frames import (
    camera_from_head_rotation,
    camera_from_world_rotation,
    direction_from_angles,
)

F64 = NDArray[np.float64]
ROWS = 160


def _face() -> F64:
    """(N, 3) normals of the front of a head, head frame: a good part of an ellipsoid."""
    across, up = np.meshgrid(np.radians(np.arange(-70, 71, 20)), np.radians([-40, -20, 0, 20, 40]))
    flat = [np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)]
    return np.stack([part.ravel() for part in flat], axis=1)


def _error_ev(row: dict[str, Any]) -> float:
    """Stops between the median of the face and what the meter promised."""
    light = row["environment"]
    angles = [row["pose"][f"{a}_deg"] for a in ("yaw", "pitch", "roll")]
    turned = [row["camera"][f"{a}_deg"] for a in ("azimuth", "elevation", "roll")]
    world_from_camera = camera_from_world_rotation(*turned).T
    normals = _face() @ (world_from_camera @ camera_from_head_rotation(*angles)).T
    normals = normals[normals @ world_from_camera[:, 2] < -0.25]
    undone = [-light["tilt_deg"], -light["rotation_deg"]]
    unturned = Rotation.from_euler("xy", undone, degrees=True)
    pixels = open_store().array(f"hdri/{light['hdri']}")
    seen = np.array([wall_irradiance(pixels, n) for n in unturned.apply(normals)])
    seen = light["strength"] * (seen @ REC709_LUMINANCE)
    for slot in LAMPS:
        lamp = light[slot]
        if lamp is not None:
            toward = direction_from_angles(lamp["azimuth_deg"], lamp["elevation_deg"])
            radiance = lamp["power_w"] / (np.pi * lamp["distance_m"]) ** 2
            seen = seen + radiance * np.maximum(normals @ toward, 0)
    albedo = _skin_luminance(np.array([row["skin"]["monk_tone"]]))[0]
    promised = light["face_luminance"] / (_SEEN * albedo)
    return float(np.log2(np.median(seen) / promised))


def _errors(inputs: Inputs, lamps: bool) -> F64:
    config = load_config("frontal")
    table = Sampler(config, inputs, 5, "train").draw(0, ROWS)
    packed = {name for name, e in Catalog.load().hdris.items() if e.source == "pack"}
    rows = [
        row
        for row in table.select(["pose", "camera", "environment", "skin"]).to_pylist()
        if row["environment"]["hdri"] in packed
        and (row["environment"]["key_light"] is not None) == lamps
    ]
    return np.array([_error_ev(row) for row in rows[:18]])


@pytest.mark.parametrize("lamps", [False, True])
def test_the_middle_of_a_face_gets_what_was_promised(inputs: Inputs, lamps: bool) -> None:
    errors = _errors(inputs, lamps)
    assert len(errors) > 15
    assert abs(np.median(errors)) < 0.1
    assert (abs(errors) < 0.6).all()
