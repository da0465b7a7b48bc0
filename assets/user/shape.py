"""A worn thing as it comes out of a file: points, faces, parts and their materials."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assets.geometry import F32Array, I32Array
from assets.user.entry import PartMaterial
from spec_schema.errors import AssetError

__all__ = ["Shape", "cut_by_alpha", "decode_texture", "joined", "split_hard_edges"]

MOST_FACES: Final = 400_000
_MOST_TEXELS: Final = 2048
"""Larger textures are made smaller: an item fills no more of a picture."""
_SEE_THROUGH: Final = (0.1, 0.85)
"""Mean alpha of a face: below it is nothing, above it is solid, between it is a lens."""
_HARD_EDGE_DEG: Final = 40.0


@dataclass(frozen=True)
class Shape:
    """N vertices, F faces, P parts."""

    points: F32Array
    """(N, 3), metres, x to the subject's left, y up, z forward."""
    faces: I32Array
    """(F, 4), a triangle with -1 in its last place."""
    uv: F32Array
    """(F, 4, 2), v up."""
    part: NDArray[np.int64]
    """(F,)"""
    materials: tuple[PartMaterial, ...]
    """(P,)"""
    textures: dict[int, NDArray[np.uint8]]
    """(H, W, 3 or 4) sRGB by part, row 0 at the top."""
    normals: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    """(H, W, 3) tangent-space normals by part, as glTF has them."""
    shine: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    """(H, W, 3) by part: roughness in green, metallic in blue, as glTF has them."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As stored, without the points."""
        solid = {
            f"texture.{k}": np.ascontiguousarray(pixels[..., :3])
            for k, pixels in self.textures.items()
        }
        for name, maps in (("normal", self.normals), ("shine", self.shine)):
            for k, pixels in maps.items():
                solid[f"{name}.{k}"] = np.ascontiguousarray(pixels[..., :3])
        return {
            "faces": self.faces,
            "uv": self.uv,
            "part": self.part.astype(np.uint8),
            **solid,
        }


