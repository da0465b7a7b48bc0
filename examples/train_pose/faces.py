"""Faces out of WebDataset shards: cut round the face, with their rotation as seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import webdataset as wds
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
"""Pixels of a cut."""
MARGIN = 1.5
"""Side of the cut by the longer side of the face box."""


@dataclass(frozen=True)
class Faces:
    """All faces of some shards."""

    images: NDArray[np.uint8]
    """(N, SIDE, SIDE) grey."""
    rotations: NDArray[np.float64]
    """(N, 3, 3) head to camera, relative to the line of sight: what a cut can tell."""
    yaw_deg: NDArray[np.float64]
    """(N,) of it, with the signs of 300W-LP."""
    identity: NDArray[np.int64]
    """(N,) which face it is."""

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: NDArray[np.int64]) -> Faces:
        """Some of them."""
        return Faces(
            self.images[rows], self.rotations[rows], self.yaw_deg[rows], self.identity[rows]
        )

    def mirrored(self) -> Faces:
        """Left and right exchanged: yaw and roll change their sign."""
        flip = np.diag([-1.0, 1.0, 1.0])
        return Faces(
            self.images[:, :, ::-1].copy(), flip @ self.rotations @ flip, -self.yaw_deg,
            self.identity,
        )  # fmt: skip


def cut_face(image: Image.Image, box_px: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(SIDE, SIDE) grey square about a box (x0, y0, x1, y1); beyond the edge it is black."""
    middle = (box_px[:2] + box_px[2:]) / 2
    half = MARGIN * (box_px[2:] - box_px[:2]).max() / 2
    box = tuple(float(v) for v in (*(middle - half), *(middle + half)))
    wide = image.convert("L").transform(
        (SIDE, SIDE), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC
    )
    return np.asarray(wide)


def read_shards(folder: Path) -> Faces:
    """All faces of the .tar files of ``rf-convert webdataset``.

    Raises:
        FileNotFoundError: there are none.
    """
    shards = sorted(str(p) for p in folder.glob("*.tar"))
    if not shards:
        raise FileNotFoundError(f"{folder}: no .tar files; make them with rf-convert webdataset")
    images, rotations, yaws, identities = [], [], [], []
    for sample in wds.WebDataset(shards, shardshuffle=False).decode("pil"):
        labels: dict[str, Any] = sample["json"]
        picture = sample["png"] if "png" in sample else sample["jpg"]
        images.append(cut_face(picture, np.array(labels["face_box_px"], np.float64)))
        seen = labels["pose"]["as_seen"]
        rotations.append(seen["rotation"])
        yaws.append(seen["yaw_deg"])
        identities.append(labels["spec"]["sample"]["identity_id"])
    return Faces(np.stack(images), np.array(rotations), np.array(yaws), np.array(identities))


def split_by_identity(faces: Faces, held_out: float) -> tuple[Faces, Faces]:
    """Faces to train on, and about so large a share of others; no identity is in both."""
    _, code = np.unique(faces.identity, return_inverse=True)
    every = max(2, round(1 / held_out))
    out = code % every == 0
    return faces.take(np.flatnonzero(~out)), faces.take(np.flatnonzero(out))
