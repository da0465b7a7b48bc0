"""Optional outputs are known wherever a sample's time, size or files are."""

from __future__ import annotations

import pytest

from renderer.description import OUTPUT_FILES
from renderer.folder import sample_bytes
from renderer.settings import OUTPUT_COSTS, OUTPUTS, RenderSettings
from renderer.supervisor import Limits

PLAIN = RenderSettings()


def test_the_tables_name_the_outputs() -> None:
    assert set(OUTPUT_COSTS) == set(OUTPUT_FILES) == set(OUTPUTS)
    suffixes = [s for files in OUTPUT_FILES.values() for s in files]
    assert len(set(suffixes)) == len(suffixes)


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_takes_time_and_space_and_makes_another_dataset(name: str) -> None:
    with_it = RenderSettings(outputs=(name,))
    assert with_it.content() != PLAIN.content()
    assert sample_bytes(with_it) > sample_bytes(PLAIN)
    assert Limits.for_settings(with_it).item_s > Limits.for_settings(PLAIN).item_s


def test_outputs_have_one_order() -> None:
    backwards = RenderSettings(outputs=(*reversed(OUTPUTS), OUTPUTS[0]))
    assert backwards.outputs == tuple(sorted(OUTPUTS))
    assert backwards.content() == RenderSettings(outputs=OUTPUTS).content()
