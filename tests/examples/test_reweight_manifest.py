from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow.parquet as pq
import pytest

from sampler import Inputs
from spec_schema import Manifest
from tests.sampler.conftest import inputs as plain_inputs
from tests.sampler.tables import column, values

__all__ = ["plain_inputs"]  # a fixture

SCRIPT = Path(__file__).parents[2] / "examples" / "reweight_manifest.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reweight_manifest", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def inputs(plain_inputs: Inputs) -> Inputs:
    """With sunglasses among the glasses."""
    glasses = dict(plain_inputs.catalog.glasses)
    first = next(iter(glasses.values()))
    glasses["sun_round"] = dataclasses.replace(first, id="sun_round")
    catalog = dataclasses.replace(plain_inputs.catalog, glasses=glasses)
    return dataclasses.replace(plain_inputs, catalog=catalog)


@pytest.fixture(scope="module")
def folder(example: ModuleType, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reweighted")
    drawn = example.draw_candidates(out / "candidates.parquet", 12_000, inputs)
    example.reweighted(drawn, 600, out / "manifest.parquet")
    return out


def test_what_is_picked_is_a_manifest_of_the_candidates(folder: Path) -> None:
    drawn, picked = (Manifest(folder / f"{n}.parquet") for n in ("candidates", "manifest"))
    picked.validate()
    assert len(picked) == 600
    assert picked.info == drawn.info
    table, whole = picked.table(), drawn.table()
    rows = values(table, "sample.index").astype(int)
    assert np.all(np.diff(rows) > 0)
    assert table.equals(whole.take(rows))


def test_the_filters_hold(folder: Path) -> None:
    before, table = (pq.read_table(folder / f"{n}.parquet") for n in ("candidates", "manifest"))
    assert "sun_round" in column(before, "glasses.id").to_pylist()
    assert set(column(table, "glasses.id").to_pylist()) == {None, "round", "square"}
    assert values(before, "pose.z_m").max() > 2.5
    assert values(table, "pose.z_m").max() < 2.5
    assert np.abs(values(before, "pose.yaw_deg")).max() > 75
    assert np.abs(values(table, "pose.yaw_deg")).max() < 75


def test_yaw_is_even_and_dark_skin_counts_twice(folder: Path) -> None:
    table = pq.read_table(folder / "manifest.parquet")
    yaw = values(table, "pose.yaw_deg")
    counts = np.histogram(yaw, np.arange(-75, 76, 15))[0]
    # Ten bins of 60, uneven only by chance: within five standard deviations. Among the
    # candidates the middle bins hold seven times as many as the outermost.
    assert counts.sum() == 600
    assert np.abs(counts - 60).max() < 5 * np.sqrt(60)
    dark = (values(table, "skin.monk_tone") > 5.5).mean()
    assert dark == pytest.approx(2 / 3, abs=0.06)


def test_the_documented_command_stands_in_the_script() -> None:
    command = "make setup && .venv/bin/python examples/reweight_manifest.py"
    assert command in SCRIPT.read_text("utf-8")
    assert command in (SCRIPT.parents[1] / "docs" / "sampler.md").read_text("utf-8")
