from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sampler import Inputs, Sampler, load_config
from sampler.config_model import Within, quantity_paths
from sampler.copula import ComponentConfig
from sampler.streams import Draws
from spec_schema.errors import SpecError
from tests.sampler.statistics import continuous, declared, surprising

N = 20_000
COMPONENTS = {name: type(part) for name, part in load_config() if isinstance(part, ComponentConfig)}


def rank_correlation(pearson: float) -> float:
    """Of a Gaussian copula (Kruskal 1958)."""
    return float(6 / np.pi * np.arcsin(pearson / 2))


def test_marginals_stay_and_ranks_move_together() -> None:
    config = load_config(
        overrides=["pose.correlation.yaw.roll=0.4", "pose.correlation.roll={pitch=-0.6}"]
    ).pose
    draws = Draws(3, "train", "pose", 0, N, copula=config.copula)
    values = {name: getattr(config, name).ppf(draws.uniform(name))
              for name in ("yaw", "pitch", "roll")}  # fmt: skip
    assert not surprising({k: continuous(v, getattr(config, k))[0] for k, v in values.items()})
    for a, b, pearson in (("yaw", "roll", 0.4), ("pitch", "roll", -0.6), ("yaw", "pitch", 0.0)):
        got = stats.spearmanr(values[a], values[b]).statistic
        assert got == pytest.approx(rank_correlation(pearson), abs=0.03)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_quantity_of_every_component_can_be_correlated(
    component: str, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream that a quantity is drawn from goes by the name that correlations know."""
    model = COMPONENTS[component]
    names = [p for p in quantity_paths(model) if p not in model.drawn_apart]
    names += model.named_freely
    assert len(names) > 1
    asked: set[str] = set()
    uniforms = Draws.uniforms

    def noted(self: Draws, field: str, width: int) -> object:
        if self.component == component:
            asked.add(field)
        return uniforms(self, field, width)

    monkeypatch.setattr(Draws, "uniforms", noted)
    Sampler(load_config(), inputs, 0, "train").draw(0, 1)
    assert set(names) <= asked


def test_only_what_is_correlated_changes(inputs: Inputs) -> None:
    plain, moved = (
        Sampler(load_config(overrides=o), inputs, 7, "train").draw(0, 500)
        for o in ([], ['eyes.correlation."pupil.spread".redness=0.5'])
    )
    assert [n for n in plain.column_names if plain.column(n) != moved.column(n)] == ["eyes"]


def test_correlations_are_printed_and_read_back() -> None:
    config = load_config(overrides=['environment.correlation.jitter."key_light.ratio"=0.3'])
    again = type(config).model_validate(config.model_dump())
    assert again == config
    assert again.environment.copula is not None
    assert again.environment.copula.names == ("jitter", "key_light.ratio")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "pose.correlation.yaw.rol=0.4",
            "pose: no quantity 'rol' to correlate; did you mean 'roll'",
        ),
        ("pose.correlation.yaw.yaw=0.4", "'yaw' can't be correlated with itself"),
        ("pose.correlation={yaw={roll=0.1},roll={yaw=0.1}}", "given twice"),
        ("pose.correlation.yaw.roll=1", "must be less than 1"),
        ("pose.correlation.yaw.roll=nan", "must be a finite number"),
        ("pose.correlation.yaw=0.3", "must be a table"),
        ("camera.correlation.blur.face_size=0.3", "no quantity 'blur' to correlate"),
        (
            "pose.correlation={yaw={roll=0.9,pitch=0.9},roll={pitch=-0.9}}",
            "not positive definite); all of them times 0.55 would do",
        ),
    ],
)
def test_impossible_correlations_are_refused(override: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_config(overrides=[override])
    assert message in str(caught.value)


def test_quantities_that_are_no_scalars_are_known() -> None:
    """All that a config declares is correlatable, or named as what it is."""
    config = load_config()
    for component, model in COMPONENTS.items():
        paths = {p for p, _ in declared(getattr(config, component), Within)}
        plain = set(quantity_paths(model))
        left = {p for p in paths if p not in plain and p.rpartition(".")[0] not in plain}
        for path in left:
            table, _, name = path.split(".", 2)
            assert table == "kinds" or name in model.named_freely, path
