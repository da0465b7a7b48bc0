"""Procedural garments: the body's own surface, draped, cut and trimmed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.clothing.drape import drape
from assets.clothing.entries import Garment, Placket
from assets.clothing.fabric import TILE_M, cloth_material
from assets.clothing.pattern import Pattern, load_pattern
from assets.clothing.placket import buttons, placket_strip
from assets.clothing.seams import sleeve_seams
from assets.clothing.trim import Surface, Swept, sweep
from assets.clothing.tuck import OffSkin, bare_skin, through_cloth
from assets.geometry import F32Array, I32Array, Mesh, SurfaceMaterial
from assets.head import Head
from assets.store import Store
from spec_schema.classes import SegmentationClass
from spec_schema.spec import PLAIN_PRINT, Item

__all__ = ["build_garment"]

ALL_OVER = ("melange",)
"""Prints that are in the yarn, so that all bands have them too."""
RIDGE_M = 0.05
ON_SKIN_M = 0.0002
NEAR_M = 0.02


def build_garment(
    garment: Garment, item: Item, head: Head, store: Store
) -> tuple[tuple[Mesh, ...], NDArray[np.bool_]]:
    """Cloth and trims of a garment in the world frame, and the head's faces (F,) that it hides."""
    pattern = load_pattern(item.id, store)
    cloth, normals = drape(garment, pattern, head, item)
    surface = Surface(cloth, normals)
    cut = pattern.cut
    vertices = np.asarray(cut.operator @ cloth, np.float32)
    material = cloth_material(garment.fabric, item, garment.fabric.weave)
    meshes = [_mesh("clothing", vertices, cut.faces, material, _cloth_uv(pattern))]

    for i, loop in enumerate(cut.loops):
        at_neck = i == pattern.neck_loop
        trim = garment.neck_trim if at_neck else garment.hem_trim
        if trim is None:
            continue
        front = None
        if at_neck:
            rest = cut.operator[loop] @ pattern.rest_m
            front = vertices[loop[np.argmax(rest[:, 2] - 2 * np.abs(rest[:, 0]))]]
        swept = sweep(trim, vertices[loop], surface, front, item.seed)
        # Of the same cloth a collar has its print; a band of ribbing has not.
        whole = item.print in ALL_OVER or trim.weave == garment.fabric.weave
        band = cloth_material(garment.fabric, item, trim.weave, trim.shade, printed=whole)
        meshes.append(_trim_mesh(f"clothing-trim-{i}", swept, band))
    if item.print in (PLAIN_PRINT, *ALL_OVER):
        # Over a print a welt, whose cloth runs otherwise, would show as a ribbon.
        for i, seam in enumerate(sleeve_seams(garment, item.id, cloth, surface, store)):
            meshes.append(_trim_mesh(f"clothing-seam-{i}", seam, material))
    bare = bare_skin(head, pattern.hidden_faces, store)
    meshes = [meshes[0], *_off_skin(meshes[1:], head, bare)]
    if garment.placket is not None:
        meshes += _front_opening(garment, garment.placket, item, pattern, cloth, normals)
    facing = np.asarray(cut.operator @ normals, np.float32)
    through = through_cloth(vertices, facing, np.flatnonzero(cut.edge), head, bare)
    return tuple(meshes), pattern.hidden_faces | through


def _off_skin(meshes: list[Mesh], head: Head, bare: NDArray[np.int64]) -> list[Mesh]:
    """Trims with their turned-in borders laid on the skin, and moved out of a turned neck."""
    skin = OffSkin(head, bare)
    return [
        replace(mesh, vertices_m=skin.moved(mesh.vertices_m, ON_SKIN_M, NEAR_M, rounds=3))
        for mesh in meshes
    ]


def _front_opening(
    garment: Garment,
    placket: Placket,
    item: Item,
    pattern: Pattern,
    cloth: F32Array,
    normals: F32Array,
) -> list[Mesh]:
    """Placket and buttons."""
    rest = pattern.cut.operator[pattern.cut.loops[pattern.neck_loop]] @ pattern.rest_m
    top = float(rest[np.argmax(rest[:, 2] - 2 * np.abs(rest[:, 0])), 1])
    strip = placket_strip(placket, pattern, cloth, normals, top)
    fabric = cloth_material(garment.fabric, item, garment.fabric.weave)
    points, faces = buttons(placket, pattern, cloth, normals, top)
    horn = SurfaceMaterial(colour=placket.button_colour, roughness=0.35, coat=0.3)
    blank = np.zeros((len(faces), 4, 2), np.float32)
    return [
        _trim_mesh("clothing-placket", strip, fabric),
        _mesh("clothing-buttons", points, faces, horn, blank),
    ]


def _cloth_uv(pattern: Pattern) -> F32Array:
    """(M, 4, 2) tiles: across the body, and down from the shoulder's ridge."""
    rest = pattern.cut.operator @ pattern.rest_m
    # Front and back hang from the ridge at z = 0, which is flat: depth counts as length there.
    ridge = RIDGE_M * np.tanh(np.abs(rest[:, 2]) / RIDGE_M)
    flat = np.stack([rest[:, 0], rest[:, 1] - 0.8 * ridge], 1) / TILE_M
    return np.asarray(flat[np.maximum(pattern.cut.faces, 0)], np.float32)


def _mesh(
    name: str, vertices: F32Array, faces: I32Array, material: SurfaceMaterial, uv: F32Array
) -> Mesh:
    face_class = np.full(len(faces), SegmentationClass.CLOTHING, np.uint8)
    return Mesh(name, vertices, np.asarray(faces, np.int32), face_class, material, uv)


def _trim_mesh(name: str, swept: Swept, material: SurfaceMaterial) -> Mesh:
    return _mesh(name, swept.vertices_m, swept.faces, material, swept.uv_m / np.float32(TILE_M))
