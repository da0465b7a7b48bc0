"""Do the pictures pass for faces before a detector and a landmarker that never saw this data?

    python -m benchmarks.realism [DATASET … | --render 64 --size 320 --samples 12]
        [--environment DIR] [--worst sheet.png]

mediapipe 0.10.21, whose wheel carries its models, looks at every picture of the dataset, or of one
that is sampled and rendered here. It gets an environment of its own, made by pip on the first call
and kept in ``--environment``: it is no dependency of this project. Printed are:

- how many of the unobstructed faces with |yaw| <= 45 degrees are found, in the detector's
  full-range and short-range model and by the landmarker with the detector that it carries;
- how far its landmarks of brows, eyes, nose and mouth lie from our labels, median in percent of
  the face box (root of width times height of the box of our 68 landmarks), and the mean offset of
  each group across and down the face's own axes, so that a bias can be told from scatter.

A face is unobstructed when at most a tenth of the landmarks of brows, eyes, nose and mouth is
covered by hair or a thing, and as many lie outside the picture.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from spec_schema import Dataset

F64 = NDArray[np.float64]

ROOT: Final = Path(__file__).parents[1]
WORKER: Final = Path(__file__).with_name("realism_mediapipe.py")
PACKAGE: Final = "mediapipe==0.10.21"
MOST_YAW_DEG: Final = 45.0
MOST_COVERED: Final = 0.1
GROUPS: Final = {
    "brows": range(17, 27),
    "nose": range(27, 36),
    "eyes": range(36, 48),
    "mouth": range(48, 68),
}
# Points of mediapipe's 468 that stand for iBUG's 17 to 67, as its mesh's own edge lists of brows,
# eyes and lips order them. Its brows are an upper and a lower edge, iBUG's a line: the mean of
# both. The line of the jaw has no counterpart that stays on the jaw.
BROW_EDGES: Final = (
    (70, 63, 105, 66, 107, 336, 296, 334, 293, 300),
    (46, 53, 52, 65, 55, 285, 295, 282, 283, 276),
)
OTHER_POINTS: Final = (
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)
FIRST: Final = 17


@dataclass(frozen=True)
class Face:
    """A picture, and what our labels say of it."""

    image: Path
    yaw_deg: float
    points: F64
    """``(68, 2)`` px"""
    box: F64
    """x0, y0, x1, y1 px"""
    obstructed: bool

    @property
    def size_px(self) -> float:
        """Root of the area of the box."""
        return float(np.sqrt(np.prod(self.box[2:] - self.box[:2])))


def faces_of(dataset: Path) -> list[Face]:
    """All samples of a dataset."""
    out = []
    for sample in Dataset(dataset).samples():
        record = sample.labels()
        marks = record["landmarks"]
        inner = slice(FIRST, 68)
        covered = np.asarray(marks["covered_by"])[inner] > 0
        hidden = covered | ~np.asarray(marks["in_frame"])[inner]
        out.append(
            Face(
                next(p for p in map(sample.path, (".png", ".jpg")) if p.is_file()),
                float(record["spec"]["pose"]["yaw_deg"]),
                np.asarray(marks["image_px"], np.float64)[:68],
                np.asarray(record["face_box_px"], np.float64),
                bool(hidden.mean() > MOST_COVERED),
            )
        )
    return out


def render(n: int, size: int, samples: int, folder: Path) -> Path:
    """A small dataset of the default preset."""
    manifest = folder / "manifest.parquet"
    sample = [sys.executable, "-m", "sampler.cli", "--n", str(n), "--split", "test"]
    subprocess.run([*sample, "-o", str(manifest)], check=True, cwd=ROOT)
    out = folder / "dataset"
    command = [sys.executable, "-m", "renderer.cli", str(manifest), "--out", str(out)]
    command += ["--size", str(size), "--samples", str(samples)]
    subprocess.run(command, check=True, cwd=ROOT)
    return out


def interpreter(environment: Path) -> Path:
    """Python of the environment that holds mediapipe, which is made if it is not there."""
    python = environment / "bin" / "python"
    if not python.exists():
        print(f"making {environment} with {PACKAGE}", file=sys.stderr)  # noqa: T201
        venv.create(environment, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PACKAGE], check=True)
    return python


def seen_by_mediapipe(python: Path, faces: list[Face]) -> list[dict[str, Any]]:
    """What its worker says of each picture."""
    paths = "\n".join(str(face.image) for face in faces)
    done = subprocess.run(
        [python, WORKER], input=paths, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def overlap(a: F64, b: F64) -> float:
    """Area that two boxes share by the area of both."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    both = float(np.prod(np.maximum(high - low, 0)))
    return both / float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both)


def finds(face: Face, boxes: list[list[float]]) -> bool:
    """Whether one of the boxes is the face."""
    return any(overlap(face.box, np.array(box)) >= 0.3 for box in boxes)


