"""A head of a user's own: a .blend made here, marked, added, drawn and built."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assets.head import HeadModel, load_head_model
from assets.head.landmarks import LandmarkModel, load_landmark_model
from assets.rigid import rigid_between
from assets.store import Store, open_store
from assets.user.folder import FOLDER_VARIABLE
from assets.user.head_adding import add_head, suggest_marks
from assets.user.head_suggest import suggestion_toml
from assets.user.shelf import forget, shelf, user_array, user_lock
from sampler import Sampler, load_config
from sampler.inputs import Inputs, load_inputs
from spec_schema.errors import AssetError
from spec_schema.spec import IdentitySpec
from tests.make_specs import make_spec

pytestmark = pytest.mark.blender

MAKE = """
import bpy, numpy as np, os, sys
a = np.load(sys.argv[1])
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=64)
mesh = bpy.data.meshes.new("face")
mesh.from_pydata(a["points"].tolist(), [], a["faces"].tolist())
mesh.uv_layers.new(name="uv").uv.foreach_set("vector", a["uv"].ravel())
thing = bpy.data.objects.new("Hank", mesh)
thing.location = (0.0, 0.0, 1.0)
thing.rotation_euler = (0.0, 0.0, 1.5707963)  # the face is looked for on all sides
bpy.context.scene.collection.objects.link(thing)
thing.shape_key_add(name="Basis")
thing.shape_key_add(name="Big smile").data.foreach_set("co", a["smiling"].ravel())
image = bpy.data.images.new("painted", 64, 64)
image.pixels.foreach_set(np.tile(np.array([0.8, 0.5, 0.4, 1.0], np.float32), 64 * 64))
image.pack()
material = bpy.data.materials.new("skin")
material.use_nodes = True
node = material.node_tree.nodes.new("ShaderNodeTexImage")
node.image = image
shader = material.node_tree.nodes["Principled BSDF"]
material.node_tree.links.new(node.outputs[0], shader.inputs["Base Color"])
mesh.materials.append(material)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[2])
os._exit(0)
"""


@dataclass(frozen=True)
class Own:
    """What was made, and what was made of it."""

    blend: Path
    marks: NDArray[np.int64]
    points: NDArray[np.float64]
    """(N, 3) metres, our axes."""
    smile: NDArray[np.float64]
    suggested: Path
    notes: list[str]


def identity(**changes: object) -> IdentitySpec:
    return IdentitySpec.model_validate(
        {"sex": 1.0, "age_years": 55.0, "african": 0.0, "asian": 0.0, "european": 1.0,
         "weight": 0.5, "muscle": 0.5, "shape": {}, **changes}
    )  # fmt: skip


def other_head(
    model: HeadModel, folder: Path
) -> tuple[Path, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Another person's face and neck, without mouth and sockets, as a mesh of its own order."""
    cage = model.targets.neutral(
        identity(weight=0.9, shape={"nose-hump": 1.0, "head-oval": 0.8, "chin-height": 0.6})
    )
    units = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
    still = model.refine(cage).astype(np.float64)
    smile = model.refine(model.targets.express(cage, units)) - still
    surface = model.surface
    inside = surface.masks["inside-mouth"] > 0.1
    kept = (surface.rest_m[surface.faces, 1].mean(1) > 0.56) & ~inside[surface.faces].any(1)
    used, faces = np.unique(surface.faces[kept], return_inverse=True)
    order = np.argsort((np.arange(len(used)) * 7919) % len(used))
    place = np.empty(len(used), np.int64)
    place[order] = np.arange(len(used))
    points, moved = still[used][order], smile[used][order]
    blender = np.stack([points[:, 0], -points[:, 2], points[:, 1]], 1)
    moving = np.stack([moved[:, 0], -moved[:, 2], moved[:, 1]], 1)
    np.savez(
        folder / "made.npz",
        points=blender.astype(np.float32),
        smiling=(blender + moving).astype(np.float32),
        faces=place[faces.reshape(-1, 4)].astype(np.int32),
        uv=surface.uv[kept].reshape(-1, 2).astype(np.float32),
    )
    call = [sys.executable, "-c", MAKE, str(folder / "made.npz"), str(folder / "hank.blend")]
    subprocess.run(call, check=True, capture_output=True)
    index = np.full(len(still), -1)
    index[used[order]] = np.arange(len(used))
    return folder / "hank.blend", index[surface.landmarks], points, moved


