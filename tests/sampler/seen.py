"""What was drawn of a config, and the quantities that its columns hold, worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assets.catalog import SHAVED, Catalog
from assets.light_colour import REC709_LUMINANCE
from assets.skin.tone import tone_of
from sampler import Inputs, SamplerConfig
from sampler.environment import LAMPS
from sampler.identity import ANCESTRIES
from spec_schema.spec import WORN_SLOTS
from tests.sampler.statistics import F64

N = 100_000


@dataclass
class Seen:
    """100,000 scenes, and every draw that was made for them."""

    config: SamplerConfig
    inputs: Inputs
    table: pa.Table
    quantities: dict[str, list[F64]] = field(default_factory=dict)
    choices: dict[tuple[str, ...], list[NDArray[np.int64]]] = field(default_factory=dict)

    def column(self, path: str) -> Any:
        name, *rest = path.split(".")
        array = self.table.column(name).combine_chunks()
        for part in rest:
            array = pc.struct_field(array, part)
        return array

    def __getitem__(self, path: str) -> F64:
        array = self.column(path)
        if pa.types.is_string(array.type):
            return np.array(array.to_pylist())
        return np.asarray(array.to_numpy(zero_copy_only=False), np.float64)

    def has(self, item: str) -> NDArray[np.bool_]:
        return np.asarray(self.column(item).is_valid().to_numpy(zero_copy_only=False))

    def codes(self, path: str, ids: tuple[str, ...], where: Any) -> NDArray[np.int64]:
        at = {name: k for k, name in enumerate(ids)}
        return np.array([at[name] for name in self[path][where]])

    @property
    def ancestry(self) -> F64:
        return np.stack([self[f"identity.{a}"] for a in ANCESTRIES], axis=-1)

    @property
    def old(self) -> F64:
        return np.clip((self["identity.age_years"] - 20) / 60, 0, 1)


def _lamps_by_hand(s: Seen) -> dict[str, F64]:
    out, schemes = {}, s["environment.scheme"]
    for name, scheme in s.config.environment.schemes.items():
        for lamp in LAMPS:
            if getattr(scheme, lamp) is None:
                continue
            column, lit = f"environment.{lamp}", schemes == name
            at = f"environment.schemes.{name}.{lamp}"
            away = s[f"{column}.azimuth_deg"] - s["camera.azimuth_deg"]
            out[f"{at}.azimuth_from_camera"] = ((away + 180) % 360 - 180)[lit]
            for quantity, unit in (
                ("elevation", "deg"), ("distance", "m"), ("size", "m"), ("temperature", "k"),
            ):  # fmt: skip
                out[f"{at}.{quantity}"] = s[f"{column}.{quantity}_{unit}"][lit]
    return out


PAINTS = ("lipstick", "lip_gloss", "eyeshadow", "eyeliner", "blush")


_MET = ("vignette", "aberration", "read_noise")


def _aged_by_hand(s: Seen) -> dict[str, F64]:
    """What years add taken off again."""
    spots, mouth = s.config.skin.age_spots, s.config.mouth
    years = (s["identity.age_years"] - spots.from_years) / (spots.full_years - spots.from_years)
    spotted, male = years > 0.05, s["identity.sex"] > 0.5
    man = s["identity.sex"] ** 3 / (s["identity.sex"] ** 3 + (1 - s["identity.sex"]) ** 3)
    out = {
        "skin.age_spots.amount": s["skin.age_spots"][spotted] / np.clip(years[spotted], 0, 1),
        "skin.shave_shadow": s["skin.shave_shadow"][male] / man[male],
        "mouth.tongue_raise": s["mouth.tongue_raise"],
    }
    for name, of_age in (("shade", mouth.shade_of_age), ("stain", mouth.stain_of_age)):
        out[f"mouth.{name}"] = (s[f"mouth.{name}"] - of_age * s.old) / (1 - of_age * s.old)
    return out


def _pupil_by_hand(s: Seen) -> F64:
    """Pupils by those of the mean person of that age in that light."""
    c, light = s.config.eyes.pupil, s.config.environment
    places = {k: v.setting for k, v in s.inputs.catalog.hdris.items()}
    white = np.array(
        [
            c.scheme_cd_m2.get(scheme) or getattr(c.setting_cd_m2, places[hdri])
            for scheme, hdri in zip(s["environment.scheme"], s["environment.hdri"], strict=True)
        ]
    )
    tone = s["skin.monk_tone"]
    steps = [tone_of(float(k), 0.0).albedo @ REC709_LUMINANCE for k in range(1, 11)]
    shown = (
        light.luminance * 2 ** (light.tone_ev * (tone - 1)) * np.interp(tone, range(1, 11), steps)
    )
    white = white * s["environment.face_luminance"] / (0.95 * shown)
    power = (white * c.surround * c.field_deg2 / 846) ** 0.41
    young = 7.75 - 5.75 * power / (power + 2)
    years = np.clip(s["identity.age_years"], 20, 83) - 28.58
    return s["eyes.pupil_ratio"] * 11.7 / (young + years * (0.02132 - 0.009562 * young))


def _photo_by_hand(s: Seen) -> dict[str, F64]:
    c, taken = s.config.photo, s.has("photo")
    lit = taken & ~np.isin(s["environment.scheme"], list(c.light_ev))
    return {
        **{f"photo.{name}": s[f"photo.{name}"][taken] for name in _MET},
        "photo.electrons": s["photo.electrons"][lit],
        "photo.white_balance": s["photo.white_balance_mired"][taken],
        "photo.tint": s["photo.tint_ev"][taken],
        **{
            f"photo.turn.{name}": s[f"photo.turn_{axis}_deg"][s[f"photo.turn_{axis}_deg"] != 0]
            for name, axis in (("yaw", "y"), ("pitch", "x"), ("roll", "z"))
        },
        "photo.shake.way": s["photo.shake"][s["photo.shake"] > 0],
        "photo.shake.direction": s["photo.shake_deg"][taken],
        "photo.small.scale": s["photo.scale"][s["photo.scale"] < 1],
        "photo.faded.saturation": s["photo.saturation"][s["photo.saturation"] < 1],
    }


def _taken_off(s: Seen) -> F64:
    """Cast of the environments that the white balance has taken off, in mired."""
    kelvin = {name: e.temperature_k for name, e in Catalog.load().hdris.items()}
    cast = np.array([1e6 / kelvin[name] - 1e6 / 6504 for name in s["environment.hdri"]])
    return np.asarray(s.config.environment.white_balance * cast)


def bounded_by_hand(s: Seen) -> dict[str, F64]:
    """Columns that hold a quantity as drawn, given what it was drawn for."""
    sex = s["identity.sex"]
    bearded = s["facial_hair.style"] != SHAVED
    pigment = 0.6 * (s["skin.monk_tone"] - 1) / 9 + 0.6 * (1 - s["identity.european"])
    irises = 1 - s.config.eyes.pigment_darkens * np.clip(pigment, 0, 1)
    out = {
        **{f"pose.{a}": s[f"pose.{a}_deg"] for a in ("yaw", "pitch", "roll")},
        "identity.age": s["identity.age_years"],
        **{f"identity.{a}": s[f"identity.{a}"] for a in ("sex", "weight", "muscle")},
        "identity.dominant_share": s.ancestry.max(axis=1),
        "eyes.hue_shift": s["eyes.iris_hue_shift"],
        "eyes.brightness": s["eyes.iris_brightness"] / irises,
        "eyes.redness": s["eyes.redness"],
        "eyes.pupil.spread": _pupil_by_hand(s),
        "skin.tone": s["skin.monk_tone"],
        **{f"skin.{a}": s[f"skin.{a}"] for a in ("undertone", "flush", "moles", "oiliness")},
        "skin.lip_colour": s["skin.lip_colour"],
        "skin.freckles.amount": s["skin.freckles"][s["skin.freckles"] > 0],
        "skin.makeup.amount": s["skin.makeup"][s["skin.makeup"] > 0],
        **{f"skin.{a}": s[f"skin.{a}"] for a in ("veins", "peach_fuzz")},
        **{
            f"skin.{a}.amount": s[f"skin.{a}"][s[f"skin.{a}"] > 0]
            for a in ("acne", "scars", "sweat")
        },
        **{f"skin.makeup.{a}.amount": s[f"skin.{a}"][s[f"skin.{a}"] > 0] for a in PAINTS},
        **{f"hair.{a}": s[f"hair.{a}"] for a in ("weathering", "volume", "curl", "frizz")},
        "hair.part": np.abs(s["hair.part_side"]),
        "hair.highlights.start": s["hair.highlight_start"],
        "facial_hair.cheek_line": s["facial_hair.cheek_line"],
        "brows.thickness": s["brows.thickness"] - s.config.brows.thickness_male * sex,
        **{
            f"brows.{a}": s[f"brows.{a}"]
            for a in ("density", "roundness", "slant", "tail", "gap", "lash_density", "lash_curl")
        },
        "brows.lash_length": s["brows.lash_length"]
        - s.config.brows.lash_length_female * (1 - sex),
        **{f"brows.{a}": s[f"brows.{a}"][s[f"brows.{a}"] > 0] for a in ("makeup", "mascara")},
        "hair.dyes.amount": s["hair.dye"][s["hair.dye"] > 0],
        "hair.dyes.regrowth": s["hair.regrowth_m"][s["hair.dye"] > 0],
        "hair.highlights.amount": s["hair.highlights"][s["hair.highlights"] > 0],
        **_aged_by_hand(s),
        **_photo_by_hand(s),
        "environment.rotation": s["environment.rotation_deg"],
        "environment.exposure": s["environment.exposure_ev"],
        "environment.tilt": s["environment.tilt_deg"],
        "environment.tint": 1e6 / (1e6 / s["environment.tint_k"] + _taken_off(s)),
        **_lamps_by_hand(s),
    }  # fmt: skip
    dominant = s.ancestry.argmax(axis=1)
    for k, name in enumerate(ANCESTRIES):
        out[f"facial_hair.density.{name}"] = s["facial_hair.density"][bearded & (dominant == k)]
        out[f"facial_hair.curl.{name}"] = s["facial_hair.curl"][bearded & (dominant == k)]
    for item in WORN_SLOTS:
        worn, printed = s.has(item), s[f"{item}.pattern"] > 0
        out |= {f"{item}.{name}": s[f"{item}.{name}"][worn] for name in ("size", "roughness")}
        out[f"{item}.tilt"] = s[f"{item}.tilt_deg"][worn]
        if getattr(s.config, item).pattern_share > 0:
            out[f"{item}.pattern"] = s[f"{item}.pattern"][worn & printed]
        out |= {f"{item}.{name}": s[f"{item}.{name}"][worn] for name in ("height", "thickness")}
    return out
