"""Run by benchmarks/realism.py in an environment that has mediapipe, and nothing of ours.

Reads paths of pictures from stdin, one a line; writes a line of JSON for each: the boxes that its
two face detectors find, and box and 468 points of its face mesh, in pixels.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import mediapipe
import numpy as np
from PIL import Image


def _boxes(detector: Any, image: Any) -> list[list[float]]:
    height, width = image.shape[:2]
    out = []
    for found in detector.process(image).detections or []:
        box = found.location_data.relative_bounding_box
        x, y = box.xmin * width, box.ymin * height
        out.append([x, y, x + box.width * width, y + box.height * height])
    return out


def main() -> None:
    """One line in, one line out."""
    solutions = mediapipe.solutions
    full = solutions.face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5)
    short = solutions.face_detection.FaceDetection(model_selection=0, min_detection_confidence=0.5)
    mesh = solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=True
    )
    for path in sys.stdin.read().splitlines():
        image = np.array(Image.open(path).convert("RGB"))
        height, width = image.shape[:2]
        found = mesh.process(image).multi_face_landmarks or []
        points = [[p.x * width, p.y * height] for face in found for p in face.landmark]
        corners = [*np.min(points, axis=0), *np.max(points, axis=0)] if points else []
        record = {
            "full_range_boxes": _boxes(full, image),
            "short_range_boxes": _boxes(short, image),
            "mesh_boxes": [list(map(float, corners))] if points else [],
            "mesh": points[:468],
        }
        print(json.dumps(record), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
