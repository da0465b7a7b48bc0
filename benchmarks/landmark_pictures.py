"""Pictures of the geometric labels for docs/labels.md: ``python -m benchmarks.landmark_pictures``.

Draws a manifest, keeps a frontal, a half-turned and a profile head, renders them, and draws the
records over the pictures into docs/images/labels_*.jpg. With ``--dataset DIR`` it takes the
first three samples of a dataset that is there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from spec_schema import Dataset, Manifest, Sample, adopt
from spec_schema.frames import project

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
SIZE_PX: Final = 512
YAWS_DEG: Final = (5.0, -38.0, 72.0)
_AXES: Final = (("#ff4040", 0), ("#40e040", 1), ("#5080ff", 2))
_GROUP_COLOURS: Final = (
    "#ff5050", "#ffa030", "#ffe040", "#70e050", "#40d0c0", "#50a0ff", "#a080ff", "#ff70d0",
)  # fmt: skip

Labels = dict[str, Any]
Drawing = Callable[[ImageDraw.ImageDraw, Labels], None]


def _dot(draw: ImageDraw.ImageDraw, at: NDArray[Any], colour: str, r: float, full: bool) -> None:
    x, y = map(float, at)
    box = (x - r, y - r, x + r, y + r)
    draw.ellipse(box, fill=colour) if full else draw.ellipse(box, outline=colour)


def _arrow(draw: ImageDraw.ImageDraw, labels: Labels, start: Any, end: Any, colour: str) -> None:
    ends = project(np.stack([start, end]), labels["camera"]["intrinsics"])
    draw.line([tuple(map(float, p)) for p in ends], fill=colour, width=3)


def landmarks(draw: ImageDraw.ImageDraw, labels: Labels) -> None:
    """Green where seen, red rings where the head hides them."""
    points = labels["landmarks"]
    for at, hidden in zip(points["image_px"], points["self_occluded"], strict=True):
        _dot(draw, at, "#ff4040" if hidden else "#40ff60", 3, not hidden)


def dense(names: list[str]) -> Drawing:
    """A colour a line; what the head hides is left out."""
    lines = [
        name.rstrip("0123456789").removeprefix("left_").removeprefix("right_") for name in names
    ]
    colour_of = {
        line: _GROUP_COLOURS[i % len(_GROUP_COLOURS)] for i, line in enumerate(dict.fromkeys(lines))
    }

    def draw_dense(draw: ImageDraw.ImageDraw, labels: Labels) -> None:
        points = labels["dense_landmarks"]
        each = zip(points["image_px"], points["self_occluded"], lines, strict=True)
        for at, hidden, line in each:
            if not hidden:
                _dot(draw, at, colour_of[line], 1.6, True)

    return draw_dense


def vertices(draw: ImageDraw.ImageDraw, labels: Labels) -> None:
    """All dense vertices, the far ones too."""
    image = project(labels["vertices"]["camera_m"], labels["camera"]["intrinsics"])
    for at in image:
        draw.point([tuple(map(float, at))], fill="#60ff90")


def pose(draw: ImageDraw.ImageDraw, labels: Labels) -> None:
    """Axes of the head frame, 6 cm: x red to the subject's left, y green, z blue."""
    m = labels["pose"]["camera_from_head"]
    for colour, axis in _AXES:
        _arrow(draw, labels, m[:3, 3], m[:3, 3] + 0.06 * m[:3, axis], colour)


def gaze(draw: ImageDraw.ImageDraw, labels: Labels) -> None:
    """From each eyeball's centre, 7 cm, and how open its lids are."""
    for side, colour in (("right", "#ff9030"), ("left", "#40d0ff")):
        eye = labels["gaze"][side]
        origin = eye["origin_camera_m"]
        _arrow(draw, labels, origin, origin + 0.07 * eye["direction_camera"], colour)
        at = project(origin, labels["camera"]["intrinsics"])
        x0, _, x1, _ = labels["head_box_px"]
        size = 0.055 * float(x1 - x0)
        text = f"{side} {labels['eyes'][side]['openness']:.2f}"
        place = (float(at[0]) - 2 * size, float(at[1]) - 3.2 * size)
        draw.text(place, text, fill=colour, font_size=size, stroke_width=1, stroke_fill="black")


def boxes(draw: ImageDraw.ImageDraw, labels: Labels) -> None:
    """Head white, face yellow, what is seen of the face green."""
    drawn = (
        ("head_box_px", "#ffffff", 2),
        ("face_box_px", "#ffe040", 6),
        ("visible_face_box_px", "#40d040", 2),
    )
    for key, colour, width in drawn:
        if labels.get(key) is not None:
            draw.rectangle([float(v) for v in labels[key]], outline=colour, width=width)


def sheet(samples: list[Sample], drawing: Drawing, zoom: bool = True) -> Image.Image:
    """Samples side by side, each cut out about its head."""
    cells = []
    for sample in samples:
        labels = sample.labels()
        image = Image.open(sample.path(".png")).convert("RGB")
        drawing(ImageDraw.Draw(image), labels)
        if zoom:
            x0, y0, x1, y1 = labels["head_box_px"]
            half = 0.56 * max(x1 - x0, y1 - y0)
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            image = image.crop(tuple(round(v) for v in (x - half, y - half, x + half, y + half)))
        cells.append(np.asarray(image.resize((360, 360), Image.Resampling.LANCZOS)))
    return Image.fromarray(np.hstack(cells))


def _rendered(folder: Path) -> Path:
    drawn, kept, dataset = folder / "drawn.parquet", folder / "kept.parquet", folder / "dataset"
    bins = Path(sys.executable).parent
    asked = ("--preset", "wide", "--seed", "11", "--n", "2000", "--set", "glasses.share=0")
    subprocess.run([bins / "rf-sample", *asked, "-o", drawn], check=True)
    bare = [
        (row, spec) for row, spec in Manifest(drawn).specs()
        if spec.headwear is None and spec.facial_hair.style == "shaved"
        and spec.hair.style in ("bald", "buzz", "short_crop") and abs(spec.pose.pitch_deg) < 15
    ]  # fmt: skip
    rows = [min(bare, key=lambda p: abs(p[1].pose.yaw_deg - yaw))[0] for yaw in YAWS_DEG]
    table = pq.read_table(drawn).take(pa.array(rows))
    adopt(table, like=Manifest(drawn), path=kept)
    size = ("--size", str(SIZE_PX), "--samples", "12")
    subprocess.run([bins / "rf-render", kept, "--out", dataset, *size], check=True)
    return dataset


def main() -> None:
    """Render (or read) and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, help="rendered; three samples are used")
    given = parser.parse_args().dataset
    with tempfile.TemporaryDirectory() as folder:
        root = given or _rendered(Path(folder))
        samples = list(Dataset(root).samples())[: len(YAWS_DEG)]
        with np.load(root / "topology.npz") as topology:
            names = topology["dense_landmark_names"].tolist()
        drawings: dict[str, Drawing] = {
            "landmarks": landmarks,
            "dense": dense(names),
            "vertices": vertices,
            "pose": pose,
            "gaze": gaze,
            "boxes": boxes,
        }
        for name, drawing in drawings.items():
            path = IMAGES / f"labels_{name}.jpg"
            sheet(samples, drawing, zoom=name != "boxes").save(path, quality=80, optimize=True)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()