def decode_texture(data: bytes, where: str) -> NDArray[np.uint8]:
    """(H, W, 3 or 4) sRGB of a PNG, JPEG, TIFF, TGA or BMP file, no larger than 2048.

    Raises:
        AssetError: it is no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return texels(image)
    except (OSError, ValueError, Image.DecompressionBombError) as e:
        raise AssetError(f"{where}: no readable picture: {e}") from e


def texels(image: Any) -> NDArray[np.uint8]:
    """(H, W, 3 or 4) sRGB of a Pillow image, no larger than 2048."""
    clear = "A" in image.getbands() or "transparency" in image.info
    made = image.convert("RGBA" if clear else "RGB")
    if max(made.size) > _MOST_TEXELS:
        ratio = _MOST_TEXELS / max(made.size)
        size = (max(round(made.width * ratio), 1), max(round(made.height * ratio), 1))
        made = made.resize(size, Image.Resampling.LANCZOS)
    return np.array(made, np.uint8)


def joined(shapes: list[Shape], where: str) -> Shape:
    """All as one, parts kept apart.

    Raises:
        AssetError: there is nothing, or too much.
    """
    if not shapes or not sum(len(s.faces) for s in shapes):
        raise AssetError(f"{where}: has no faces")
    faces, parts, textures = [], [], {}
    normals, shine = {}, {}
    start = first = 0
    for shape in shapes:
        faces.append(np.where(shape.faces < 0, -1, shape.faces + start))
        parts.append(shape.part + first)
        textures.update({k + first: t for k, t in shape.textures.items()})
        normals.update({k + first: t for k, t in shape.normals.items()})
        shine.update({k + first: t for k, t in shape.shine.items()})
        start += len(shape.points)
        first += len(shape.materials)
    out = Shape(
        points=np.concatenate([s.points for s in shapes]).astype(np.float32),
        faces=np.concatenate(faces).astype(np.int32),
        uv=np.concatenate([s.uv for s in shapes]).astype(np.float32),
        part=np.concatenate(parts),
        materials=tuple(m for s in shapes for m in s.materials),
        textures=textures,
        normals=normals,
        shine=shine,
    )
    if len(out.faces) > MOST_FACES:
        raise AssetError(
            f"{where}: {len(out.faces):,} faces; at most {MOST_FACES:,}: decimate it first"
        )
    if len(out.materials) > 255:
        raise AssetError(f"{where}: {len(out.materials)} parts; at most 255: join some")
    if not np.isfinite(out.points).all():
        raise AssetError(f"{where}: a vertex is not finite")
    return out


def cut_by_alpha(shape: Shape, lenses: bool) -> Shape:
    """Without the faces that the textures make invisible.

    Of glasses (``lenses``), faces that are half transparent become lenses. Geometry is cut, not
    shaded, so that labels and depth show exactly what the picture shows.
    """
    part, keep = shape.part.copy(), np.ones(len(shape.faces), np.bool_)
    materials = list(shape.materials)
    textures = dict(shape.textures)
    for k, pixels in shape.textures.items():
        if pixels.shape[2] < 4:
            continue
        own = np.flatnonzero(shape.part == k)
        alpha, colour = _face_means(shape, own, pixels)
        low, high = _SEE_THROUGH
        keep[own] = alpha >= (low if lenses else 0.5)
        glass = own[(alpha >= low) & (alpha < high)] if lenses else own[:0]
        if len(glass):
            tint = colour[(alpha >= low) & (alpha < high)].mean(0)
            opaque = alpha[(alpha >= low) & (alpha < high)].mean()
            r, g, b = (float(c) for c in np.clip(1 - opaque + opaque * tint * 0.5, 0, 1))
            part[glass] = len(materials)
            materials.append(PartMaterial(colour=(r, g, b), roughness=0.0, clear=True))
    for k, material in enumerate(shape.materials):
        if material.clear:
            textures.pop(k, None)
    return replace(
        shape,
        faces=shape.faces[keep],
        uv=shape.uv[keep],
        part=part[keep],
        materials=tuple(materials),
        textures=textures,
    )


def _face_means(
    shape: Shape, own: NDArray[np.int64], pixels: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean alpha (n,) and sRGB 0-1 (n, 3) over points spread on each face."""
    uv = shape.uv[own]
    triangle = shape.faces[own][:, 3] < 0
    corners = np.where(triangle[:, None, None], uv[:, [0, 1, 2, 2]], uv)
    grid = np.linspace(0.1, 0.9, 4)
    a, b = (x.ravel()[:, None, None] for x in np.meshgrid(grid, grid))
    at = (1 - a) * ((1 - b) * corners[:, 0] + b * corners[:, 1]) + a * (
        (1 - b) * corners[:, 3] + b * corners[:, 2]
    )
    height, width = pixels.shape[:2]
    column = (np.mod(at[..., 0], 1) * width).astype(int).clip(0, width - 1)
    row = (np.mod(1 - at[..., 1], 1) * height).astype(int).clip(0, height - 1)
    seen = pixels[row, column] / 255.0
    return seen[..., 3].mean(0), seen[..., :3].mean(0)


def split_hard_edges(shape: Shape) -> Shape:
    """Vertices doubled along edges sharper than 40°, so that smooth shading leaves them hard."""
    faces = shape.faces
    last = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    q = shape.points[np.concatenate([faces[:, :3], last[:, None]], 1)].astype(np.float64)
    normal = np.cross(q[:, 2] - q[:, 0], q[:, 3] - q[:, 1])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
    used = faces >= 0
    face_of, corner = np.nonzero(used)
    vertex = faces[used]
    order = np.argsort(vertex, kind="stable")
    new_vertex = np.empty(len(vertex), np.int64)
    points: list[int] = []
    limit = np.cos(np.deg2rad(_HARD_EDGE_DEG))
    starts = np.flatnonzero(np.r_[True, np.diff(vertex[order]) > 0])
    for group in np.split(order, starts[1:]):
        directions: list[NDArray[np.float64]] = []
        labels: list[int] = []
        for k in group:
            n = normal[face_of[k]]
            found = next((i for i, d in enumerate(directions) if d @ n > limit), None)
            if found is None:
                found = len(directions)
                directions.append(n)
            labels.append(found)
        base = len(points)
        points += [int(vertex[group[0]])] * len(directions)
        new_vertex[group] = base + np.array(labels)
    made = np.full_like(faces, -1)
    made[face_of, corner] = new_vertex
    return replace(shape, points=shape.points[points], faces=made)
