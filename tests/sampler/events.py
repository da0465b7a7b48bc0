"""What happened in drawn scenes, and how probable it was in each row, worked out by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from scipy.special import expit

from assets.catalog import BALD, SHAVED
from sampler import expression, load_config
from sampler.gaze import lens_angles_deg
from sampler.streams import Draws
from spec_schema.frames import camera_from_head_rotation
from spec_schema.spec import ARKIT_UNITS, WORN_SLOTS
from tests.sampler.seen import PAINTS, N, Seen
from tests.sampler.statistics import F64


def by_sex(s: Seen, female: F64 | float, male: F64 | float) -> F64:
    man, woman = s["identity.sex"] ** 3, (1 - s["identity.sex"]) ** 3
    return np.asarray(female + (male - female) * man / (man + woman))


def chances(s: Seen) -> dict[str, tuple[NDArray[np.bool_], F64 | float]]:
    """What happened, and how probable it was in each row, by the path of the declaration."""
    c = s.config
    sex, male = s["identity.sex"], s["identity.sex"] >= 0.5
    young, tone = s.old < 0.5, s["skin.monk_tone"]
    bald = s["hair.style"] == BALD
    bald_p = by_sex(
        s,
        c.hair.bald_female.young + (c.hair.bald_female.old - c.hair.bald_female.young) * s.old,
        c.hair.bald_male.young + (c.hair.bald_male.old - c.hair.bald_male.young) * s.old,
    )
    bearded = s["facial_hair.style"] != SHAVED
    bearded_p = c.facial_hair.bearded.young + s.old * (
        c.facial_hair.bearded.old - c.facial_hair.bearded.young
    )
    made_up = s["skin.makeup"] > 0
    made_up_p = by_sex(s, c.skin.makeup.female_share, c.skin.makeup.male_share)
    freckles = c.skin.freckles
    freckled_p = freckles.share * expit(4 * (freckles.darkest_tone - 1 - tone))
    at_lens, reachable = _at_lens(s)
    out: dict[str, tuple[NDArray[np.bool_], F64 | float]] = {
        "environment.background.environment_share": (
            ~s.has("environment.background")[fine(s)], c.environment.background.environment_share,
        ),
        "gaze.lens_share": (at_lens[reachable], c.gaze.lens_share),
        "skin.freckles.share": (s["skin.freckles"] > 0, freckled_p),
        "skin.makeup.female_share": (made_up[~male], made_up_p[~male]),
        "skin.makeup.male_share": (made_up[male], made_up_p[male]),
        **{
            f"skin.makeup.{a}.share": (s[f"skin.{a}"][made_up] > 0, getattr(c.skin.makeup, a).share)
            for a in PAINTS
        },
        "skin.sweat.share": (s["skin.sweat"] > 0, c.skin.sweat.share),
        **{
            f"skin.scars.{who}_share": (
                s["skin.scars"][sel] > 0,
                by_sex(s, c.skin.scars.female_share, c.skin.scars.male_share)[sel],
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
        "hair.right_part": (s["hair.part_side"] < 0, c.hair.right_part),
        **_hair_chances(s),
        **_photo_chances(s),
        **{
            f"skin.acne.{sex}": (
                (s["skin.acne"] > 0)[who],
                by_sex(
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
        return by_sex(s, *(getattr(of, name.format(sex)) for sex in ("female", "male")))

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
        "photo.turn.share": (s["photo.turn_y_deg"][taken] != 0, c.turn.share),
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


def fine(s: Seen) -> NDArray[np.bool_]:
    """Where the environment has enough pixels across the picture to be seen."""
    ratio = 0.5 * s["camera.sensor_width_mm"] / s["camera.focal_length_mm"]
    widths = {name: entry.width_px for name, entry in s.inputs.catalog.hdris.items()}
    across = np.array([widths[name] for name in s["environment.hdri"]]) * np.arctan(ratio) / np.pi
    return np.asarray(across >= s.config.environment.background.least_texels)
