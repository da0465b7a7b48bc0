"""What a manifest says of the photographs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sampler import Inputs, Sampler, load_config
from spec_schema.errors import SpecError

ROWS = 4096


def drawn(inputs: Inputs, *overrides: str) -> pa.Table:
    return Sampler(load_config(overrides=overrides), inputs, 3, "train").draw(0, ROWS)


def values(table: pa.Table, name: str) -> np.ndarray:
    column = table.column("photo").combine_chunks()
    return np.asarray(pc.struct_field(column, name).drop_null())


def test_shares(inputs: Inputs) -> None:
    table = drawn(inputs, "photo.share=0.5", "photo.jpeg.share=0.25", "photo.infrared.share=0.1")
    n = ROWS - table.column("photo").null_count
    assert n / ROWS == pytest.approx(0.5, abs=0.03)
    assert (values(table, "jpeg_quality") > 0).mean() == pytest.approx(0.25, abs=0.03)
    assert values(table, "infrared").mean() == pytest.approx(0.1, abs=0.025)


def test_little_light_means_few_electrons(inputs: Inputs) -> None:
    fixed = ("photo.share=1", 'photo.electrons={kind="constant",value=8000}')
    table = drawn(inputs, *fixed, "photo.light_ev.environment=-3")
    scheme = table.column("environment").combine_chunks().field("scheme").to_numpy(False)
    electrons = values(table, "electrons")
    assert set(electrons[scheme == "environment"]) == {1000.0}
    assert set(electrons[scheme == "key"]) == {8000.0}


def test_an_unknown_scheme_is_refused(inputs: Inputs) -> None:
    with pytest.raises(SpecError, match=r"photo\.light_ev: no lighting scheme 'low_lihgt'.*low_li"):
        drawn(inputs, "photo.light_ev.low_lihgt=-3")


def test_none_where_none_is_asked_for(inputs: Inputs) -> None:
    assert drawn(inputs, "photo.share=0").column("photo").null_count == ROWS
