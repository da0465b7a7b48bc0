"""Proofs that pixels and geometric labels agree. Each raises AssertionError where they don't."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_schema.classes import SegmentationClass as C
from tests.renderer.blender.rasteriser import CELLS, Raster, rasterise
from tests.renderer.blender.truth import Array, Shot, shared

DEPTH_M = 0.0005
"""Agreement of depth that is promised."""
PIXELS = 0.25
"""Agreement in the image that is promised."""

_REGION_PX = 500
"""Regions of fewer pixels have a middle that noise at the border moves too far."""

_MOSTLY = 0.995
"""Share of pixels or points that must agree; the rest lie on an edge, where two surfaces meet."""


def _require(holds: Any, message: str) -> None:
    if not holds:
        raise AssertionError(message)


_DRAWN: dict[tuple[int, bytes, bytes], tuple[Any, Raster]] = {}


def drawn(shot: Shot) -> Raster:
    """The mesh that was rendered, drawn again by the labels' camera without Blender."""
    camera = shot.record["camera"]
    camera_from_world, k = camera["camera_from_world"], camera["intrinsics"]
    key = id(shot.geometry), camera_from_world.tobytes(), k.tobytes()
    if key not in _DRAWN:
        raster = rasterise(shot.geometry.meshes, camera_from_world, k, len(shot.mask))
        _DRAWN[key] = shot.geometry, raster  # the geometry, so that its id stays taken
    return _DRAWN[key][1]


def _projected(points_m: Array, k: Array) -> Array:
    flat = points_m @ k.T
    return np.asarray(flat[:, :2] / flat[:, 2:])


def _inverse_slope(image: Array) -> tuple[Array, NDArray[np.bool_]]:
    """d(px)/d(value) (H, W, 2, 2) of an (H, W, 2) map, and where it is smooth enough for one."""
    slope = np.stack([np.gradient(image, axis=1), np.gradient(image, axis=0)], axis=-1)
    steps = np.abs(np.stack([np.diff(image, axis=a, append=np.nan) for a in (0, 1)]))
    usable = np.isfinite(slope).all(axis=(2, 3)) & (np.nan_to_num(steps, nan=1) < 0.03).all((0, 3))
    slope[~usable] = np.eye(2)
    usable &= np.linalg.cond(slope) < 20
    slope[~usable] = np.eye(2)
    return np.linalg.inv(slope), usable


