from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from converters import rle
from spec_schema import DatasetError

masks = hnp.arrays(
    bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.booleans()
)


def theirs(mask: np.ndarray) -> dict[str, object]:
    found = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(found["size"]), "counts": found["counts"].decode()}


@given(masks)
def test_it_is_what_pycocotools_writes(mask: np.ndarray) -> None:
    assert rle.encode(mask) == theirs(mask)
    np.testing.assert_array_equal(rle.decode(theirs(mask)), mask)


@pytest.mark.parametrize("kind", ["empty", "full", "long runs", "one pixel"])
def test_long_runs_take_several_groups(kind: str) -> None:
    mask = np.zeros((700, 500), bool)
    if kind == "full":
        mask[:] = True
    elif kind == "long runs":
        mask[:, 100:390] = True
        mask[5:600, 400] = True
    elif kind == "one pixel":
        mask[3, 7] = True
    assert rle.encode(mask) == theirs(mask)
    np.testing.assert_array_equal(rle.decode(rle.encode(mask)), mask)


def test_runs_that_do_not_fill_the_mask() -> None:
    with pytest.raises(DatasetError, match="runs of 6 pixels in a mask of 3×3"):
        rle.decode({"size": [3, 3], "counts": rle.encode(np.zeros((2, 3), bool))["counts"]})
