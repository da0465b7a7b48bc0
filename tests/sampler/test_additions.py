"""What is added to the sampler changes nothing that was there."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sampler import Inputs, Sampler, SamplerConfig, eyes, wear
from sampler.columns import Columns
from sampler.scene import BLOCK_ROWS
from sampler.staging import Staged
from sampler.streams import Draws

N = 6000


class WithEarrings(Sampler):
    """One component more, drawn before all others."""

    def __init__(self, config: SamplerConfig, inputs: Inputs, seed: int, split: str) -> None:
        super().__init__(config, inputs, seed, split)
        kind = self.schema.field("glasses").type
        self.schema = self.schema.append(pa.field("earrings", kind))

    def _columns(self, first: int) -> tuple[Columns, Staged]:
        draws = self._draws("earrings", first, BLOCK_ROWS, 1)
        person = self._person(first, BLOCK_ROWS, 1)
        earrings = wear.draw(self.config.glasses, draws, "glasses", self._pools.worn, person, [])
        columns, staged = super()._columns(first)
        return {**columns, "earrings": earrings.column}, staged


@pytest.fixture(scope="module")
def plain(sampler: Sampler) -> pa.Table:
    return sampler.draw(0, N)


def test_a_component_more_changes_no_other_column(
    plain: pa.Table, config: SamplerConfig, inputs: Inputs
) -> None:
    more = WithEarrings(config, inputs, 7, "train").draw(0, N)
    assert more.column_names == [*plain.column_names, "earrings"]
    assert 0 < more.column("earrings").null_count < N
    assert more.column("earrings") != more.column("glasses")
    for name in plain.column_names:
        assert more.column(name) == plain.column(name), name


def test_a_field_more_changes_no_other_field(
    plain: pa.Table, config: SamplerConfig, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    draw = eyes.draw

    def with_sparkle(config: eyes.EyesConfig, draws: Draws, *rest: object) -> Columns:
        drawn.append(draws.uniform("sparkle"))
        columns = draw(config, draws, *rest)  # type: ignore[arg-type]
        drawn.append(draws.uniforms("glitter", 3))
        return columns

    monkeypatch.setattr(eyes, "draw", with_sparkle)
    assert Sampler(config, inputs, 7, "train").draw(0, N) == plain
    assert drawn