def passes_meet_the_labelled_mesh(shot: Shot) -> None:
    """Depth, normals and UVs at every pixel's centre are those of the mesh as labelled.

    UVs are compared in the picture: how far from its pixel a value of the UV map belongs.
    """
    raster = drawn(shot).centres()
    there = np.isfinite(raster.depth_m)
    same = there == np.isfinite(shot.depth_m)
    _require(same.mean() > _MOSTLY, f"depth: {1 - same.mean():.1%} of the outline elsewhere")
    both = there & np.isfinite(shot.depth_m)
    off_m = np.abs(raster.depth_m[both] - shot.depth_m[both])
    agree = (off_m < DEPTH_M).mean()
    _require(agree > _MOSTLY, f"depth: only {agree:.1%} of the pixels within 0.5 mm")

    skin = shot.geometry.meshes[0]
    assert skin.uv is not None
    assert skin.charted is not None
    uv = raster.interpolated(0, np.where(skin.charted[:, None, None], skin.uv, np.inf))
    uv[~np.isfinite(uv)] = np.nan
    charted, seen = np.isfinite(uv[..., 0]), shot.uv[..., 0] >= 0
    _require((charted == seen).mean() > _MOSTLY, "UVs: skin is elsewhere")
    px_from_uv, usable = _inverse_slope(uv)
    usable &= seen
    off_px = np.linalg.norm((px_from_uv @ (shot.uv - uv)[..., None])[..., 0], axis=-1)[usable]
    agree = (off_px < PIXELS).mean()
    _require(usable.sum() > 0.7 * charted.sum(), "UVs: too little to compare")
    _require(agree > _MOSTLY, f"UVs: only {agree:.1%} of the pixels within 0.25 px")

    corners = skin.vertices_m[skin.faces].astype(float)
    flat = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    at_vertex = np.zeros(skin.vertices_m.shape)
    np.add.at(at_vertex, skin.faces.ravel(), np.repeat(flat, 4, axis=0))
    normal = raster.interpolated(0, at_vertex[skin.faces])
    normal = normal @ shot.record["camera"]["camera_from_world"][:3, :3].T
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    on_skin = charted & seen
    cosine = np.sum(normal[on_skin] * shot.normals[on_skin], axis=-1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    _require(
        np.quantile(angle, 0.95) < 3,
        f"normals: {np.quantile(angle, 0.5):.1f} degrees off in the middle, "
        f"{np.quantile(angle, 0.95):.1f} at the 95th percentile",
    )


def passes_meet_the_dense_vertices(shot: Shot) -> None:
    """Where a dense vertex is visible, its depth and UV are seen where it projects.

    Its UV is looked for in the UV map around, its depth read off between the pixels; both by a
    parabola through nine pixels, which is what this leaves of the agreement of the pixels
    themselves.
    """
    points = shot.record["vertices"]["camera_m"].astype(float)
    size = len(shot.mask)
    at_px = _projected(points, shot.intrinsics)
    own_uv, single = _vertex_uv()
    index = np.flatnonzero(single & ((at_px > 2) & (at_px < size - 2)).all(axis=1))
    raster = drawn(shot)
    column, row = np.floor(at_px[index] * CELLS).astype(int).T
    around = [raster.depth_m[row + i, column + j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    visible = points[index, 2] < np.max(around, axis=0) + DEPTH_M
    ray = points / np.linalg.norm(points, axis=1, keepdims=True)
    facing = -np.sum(_dense_normals(points) * ray, axis=1)
    index = index[visible & (facing[index] > 0.4)]
    _require(len(index) > 300, f"only {len(index)} vertices are visible")

    nine = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(-1, 2)
    pixel = np.floor(at_px[index]).astype(int)[:, None] + nine
    uv, depth = shot.uv[pixel[..., 1], pixel[..., 0]], shot.depth_m[pixel[..., 1], pixel[..., 0]]
    off_px = pixel + 0.5 - at_px[index][:, None]
    off_uv = uv - own_uv[index][:, None]
    one_patch = (uv.min(axis=(1, 2)) >= 0) & (np.ptp(uv, axis=1).max(axis=1) < 0.03)
    one_patch &= np.ptp(depth, axis=1) < 0.015
    _require(one_patch.mean() > 0.6, f"only {one_patch.mean():.0%} of vertices are on smooth skin")
    found_px, misfit = _parabola(off_uv[one_patch], off_px[one_patch])
    found_m, misfit_m = _parabola(off_px[one_patch], depth[one_patch][..., None])
    smooth = (misfit < 0.15) & (misfit_m < DEPTH_M)
    _require(smooth.mean() > 0.6, f"UVs: only {smooth.mean():.0%} of the vertices lie in order")
    agree = np.linalg.norm(found_px[smooth], axis=1) < PIXELS
    _require(agree.mean() > 0.97, f"UVs: only {agree.mean():.1%} of the vertices within 0.25 px")
    agree = np.abs(found_m[smooth, 0] - points[index][one_patch][smooth, 2]) < DEPTH_M
    _require(agree.mean() > 0.97, f"depth: only {agree.mean():.1%} of the vertices within 0.5 mm")


def _parabola(x: Array, y: Array) -> tuple[Array, Array]:
    """Value at x = 0 of the quadratics through nine points: (N, 9, 2) to (N, 9, C); the misfit."""
    x = x / np.maximum(np.abs(x).max(axis=(1, 2), keepdims=True), 1e-12)
    u, v = x[..., 0], x[..., 1]
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    fit = np.linalg.pinv(terms) @ y
    return fit[:, 0], np.abs(terms @ fit - y).max(axis=(1, 2))


def _vertex_uv() -> tuple[Array, NDArray[np.bool_]]:
    """(D, 2) UV of each dense vertex, and whether it has only one."""
    topology = shared()
    count = len(topology["rest_m"])
    corner, uv = topology["faces"].ravel(), topology["uv"].reshape(-1, 2).astype(float)
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, corner, uv)
    np.maximum.at(high, corner, uv)
    return (low + high) / 2, (high - low).max(axis=1) < 1e-5


def _dense_normals(points_m: Array) -> Array:
    q = points_m[shared()["faces"]]
    normal = np.cross(q[:, 2] - q[:, 0], q[:, 3] - q[:, 1])
    out = np.zeros_like(points_m)
    np.add.at(out, shared()["faces"].ravel(), np.repeat(normal, 4, axis=0))
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12))


