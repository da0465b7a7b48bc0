"""Meshes and strands into Blender, by bulk copies."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from assets.geometry import Mesh, SkinMaterial, Strands
from renderer.blender.aovs import CHARTED_ATTRIBUTE
from renderer.blender.axes import blender_points
from renderer.blender.materials import (
    MELANIN_ATTRIBUTE,
    REDNESS_ATTRIBUTE,
    TINT_ATTRIBUTE,
    MaterialShop,
    Shaded,
)
from renderer.blender.skin_parts import add_skin_attributes, part_of_faces, skin_parts

__all__ = ["add_mesh", "add_strands"]


def add_mesh(scene: Any, mesh: Mesh, shop: MaterialShop) -> None:
    """Link one mesh to the scene.

    Raises:
        ValueError: an index is out of range, a coordinate is not finite, or arrays disagree.
    """
    _check_mesh(mesh)
    data = bpy.data.meshes.new(mesh.name)
    data.vertices.add(len(mesh.vertices_m))
    # As attributes: by the names of the older interface each element would be set by itself.
    data.attributes["position"].data.foreach_set("vector", blender_points(mesh.vertices_m).ravel())
    used = mesh.faces >= 0
    corners = mesh.faces[used]
    sizes = used.sum(axis=1, dtype=np.int32)
    data.loops.add(len(corners))
    corner_vertex = data.attributes[".corner_vert"]
    corner_vertex.data.foreach_set("value", np.ascontiguousarray(corners, np.int32))
    data.polygons.add(len(sizes))
    data.polygons.foreach_set("loop_start", np.cumsum(sizes, dtype=np.int32) - sizes)
    if mesh.uv is not None:
        layer = data.uv_layers.new(name="uv", do_init=False)
        layer.uv.foreach_set("vector", np.ascontiguousarray(mesh.uv[used], np.float32).ravel())
    if mesh.charted is not None:
        charted = data.attributes.new(CHARTED_ATTRIBUTE, "FLOAT", "FACE")
        charted.data.foreach_set("value", mesh.charted.astype(np.float32))
    slot = _add_materials(data, mesh, shop)
    data.attributes.new("material_index", "INT", "FACE").data.foreach_set("value", slot)
    data.update(calc_edges=True)
    if mesh.smooth:
        data.shade_smooth()
    else:
        data.shade_flat()
    scene.collection.objects.link(bpy.data.objects.new(mesh.name, data))


def _add_materials(data: Any, mesh: Mesh, shop: MaterialShop) -> NDArray[np.int32]:
    """Append the materials of a mesh; gives the place (F,) of each face's in the list."""
    if isinstance(mesh.material, SkinMaterial):
        add_skin_attributes(data, mesh, mesh.material)
        part = part_of_faces(mesh, mesh.material)
        parts: tuple[Shaded, ...] = skin_parts(mesh.material)
    else:
        part = np.zeros(len(mesh.faces), np.int32)
        parts = (mesh.material,)
    keys = part * 256 + mesh.face_class
    used = np.flatnonzero(np.bincount(keys))
    place = np.zeros(used.max(initial=0) + 1, np.int32)
    place[used] = np.arange(len(used))
    for key in used.tolist():
        which, class_id = divmod(key, 256)
        name = mesh.name if which == 0 else f"{mesh.name}-body"
        data.materials.append(shop.surface(parts[which], class_id, name))
    return np.asarray(place.take(keys), np.int32)


def _check_mesh(mesh: Mesh) -> None:
    name, count = mesh.name, len(mesh.vertices_m)
    faces = mesh.faces
    if not np.isfinite(mesh.vertices_m).all():
        raise ValueError(f"mesh {name!r}: a vertex is not finite")
    if faces.size and (faces[:, :3].min() < 0 or faces[:, 3].min() < -1 or faces.max() >= count):
        raise ValueError(f"mesh {name!r}: faces point outside its {count} vertices")
    if len(mesh.face_class) != len(faces):
        raise ValueError(
            f"mesh {name!r}: {len(mesh.face_class)} face classes for {len(faces)} faces"
        )
    if mesh.charted is not None and mesh.charted.shape != (len(faces),):
        raise ValueError(f"mesh {name!r}: charted is {mesh.charted.shape}, not {(len(faces),)}")
    if mesh.uv is not None and mesh.uv.shape != (len(faces), 4, 2):
        raise ValueError(f"mesh {name!r}: uv is {mesh.uv.shape}, not {(len(faces), 4, 2)}")
    mapped = mesh.material.kind == "skin" or (
        mesh.material.kind == "surface"
        and (mesh.material.colour_map is not None or mesh.material.height_map_mm is not None)
    )
    if mapped and mesh.uv is None:
        raise ValueError(f"mesh {name!r}: its material has maps, but the mesh no uv")


def add_strands(scene: Any, strands: Strands, shop: MaterialShop) -> None:
    """Link one set of strands to the scene; a set without strands adds nothing.

    Raises:
        ValueError: a coordinate is not finite, or arrays disagree.
    """
    count, points = strands.points_m.shape[:2]
    if not count:
        return
    if not (np.isfinite(strands.points_m).all() and np.isfinite(strands.radius_m).all()):
        raise ValueError(f"strands {strands.name!r}: a point or radius is not finite")
    data = bpy.data.hair_curves.new(strands.name)
    data.add_curves([points] * count)
    data.position_data.foreach_set("vector", blender_points(strands.points_m).ravel())
    for name, values in (
        ("radius", strands.radius_m),
        (MELANIN_ATTRIBUTE, strands.melanin),
        (REDNESS_ATTRIBUTE, strands.redness),
    ):
        shapes: dict[tuple[int, ...], str] = {(count, points): "POINT"}
        if name != "radius":
            shapes[(count,)] = "CURVE"
        if values.shape not in shapes:
            wanted = " or ".join(str(shape) for shape in shapes)
            raise ValueError(f"strands {strands.name!r}: {name} is {values.shape}, not {wanted}")
        attribute = data.attributes.new(name, "FLOAT", shapes[values.shape])
        attribute.data.foreach_set("value", np.ascontiguousarray(values, np.float32).ravel())
    if strands.tint is not None:
        if strands.tint.shape != (count, points, 3):
            raise ValueError(
                f"strands {strands.name!r}: tint is {strands.tint.shape}, not {(count, points, 3)}"
            )
        attribute = data.attributes.new(TINT_ATTRIBUTE, "FLOAT_VECTOR", "POINT")
        attribute.data.foreach_set("vector", np.ascontiguousarray(strands.tint, np.float32).ravel())
    data.materials.append(
        shop.hair(
            strands.material,
            int(strands.strand_class),
            strands.name,
            dyed=strands.tint is not None,
        )
    )
    scene.collection.objects.link(bpy.data.objects.new(strands.name, data))
