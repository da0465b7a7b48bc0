"""What a ``.mat`` must say of a sample, from its label record alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from tests.converters.formats import Back
from tests.converters.readers import tddfa

Array = NDArray[np.float64]
SIZE_PX = 450


def true_points(record: dict[str, Any], camera_m: Array) -> Array:
    """(N, 2) 1-based pixels of the 450 px image, by hand: pinhole, scale, half a pixel."""
    k = record["camera"]["intrinsics"]
    u = k[0, 0] * camera_m[:, 0] / camera_m[:, 2] + k[0, 2]
    v = k[1, 1] * camera_m[:, 1] / camera_m[:, 2] + k[1, 2]
    return np.stack([u, v], axis=1) * (SIZE_PX / record["size_px"]) + 0.5


def best_possible(head_m: Array, points: Array, start: Rotation) -> tuple[Rotation, float]:
    """Rotation and residual of the optimum, by SciPy's general solver instead of ours."""
    v, x = head_m - head_m.mean(axis=0), points - points.mean(axis=0)
    up = x * [1, -1]

    def residual(p: Array) -> Array:
        rotation = Rotation.from_rotvec(p[:3]) * start
        return np.asarray((np.exp(p[3]) * rotation.apply(v)[:, :2] - up).ravel())

    first = np.array([0, 0, 0, np.log(np.ptp(up[:, 1]) / np.ptp(v[:, 1]))])
    found = least_squares(residual, first, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    rotation = Rotation.from_rotvec(found.x[:3]) * start
    return rotation, float(np.sqrt(2 * found.cost / len(v)))


def seen_rotation(record: dict[str, Any], face_vertices: NDArray[np.int32]) -> Array:
    """(3, 3) camera from head, as weak perspective sees it."""
    facing = np.diag([1.0, -1.0, -1.0])
    head = np.asarray(record["vertices"]["head_m"], np.float64)[face_vertices]
    camera = np.asarray(record["vertices"]["camera_m"], np.float64)[face_vertices]
    plain = Rotation.from_matrix(facing @ record["pose"]["camera_from_head"][:3, :3])
    return facing @ best_possible(head, true_points(record, camera), plain)[0].as_matrix()


def contradictions(
    back: Back,
    record: dict[str, Any],
    face_vertices: NDArray[np.int32],
    points_tolerance_px: float,
) -> list[str]:
    """Everything in which what came back contradicts the record; empty if all is right."""
    wrong = []
    scale = back.size_px / record["size_px"]
    drawn = record["landmarks"]["image_px"] * scale
    inside = record["landmarks"]["in_frame"]
    given = np.isfinite(back.landmarks_px).all(axis=1)
    count = len(back.landmarks_px)
    if not given[inside[:count]].all():
        wrong.append("a landmark within the image is left out")
    miss = np.abs(back.landmarks_px - drawn[:count])[given]
    if miss.max() > points_tolerance_px:
        wrong.append(f"landmarks are off by {miss.max():.3f} px")
    if back.box_px is not None:
        box = np.abs(back.box_px - record["face_box_px"] * scale).max()
        if box > points_tolerance_px:
            wrong.append(f"the box is off by {box:.3f} px")
    if back.rotation is not None:
        plain = record["pose"]["camera_from_head"][:3, :3]
        true = seen_rotation(record, face_vertices) if back.seen else plain
        off = np.degrees(Rotation.from_matrix(back.rotation @ true.T).magnitude())
        if off > 0.02:
            wrong.append(f"the pose is off by {off:.3f}°")
    return wrong


def mismatches(
    mat: dict[str, Any], record: dict[str, Any], face_vertices: NDArray[np.int32]
) -> list[str]:
    """Everything in which a ``.mat`` contradicts the record; empty if all is right."""
    wrong = []
    rotation, pt3d = tddfa(mat)
    tx, ty, tz, scale = (float(a) for a in mat["Pose_Para"][0][3:])
    model = lambda head: head * 1e6 + [0, 25_700, 90_100]  # noqa: E731
    view = lambda head: scale * model(head) @ rotation.T + [tx, ty, tz]  # noqa: E731

    def flat(head: Array) -> Array:
        seen = view(head)
        return np.stack([seen[:, 0], SIZE_PX + 1 - seen[:, 1]], axis=1)

    head = np.asarray(record["vertices"]["head_m"], np.float64)[face_vertices]
    camera = np.asarray(record["vertices"]["camera_m"], np.float64)[face_vertices]
    points = true_points(record, camera)
    miss = flat(head) - points
    rms = float(np.sqrt((miss**2).sum(axis=1).mean()))
    plain = Rotation.from_matrix(np.diag([1, -1, -1]) @ record["pose"]["camera_from_head"][:3, :3])
    _, best = best_possible(head, points, plain)
    if rms > best + 1e-3:
        wrong.append(f"the pose misses the face by {rms:.4f} px, and {best:.4f} is possible")
    if np.abs(miss.mean(axis=0)).max() > 0.01:
        wrong.append(f"the pose is shifted by {miss.mean(axis=0)} px")
    landmarks = true_points(record, record["landmarks"]["camera_m"][:68])
    if np.abs(np.asarray(mat["pt2d"]).T - landmarks).max() > 0.01:
        wrong.append("pt2d is not where the landmarks are in the image")
    if np.abs(pt3d[:2].T - landmarks).max() > 0.01:
        wrong.append("pt3d_68 is not where the landmarks are in the image")
    depth = view(record["landmarks"]["head_m"][:68])[:, 2]
    if np.abs(pt3d[2] - depth).max() > 0.01:
        wrong.append("the depth of pt3d_68 is not that of the posed head")
    # 30 is the tip of the nose, 0 and 16 the ends of the jaw: the nose is nearer to the camera.
    along = record["landmarks"]["camera_m"][:68, 2]
    if np.corrcoef(pt3d[2], along)[0, 1] > -0.99:
        wrong.append("pt3d_68 does not grow toward the viewer")
    box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])
    if np.abs(np.asarray(mat["roi"])[0] - box).max() > 1:
        wrong.append("roi is not the box of the landmarks")
    return wrong
