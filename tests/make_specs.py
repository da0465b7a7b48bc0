"""Valid scene specs to vary in tests."""

from __future__ import annotations

from typing import Any

from spec_schema import SceneSpec

PLAIN: dict[str, Any] = {
    "sample": {
        "index": 0,
        "identity_id": 0,
        "variation": 0,
        "track_id": None,
        "frame": 0,
        "time_s": 0.0,
        "split": "train",
    },
    "pose": {
        "yaw_deg": 25.0,
        "pitch_deg": -12.0,
        "roll_deg": 8.0,
        "x_m": 0.03,
        "y_m": -0.02,
        "z_m": 0.9,
    },
    "camera": {
        "azimuth_deg": 10.0,
        "elevation_deg": 5.0,
        "roll_deg": 0.0,
        "focal_length_mm": 80.0,
        "sensor_width_mm": 36.0,
        "f_number": 16.0,
        "focus_distance_m": 0.88,
    },
    "identity": {
        "sex": 0.2,
        "age_years": 37.0,
        "african": 0.25,
        "asian": 0.25,
        "european": 0.5,
        "weight": 0.5,
        "muscle": 0.5,
        "shape": {"nose-hump": 0.3, "head-oval": 0.4},
    },
    "expression": {"jawOpen": 0.1, "mouthSmileLeft": 0.6},
    "gaze": {"yaw_deg": 5.0, "pitch_deg": -3.0, "distance_m": 1.0},
    "eyes": {
        "iris": "brown",
        "iris_hue_shift": 0.0,
        "iris_brightness": 1.0,
        "pupil_ratio": 0.35,
        "redness": 0.1,
    },
    "mouth": {"teeth": "even", "shade": 0.4, "stain": 0.2, "tongue_raise": 0.3, "seed": 16},
    "skin": {
        "texture": "young_caucasian_female",
        "monk_tone": 4.0,
        "undertone": 0.0,
        "flush": 0.4,
        "freckles": 0.2,
        "moles": 0.2,
        "wrinkles": 0.2,
        "oiliness": 0.3,
        "lip_colour": 0.5,
        "acne": 0.0,
        "scars": 0.0,
        "veins": 0.2,
        "age_spots": 0.0,
        "shave_shadow": 0.0,
        "peach_fuzz": 0.4,
        "sweat": 0.0,
        "makeup": 0.0,
        "lipstick": 0.0,
        "lipstick_red": 0.4,
        "lipstick_green": 0.08,
        "lipstick_blue": 0.09,
        "lip_gloss": 0.0,
        "eyeshadow": 0.0,
        "eyeshadow_red": 0.2,
        "eyeshadow_green": 0.15,
        "eyeshadow_blue": 0.14,
        "eyeliner": 0.0,
        "blush": 0.0,
        "seed": 11,
    },
    "hair": {
        "style": "bald",
        "length_scale": 1.0,
        "melanin": 0.7,
        "redness": 0.3,
        "grey": 0.0,
        "weathering": 0.0,
        "highlights": 0.0,
        "highlight_melanin": 0.2,
        "highlight_start": 0.0,
        "dye": 0.0,
        "dye_melanin": 0.5,
        "dye_redness": 0.3,
        "dye_red": 1.0,
        "dye_green": 1.0,
        "dye_blue": 1.0,
        "regrowth_m": 0.0,
        "recession": 0.0,
        "thinning": 0.0,
        "seed": 12,
    },
    "facial_hair": {
        "style": "shaved",
        "length_m": 0.0,
        "density": 0.0,
        "patchiness": 0.0,
        "cheek_line": 0.0,
        "curl": 0.2,
        "melanin": 0.7,
        "redness": 0.3,
        "grey": 0.0,
        "seed": 13,
    },
    "brows": {
        "thickness": 1.0,
        "density": 1.0,
        "length": 1.0,
        "arch": 0.5,
        "roundness": 0.3,
        "slant": 0.0,
        "tail": 1.0,
        "gap": 0.0,
        "unibrow": 0.0,
        "plucked": 0.3,
        "melanin": 0.7,
        "redness": 0.3,
        "grey": 0.0,
        "makeup": 0.0,
        "lash_length": 1.0,
        "lash_density": 1.0,
        "lash_curl": 0.5,
        "mascara": 0.0,
        "seed": 14,
    },
    "glasses": None,
    "headwear": None,
    "facewear": None,
    "earwear": None,
    "jewellery": None,
    "neckwear": None,
    "clothing": None,
    "environment": {
        "hdri": "city",
        "rotation_deg": 30.0,
        "strength": 1.0,
        "exposure_ev": 0.0,
        "tilt_deg": 0.0,
        "tint_k": 6504.0,
        "scheme": "environment",
        "key_light": None,
        "fill_light": None,
        "rim_light": None,
        "background": None,
        "face_luminance": 0.2,
    },
    "photo": None,
    "render_seed": 15,
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with nested ``changes`` laid over it; weight tables are replaced whole."""
    out = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(out.get(key), dict)
        table = key in ("shape", "expression")
        out[key] = merged(out[key], value) if nested and not table else value
    return out


def make_spec(**changes: Any) -> SceneSpec:
    """A valid spec with nested changes: ``make_spec(pose={"yaw_deg": 40})``."""
    return SceneSpec.model_validate(merged(PLAIN, changes))
