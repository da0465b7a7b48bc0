"""Mistakes that a renderer or its labels could make, to see that the proofs would find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import assets.head.placing
import renderer.blender.axes
import renderer.blender.camera
import renderer.blender.data_render
import renderer.blender.passes
import renderer.blender.render
import renderer.blender.upload
import renderer.labels
import renderer.scene
from assets.head.surface import landmark_opposites

Change = Callable[[Any], Any]


@dataclass(frozen=True)
class Mutant:
    """One mistake, put in the place of what is right."""

    name: str
    patches: tuple[tuple[Any, str, Change], ...]
    """Module, attribute, and what becomes of it."""
    renders: bool = False
    """Whether it is in the renderer, so that the picture must be taken again."""
    builds: bool = False
    """Whether it moves the head itself."""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make the mistake while inside."""
        originals = [(m, name, getattr(m, name)) for m, name, _ in self.patches]
        try:
            for (module, name, original), (_, _, change) in zip(
                originals, self.patches, strict=True
            ):
                setattr(module, name, change(original))
            yield
        finally:
            for module, name, original in originals:
                setattr(module, name, original)


def _scaled_result(*factors: float) -> Change:
    def change(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: function(*args) * np.array(factors, np.float32)

    return change


def _shifted_result(*by: float) -> Change:
    return lambda function: lambda *args: function(*args) + np.array(by)


def _flipped_projection(axis: int) -> Change:
    def change(project: Callable[..., Any]) -> Callable[..., Any]:
        def flipped(points: Any, k: Any) -> Any:
            out = project(points, k)
            out[..., axis] = 2 * k[axis, 2] - out[..., axis]
            return out

        return flipped

    return change


def _corner_intrinsics(intrinsics: Callable[..., Any]) -> Callable[..., Any]:
    """The principal point of pixels whose centres are at whole numbers."""

    def changed(*args: Any) -> Any:
        k = intrinsics(*args)
        k[:2, 2] -= 0.5
        return k

    return changed


def _transposed(rotation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *angles: np.swapaxes(rotation(*angles), -1, -2)


def _yaw_for_pitch(rotation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda yaw, pitch, roll: rotation(pitch, yaw, roll)


def _sign(*signs: int) -> Change:
    return lambda rotation: (
        lambda *angles: rotation(*(s * a for s, a in zip(signs, angles, strict=True)))
    )


def _mirrored_names(labels: Callable[..., Any]) -> Callable[..., Any]:
    """The left and the right landmarks under each other's numbers."""

    def changed(*args: Any) -> Any:
        record = labels(*args)
        order = [landmark_opposites()[i] for i in range(68)] + [69, 68]
        points = {k: np.asarray(v)[order] for k, v in record["landmarks"].items()}
        return {**record, "landmarks": points}

    return changed


def _mirrored_uv(add_mesh: Callable[..., Any]) -> Callable[..., Any]:
    import dataclasses

    def changed(scene: Any, mesh: Any, shop: Any) -> None:
        uv = None if mesh.uv is None else mesh.uv * np.float32([-1, 1]) + np.float32([1, 0])
        add_mesh(scene, dataclasses.replace(mesh, uv=uv), shop)

    return changed


def _flipped_planes(axis: int) -> Change:
    def change(read: Callable[..., Mapping[str, Any]]) -> Callable[..., Any]:
        return lambda path: {name: np.flip(plane, axis) for name, plane in read(path).items()}

    return change


def _shifted_lens(dx_px: float, dy_px: float) -> Change:
    def change(place_camera: Callable[..., None]) -> Callable[..., None]:
        def changed(scene: Any, spec: Any, camera_from_world: Any) -> None:
            place_camera(scene, spec, camera_from_world)
            scene.camera.data.shift_x = dx_px / scene.render.resolution_x
            scene.camera.data.shift_y = dy_px / scene.render.resolution_x

        return changed

    return change


def _label_rotation(name: str, change: Change) -> Mutant:
    return Mutant(name, ((renderer.labels, "camera_from_head_rotation", change),))


def _rotation_everywhere(name: str, change: Change) -> Mutant:
    attribute = "camera_from_head_rotation"
    patches = ((renderer.labels, attribute, change), (assets.head.placing, attribute, change))
    return Mutant(name, patches, renders=True, builds=True)


def _camera(name: str, *diagonal: float) -> Mutant:
    patch = (renderer.blender.axes, "_OPENCV_FROM_BLENDER_CAMERA", lambda _: np.diag(diagonal))
    return Mutant(name, (patch,), renders=True)


def _rendered(name: str, module: Any, attribute: str, change: Change) -> Mutant:
    return Mutant(name, ((module, attribute, change),), renders=True)


def _labelled(name: str, attribute: str, change: Change) -> Mutant:
    return Mutant(name, ((renderer.labels, attribute, change),))


blender = renderer.blender
MUTANTS = (
    _camera("Blender's camera: x the other way", -1, -1, -1, 1),
    _camera("Blender's camera: y the other way", 1, 1, -1, 1),
    _camera("Blender's camera: z the other way", 1, -1, 1, 1),
    _rendered(
        "points: x the other way", blender.upload, "blender_points", _scaled_result(-1, 1, 1)
    ),
    _rendered(
        "points: y the other way", blender.upload, "blender_points", _scaled_result(1, 1, -1)
    ),
    _rendered(
        "points: z the other way", blender.upload, "blender_points", _scaled_result(1, -1, 1)
    ),
    _rendered(
        "lens: half a pixel to the right", blender.render, "place_camera", _shifted_lens(-0.5, 0)
    ),
    _rendered("lens: half a pixel down", blender.render, "place_camera", _shifted_lens(0, 0.5)),
    _rendered("passes: columns from the right", blender.passes, "read_passes", _flipped_planes(1)),
    _rendered("passes: rows from the bottom", blender.passes, "read_passes", _flipped_planes(0)),
    _rendered("UVs: u the other way", blender.render, "add_mesh", _mirrored_uv),
    *(
        _rendered(
            f"normals: {axis} the other way",
            blender.data_render,
            "camera_directions",
            _scaled_result(*signs),
        )
        for axis, signs in (("x", (-1, 1, 1)), ("y", (1, -1, 1)), ("z", (1, 1, -1)))
    ),
    _labelled("projection: x the other way", "project", _flipped_projection(0)),
    _labelled("projection: y the other way", "project", _flipped_projection(1)),
    _labelled("projection: half a pixel to the right", "project", _shifted_result(0.5, 0)),
    _labelled("projection: half a pixel down", "project", _shifted_result(0, 0.5)),
    _labelled("intrinsics: pixel centres at whole numbers", "intrinsics", _corner_intrinsics),
    Mutant(
        "landmarks: left and right swapped",
        ((renderer.scene, "geometric_labels", _mirrored_names),),
    ),
    _label_rotation("label's rotation transposed", _transposed),
    _label_rotation("label's yaw and pitch swapped", _yaw_for_pitch),
    _label_rotation("label's yaw the other way", _sign(-1, 1, 1)),
    _label_rotation("label's pitch the other way", _sign(1, -1, 1)),
    _label_rotation("label's roll the other way", _sign(1, 1, -1)),
    _rotation_everywhere("rotation transposed everywhere", _transposed),
    _rotation_everywhere("yaw and pitch swapped everywhere", _yaw_for_pitch),
    _rotation_everywhere("yaw the other way everywhere", _sign(-1, 1, 1)),
    _rotation_everywhere("pitch the other way everywhere", _sign(1, -1, 1)),
    _rotation_everywhere("roll the other way everywhere", _sign(1, 1, -1)),
)
