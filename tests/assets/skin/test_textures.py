"""Skin textures of any size: large ones keep their own marks, where they are painted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from assets.geometry import F32Array
from assets.skin import SkinFields, compose
from assets.skin.constants import constants
from assets.skin.head_mesh import HeadMesh
from assets.skin.vertex_colour import BaseColours
from assets.store import Store
from tests.make_specs import make_spec

CHEEK_UV = (0.88, 0.40)


class Painted(BaseColours):
    """Even skin with one red mark of 3 % of the picture's width on a cheek."""

    size = 1024

    def _texture(self, texture: str) -> F32Array:
        out = np.full((self.size, self.size, 3), (0.5, 0.3, 0.2), np.float32)
        at = (np.arange(self.size) + 0.5) / self.size
        off = np.hypot(at[None, :] - CHEEK_UV[0], (1 - at)[:, None] - CHEEK_UV[1])
        if texture == "marked":
            out[off < 0.004] *= np.float32([0.9, 0.5, 0.6])
        return out


@pytest.fixture(scope="module", params=[1024, 1536])
def painted(request: pytest.FixtureRequest, store: Store) -> Painted:
    colours = Painted(store, HeadMesh.of(store), constants())
    colours.size = request.param
    return colours


def test_a_mark_is_found_where_it_is_painted(painted: Painted, fields: SkinFields) -> None:
    detail = painted.detail("marked", fields.half)
    assert detail.haemoglobin is not None
    n = fields.resolution
    row, column = np.unravel_index(int(detail.haemoglobin.argmax()), (n, n))
    u0, u1, v0, v1 = fields.window
    assert (column + 0.5) / n * (u1 - u0) + u0 == pytest.approx(CHEEK_UV[0], abs=0.006)
    assert (row + 0.5) / n * (v1 - v0) + v0 == pytest.approx(CHEEK_UV[1], abs=0.006)
    assert detail.haemoglobin.max() > 0.2
    away = np.abs(detail.haemoglobin) > 0.1
    assert away.mean() < 0.01


def test_the_mark_reaches_the_skin_and_nothing_else(painted: Painted, fields: SkinFields) -> None:
    own = dataclasses.replace(fields, base=painted)
    plain, marked = (
        compose(make_spec(skin={"texture": t}), own).colour for t in ("even", "marked")
    )
    changed = np.abs(marked / plain - 1).max(-1) > 0.05
    assert 1 <= changed.sum() < 0.01 * changed.size
    assert marked[changed].mean() < plain[changed].mean()


def test_small_textures_give_no_marks(painted: Painted, fields: SkinFields, store: Store) -> None:
    small = Painted(store, HeadMesh.of(store), constants())
    small.size = 512
    assert small.detail("marked", fields.half).haemoglobin is None
