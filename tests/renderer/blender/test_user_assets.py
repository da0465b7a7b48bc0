"""Users' own light, skins and things in a rendered picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.store import open_store
from assets.user.adding import Stated, add
from assets.user.folder import FOLDER_VARIABLE
from assets.user.shelf import forget
from renderer.sample import render_sample
from renderer.scene import build_scene
from renderer.settings import RenderSettings
from spec_schema.classes import SegmentationClass as C
from tests.assets.user.making import clown_nose, garment_files, skin_files, write_files, write_hdr
from tests.assets.user.test_worn import ITEM
from tests.make_specs import make_spec

pytestmark = pytest.mark.blender
SETTINGS = RenderSettings(size_px=64, samples=2, threads=2)


def test_all_kinds_in_one_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render = pytest.importorskip("renderer.blender.render")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "own"))
    forget()
    sky = np.full((8, 16, 3), 0.4, np.float32)
    for path, stated in (
        (clown_nose(tmp_path / "m"), Stated()),
        (write_files(tmp_path / "c", garment_files()), Stated()),
        (write_files(tmp_path / "s", skin_files()), Stated()),
        (write_hdr(tmp_path / "sky.hdr", sky), Stated(licence="CC0-1.0")),
    ):
        assert add(path, stated, open_store, lambda outcome: None) == 1
    plain: dict[str, Any] = {
        "pose": {"yaw_deg": 20.0, "pitch_deg": 0.0, "roll_deg": 0.0, "z_m": 0.75},
        "skin": {"texture": "user/young_asian_female"},
        "environment": {"hdri": "user/sky"},
    }
    worn = {
        "facewear": {"id": "user/clown-nose", **ITEM},
        "clothing": {"id": "user/little-cape", **ITEM},
    }
    backend = render.Renderer(SETTINGS)
    masks = []
    for spec in (make_spec(**plain), make_spec(**plain, **worn)):
        scene = build_scene(spec, SETTINGS)
        masks.append(backend.render(scene.geometry, spec, scene.camera_from_world).mask)
        nose = np.floor(scene.labels["landmarks"]["image_px"][30]).astype(int)
    bare, dressed = masks
    assert bare[nose[1], nose[0]] == C.NOSE
    assert dressed[nose[1], nose[0]] == C.FACEWEAR
    assert (bare == C.CLOTHING).sum() == 0
    assert (dressed == C.CLOTHING).sum() > 50
    spec = make_spec(**plain, **worn)
    first = render_sample(0, spec, SETTINGS, backend)
    assert render_sample(0, spec, SETTINGS, backend) == first
    forget()
