"""The data card says what the manifest holds."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sampler import Inputs, Sampler, load_config
from sampler.card import Measured, data_card, measured_cost
from sampler.writing import write_manifest
from spec_schema import Manifest
from spec_schema.errors import DatasetError
from tests.converters.report.made import write_reported

ROWS = 600


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory, inputs: Inputs) -> Manifest:
    path = tmp_path_factory.mktemp("card") / "manifest.parquet"
    write_manifest(Sampler(load_config(), inputs, 3, "test"), 0, ROWS, path)
    return Manifest(path)


def cells(card: str, first: str) -> list[str]:
    """The cells of a table's line after its first one."""
    line = next(line for line in card.splitlines() if line.startswith(f"| {first} |"))
    return [c.strip() for c in line.strip("|").split("|")][1:]


def test_the_card_counts_the_rows(manifest: Manifest) -> None:
    card = data_card(manifest, "a set")
    assert card.startswith("# a set\n")
    assert cells(card, "scenes") == [f"{ROWS}"]
    assert cells(card, "split") == ["test"]
    table: pa.Table = manifest.table()
    female = pc.less(pc.struct_field(table.column("identity"), "sex"), 0.5)
    share = pc.mean(female.cast(pa.float64())).as_py()
    assert cells(card, "female (under 0.5)")[0] == f"{100 * share:.1f} %"
    yaw = pc.struct_field(table.column("pose"), "yaw_deg")
    assert cells(card, "yaw, °")[0] == f"{pc.mean(yaw).as_py():.2f}"
    worn = 1 - table.column("glasses").null_count / ROWS
    assert cells(card, "glasses")[0].startswith(f"{100 * worn:.1f} %")


def test_shares_of_bands_sum_to_all(manifest: Manifest) -> None:
    card = data_card(manifest, "a set")
    section = card.split("| yaw, either side | share |")[1].split("##")[0]
    assert sum(map(float, re.findall(r"([\d.]+) %", section))) == pytest.approx(100, abs=0.4)


def test_gaps_and_licences_stand_in_it(manifest: Manifest) -> None:
    card = data_card(manifest, "a set")
    assert "Adults only" in card
    assert "Thin, under 1.0 %" in card
    assert "CC0-1.0" in card
    assert data_card(manifest, "a set") == card


def test_the_cost_is_what_was_measured(manifest: Manifest) -> None:
    card = data_card(manifest, "a set", Measured(12, 30.0, "640 px, 16 samples a pixel"))
    assert f"all {ROWS} at that are 5.0 CPU hours" in card
    assert "Not measured yet" in data_card(manifest, "a set")


def test_seconds_are_read_from_the_journal(tmp_path: Path) -> None:
    dataset = write_reported(tmp_path / "dataset", 4)
    cost = measured_cost(dataset)
    assert cost.samples == 4
    assert cost.cpu_s == pytest.approx((1.5 + 2.5 + 3.5 + 4.5) / 4 + 0.5)
    (dataset / "journal" / "index.parquet").unlink()
    with pytest.raises(DatasetError, match="missing"):
        measured_cost(dataset)
