"""``.blend`` files: opened without running what is in them, and the reference head as one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assets.store import Store
from assets.user.blend import blend_to_glb, glb_to_blend
from assets.user.gltf import read_glb
from assets.user.head_files import write_reference_head
from assets.user.reference import reference
from spec_schema.errors import AssetError
from tests.assets.user.making import ball

pytestmark = pytest.mark.blender

MAKE = """
import bpy, os, sys
target, token = sys.argv[1:3]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=0.02, location=(0.03, -0.16, 0.7))
cube = bpy.context.object
cube.name = "box"
material = bpy.data.materials.new("red")
material.use_nodes = True
material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.6, 0.0, 0.0, 1)
material.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.25
cube.data.materials.append(material)
mirror = cube.modifiers.new("mirror", "MIRROR")
mirror.mirror_object = bpy.data.objects.new("middle", None)
bpy.context.scene.collection.objects.link(mirror.mirror_object)
bpy.ops.mesh.primitive_cube_add(size=0.2)
bpy.context.object.name = "reference_head"
write = f"open({token!r}, 'w').write('ran')"
text = bpy.data.texts.new("evil.py")
text.write("import bpy\\n" + write)
text.use_module = True
curve = mirror.mirror_object.driver_add("location", 2)
curve.driver.type = "SCRIPTED"
curve.driver.expression = f"__import__('builtins').exec({write!r}) or 0.03"
bpy.ops.wm.save_as_mainfile(filepath=target)
sys.stdout.flush()
os._exit(0)
"""

OPEN_TRUSTING = """
import bpy, os, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[1], use_scripts=True)
bpy.context.view_layer.update()
os._exit(0)
"""


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file whose text block and driver write a token when they run."""
    folder = tmp_path_factory.mktemp("blend")
    file, token = folder / "evil.blend", folder / "token"
    call = [sys.executable, "-c", MAKE, str(file), str(token)]
    subprocess.run(call, check=True, capture_output=True)
    token.unlink(missing_ok=True)
    return file, token


def test_scripts_do_not_run_and_meshes_arrive(evil: tuple[Path, Path]) -> None:
    file, token = evil
    shape = read_glb(blend_to_glb(file), "evil.blend")
    assert not token.exists()
    # Modifiers applied, the reference head left out, Blender's axes turned into ours.
    assert len(shape.faces) == 24
    assert np.allclose(shape.points.mean(0), (0.0, 0.7, 0.16), atol=1e-4)
    assert np.allclose(np.abs(shape.points[:, 0]).mean(), 0.03, atol=1e-4)
    assert shape.materials[0].colour == pytest.approx((0.6, 0.0, 0.0), abs=0.01)
    assert shape.materials[0].roughness == pytest.approx(0.25, abs=0.01)
    # A cube's edges stay hard: each corner is three vertices.
    assert len(shape.points) == 48


def test_the_file_is_one_that_would_run(evil: tuple[Path, Path]) -> None:
    file, token = evil
    call = [sys.executable, "-c", OPEN_TRUSTING, str(file)]
    subprocess.run(call, check=True, capture_output=True)
    assert token.exists()
    token.unlink()


def test_what_is_no_blend_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.blend").write_bytes(b"BLENDER-not")
    with pytest.raises(AssetError, match=r"x\.blend: Blender could not read it"):
        blend_to_glb(tmp_path / "x.blend")


def test_the_reference_head_comes_back_as_it_was(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "head.glb"
    assert "nose_tip" in write_reference_head(path, store)
    data = path.read_bytes()
    points = read_glb(data.replace(b"reference_head", b"differently_na"), "head").points
    tip = reference(store).at("nose_tip")
    assert np.linalg.norm(points - tip, axis=1).min() < 1e-5
    with pytest.raises(AssetError, match="has no faces"):
        read_glb(data, "head")


def test_a_blend_file_comes_back_as_it_was(tmp_path: Path) -> None:
    at = np.array([0.03, 0.7, 0.16])
    ball(at, 0.01, (0.5, 0.5, 0.5, 1.0)).export(tmp_path / "ball.glb")
    glb_to_blend(tmp_path / "ball.glb", tmp_path / "ball.blend")
    shape = read_glb(blend_to_glb(tmp_path / "ball.blend"), "ball")
    assert np.allclose(shape.points.mean(0), at, atol=1e-5)


def test_the_reference_head_as_text(tmp_path: Path, store: Store) -> None:
    write_reference_head(tmp_path / "head.obj", store)
    text = (tmp_path / "head.obj").read_text("utf-8")
    names = [line for line in text.splitlines() if line.startswith("o ")]
    assert names == [
        "o reference_head", "o reference_head_left_eye", "o reference_head_right_eye",
    ]  # fmt: skip
    tip = reference(store).at("nose_tip")
    assert "v {:.6f} {:.6f} {:.6f}".format(*tip) in text
    with pytest.raises(AssetError, match="must end in"):
        write_reference_head(tmp_path / "head.fbx", store)