@pytest.fixture(scope="module")
def hank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    folder = tmp_path_factory.mktemp("head")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder / "own"))
        forget()
        store = open_store()
        blend, marks, points, smile = other_head(load_head_model(store), folder)
        suggested = suggest_marks(blend, "", store)
        text = suggested.read_text("utf-8")
        suggested = suggested.rename(folder / "suggested.toml")
        for old, new in (
            ('licence = ""', 'licence = "CC0-1.0"'),
            ("sex = 0.5", "sex = 1.0"),
            ("age_years = 30", "age_years = 55"),
            ("{ low = 0.0, high = 0.0 }", "{ low = 0.2, high = 0.6 }"),
        ):
            assert old in text
            text = text.replace(old, new)
        begin, end = text.index("landmarks = ["), text.index("left_eye")
        text = f"{text[:begin]}landmarks = {marks.tolist()}\n{text[end:]}"
        blend.with_suffix(".toml").write_text(text, "utf-8")
        ids, notes = add_head(blend, store, replace=False)
        assert ids == ["user/hank", "user/hank-skin"]
        yield Own(blend, marks, points, smile, suggested, notes)
    forget()
    # Both are kept for the life of the process; first asked for here, they know this head.
    load_head_model.cache_clear()
    load_landmark_model.cache_clear()


@pytest.fixture
def extended(hank: Own) -> Store:
    """The store as a new process sees it, with the head."""
    return Store(open_store().path)


def test_marks_are_suggested(hank: Own) -> None:
    made = tomllib.loads(hank.suggested.read_text("utf-8"))
    assert made["object"] == "Hank"
    assert made["unit"] == "m"
    apart = np.linalg.norm(hank.points[made["landmarks"]] - hank.points[hank.marks], axis=1)
    assert apart.mean() < 0.004
    assert apart[27:].max() < 0.006  # a jaw has no landmarks that can be seen
    assert list(made["keys"]) == ["Big smile"]
    with pytest.raises(AssetError, match="is there already"):
        suggest_marks(hank.blend, "", open_store())


def test_the_head_is_the_one_that_was_brought(hank: Own, extended: Store) -> None:
    model = HeadModel(extended)
    assert {"own-hank", "own-hank_Big_smile"} <= set(model.shape_keys)
    assert {"own-hank", "own-hank_Big_smile"} <= model.one_sided
    cage = model.targets.neutral(identity(shape={"own-hank": 1.0}))
    landmarks = model.landmark_positions(cage)
    theirs = hank.points[hank.marks]
    turn, shift = rigid_between(theirs, landmarks)
    assert np.linalg.norm(theirs @ turn.T + shift - landmarks, axis=1).max() < 0.0015
    surface = model.surface
    face = (surface.rest_m[:, 1] > 0.63) & (surface.rest_m[:, 2] > 0.06)
    face &= surface.masks["inside-mouth"] < 0.1
    from scipy.spatial import cKDTree

    distance, near = cKDTree(hank.points @ turn.T + shift).query(model.refine(cage)[face])
    assert np.quantile(distance, 0.95) < 0.0015
    smiling = model.targets.neutral(identity(shape={"own-hank": 1.0, "own-hank_Big_smile": 1.0}))
    moved = (model.refine(smiling) - model.refine(cage))[face]
    wrong = np.linalg.norm(moved - (hank.smile @ turn.T)[near], axis=1)
    assert np.quantile(wrong, 0.95) < 0.1 * np.linalg.norm(hank.smile, axis=1).max()


