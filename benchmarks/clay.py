"""Heads drawn in numpy, as of clay: no hair, no skin, one light, half a second a picture.

Shapes and expressions show themselves better so than in finished pictures, and by the hundred.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from assets.eyes import build_eyes
from assets.geometry import Mesh
from assets.head import Head, load_head_model
from assets.mouth import build_mouth
from assets.store import Store, open_store
from spec_schema import SceneSpec

__all__ = ["Tile", "clay", "sheet"]

F64 = NDArray[np.float64]

SKIN: Final = (0.80, 0.60, 0.50)
BROW: Final = (0.42, 0.29, 0.22)
LIPS: Final = (0.68, 0.36, 0.34)
MOUTH: Final = (0.25, 0.08, 0.08)
CLASS_COLOURS: Final = {9: MOUTH, 10: LIPS, 11: LIPS}
BACKGROUND: Final = (0.35, 0.37, 0.42)
LIGHTS: Final = (((-0.35, 0.5, 0.8), 0.62), ((0.8, 0.1, 0.45), 0.22))
AMBIENT: Final = 0.2
SUPERSAMPLING: Final = 2
SPAN_M: Final = 0.185
"""Width of the picture at the eyes, which are a metre away."""
MIDDLE_Y_M: Final = -0.035


@dataclass(frozen=True)
class Tile:
    """A picture ``(S, S, 3)`` uint8 and what stands under it."""

    pixels: NDArray[np.uint8]
    text: str


@dataclass(frozen=True)
class _Part:
    """Triangles in the head frame, m, and a colour each."""

    points: F64
    triangles: NDArray[np.int64]
    colours: F64


def clay(spec: SceneSpec, size: int = 160, yaw_deg: float = 0.0) -> NDArray[np.uint8]:
    """The head of a spec from the front, whatever its pose and camera: ``(size, size, 3)``."""
    store = open_store()
    head = load_head_model(store).build(spec)
    side = size * SUPERSAMPLING
    turn = np.radians(yaw_deg)
    view = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    depth = np.full(side * side, -np.inf)
    image = np.tile(np.array([BACKGROUND]), (side * side, 1))
    for part in _parts(spec, head, store):
        _draw(part, view, side, depth, image)
    mean = image.reshape(size, SUPERSAMPLING, size, SUPERSAMPLING, 3).mean(axis=(1, 3))
    return np.asarray(np.clip(mean, 0, 1) ** (1 / 1.6) * 255, np.uint8)


def _triangles(faces: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Triangles ``(T, 3)`` of quads and triangles (which end in -1), and the face of each."""
    if faces.shape[1] == 3:
        return faces.astype(np.int64), np.arange(len(faces))
    quads = np.flatnonzero(faces[:, 3] >= 0)
    both = np.concatenate([faces[:, :3], faces[quads][:, [0, 2, 3]]]).astype(np.int64)
    return both, np.concatenate([np.arange(len(faces)), quads])


def _parts(spec: SceneSpec, head: Head, store: Store) -> list[_Part]:
    rotation, origin = head.world_from_head[:3, :3], head.world_from_head[:3, 3]

    def part(vertices: NDArray[np.float32], faces: NDArray[np.int32], colours: F64) -> _Part:
        triangles, face = _triangles(faces)
        return _Part((vertices.astype(np.float64) - origin) @ rotation, triangles, colours[face])

    skin = np.tile(np.array(SKIN), (len(head.faces), 1))
    for number, colour in CLASS_COLOURS.items():
        skin[head.face_class == number] = colour
    skin[_brow_faces(store)] = BROW
    out = [part(head.vertices_m, head.faces, skin)]
    for mesh in build_eyes(spec, head, store):
        # What covers the balls is clear.
        if not any(word in mesh.name for word in ("shell", "cornea", "tear")):
            out.append(part(mesh.vertices_m, mesh.faces, _eye_colours(mesh, head)))
    for mesh in build_mouth(spec, head, store):
        tooth = (0.92, 0.9, 0.82) if "teeth" in mesh.name else (0.7, 0.3, 0.3)
        out.append(
            part(mesh.vertices_m, mesh.faces, np.tile(np.array(tooth), (len(mesh.faces), 1)))
        )
    return out


def _eye_colours(mesh: Mesh, head: Head) -> F64:
    eye = head.eyes["left" if "left" in mesh.name else "right"]
    local = (mesh.vertices_m - eye.centre_m) @ eye.world_from_eye
    angle = np.arctan2(np.hypot(local[:, 0], local[:, 1]), local[:, 2])[:, None]
    ball = np.where(angle < 0.47, [[0.35, 0.25, 0.15]], [[0.92, 0.9, 0.88]])
    ball = np.where(angle < 0.16, [[0.03, 0.03, 0.03]], ball)
    return np.asarray(ball[np.maximum(mesh.faces, 0)].mean(axis=1))


