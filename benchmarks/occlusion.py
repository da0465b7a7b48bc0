"""How often ``self_occluded`` is right: against rays cast at the finer surface that is rendered.

    python -m benchmarks.occlusion [HEADS]

The label is computed against the dense surface, of 4,220 quads. Here a ray goes from each
landmark of random heads to the camera through the rendered head, of 67,520 quads, one landmark
at a time.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import sampler
from assets.head import load_head_model
from assets.store import open_store
from renderer.labels import geometric_labels
from renderer.occlusion import TOLERANCE_M
from spec_schema.arrow import row_to_spec


def hidden_by(point: Any, corners: Any) -> bool:
    """Whether triangles (T, 3, 3) hide a point from the camera at the origin, by our tolerance.

    Source of the test: T. Möller, B. Trumbore, *Fast, minimum storage ray/triangle
    intersection*, 1997.
    """
    a, edge, other = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    reach = np.linalg.norm(point)
    toward = -point / reach
    h = np.cross(toward, other)
    det = np.sum(edge * h, axis=1)
    s, safe = point - a, np.where(np.abs(det) > 1e-18, det, np.inf)
    u = np.sum(s * h, axis=1) / safe
    q = np.cross(s, edge)
    v, t = q @ toward / safe, np.sum(other * q, axis=1) / safe
    return bool(((u >= 0) & (v >= 0) & (u + v <= 1) & (t > TOLERANCE_M) & (t < reach)).any())


def main(heads: int) -> None:
    model = load_head_model(open_store())
    quads = model.surface.faces[model.surface.charted]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    table = sampler.draw(sampler.load_config(), start=0, n=heads)
    on_skin = np.flatnonzero(model.dense_landmarks.vertices >= 0)
    counts = {"landmarks": np.zeros(4, int), "dense_landmarks": np.zeros(4, int)}
    for row in table.to_pylist():
        spec = row_to_spec(row, "drawn")
        head = model.build(spec)
        labels = geometric_labels(spec, model.labelled(head), model, 640)
        m = head.camera_from_world
        corners = (head.vertices_m @ m[:3, :3].T + m[:3, 3])[triangles]
        outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        corners = corners[np.sum(outward * corners[:, 0], axis=1) < 0]
        for key, rows in (("landmarks", np.arange(68)), ("dense_landmarks", on_skin)):
            points = labels[key]["camera_m"][rows].astype(np.float64)
            truth = np.array([hidden_by(p, corners) for p in points])
            said = labels[key]["self_occluded"][rows]
            counts[key] += [len(rows), truth.sum(), (truth & ~said).sum(), (said & ~truth).sum()]
    for key, (n, hidden, missed, false) in counts.items():
        print(  # noqa: T201
            f"{key:16} {n} points of {heads} heads, {hidden} hidden; "
            f"right {1 - (missed + false) / n:.2%}, missed {missed}, wrongly hidden {false}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