def as_ibug(mesh: list[list[float]]) -> F64:
    """``(51, 2)`` px: iBUG's points 17 to 67 from mediapipe's 468."""
    points = np.array(mesh)
    brows = points[list(BROW_EDGES[0])] + points[list(BROW_EDGES[1])]
    return np.concatenate([brows / 2, points[list(OTHER_POINTS)]])


def offsets(face: Face, mesh: list[list[float]]) -> F64:
    """``(51, 2)`` from our landmarks to mediapipe's, by the box's size: across the face toward
    the subject's left, and down."""
    found = as_ibug(mesh)
    ours = face.points[FIRST:]
    across = face.points[[42, 45]].mean(axis=0) - face.points[[36, 39]].mean(axis=0)
    across /= np.linalg.norm(across)
    axes = np.stack([across, [-across[1], across[0]]])
    return np.asarray((found - ours) @ axes.T / face.size_px)


def report(faces: list[Face], seen: list[dict[str, Any]]) -> dict[int, float]:
    """Print the figures; returns the median error of each face that has one."""
    asked = [k for k, f in enumerate(faces) if not f.obstructed and abs(f.yaw_deg) <= MOST_YAW_DEG]
    print(  # noqa: T201
        f"{len(faces)} pictures, {len(asked)} of unobstructed faces with |yaw| <= {MOST_YAW_DEG:g}°"
    )
    if not asked:
        return {}
    for name in ("full_range", "short_range", "mesh"):
        hits = [finds(faces[k], seen[k][f"{name}_boxes"]) for k in asked]
        missed = [faces[k].image.name for k, hit in zip(asked, hits, strict=True) if not hit]
        print(  # noqa: T201
            f"  {name:11s} finds {sum(hits)} of {len(hits)}: {100 * np.mean(hits):.1f} %", *missed
        )
    meshed = [k for k in asked if finds(faces[k], seen[k]["mesh_boxes"])]
    if not meshed:
        return {}
    away = np.stack([offsets(faces[k], seen[k]["mesh"]) for k in meshed])
    error = 100 * np.linalg.norm(away, axis=2)
    print("landmarks, % of the face box: median, 90 %, mean offset to the left, down")  # noqa: T201
    for name, rows in {**GROUPS, "all four": range(FIRST, 68)}.items():
        at = [r - FIRST for r in rows]
        left, down = 100 * away[:, at].mean(axis=(0, 1))
        mid, most = np.quantile(error[:, at], [0.5, 0.9])
        print(f"  {name:9s} {mid:5.2f} {most:6.2f} {left:+7.2f} {down:+6.2f}")  # noqa: T201
    worst = np.argsort(-np.median(error, axis=0))[:8]
    print("  worst points:", ", ".join(f"{i + FIRST} {np.median(error[:, i]):.1f}" for i in worst))  # noqa: T201
    return {k: float(np.median(e)) for k, e in zip(meshed, error, strict=True)}


def worst_sheet(
    faces: list[Face], seen: list[dict[str, Any]], errors: dict[int, float]
) -> Image.Image:
    """The twelve faces with the largest errors: our points green, mediapipe's red."""
    side, tiles = 320, []
    for k in sorted(errors, key=lambda k: -errors[k])[:12]:
        image = Image.open(faces[k].image).convert("RGB")
        by = side / image.width
        image = image.resize((side, side))
        pen = ImageDraw.Draw(image)
        for points, colour in (
            (faces[k].points[FIRST:], (0, 220, 0)),
            (as_ibug(seen[k]["mesh"]), (255, 40, 40)),
        ):
            for x, y in points * by:
                pen.ellipse([x - 1, y - 1, x + 1, y + 1], fill=colour)
        pen.text((3, 3), f"{faces[k].image.stem} {errors[k]:.1f} %", fill=(255, 255, 0))
        tiles.append(image)
    sheet = Image.new("RGB", (4 * side, -(-len(tiles) // 4) * side))
    for i, tile in enumerate(tiles):
        sheet.paste(tile, (i % 4 * side, i // 4 * side))
    return sheet


def main() -> None:
    """Print the figures of the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--render", type=int, default=64)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--samples", type=int, default=12)
    kept = Path(tempfile.gettempdir()) / PACKAGE.replace("==", "-")
    parser.add_argument("--environment", type=Path, default=kept)
    parser.add_argument("--worst", type=Path)
    args = parser.parse_args()
    python = interpreter(args.environment)
    with tempfile.TemporaryDirectory() as folder:
        datasets = args.datasets or [render(args.render, args.size, args.samples, Path(folder))]
        faces = [face for dataset in datasets for face in faces_of(dataset)]
        seen = seen_by_mediapipe(python, faces)
        errors = report(faces, seen)
        if args.worst is not None:
            worst_sheet(faces, seen, errors).save(args.worst)


if __name__ == "__main__":
    main()