def test_labels_and_the_samplers_model_know_it(hank: Own, extended: Store) -> None:
    model, linear = HeadModel(extended), LandmarkModel(extended)
    spec = make_spec(identity={"sex": 1.0, "shape": {"own-hank": 1.0}})
    full, rows = model.labelled(model.build(spec)), model.build_labelled(spec)
    assert full.dense_m.tobytes() == rows.dense_m.tobytes()
    shape = np.zeros((1, len(linear.shape_keys)), np.float32)
    shape[0, linear.shape_keys.index("own-hank")] = 1
    macro = {k: np.array([getattr(spec.identity, k)]) for k in
             ("sex", "age_years", "african", "asian", "european", "weight", "muscle")}  # fmt: skip
    assert np.allclose(linear.neutral_rest_m(macro, shape)[0], full.rest_landmarks_m, atol=1e-5)


def test_others_look_as_before(hank: Own, extended: Store) -> None:
    plain = make_spec()
    with_it = HeadModel(extended).build(plain).vertices_m
    assert with_it.tobytes() == load_head_model(open_store()).build(plain).vertices_m.tobytes()


def test_it_is_drawn_when_it_is_asked_for(hank: Own, extended: Store) -> None:
    made = load_inputs()
    assert Sampler(load_config(), made, 1, "train").asset_lock().keys().isdisjoint({"user/hank"})
    chosen = shelf().heads["user/hank"].model_copy(update={"share": 0.5})
    inputs = Inputs(made.catalog, LandmarkModel(extended), made.asset_lock, {"user/hank": chosen})
    sampler = Sampler(load_config(), inputs, 1, "train")
    rows = sampler.draw(0, 1000)["identity"].combine_chunks()
    shape = rows.field("shape")
    whole = np.asarray(shape.field("own-hank"))
    smile = np.asarray(shape.field("own-hank_Big_smile"))
    assert set(whole) == {0.0, 1.0}
    assert 0.4 < whole.mean() < 0.6
    assert (smile[whole == 0] == 0).all()
    assert 0.2 <= smile[whole == 1].min() < 0.25 < 0.55 < smile[whole == 1].max() <= 0.6
    assert (np.asarray(rows.field("age_years"))[whole == 1] == 55).all()
    assert (np.asarray(shape.field("nose-hump"))[whole == 1] == 0).all()
    assert sampler.asset_lock()["user/hank"] == user_lock()["user/hank"]


def test_its_texture_is_a_skin(hank: Own) -> None:
    skin = user_array("user/hank-skin", "skins")
    assert skin.shape == (1024, 1024, 3)
    # 0.8, 0.5, 0.4 of an sRGB picture, wherever the face is.
    assert np.abs(skin[::64, ::64].astype(int) - [204, 128, 102]).max() <= 2


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('unit = "m"', 'unit = "cm"', "check unit and landmarks"),
        ("landmarks = [", "landmarks = [9999999, ", "69 vertices; iBUG has 68"),
        ('"Big smile"', '"Small smile"', "no such shape key"),
        ('object = "Hank"', 'object = "Frank"', "no mesh object 'Frank'"),
        ('licence = "CC0-1.0"', 'licence = ""', "licence: is empty"),
    ],
)
def test_marks_that_are_wrong(hank: Own, tmp_path: Path, old: str, new: str, rule: str) -> None:
    text = hank.blend.with_suffix(".toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "hank.blend"
    path.symlink_to(hank.blend)
    path.with_suffix(".toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(AssetError, match=rule):
        add_head(path, open_store(), replace=True)


def test_sides_that_are_swapped(hank: Own, tmp_path: Path) -> None:
    text = hank.blend.with_suffix(".toml").read_text("utf-8")
    swapped = str(hank.marks[::-1].tolist())
    path = tmp_path / "hank.blend"
    path.symlink_to(hank.blend)
    path.with_suffix(".toml").write_text(text.replace(str(hank.marks.tolist()), swapped), "utf-8")
    with pytest.raises(AssetError, match="check"):
        add_head(path, open_store(), replace=True)


def test_a_suggestion_is_toml() -> None:
    class Mesh:
        name, keys = "x", ("a", "b")

    made = tomllib.loads(suggestion_toml(Mesh(), "cm", list(range(68))))  # type: ignore[arg-type]
    assert made["landmarks"] == list(range(68))
    assert list(made["keys"]) == ["a", "b"]
