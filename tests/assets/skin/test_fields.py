"""Shared skin fields: drawn where the mesh is, cached whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import assets.skin.constants as constants_module
from assets.skin import SkinFields
from assets.skin.field_cache import cached
from assets.skin.uv_raster import draw_quads


def test_raster_interpolates_corner_values() -> None:
    quads = np.array([[0, 1, 2, 3]], np.int32)
    uv = np.array([[[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]], np.float32)
    raster = draw_quads(quads, uv, (0, 1, 0, 1), 64)
    values = raster.draw(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32))
    at = (np.arange(64) + 0.5) / 64
    inside = (at > 0.26) & (at < 0.74)
    across = np.broadcast_to((at - 0.25) * 2, (64, 64))[np.ix_(inside, inside)]
    np.testing.assert_allclose(values[..., 0][np.ix_(inside, inside)], across, atol=1e-5)
    np.testing.assert_allclose(values[..., 1][np.ix_(inside, inside)], across.T, atol=1e-5)
    assert (raster.gutter_texels[np.ix_(inside, inside)] == 0).all()
    assert raster.gutter_texels[0, 32] == pytest.approx(16, abs=1)


def test_features_lie_where_the_face_has_them(fields: SkinFields) -> None:
    rest = np.repeat(np.repeat(fields.rest_quarter_m, 4, 0), 4, 1)
    for name, height_m in (("lips", 0.660), ("eyelids", 0.728), ("under_eye", 0.717)):
        weight = fields.maps[name] * (fields.maps["reach"] > 0.99)
        centre = (rest * weight[..., None]).sum((0, 1)) / weight.sum()
        assert centre[1] == pytest.approx(height_m, abs=0.004), name
        assert abs(centre[0]) < 0.003, name


def test_window_is_symmetric(fields: SkinFields) -> None:
    """Spots are mirrored by flipping rows, which must land on the mirrored place."""
    rest = fields.rest_quarter_m[4:-4, 4:-4]
    face = fields.maps["face"][2::4, 2::4][4:-4, 4:-4] > 0.5
    off = rest[::-1] * [-1, 1, 1] - rest
    assert np.median(np.linalg.norm(off[face], axis=-1)) < 0.002


def test_every_noise_is_about_zero(fields: SkinFields) -> None:
    for name in ("mid0", "mid1", "mid2", "fine", "lip_lines"):
        assert abs(fields.maps[name].mean()) < 0.06, name
        assert 0.1 < fields.maps[name].std() < 0.5, name


def test_cache_is_computed_once_and_survives_damage(tmp_path: Path) -> None:
    calls = []

    def compute() -> dict[str, np.ndarray]:
        calls.append(1)
        return {"a": np.arange(5.0), "b": np.ones((2, 2), np.int32)}

    lock = {"head": "00"}
    for _ in range(2):
        np.testing.assert_array_equal(cached(tmp_path, lock, 8, compute)["a"], np.arange(5.0))
    assert len(calls) == 1
    (home,) = tmp_path.iterdir()
    (home / "a.npy").write_bytes(b"half")
    np.testing.assert_array_equal(cached(tmp_path, lock, 8, compute)["a"], np.arange(5.0))
    assert len(calls) == 2


def test_cache_asks_only_for_what_fields_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    known = constants_module.constants()
    before = constants_module.fields_digest()
    redder = known.model_copy(update={"lips": known.lips.model_copy(update={"roughness": 0.9})})
    wider = known.model_copy(
        update={"nostril": known.nostril.model_copy(update={"radii_m": (0.01, 0.01)})}
    )
    monkeypatch.setattr(constants_module, "constants", lambda: redder)
    assert constants_module.fields_digest() == before
    monkeypatch.setattr(constants_module, "constants", lambda: wider)
    assert constants_module.fields_digest() != before


def test_cache_keeps_one_set_a_resolution(tmp_path: Path) -> None:
    def compute() -> dict[str, np.ndarray]:
        return {"a": np.arange(5.0)}

    old = cached(tmp_path, {"head": "00"}, 8, compute)["a"]
    cached(tmp_path, {"head": "00"}, 16, compute)
    cached(tmp_path, {"head": "01"}, 8, compute)
    assert sorted(p.name.split("-")[2] for p in tmp_path.iterdir()) == ["16", "8"]
    np.testing.assert_array_equal(old, np.arange(5.0))
