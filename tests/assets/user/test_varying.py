"""The drawn size and tilt on users' things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from assets.accessories.fit import F64Array
from assets.geometry import SurfaceMaterial
from assets.head import load_head_model
from assets.store import Store, open_store
from assets.user.adding import Stated, add
from assets.user.gltf import read_glb
from assets.user.varying import mirror_images, other_side
from assets.user.worn import build_user_item
from spec_schema.spec import Item
from tests.assets.accessories.test_accessories import make_item
from tests.assets.user.making import clown_nose
from tests.make_specs import make_spec

LANDMARK = '[attachment]\nmode = "landmark"\nframe = "left_ear"\noffset_mm = [20, 0, 0]\n'


def at_landmark(folder: Path, entry: str, material: PBRMaterial | None = None) -> Path:
    """A ball about its own origin, with its TOML file."""
    path = clown_nose(folder, entry=entry)
    ball = trimesh.creation.icosphere(2, 0.012)
    uv = np.random.default_rng(1).random((len(ball.vertices), 2))
    ball.visual = TextureVisuals(uv=uv, material=material or PBRMaterial())
    ball.export(path)
    return path


def placed(item: Item, store: Store) -> F64Array:
    """(n, 3) vertices on an upright head."""
    made = build_user_item(item, load_head_model(store).build(make_spec()), store)
    return made.meshes[0].vertices_m.astype(np.float64)


def width(points: F64Array) -> float:
    return float(np.ptp(points, axis=0).max())


@pytest.mark.parametrize("fit", ["rigid", "soft"])
def test_size_makes_a_thing_larger(own: Path, tmp_path: Path, store: Store, fit: str) -> None:
    entry = f'[attachment]\nfit = "{fit}"\n'
    add(clown_nose(tmp_path / "m", entry=entry), Stated(), open_store, lambda o: None)
    plain, large = (placed(make_item("user/clown-nose", size=s), store) for s in (1.0, 1.15))
    assert width(large) > 1.05 * width(plain)


def test_a_pair_is_scaled_each_at_its_own_ear(own: Path, tmp_path: Path, store: Store) -> None:
    path = at_landmark(tmp_path / "m", LANDMARK + "mirror = true\n")
    add(path, Stated(), open_store, lambda o: None)
    middles = []
    for size in (1.0, 1.2):
        points = placed(make_item("user/clown-nose", size=size), store)
        left = points[:, 0] > points[:, 0].mean()
        middles.append([points[left].mean(0), points[~left].mean(0)])
    apart = [np.linalg.norm(a - b) for a, b in middles]
    assert apart[1] - apart[0] == pytest.approx(2 * 0.2 * 0.02, abs=0.002)


def test_tilt_turns_about_the_forward_axis(own: Path, tmp_path: Path, store: Store) -> None:
    entry = LANDMARK.replace("left_ear", "nose_tip").replace("[20, 0, 0]", "[30, 0, 20]")
    add(at_landmark(tmp_path / "m", entry), Stated(), open_store, lambda o: None)
    level, raised = (
        placed(make_item("user/clown-nose", tilt_deg=t), store).mean(0) for t in (0.0, 10.0)
    )
    assert raised[1] - level[1] > 0.003  # the subject's left goes up


def test_mirror_images_are_known() -> None:
    points = np.arange(12.0).reshape(4, 3) + 1
    assert mirror_images(np.concatenate([points, points * [-1, 1, 1]]))
    assert not mirror_images(np.concatenate([points, points]))
    assert [other_side(f) for f in ("left_ear", "right_ear", "chin")] == [
        "right_ear", "left_ear", "chin",
    ]  # fmt: skip


def test_normals_and_roughness_of_a_glb_come_along(own: Path, tmp_path: Path, store: Store) -> None:
    pictures: dict[str, Any] = {
        name: Image.fromarray(np.full((8, 8, 3), value, np.uint8))
        for name, value in {
            "baseColorTexture": (200, 20, 20),
            "normalTexture": (128, 200, 220),
            "metallicRoughnessTexture": (0, 51, 255),
        }.items()
    }
    material = PBRMaterial(roughnessFactor=1.0, metallicFactor=0.5, **pictures)
    path = at_landmark(tmp_path / "m", LANDMARK, material)
    assert set(read_glb(path.read_bytes(), "x").normals) == {0}
    add(path, Stated(), open_store, lambda o: None)
    head = load_head_model(store).build(make_spec())
    made = build_user_item(make_item("user/clown-nose"), head, store).meshes[0].material
    assert isinstance(made, SurfaceMaterial)
    assert made.normal_map is not None
    assert made.normal_map[0, 0] == pytest.approx(np.array([128, 200, 220]) / 255)
    assert made.shine_map is not None
    assert made.shine_map[0, 0] == pytest.approx(np.array([0.2, 1.0]), abs=1e-6)
    assert (made.roughness, made.metallic) == (1.0, 0.5)