def mask_meets_the_regions(shot: Shot) -> None:
    """The borders in the class mask are those of the projected regions.

    Where all of a pixel and its neighbours is one region, the mask has no choice. Where a
    border runs, the middle of each region is compared, which half a pixel of shift would move
    by half a pixel. Both give a pixel whole to the class that covers most of it: the thin ends
    of open lips cover less than half of theirs, and their area would move the middle by up to
    0.2 px from a mask without any noise (measured at 64 samples; so compared 0.05).
    """
    raster = drawn(shot)
    classes = [c for c in C if (shot.mask == c).any() or (raster.classes == c).any()]
    coverage = np.stack([raster.coverage(c) for c in classes])
    ids = np.array(classes, np.uint8)
    most = ids[coverage.argmax(axis=0)]
    sure = coverage.max(axis=0) == 1
    inner = sure.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= (np.roll(most, step, axis) == most) & np.roll(sure, step, axis)
    wrong = (most != shot.mask) & inner
    _require(wrong.mean() < 1e-4, f"mask: {wrong.sum()} pixels inside of a region have another")
    agree = (most == shot.mask).mean()
    _require(agree > 0.98, f"mask: only {agree:.1%} of the pixels agree")
    rows, columns = np.indices(shot.mask.shape)
    for share, class_id in zip(coverage, classes, strict=True):
        mine, drawn_mine = shot.mask == class_id, most == class_id
        if class_id == C.BACKGROUND or share.sum() < _REGION_PX:
            continue
        _require(mine.any(), f"mask: no {class_id.name}")
        _require(drawn_mine.any(), f"mask: {class_id.name} fills no pixel as drawn")
        off_x = columns[mine].mean() - columns[drawn_mine].mean()
        off = np.hypot(off_x, rows[mine].mean() - rows[drawn_mine].mean())
        _require(off < PIXELS, f"mask: the middle of {class_id.name} is {off:.2f} px off")


def emitters_meet_the_landmarks(seen_px: Array, labelled_px: Array) -> None:
    """Glowing balls at the landmarks are seen where the labels say."""
    off = np.linalg.norm(seen_px - labelled_px, axis=1)
    _require(np.isfinite(off).all(), f"emitters: {(~np.isfinite(off)).sum()} are not seen")
    _require(off.max() < PIXELS, f"emitters: up to {off.max():.2f} px from their labels")


def angles_are_seen(frontal: Shot, turned: Shot) -> None:
    """The reported yaw, pitch and roll are those that a person sees, by the regions in the mask.

    +yaw brings the nose to image-left, +pitch up, +roll turns clockwise. Both shots are of one
    face, the first with all angles zero, the second turned about one axis alone.
    """
    before, after = _looks(frontal), _looks(turned)
    pose = turned.record["pose"]
    told = np.array([pose["yaw_deg"], pose["pitch_deg"], pose["roll_deg"]])
    seen = after - before
    for name, was_told, is_seen in zip(("yaw", "pitch", "roll"), told, seen, strict=True):
        _require(
            is_seen * np.sign(was_told) > 3 if abs(was_told) > 10 else abs(is_seen) < 3,
            f"{name} {was_told:.0f} looks like {is_seen:.0f}",
        )


def _looks(shot: Shot) -> Array:
    """Measures (3,) that grow with yaw, pitch and roll, as the mask shows a face.

    Roll is in degrees; yaw and pitch show by a quarter of theirs, since the eyes' middle moves
    with the nose.
    """

    def middle(*classes: C) -> Array:
        rows, columns = np.nonzero(np.isin(shot.mask, classes))
        _require(len(rows), f"no {classes[0].name} is seen")
        return np.array([columns.mean(), rows.mean()])

    right, left = middle(C.RIGHT_EYE), middle(C.LEFT_EYE)
    _require(right[0] < left[0], "the subject's right eye is not at image-left")
    across = (left - right) / np.linalg.norm(left - right)
    down = np.array([-across[1], across[0]])
    eyes, mouth = (left + right) / 2, middle(C.TOP_LIP, C.BOTTOM_LIP)
    # The nose stands out of the line from eyes to mouth, by about a third of its length.
    length = (mouth - eyes) @ down
    nose = (middle(C.NOSE) - (eyes + mouth) / 2) / length
    roll = np.arctan2(across[1], across[0])
    return np.degrees([np.arctan(-nose @ across * 3), np.arctan(-nose @ down * 3), roll])
