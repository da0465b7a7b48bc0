"""msgpack records with arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spec_schema import DatasetError, packb, unpackb

numeric = st.one_of(hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.boolean_dtypes())


@given(hnp.arrays(numeric, hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)))
def test_arrays_round_trip(array: np.ndarray) -> None:
    back = unpackb(packb({"a": array}))["a"]
    assert back.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(back, array)


def test_equal_values_give_equal_bytes() -> None:
    a = np.arange(6, dtype=">f4").reshape(2, 3)
    assert packb({"k": a}) == packb({"k": a.astype("<f4")})


def test_objects_do_not_travel() -> None:
    with pytest.raises(TypeError):
        packb({"a": np.array([object()])})
    with pytest.raises(TypeError):
        packb({"a": object()})


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_cut_records_are_refused(cut: int) -> None:
    with pytest.raises(DatasetError):
        unpackb(packb({"a": np.zeros(8)})[:-cut])
