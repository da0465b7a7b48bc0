"""Photographs as backgrounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assets.background import background
from assets.catalog import Catalog
from assets.store import open_store
from assets.user.adding import Stated, add
from spec_schema.errors import AssetError
from spec_schema.spec import BackgroundSpec
from tests.assets.background.test_background import PLAIN


def _photograph(folder: Path) -> Path:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[:, 150:] = [200, 120, 40]
    path = folder / "street.png"
    Image.fromarray(pixels).save(path)
    return path


def test_a_photograph_becomes_a_background(own: Path, tmp_path: Path) -> None:
    assert add(_photograph(tmp_path), Stated(licence="CC0-1.0"), open_store, lambda _: None) == 1
    entry = Catalog.load().backgrounds["user/street"]
    assert entry.share == 1
    spec = BackgroundSpec.model_validate({**PLAIN, "kind": "user/street"})
    picture = background(spec)
    left, right = picture[:, :150].mean((0, 1)), picture[:, -150:].mean((0, 1))
    assert right[0] > 20 * max(left[0], 1e-3)
    assert right[0] > 2 * right[1] > 4 * right[2]
    assert picture.mean() == pytest.approx(0.35, abs=0.02)


def test_what_is_no_photograph_is_refused(own: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="licence"):
        add(_photograph(tmp_path), Stated(), open_store, lambda _: None)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    with pytest.raises(AssetError, match=r"broken\.jpg: can't be read as a picture"):
        add(broken, Stated(licence="CC0-1.0"), open_store, lambda _: None)
    small = tmp_path / "small.png"
    Image.new("RGB", (20, 90)).save(small)
    with pytest.raises(AssetError, match="is 20 x 90"):
        add(small, Stated(licence="CC0-1.0"), open_store, lambda _: None)
    with pytest.raises(AssetError, match="no_such_kind"):
        background(BackgroundSpec.model_validate({**PLAIN, "kind": "no_such_kind"}))
