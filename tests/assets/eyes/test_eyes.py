"""Eyes: sides, nesting of ball and shell, the pupil's place, the iris asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from assets.catalog import Catalog
from assets.eyes import build_eyes, pupil_centre_local_m
from assets.eyes.shape import Revolved, ball, shell
from assets.geometry import ClearMaterial, Mesh, SurfaceMaterial
from assets.head import load_head_model
from assets.store import open_store
from spec_schema import AssetError
from spec_schema.classes import SegmentationClass
from spec_schema.frames import rotation_x, rotation_y
from tests.make_specs import make_spec


@dataclass(frozen=True)
class Pose:
    centre_m: np.ndarray
    radius_m: float
    world_from_eye: np.ndarray


def _resting() -> np.ndarray:
    return load_head_model(open_store()).surface.rest_m


@dataclass(frozen=True)
class TwoEyes:
    vertices_m: np.ndarray = field(default_factory=_resting)
    eyes: dict[str, Pose] = field(
        default_factory=lambda: {
            "left": Pose(np.array([0.031, 0.728, 0.12]), 0.0138, rotation_y(0.3)),
            "right": Pose(np.array([-0.031, 0.726, 0.11]), 0.0140, rotation_x(-0.2)),
        }
    )


def built(head: TwoEyes | None = None, **eyes: object) -> dict[str, Mesh]:
    meshes = build_eyes(make_spec(eyes={"iris": "blue", **eyes}), head or TwoEyes(), open_store())
    return {mesh.name: mesh for mesh in meshes}


def local(mesh: Mesh, pose: Pose) -> np.ndarray:
    return (mesh.vertices_m - pose.centre_m) @ pose.world_from_eye / pose.radius_m


def test_sides_have_their_classes() -> None:
    assert {n.split("-")[0] for n in built()} == {"eyeball", "cornea", "lining", "caruncle", "tear"}
    for name, mesh in built().items():
        side = name.rsplit("-", 1)[1]
        expected = getattr(SegmentationClass, f"{side.upper()}_EYE")
        assert set(mesh.face_class.tolist()) == {expected}
        assert np.sign(mesh.vertices_m[:, 0].mean()) == (1 if side == "left" else -1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_shell_encloses_the_ball(side: str) -> None:
    pose, meshes = TwoEyes().eyes[side], built()
    inner, outer = (local(meshes[f"{part}-{side}"], pose) for part in ("eyeball", "cornea"))
    assert np.linalg.norm(inner, axis=1).max() < 0.99, "the ball stays behind the lids"
    profile_r = np.hypot(outer[:, 0], outer[:, 1])
    front = outer[:, 2] > 0
    order = np.argsort(profile_r[front])
    for x, y, z in inner[inner[:, 2] > 0.1]:
        r = np.hypot(x, y)
        above = np.interp(r, profile_r[front][order], outer[front][order, 2])
        assert above - z > 0.008, "0.1 mm between ball and shell"
    sphere = np.linalg.norm(outer[outer[:, 2] < 0.6], axis=1)
    np.testing.assert_allclose(sphere, 0.985, atol=1e-4)
    assert 1.02 < outer[:, 2].max() < 1.06, "the cornea bulges"


def test_pupil_point_lies_in_the_middle_of_the_iris() -> None:
    pose, mesh = TwoEyes().eyes["left"], built()["eyeball-left"]
    point = pose.centre_m + pose.world_from_eye @ pupil_centre_local_m(pose.radius_m)
    distance = np.linalg.norm(mesh.vertices_m - point, axis=1)
    assert distance.min() < 1e-6
    assert mesh.uv is not None
    nearest = int(distance.argmin())
    assert (mesh.uv[mesh.faces == nearest][:, 1] == 0).all()


@pytest.mark.parametrize("part", [ball(), shell()], ids=["ball", "shell"])
def test_faces_look_outwards(part: Revolved) -> None:
    corners = part.vertices[part.faces[:, :3]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    centre = corners.mean(1) - [0, 0, 0.2]
    # But for the one ring at the iris' root, which faces the axis.
    assert ((normal * centre).sum(1) > 0).mean() > 0.96
    assert part.uv.min() >= 0
    assert part.uv.max() <= 1


def test_materials() -> None:
    meshes = built()
    cornea = meshes["cornea-left"].material
    assert isinstance(cornea, ClearMaterial)
    assert cornea.ior == pytest.approx(1.376)
    white = meshes["eyeball-left"].material
    assert isinstance(white, SurfaceMaterial)
    assert white.colour_map is not None
    assert white.colour_map[:4].max() < 0.01, "row 0 is the pupil"


def texture(**eyes: object) -> np.ndarray:
    material = built(**eyes)["eyeball-left"].material
    assert isinstance(material, SurfaceMaterial)
    assert material.colour_map is not None
    return material.colour_map


def test_pupil_ratio_sets_the_pupil() -> None:
    for ratio in (0.25, 0.6):
        colours = texture(pupil_ratio=ratio)
        rows = (colours.mean((1, 2)) < 0.004).sum()
        assert rows / (colours.shape[0] / 2) == pytest.approx(ratio, abs=0.03)


def test_redness_reddens_the_white() -> None:
    def redness(amount: float) -> float:
        white = texture(redness=amount)[-110:-50].mean((0, 1))
        return float(white[0] / white[1])

    assert redness(1.0) > redness(0.0) + 0.1


@pytest.mark.parametrize("iris", Catalog.load().ids("irises"))
def test_every_iris_is_darker_than_the_white_and_of_an_eyes_hue(iris: str) -> None:
    colours = texture(iris=iris)
    half = colours.shape[0] // 2
    ring = colours[int(0.5 * half) : int(0.8 * half)].mean((0, 1))
    white = colours[half + 16 : half + 48].mean((0, 1))
    assert ring.mean() < 0.55 * white.mean()
    assert not (ring[0] > 1.1 * ring[1] and ring[2] > 1.1 * ring[1]), "no violet eyes"
    if "brown" in iris:
        assert ring[0] > 1.2 * ring[1] > 1.2 * ring[2]


def test_unknown_iris_is_told() -> None:
    with pytest.raises(AssetError, match=r"eyes\.iris is 'blu'.*did you mean 'blue'"):
        built(iris="blu")


def test_both_eyes_redden_towards_the_nose() -> None:
    meshes = built(redness=0.4)
    for side, nasal in (("right", 1), ("left", -1)):
        mesh = meshes[f"eyeball-{side}"]
        assert isinstance(mesh.material, SurfaceMaterial)
        assert mesh.material.colour_map is not None
        assert mesh.uv is not None
        pose = TwoEyes().eyes[side]
        x = local(mesh, pose)[mesh.faces[:, :3], 0].mean(1) * nasal
        height, width = mesh.material.colour_map.shape[:2]
        at = (mesh.uv.mean(1) * [width, height]).astype(int)
        colour = mesh.material.colour_map[at[:, 1], at[:, 0]]
        redness = colour[:, 0] / colour[:, 1]
        assert redness[x > 0.85].mean() > redness[np.abs(x - 0.6) < 0.1].mean() + 0.05
        assert redness[x > 0.85].mean() > redness[x < -0.85].mean() + 0.03
