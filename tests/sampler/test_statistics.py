"""Everything that a config declares, tested at 100,000 draws against SciPy.

The lists of what is declared come from the config itself, so that a new quantity, probability or
choice fails here until it is drawn and, where it is no plain quantity, said how it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel
from scipy.special import expit, ndtr

from assets.catalog import BALD, SHAVED
from assets.mouth import teeth_sets
from sampler import Inputs, Sampler, SamplerConfig, distributions, expression, load_config
from sampler.config_model import Within
from sampler.environment import LAMPS
from sampler.gaze import lens_angles_deg
from sampler.identity import ANCESTRIES
from sampler.pool import Pool
from sampler.quantities import Happens
from sampler.scene import BLOCK_ROWS
from sampler.streams import Draws
from spec_schema.frames import camera_from_head_rotation
from spec_schema.spec import ARKIT_UNITS, WORN_SLOTS
from tests.sampler.conftest import SHAPE_KEYS
from tests.sampler.statistics import F64, categorical, chance, continuous, declared, surprising

N = 100_000
KINDS = [
    kind
    for kind in vars(distributions).values()
    if isinstance(kind, type) and issubclass(kind, BaseModel) and hasattr(kind, "ppf")
]


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


@pytest.fixture(scope="module")
def seen(config: SamplerConfig, inputs: Inputs) -> Seen:
    paths = {id(of): path for path, of in declared(config, Within)}
    record = Seen(config, inputs, None)
    with pytest.MonkeyPatch.context() as patch:
        for kind in KINDS:
            patch.setattr(kind, "ppf", _noting(kind.ppf, paths, record))  # type: ignore[attr-defined]
        patch.setattr(distributions.Categorical, "codes", _noting_codes(record))
        record.table = Sampler(config, inputs, 7, "train").draw(0, N)
    return record


def _noting(
    ppf: Callable[[Any, F64], F64], paths: dict[int, str], record: Seen
) -> Callable[[Any, F64], F64]:
    def noted(self: Any, u: F64) -> F64:
        values = ppf(self, u)
        if id(self) in paths:
            record.quantities.setdefault(paths[id(self)], []).append(
                values.ravel()[:BLOCK_ROWS].copy()
            )
        return values

    return noted


def _noting_codes(record: Seen) -> Callable[[Any, F64], tuple[NDArray[np.int64], F64]]:
    codes = distributions.Categorical.codes

    def noted(self: Any, u: F64) -> tuple[NDArray[np.int64], F64]:
        picked = codes(self, u)
        record.choices.setdefault(self.names, []).append(picked[0])
        return picked

    return noted


def test_every_quantity_is_drawn_as_declared(seen: Seen) -> None:
    p_values = {}
    for path, of in declared(seen.config, Within):
        assert path in seen.quantities, f"{path} is declared, and never drawn"
        values = np.concatenate(seen.quantities[path])
        p_values |= {f"{path}/{k}": p for k, p in enumerate(continuous(values, of))}
    assert len(p_values) > 70
    assert not surprising(p_values)


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


_PAINTS = ("lipstick", "lip_gloss", "eyeshadow", "eyeliner", "blush")


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


def _photo_by_hand(s: Seen) -> dict[str, F64]:
    c, taken = s.config.photo, s.has("photo")
    lit = taken & ~np.isin(s["environment.scheme"], list(c.light_ev))
    return {
        **{f"photo.{name}": s[f"photo.{name}"][taken] for name in _MET},
        "photo.electrons": s["photo.electrons"][lit],
        "photo.white_balance": s["photo.white_balance_mired"][taken],
        "photo.tint": s["photo.tint_ev"][taken],
        "photo.shake.way": s["photo.shake"][s["photo.shake"] > 0],
        "photo.shake.direction": s["photo.shake_deg"][taken],
        "photo.small.scale": s["photo.scale"][s["photo.scale"] < 1],
        "photo.faded.saturation": s["photo.saturation"][s["photo.saturation"] < 1],
    }


def _bounded_by_hand(s: Seen) -> dict[str, F64]:
    """Columns that hold a quantity as drawn, given what it was drawn for."""
    sex = s["identity.sex"]
    bearded = s["facial_hair.style"] != SHAVED
    out = {
        **{f"pose.{a}": s[f"pose.{a}_deg"] for a in ("yaw", "pitch", "roll")},
        "identity.age": s["identity.age_years"],
        **{f"identity.{a}": s[f"identity.{a}"] for a in ("sex", "weight", "muscle")},
        "identity.dominant_share": s.ancestry.max(axis=1),
        "eyes.hue_shift": s["eyes.iris_hue_shift"],
        "eyes.brightness": s["eyes.iris_brightness"],
        **{f"eyes.{a}": s[f"eyes.{a}"] for a in ("pupil_ratio", "redness")},
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
        **{f"skin.makeup.{a}.amount": s[f"skin.{a}"][s[f"skin.{a}"] > 0] for a in _PAINTS},
        "hair.weathering": s["hair.weathering"],
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
        "environment.tint": s["environment.tint_k"],
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


def test_every_column_that_holds_a_quantity_holds_it(seen: Seen) -> None:
    of = dict(declared(seen.config, Within))
    p_values = {
        f"{path}/{k}": p
        for path, values in _bounded_by_hand(seen).items()
        for k, p in enumerate(continuous(values, of[path], precision=1e-6))
    }
    assert len(p_values) > 65
    assert not surprising(p_values)


def _trend(s: Seen, key: str) -> F64:
    """What sex, age and weight make of a key on average."""
    t = s.config.identity.shape.trends.get(key.removeprefix("l-").removeprefix("r-"))
    if t is None:
        return np.zeros(len(s["identity.sex"]))
    man, woman = s["identity.sex"] ** 3, (1 - s["identity.sex"]) ** 3
    old = np.clip((s["identity.age_years"] - 25) / 55, 0, 1)
    return np.asarray(
        t.always
        + t.man * (man - woman) / (man + woman)
        + t.age * old
        + t.weight * (2 * s["identity.weight"] - 1)
    )


@pytest.mark.parametrize("key", SHAPE_KEYS)
def test_shape_keys_follow_their_scales(seen: Seen, key: str) -> None:
    shape = seen.config.identity.shape
    scale, weights = shape.scale(key), seen[f"identity.shape.{key}"] - _trend(seen, key)
    if scale == 0:
        assert not weights.any()
        return
    normal = distributions.TruncatedNormal(loc=0, scale=1, low=-shape.cut, high=shape.cut)
    if key not in seen.inputs.landmarks.one_sided:
        assert continuous(weights / scale, normal)[0] > 1e-3
        return
    above = weights[weights > 0] / scale + 0.5
    right_part = distributions.TruncatedNormal(loc=0, scale=1, low=0.5, high=shape.cut)
    whole = np.diff(ndtr([-shape.cut, 0.5, shape.cut]))
    assert chance(weights > 0, float(whole[1] / whole.sum())) > 1e-3
    assert continuous(above, right_part)[0] > 1e-3


def _by_sex(s: Seen, female: F64 | float, male: F64 | float) -> F64:
    man, woman = s["identity.sex"] ** 3, (1 - s["identity.sex"]) ** 3
    return np.asarray(female + (male - female) * man / (man + woman))


def _chances(s: Seen) -> dict[str, tuple[NDArray[np.bool_], F64 | float]]:
    """What happened, and how probable it was in each row, by the path of the declaration."""
    c = s.config
    sex, male = s["identity.sex"], s["identity.sex"] >= 0.5
    young, tone = s.old < 0.5, s["skin.monk_tone"]
    bald = s["hair.style"] == BALD
    bald_p = _by_sex(
        s,
        c.hair.bald_female.young + (c.hair.bald_female.old - c.hair.bald_female.young) * s.old,
        c.hair.bald_male.young + (c.hair.bald_male.old - c.hair.bald_male.young) * s.old,
    )
    bearded = s["facial_hair.style"] != SHAVED
    bearded_p = c.facial_hair.bearded.young + s.old * (
        c.facial_hair.bearded.old - c.facial_hair.bearded.young
    )
    made_up = s["skin.makeup"] > 0
    made_up_p = _by_sex(s, c.skin.makeup.female_share, c.skin.makeup.male_share)
    freckles = c.skin.freckles
    freckled_p = freckles.share * expit(4 * (freckles.darkest_tone - 1 - tone))
    at_lens, reachable = _at_lens(s)
    out: dict[str, tuple[NDArray[np.bool_], F64 | float]] = {
        "environment.background.environment_share": (
            ~s.has("environment.background")[_fine(s)], c.environment.background.environment_share,
        ),
        "gaze.lens_share": (at_lens[reachable], c.gaze.lens_share),
        "skin.freckles.share": (s["skin.freckles"] > 0, freckled_p),
        "skin.makeup.female_share": (made_up[~male], made_up_p[~male]),
        "skin.makeup.male_share": (made_up[male], made_up_p[male]),
        **{
            f"skin.makeup.{a}.share": (s[f"skin.{a}"][made_up] > 0, getattr(c.skin.makeup, a).share)
            for a in _PAINTS
        },
        "skin.sweat.share": (s["skin.sweat"] > 0, c.skin.sweat.share),
        **{
            f"skin.scars.{who}_share": (
                s["skin.scars"][sel] > 0,
                _by_sex(s, c.skin.scars.female_share, c.skin.scars.male_share)[sel],
            )
            for who, sel in (("female", ~male), ("male", male))
        },
        **{
            f"hair.bald_{who}.{when}": (bald[sel & age], bald_p[sel & age])
            for who, sel in (("female", ~male), ("male", male))
            for when, age in (("young", young), ("old", ~young))
        },
        "facial_hair.bearded.young": (bearded[male & young], bearded_p[male & young]),
        "facial_hair.bearded.old": (bearded[male & ~young], bearded_p[male & ~young]),
        **_hair_chances(s),
        **_photo_chances(s),
        **{
            f"skin.acne.{sex}": (
                (s["skin.acne"] > 0)[who],
                _by_sex(
                    s,
                    *(
                        np.interp(s["identity.age_years"], c.skin.acne.years, of)
                        for of in (c.skin.acne.female, c.skin.acne.male)
                    ),
                )[who],
            )
            for sex, who in (("female", ~male), ("male", male))
        },
        **_expression_chances(),
    }  # fmt: skip
    assert not bearded[sex < 0.5].any()
    for item in WORN_SLOTS:
        worn = s.has(item)
        rarer = 1 - getattr(c, item).male_factor
        out[f"{item}.share"] = worn, getattr(c, item).share * (1 - rarer * sex)
        out[f"{item}.pattern_share"] = (
            (s[f"{item}.pattern"] > 0)[worn],
            getattr(c, item).pattern_share,
        )
    return out


def _hair_chances(s: Seen) -> dict[str, tuple[NDArray[np.bool_], F64 | float]]:
    """Dyes, highlights, and what is painted on brows and lashes, of women and of men."""
    c, old = s.config.hair, s.old
    male, grey = s["identity.sex"] >= 0.5, s["hair.grey"]
    fading = c.dyes.old_factor + (1 - c.dyes.old_factor) * (1 - old)
    dyed = s["hair.dye"] > 0
    vivid = dyed & (np.min([s[f"hair.dye_{x}"] for x in ("red", "green", "blue")], axis=0) < 1)
    # Of hair so dark no natural dye is as pale as bleaching.
    dark = s["hair.melanin"] > c.dyes.bleached_melanin.support()[1] - c.dyes.shift.support()[0]
    pale = dyed & ~vivid & (s["hair.dye_melanin"] <= c.dyes.bleached_melanin.support()[1])
    natural = dyed & ~vivid & ~pale
    assert c.dyes.covered_female > c.dyes.toned_female
    assert c.dyes.covered_male > c.dyes.toned_male
    can_be_lit = ~vivid & (s["hair.melanin"] > 0.2)

    def either(of: BaseModel, name: str) -> F64:
        return _by_sex(s, *(getattr(of, name.format(sex)) for sex in ("female", "male")))

    seen = {
        "hair.dyes.vivid_{}": (vivid, either(c.dyes, "vivid_{}") * fading, None),
        "hair.dyes.bleached_{}": (pale, either(c.dyes, "bleached_{}") * fading, dark),
        "hair.dyes.covered_{}": (natural, either(c.dyes, "covered_{}"), dark & (grey > 0.08)),
        "hair.dyes.toned_{}": (natural, either(c.dyes, "toned_{}"), dark & (grey <= 0.08)),
        "hair.highlights.{}": (
            s["hair.highlights"] > 0, either(c.highlights, "{}") * (1 - 0.8 * grey), can_be_lit,
        ),
        **{
            f"brows.{a}_{{}}": (s[f"brows.{a}"] > 0, either(s.config.brows, f"{a}_{{}}"), None)
            for a in ("makeup", "mascara")
        },
    }  # fmt: skip
    return {
        path.format(sex): (happened[who & where], probability[who & where])
        for path, (happened, probability, of) in seen.items()
        for where in (np.ones(N, bool) if of is None else of,)
        for sex, who in (("female", ~male), ("male", male))
    }


def _photo_chances(s: Seen) -> dict[str, tuple[NDArray[np.bool_], F64 | float]]:
    c, taken = s.config.photo, s.has("photo")
    return {
        "photo.share": (taken, c.share),
        "photo.shake.share": (s["photo.shake"][taken] > 0, c.shake.share),
        "photo.small.share": (s["photo.scale"][taken] < 1, c.small.share),
        "photo.faded.share": (s["photo.saturation"][taken] < 1, c.faded.share),
        "photo.infrared.share": (s["photo.infrared"][taken] > 0, c.infrared.share),
        "photo.jpeg.share": (s["photo.jpeg_quality"][taken] > 0, c.jpeg.share),
    }


def _at_lens(s: Seen) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    rotation = camera_from_head_rotation(*(s[f"pose.{a}_deg"] for a in ("yaw", "pitch", "roll")))
    position = np.stack([s[f"pose.{a}_m"] for a in "xyz"], axis=-1)
    yaw, pitch, _ = lens_angles_deg(rotation, position)
    reachable = np.hypot(yaw / s.config.gaze.yaw_limit_deg, pitch / s.config.gaze.pitch_limit_deg)
    meets = np.hypot(s["gaze.yaw_deg"] - yaw, s["gaze.pitch_deg"] - pitch) < 0.01
    return meets, reachable < 1


def _expression_chances() -> dict[str, tuple[NDArray[np.bool_], float]]:
    """Of faces with so few units that one sees what they are made of."""
    still = ["unit_jitter=0", "side_jitter=0", "asymmetry={kind='constant',value=0}",
             "blink={kind='constant',value=0}"]  # fmt: skip
    share = {"mixed_share": 0.3, "random_share": 0.2, "stray_share": 0.15}
    draws = Draws(3, "train", "expression", 0, 20_000)
    kind = {"share": 1.0, "intensity": {"kind": "constant", "value": 0.5}}

    def faces(on: str, kinds: dict[str, str]) -> F64:
        config = load_config(overrides=[f"expression.{o}" for o in still]).expression
        table = {name: {**kind, "weights": {unit: 1.0}} for name, unit in kinds.items()}
        chances = {name: p if name == on else 0.0 for name, p in share.items()}
        data = {**config.model_dump(), **chances, "kinds": table}
        data["gestures"] = {"brows": {"up": {**kind, "weights": {"browInnerUp": 1.0}}}}
        data["mixed_intensity"] = {"kind": "constant", "value": 0.5}
        return expression.draw(expression.ExpressionConfig.model_validate(data), draws)

    jaw, brow = ARKIT_UNITS.index("jawOpen"), ARKIT_UNITS.index("browInnerUp")
    both = faces("mixed_share", {"a": "jawOpen", "b": "browInnerUp"})[:, [jaw, brow]] > 0
    stirring = [ARKIT_UNITS.index(u) for u in ("browInnerUp", "mouthPucker", "mouthRollLower")]
    strays = faces("stray_share", {"a": "tongueOut"})[:, stirring] > 0
    random = faces("random_share", {"a": "jawOpen"})
    return {
        "expression.mixed_share": (both.all(axis=1), share["mixed_share"] / 2),
        "expression.stray_share": (strays.ravel(), share["stray_share"]),
        "expression.random_share": (random[:, brow] > 0, share["random_share"]),
    }


def test_everything_happens_as_often_as_declared(seen: Seen) -> None:
    chances = _chances(seen)
    assert set(chances) == {path for path, _ in declared(seen.config, Happens)}
    assert not surprising({path: chance(*what) for path, what in chances.items()})


def _fine(s: Seen) -> NDArray[np.bool_]:
    """Where the environment has enough pixels across the picture to be seen."""
    ratio = 0.5 * s["camera.sensor_width_mm"] / s["camera.focal_length_mm"]
    widths = {name: entry.width_px for name, entry in s.inputs.catalog.hdris.items()}
    across = np.array([widths[name] for name in s["environment.hdri"]]) * np.arctan(ratio) / np.pi
    return np.asarray(across >= s.config.environment.background.least_texels)


def _shares(pool: Pool, s: Seen, where: Any) -> F64:
    female, male = pool.share_female, pool.share_male
    sex = s["identity.sex"][where][:, None]
    return np.asarray(female / female.sum() * (1 - sex) + male / male.sum() * sex)


def _catalogue_choices(s: Seen) -> dict[str, float]:
    """p-values of the ids that were picked, each row's probabilities worked out anew."""
    c, known = s.config, s.inputs.catalog
    everyone = np.ones(N, bool)
    out = {}
    for name, path, entries, where in (
        *((slot, f"{slot}.id", getattr(known, slot), s.has(slot)) for slot in WORN_SLOTS),
        ("facial_hair", "facial_hair.style", known.facial_hair_styles,
         s["facial_hair.style"] != SHAVED),
    ):  # fmt: skip
        pool = Pool.of(entries, name, getattr(c, name).shares)
        out[name] = categorical(s.codes(path, pool.ids, where), _shares(pool, s, where))

    teeth = Pool.of(teeth_sets(), "mouth", c.mouth.shares)
    out["mouth"] = categorical(s.codes("mouth.teeth", teeth.ids, everyone), teeth.share_female)

    hdris = Pool.of(known.hdris, "environment", c.environment.shares)
    even = np.array([e.share for e in known.hdris.values()])
    out["environment"] = categorical(s.codes("environment.hdri", hdris.ids, everyone), even)

    haired = s["hair.style"] != BALD
    behind, kinds = s.has("environment.background"), known.backgrounds
    out["environment.background"] = categorical(
        s.codes("environment.background.kind", tuple(kinds), behind),
        np.array([e.share for e in kinds.values()]),
    )

    styles = Pool.of(known.hair_styles, "hair", c.hair.shares)
    suits = np.array(
        [
            [getattr(c.hair.textures[t], a) if t in c.hair.textures else 1.0 for a in ANCESTRIES]
            for t in styles.attribute("texture", "")
        ]
    )
    under = np.array([c.hair.under_hat.get(i, 1.0) for i in styles.ids])
    weights = _shares(styles, s, haired) * (s.ancestry[haired] @ suits.T)
    young, old = (np.array(styles.attribute(f"{age}_factor", 1.0)) for age in ("young", "old"))
    weights *= young + (old - young) * s.old[haired][:, None]
    weights[s.has("headwear")[haired]] *= under
    out["hair"] = categorical(s.codes("hair.style", styles.ids, haired), weights)

    brown = [max(0.0, (e.colour_srgb[0] - e.colour_srgb[2]) / (e.colour_srgb[0] + e.colour_srgb[2]))
             for e in known.irises.values()]  # fmt: skip
    pigment = 0.6 * (s["skin.monk_tone"] - 1) / 9 + 0.6 * (1 - s["identity.european"])
    pale = np.clip(pigment, 0, 1)[:, None] * (1 - np.array(brown))
    share = np.array([e.share for e in known.irises.values()])
    weights = share * np.exp(-c.eyes.pigment_effect * pale)
    out["eyes"] = categorical(s.codes("eyes.iris", tuple(known.irises), everyone), weights)

    match, skins = c.skin.match, list(known.skins.values())
    man, years = s["identity.sex"] ** 3, s["identity.age_years"]
    man = man / (man + (1 - s["identity.sex"]) ** 3)
    columns = []
    for e in skins:
        sex = man if e.sex == "male" else 1 - man
        group = s[f"identity.{e.ancestry}"]
        columns.append(
            e.share * np.exp(-0.5 * ((years - e.age_years) / match.age_years) ** 2)
            * (match.other_sex + (1 - match.other_sex) * sex)
            * (match.other_ancestry + (1 - match.other_ancestry) * group)
        )  # fmt: skip
    weights = np.stack(columns, axis=-1)
    out["skin"] = categorical(s.codes("skin.texture", tuple(known.skins), everyone), weights)
    return out


