"""The documentation lists the columns that there are."""

from __future__ import annotations

from pathlib import Path

from spec_schema.arrow import leaves
from spec_schema.columns import columns_table


def test_the_table_of_the_docs_is_that_of_the_schema() -> None:
    text = (Path(__file__).parents[2] / "docs/manifest.md").read_text("utf-8")
    assert columns_table() in text, "python -m spec_schema.columns prints what it should be"


def test_every_column_has_a_row() -> None:
    table = columns_table()
    assert table.count("\n") == len(leaves()) + 2
    assert "| `environment.key_light.power_w` | float32, may be null | >= 0, <= 100000 |" in table
    assert "| `render_seed` | int64 | >= 0, <= 2³² − 1 |" in table