@lru_cache(maxsize=1)
def _brow_faces(store: Store) -> NDArray[np.bool_]:
    """Faces of the head between the edges of the brows."""
    model = load_head_model(store)
    surface, dense = model.surface, model.dense_landmarks
    rest = surface.rest_m[surface.dense]
    per_m = 10_000
    canvas = Image.new("1", (4000, 2000))
    low = rest.min(axis=0)
    for side in ("left", "right"):
        edges = [
            [
                rest[dense.vertices[k]]
                for k, name in enumerate(dense.names)
                if name.rsplit("_", 1)[0] == f"{side}_brow_{edge}"
            ]
            for edge in ("upper", "lower")
        ]
        outline = [*edges[0], *edges[1][::-1]]
        ImageDraw.Draw(canvas).polygon(
            [tuple(((p - low)[:2] * per_m).tolist()) for p in outline], fill=1
        )
    middle = surface.rest_m[surface.faces].mean(axis=1)
    at = np.round((middle - low)[:, :2] * per_m).astype(int)
    inside = (at >= 0).all(axis=1) & (at < [4000, 2000]).all(axis=1) & (middle[:, 2] > 0.08)
    out = np.zeros(len(surface.faces), bool)
    out[inside] = np.array(canvas)[at[inside, 1], at[inside, 0]]
    return out


def _normals(part: _Part) -> F64:
    p, t = part.points, part.triangles
    of_face = np.cross(p[t[:, 1]] - p[t[:, 0]], p[t[:, 2]] - p[t[:, 0]])
    out = np.zeros_like(p)
    for corner in range(3):
        for axis in range(3):
            out[:, axis] += np.bincount(t[:, corner], of_face[:, axis], minlength=len(p))
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12))


def _draw(part: _Part, view: F64, side: int, depth: F64, image: F64) -> None:
    """Rasterise one part into ``depth`` ``(side²,)`` and ``image`` ``(side², 3)``."""
    p = part.points @ view.T
    normals = _normals(part) @ view.T
    shade = np.full(len(p), AMBIENT)
    for direction, strength in LIGHTS:
        unit = np.array(direction) / np.linalg.norm(direction)
        shade += strength * np.clip(normals @ unit, 0, 1)
    distance = 1 - p[:, 2]
    x = (p[:, 0] / distance / SPAN_M + 0.5) * side
    y = (0.5 - (p[:, 1] - MIDDLE_Y_M) / distance / SPAN_M) * side
    t, z = part.triangles, p[:, 2]
    xs, ys = x[t], y[t]
    left, top = (np.floor(a.min(axis=1)).astype(int) for a in (xs, ys))
    right, bottom = (np.ceil(a.max(axis=1)).astype(int) for a in (xs, ys))
    width, height = right - left, bottom - top

    def doubled(x: F64, y: F64, a: F64, b: F64, c: F64, d: F64) -> F64:
        """Twice the area of the triangles of (x, y) to (a, b) and (c, d)."""
        return (a - x) * (d - y) - (c - x) * (b - y)

    whole = doubled(xs[:, 0], ys[:, 0], xs[:, 1], ys[:, 1], xs[:, 2], ys[:, 2])
    # Of what is turned away (its outline runs the other way) nothing is seen.
    inside = (left < side) & (top < side) & (right > 0) & (bottom > 0)
    rows = np.flatnonzero((whole < -1e-9) & inside)
    found: list[tuple[NDArray[np.int64], F64, F64]] = []
    for dy in range(int(height[rows].max(initial=0))):
        for dx in range(int(width[rows].max(initial=0))):
            k = rows[(width[rows] > dx) & (height[rows] > dy)]
            px, py = left[k] + dx, top[k] + dy
            k, px, py = (a[(px >= 0) & (px < side) & (py >= 0) & (py < side)] for a in (k, px, py))
            first = (xs[k, 0], ys[k, 0])
            b1 = doubled(*first, px + 0.5, py + 0.5, xs[k, 2], ys[k, 2]) / whole[k]
            b2 = doubled(*first, xs[k, 1], ys[k, 1], px + 0.5, py + 0.5) / whole[k]
            b0 = 1 - b1 - b2
            hit = (b0 >= -1e-6) & (b1 >= -1e-6) & (b2 >= -1e-6)
            k, at = k[hit], (py * side + px)[hit]
            b = np.stack([b0[hit], b1[hit], b2[hit]], axis=1)
            colours = part.colours[k] * (shade[t[k]] * b).sum(axis=1)[:, None]
            found.append((at, (z[t[k]] * b).sum(axis=1), colours))
    if not found:
        return
    at, far, colours = (np.concatenate(a) for a in zip(*found, strict=True))
    order = np.argsort(far, kind="stable")
    nearest = np.full(side * side, -1)
    nearest[at[order]] = order
    pixel = np.flatnonzero(nearest >= 0)
    pixel = pixel[far[nearest[pixel]] > depth[pixel]]
    depth[pixel], image[pixel] = far[nearest[pixel]], colours[nearest[pixel]]


def sheet(tiles: list[Tile], columns: int, text_px: int = 12) -> Image.Image:
    """Tiles in rows, with their text under them."""
    side = len(tiles[0].pixels)
    tall = side + (text_px if any(tile.text for tile in tiles) else 0)
    out = Image.new("RGB", (columns * side, -(-len(tiles) // columns) * tall), (24, 24, 28))
    pen = ImageDraw.Draw(out)
    for k, tile in enumerate(tiles):
        x, y = k % columns * side, k // columns * tall
        out.paste(Image.fromarray(tile.pixels), (x, y))
        pen.text((x + 2, y + side), tile.text, fill=(235, 235, 235))
    return out