def _choices(model: BaseModel, path: str = "") -> Iterator[tuple[str, dict[str, float] | None]]:
    """(path, shares by name) of all choices that a config declares; None are the catalogue's."""
    for name, value in model:
        if isinstance(value, distributions.Categorical):
            yield path + name, value.weights
        elif name == "shares":
            yield path.removesuffix("."), None
        elif isinstance(value, dict) and all(hasattr(v, "share") for v in value.values()) and value:
            yield path + name, {k: v.share for k, v in value.items()}
        elif isinstance(value, BaseModel):
            yield from _choices(value, f"{path}{name}.")


def test_every_choice_falls_as_declared(seen: Seen) -> None:
    p_values = _catalogue_choices(seen)
    choices = dict(_choices(seen.config))
    assert {path for path, shares in choices.items() if shares is None} == set(p_values)
    for path, shares in choices.items():
        if shares is not None:
            assert tuple(shares) in seen.choices, f"{path} is declared, and never drawn"
            picked = np.concatenate(seen.choices[tuple(shares)])
            p_values[path] = categorical(picked, np.array(list(shares.values())))
    dominant = seen.ancestry.argmax(axis=1)
    weights = seen.config.identity.ancestry.weights
    p_values["dominant"] = categorical(dominant, np.array([weights[a] for a in ANCESTRIES]))
    assert len(p_values) >= 14
    assert not surprising(p_values)


@pytest.mark.parametrize("level", [0.02, 0.05])
def test_the_tests_notice_what_is_slightly_wrong(seen: Seen, level: float) -> None:
    """Their power: a few hundredths of a standard deviation or of a share are seen."""
    age = seen["identity.age_years"]
    of = seen.config.identity.age
    assert surprising({"age": continuous(age + 10 * level, of)[0], "other": 0.5})
    assert surprising({"share": chance(seen.has("glasses"), 0.2 + level), "other": 0.5})
