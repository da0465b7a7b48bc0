"""Everything that a config declares, tested at 100,000 draws against SciPy.

The lists of what is declared come from the config itself, so that a new quantity, probability or
choice fails here until it is drawn and, where it is no plain quantity, said how it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel
from scipy.special import ndtr

from assets.catalog import BALD, SHAVED
from assets.mouth import teeth_sets
from sampler import Inputs, Sampler, SamplerConfig, distributions
from sampler.config_model import Within
from sampler.hair import HairConfig
from sampler.identity import ANCESTRIES
from sampler.pool import Pool
from sampler.quantities import Happens
from sampler.scene import BLOCK_ROWS
from spec_schema.spec import WORN_SLOTS
from tests.sampler.conftest import SHAPE_KEYS
from tests.sampler.events import chances
from tests.sampler.seen import N, Seen, bounded_by_hand
from tests.sampler.statistics import F64, categorical, chance, continuous, declared, surprising

KINDS = [
    kind
    for kind in vars(distributions).values()
    if isinstance(kind, type) and issubclass(kind, BaseModel) and hasattr(kind, "ppf")
]


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


def test_every_column_that_holds_a_quantity_holds_it(seen: Seen) -> None:
    of = dict(declared(seen.config, Within))
    p_values = {
        f"{path}/{k}": p
        for path, values in bounded_by_hand(seen).items()
        for k, p in enumerate(continuous(values, of[path], precision=1e-6))
    }
    assert len(p_values) > 65
    assert not surprising(p_values)


def _trend(s: Seen, key: str) -> F64:
    """What sex, age, weight and ancestry make of a key on average."""
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
        + sum(getattr(t, name) * s[f"identity.{name}"] for name in ANCESTRIES)
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


def test_everything_happens_as_often_as_declared(seen: Seen) -> None:
    happened = chances(seen)
    assert set(happened) == {path for path, _ in declared(seen.config, Happens)}
    assert not surprising({path: chance(*what) for path, what in happened.items()})


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
    own = c.environment.shares
    declared = np.array([own.get(name, e.share) for name, e in known.hdris.items()])
    out["environment"] = categorical(s.codes("environment.hdri", hdris.ids, everyone), declared)

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
    weights *= _lengths(c.hair, styles, s, haired)
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


def _lengths(hair: HairConfig, styles: Pool, s: Seen, haired: NDArray[np.bool_]) -> F64:
    """How much rarer or more frequent sex, age and loss make each style."""
    sex, old = s["identity.sex"][haired, None] ** 3, s.old[haired, None]
    man = sex / (sex + (1 - s["identity.sex"][haired, None]) ** 3)
    lost = np.maximum(s["hair.recession"], s["hair.thinning"])[haired, None]
    out = np.ones((haired.sum(), len(styles.ids)))
    for k, name in enumerate(styles.attribute("length_class", "")):
        if (of := hair.lengths.get(name)) is not None:
            female = of.young_female + (of.old_female - of.young_female) * old
            male = of.young_male + (of.old_male - of.young_male) * old
            out[:, [k]] = female + (male - female) * man
        if name in ("medium", "long", "tied"):
            out[:, [k]] *= 1 - hair.loss_crops * np.clip(2 * lost, 0, 1) * man
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
