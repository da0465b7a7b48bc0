"""Lids and ball over random people, gazes and closures: clearances, gaps, overlaps.

    python -m benchmarks.lids [--n 500]

The figures of docs/eyes.md.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

import sampler
from assets.eyes.constants import eye_constants
from assets.eyes.lids import lid_rings
from assets.eyes.lining import caruncle
from assets.eyes.shape import opaque_ball, shell
from assets.head import Head, load_head_model
from assets.store import open_store
from sampler.expression import look
from spec_schema import ARKIT_UNITS, SceneSpec
from spec_schema.arrow import row_to_spec

MOVES = {
    "open": {},
    "blink 0.25": {"Blink": 0.25},
    "blink 0.5": {"Blink": 0.5},
    "blink 0.75": {"Blink": 0.75},
    "blink 1": {"Blink": 1.0},
    "squint 1": {"Squint": 1.0},
    "wide 1": {"Wide": 1.0},
    "blink 0.5, squint 0.6": {"Blink": 0.5, "Squint": 0.6},
}


def _over_shell(head: Head, side: str, points_m: np.ndarray) -> np.ndarray:
    """(N,) mm over the clear shell, along the ray from the ball's centre."""
    eye = head.eyes[side]
    local = (points_m - eye.centre_m) @ eye.world_from_eye
    profile = shell().vertices.astype(float)
    angle = np.arctan2(np.hypot(profile[:, 0], profile[:, 1]), profile[:, 2])
    order = np.argsort(angle)
    at = np.arctan2(np.hypot(local[:, 0], local[:, 1]), local[:, 2])
    radius = np.interp(at, angle[order], np.linalg.norm(profile, axis=1)[order])
    scale = eye.radius_m * eye_constants().shape.shell_scale
    return np.asarray((np.linalg.norm(local, axis=1) - scale * radius) * 1e3)


def _measure(head: Head) -> list[list[float]]:
    """Of each eye, mm: edge and inner edge over the shell at least; the strip that the lining
    closes at most; gap and overlap of the edges at most; caruncle under the lids' edge at least."""
    out = []
    up = head.world_from_head[:3, 1]
    for side in ("left", "right"):
        eye = head.eyes[side]
        rings = lid_rings(head, side, open_store())
        fine = rings.finer(4)
        apart = [float((rings.edge[i] - rings.edge[28 - i]) @ up) * 1e3 for i in range(3, 12)]
        knob = caruncle(rings, eye.centre_m, opaque_ball(eye.radius_m).radius_m).vertices_m
        corner = np.linalg.norm(rings.edge[[0, 1, -1]] - eye.centre_m, axis=1).min()
        out.append(
            [
                float(_over_shell(head, side, fine.edge).min()),
                float(_over_shell(head, side, fine.inner).min()),
                float(_over_shell(head, side, fine.behind).max()),
                max(apart),
                -min(apart),
                float(corner - np.linalg.norm(knob - eye.centre_m, axis=1).max()) * 1e3,
            ]
        )
    return out


def main() -> None:
    """Print a line a move."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=500, help="people")
    n = parser.parse_args().n
    config = sampler.load_config("facesynthetics")
    model, rng = load_head_model(open_store()), np.random.default_rng(7)
    found: dict[str, list[list[float]]] = {name: [] for name in MOVES}
    for i, row in enumerate(sampler.draw(config, 0, n, seed=19).to_pylist()):
        name, move = list(MOVES.items())[i % len(MOVES)]
        yaw, pitch = rng.uniform(-30, 30), rng.uniform(-25, 25)
        weights = np.zeros((1, 52))
        for part, value in move.items():
            for side in ("Left", "Right"):
                weights[0, ARKIT_UNITS.index(f"eye{part}{side}")] = value
        units = look(config.expression.look, weights, np.array([yaw]), np.array([pitch]))[0]
        spec = row_to_spec(row, "row").model_dump()
        spec["expression"] = dict(zip(ARKIT_UNITS, units.tolist(), strict=True))
        spec["gaze"] |= {"yaw_deg": yaw, "pitch_deg": pitch}
        found[name] += _measure(model.build(SceneSpec.model_validate(spec)))
    lines = [
        "mm: least height of edge | inner edge over the shell; widest strip closed; gap 95 %",
        "and most; overlap 95 %; least depth of the caruncle under the lids' edge",
    ]
    for name, rows in found.items():
        a = np.array(rows)
        lines.append(
            f"{name:22} {a[:, 0].min():5.2f} | {a[:, 1].min():5.2f}; {a[:, 2].max():5.2f}; "
            f"{np.quantile(a[:, 3], 0.95):5.2f} {a[:, 3].max():5.2f}; "
            f"{np.quantile(a[:, 4], 0.95):5.2f}; {a[:, 5].min():5.2f}"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
