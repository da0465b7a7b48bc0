"""Users' things on heads: where they sit, what they hide, what they are labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.accessories.fit import Skin
from assets.geometry import ClearMaterial, SurfaceMaterial
from assets.head import Head, load_head_model
from assets.store import Store, open_store
from assets.user.adding import Stated, add
from assets.user.reference import fitted, outer_skin, reference
from assets.user.shape import Shape, cut_by_alpha, split_hard_edges
from assets.user.worn import UserWorn, build_own
from spec_schema.classes import SegmentationClass
from tests.assets.user.making import PartMaterial, clown_nose, garment_files, write_files
from tests.make_specs import make_spec

ITEM: dict[str, Any] = {
    **dict.fromkeys(("red", "green", "blue", "second_red", "second_green", "second_blue"), 0.2),
    **dict.fromkeys(("metallic", "tilt_deg", "pattern", "height"), 0.0),
    "size": 1.0,
    "thickness": 1.0,
    "roughness": 0.5,
    "print": "plain",
    "seed": 1,
}
PEOPLE: list[dict[str, Any]] = [
    {"identity": {"sex": 0.0, "age_years": 20.0, "weight": 0.2}},
    {
        "identity": {"sex": 1.0, "age_years": 70.0, "weight": 0.9, "shape": {"nose-hump": 1.0}},
        "pose": {"yaw_deg": -60.0, "pitch_deg": 20.0, "roll_deg": -15.0},
        "expression": {"mouthPucker": 1.0},
    },
]


def worn(slot: str, some_id: str, store: Store, **person: Any) -> tuple[Head, UserWorn]:
    spec = make_spec(**{slot: {"id": some_id, **ITEM}}, **person)
    head = load_head_model(store).build(spec)
    shipped, own = build_own(spec, head, store)
    assert getattr(shipped, slot) is None
    return head, own[slot]


@pytest.mark.parametrize("fit", ["soft", "rigid"])
@pytest.mark.parametrize("person", PEOPLE)
def test_a_thing_follows_the_skin_that_it_sits_on(
    own: Path, tmp_path: Path, store: Store, fit: str, person: dict[str, Any]
) -> None:
    add(
        clown_nose(tmp_path / "m", entry=f'[attachment]\nfit = "{fit}"\n'),
        Stated(),
        open_store,
        lambda o: None,
    )
    head, made = worn("facewear", "user/clown-nose", store, **person)
    (mesh,) = made.meshes
    assert set(mesh.face_class) == {SegmentationClass.FACEWEAR}
    skin = fitted(head, store, with_body=True).skin
    distance, _, _ = skin.nearest(mesh.vertices_m.astype(np.float64))
    assert distance.min() > -0.0015
    assert distance.min() < 0.003
    tip = head.landmarks_m[30]
    assert np.linalg.norm(mesh.vertices_m.mean(0) - tip) < 0.018


def test_a_thing_at_a_landmark_goes_with_it(own: Path, tmp_path: Path, store: Store) -> None:
    entry = '[attachment]\nmode = "landmark"\nframe = "left_ear"\noffset_mm = [20, 0, 0]\n'
    path = clown_nose(tmp_path / "m", entry=entry + "mirror = true\n")
    # Its own origin is what is placed: take the tip of the nose out of its vertices.
    import trimesh

    from tests.assets.user.making import ball

    ball(np.zeros(3), 0.012, (1.0, 0.0, 0.0, 1.0)).export(path)
    add(path, Stated(), open_store, lambda o: None)
    head, made = worn("facewear", "user/clown-nose", store)
    assert trimesh.__version__
    points = fitted(head, store, with_body=False)
    turn = head.world_from_skull
    here = (made.meshes[0].vertices_m - turn[:3, 3]) @ turn[:3, :3]
    left, right = here[here[:, 0] > 0].mean(0), here[here[:, 0] < 0].mean(0)
    assert np.allclose(left, points.at("left_ear") + np.array([0.02, 0, 0]), atol=0.004)
    assert np.allclose(left * [-1, 1, 1], right, atol=0.004)


def test_a_garment_hides_the_skin_beneath(own: Path, tmp_path: Path, store: Store) -> None:
    add(write_files(tmp_path / "p", garment_files()), Stated(), open_store, lambda o: None)
    head, made = worn("clothing", "user/little-cape", store, **PEOPLE[1])
    (mesh,) = made.meshes
    assert set(mesh.face_class) == {SegmentationClass.CLOTHING}
    assert 500 < made.hidden_faces.sum() < len(head.faces)
    shown = np.zeros(len(head.vertices_m), bool)
    shown[np.unique(head.faces[~made.hidden_faces])] = True
    surface = load_head_model(store).surface
    index = np.intersect1d(outer_skin(surface), np.flatnonzero(shown))
    skin = Skin(head.vertices_m[index].astype(float), head.normals[index].astype(float))
    distance, here, _ = skin.nearest(mesh.vertices_m.astype(np.float64))
    near = np.linalg.norm(mesh.vertices_m - here, axis=1) < 0.02
    assert near.any()
    assert distance[near].min() > -0.001


def test_a_hat_covers_the_hair_beneath(own: Path, tmp_path: Path, store: Store) -> None:
    import trimesh

    path = tmp_path / "dome.glb"
    crown = reference(store).at("crown")
    dome = trimesh.creation.icosphere(3, 0.1)
    dome.apply_scale([0.9, 0.8, 1.1])
    dome.apply_translation(crown + np.array([0, -0.06, -0.01]))
    dome.export(path)
    path.with_suffix(".toml").write_text(
        'slot = "headwear"\nlicence = "CC0-1.0"\nallow_overlap_mm = 200\n', "utf-8"
    )
    add(path, Stated(), open_store, lambda o: None)
    _, made = worn("headwear", "user/dome", store)
    assert made.covered is not None
    rest = np.asarray(store.array("head/vertices"))
    top = rest[np.argmax(np.where(np.arange(len(rest)) < 13380, rest[:, 1], 0))]
    neck = np.array([0.0, 0.66, -0.04])
    assert made.covered(np.stack([top, neck]).astype(np.float32)).tolist() == [1.0, 0.0]


def test_two_heads_get_the_same_thing_twice(own: Path, tmp_path: Path, store: Store) -> None:
    add(clown_nose(tmp_path / "m"), Stated(), open_store, lambda o: None)
    first = worn("facewear", "user/clown-nose", store)[1].meshes[0].vertices_m
    worn("facewear", "user/clown-nose", store, **PEOPLE[1])
    again = worn("facewear", "user/clown-nose", store)[1].meshes[0].vertices_m
    assert first.tobytes() == again.tobytes()


def test_materials_come_from_the_file(own: Path, tmp_path: Path, store: Store) -> None:
    path = clown_nose(tmp_path / "m", entry="tint = 0.0\n")
    add(path, Stated(), open_store, lambda o: None)
    material = worn("facewear", "user/clown-nose", store)[1].meshes[0].material
    assert isinstance(material, SurfaceMaterial)
    assert np.allclose(material.colour, (0.8, 0.05, 0.05), atol=0.005)
    assert material.roughness == pytest.approx(0.4, abs=0.005)


def _square(alpha: list[int], split: int) -> Shape:
    """A strip of quads whose texture has these alphas from left to right."""
    n = len(alpha)
    x = np.linspace(0, 1, n + 1)
    points = np.concatenate([np.stack([x, 0 * x, 0 * x], 1), np.stack([x, 0 * x + 1, 0 * x], 1)])
    k = np.arange(n)
    faces = np.stack([k, k + 1, k + n + 2, k + n + 1], 1).astype(np.int32)
    pixels = np.zeros((4, n, 4), np.uint8)
    pixels[..., 3] = alpha
    uv = points[faces][..., :2].astype(np.float32)
    return Shape(points.astype(np.float32), faces, uv, np.zeros(n, np.int64), (PartMaterial(),),
                 {0: pixels})  # fmt: skip


def test_alpha_cuts_and_makes_lenses() -> None:
    strip = _square([255, 255, 100, 0], 0)
    cloth, glasses = cut_by_alpha(strip, lenses=False), cut_by_alpha(strip, lenses=True)
    assert (len(cloth.faces), len(cloth.materials)) == (2, 1)
    assert glasses.part.tolist() == [0, 0, 1]
    assert glasses.materials[1].clear


def test_a_lens_is_glass(own: Path, tmp_path: Path, store: Store) -> None:
    import trimesh

    from tests.assets.user.making import ball

    scene = trimesh.Scene()
    at = reference(store).at("eyes") + np.array([0, 0, 0.03])
    lens = ball(at, 0.05, (0.2, 0.2, 0.2, 0.3))
    lens.visual.material.alphaMode = "BLEND"
    scene.add_geometry(lens)
    scene.export(tmp_path / "lens.glb")
    (tmp_path / "lens.toml").write_text(
        'slot = "glasses"\nlicence = "CC0-1.0"\nallow_overlap_mm = 90\n', "utf-8"
    )
    add(tmp_path / "lens.glb", Stated(), open_store, lambda o: None)
    mesh = worn("glasses", "user/lens", store)[1].meshes[0]
    assert isinstance(mesh.material, ClearMaterial)
    assert mesh.material.tint == pytest.approx((0.76, 0.76, 0.76), abs=0.01)
    assert set(mesh.face_class) == {SegmentationClass.GLASSES}


def test_hard_edges_are_split_and_soft_ones_not() -> None:
    import trimesh

    def shape(mesh: trimesh.Trimesh) -> Shape:
        triangles = np.concatenate([mesh.faces, np.full((len(mesh.faces), 1), -1)], 1)
        uv = np.zeros((len(triangles), 4, 2), np.float32)
        part = np.zeros(len(triangles), np.int64)
        points = mesh.vertices.astype(np.float32)
        return Shape(points, triangles.astype(np.int32), uv, part, (PartMaterial(),), {})

    box, smooth = trimesh.creation.box((1, 1, 1)), trimesh.creation.icosphere(3, 1.0)
    assert len(split_hard_edges(shape(box)).points) == 24
    assert len(split_hard_edges(shape(smooth)).points) == len(smooth.vertices)
