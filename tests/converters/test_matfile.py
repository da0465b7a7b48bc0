from __future__ import annotations

import numpy as np
import pytest

from converters.matfile import mat_bytes, read_mat
from spec_schema import DatasetError

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "roi": np.ones((1, 4), np.int16)}


def test_it_reads_back() -> None:
    back = read_mat(mat_bytes(ARRAYS), "x.mat")
    assert list(back) == ["a", "roi"]
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(back[key], array)
        assert back[key].dtype == array.dtype


def test_it_holds_no_date() -> None:
    text = mat_bytes(ARRAYS)[:116]
    assert text.rstrip() == b"MATLAB 5.0 MAT-file, written by Replicantface"


@pytest.mark.parametrize("data", [b"", b"no .mat at all", mat_bytes(ARRAYS)[:170]])
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(DatasetError, match=r"x\.mat: not a readable"):
        read_mat(data, "x.mat")
