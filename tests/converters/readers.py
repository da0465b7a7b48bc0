"""The reading side of real trainers, in their terms, written anew from what they do.

6DRepNet and Hopenet; 3DDFA_V2 and img2pose; opentrack's neuralnet-tracker-traincode.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HopenetSample:
    crop: tuple[int, int, int, int]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    image: Image.Image


def hopenet(root: Path, stem: str) -> HopenetSample:
    """Crop from the extremes of ``pt2d``; three angles from the front of ``Pose_Para``."""
    mat = scipy.io.loadmat(root / f"{stem}.mat")
    pt2d = mat["pt2d"]
    crop = (min(pt2d[0, :]), min(pt2d[1, :]), max(pt2d[0, :]), max(pt2d[1, :]))
    pitch, yaw, roll = np.degrees(mat["Pose_Para"][0][:3])
    image = Image.open(root / f"{stem}.jpg").convert("RGB")
    return HopenetSample(tuple(int(c) for c in crop), yaw, pitch, roll, image)


def tddfa(mat: dict[str, Any]) -> tuple[Array, Array]:
    """(3, 3) rotation of 3DDFA's definition, and ``pt3d_68``."""
    pitch, yaw, roll = (float(a) for a in mat["Pose_Para"][0][:3])
    c, s = np.cos, np.sin
    rx = np.array([[1, 0, 0], [0, c(pitch), s(pitch)], [0, -s(pitch), c(pitch)]])
    ry = np.array([[c(yaw), 0, -s(yaw)], [0, 1, 0], [s(yaw), 0, c(yaw)]])
    rz = np.array([[c(roll), s(roll), 0], [-s(roll), c(roll), 0], [0, 0, 1]])
    return rx @ ry @ rz, np.asarray(mat["pt3d_68"], np.float64)


@dataclass(frozen=True)
class OpentrackSample:
    rotation: Rotation
    x: float
    y: float
    size: float
    pt2d: Array
    image: Image.Image


def opentrack_groups(archive: zipfile.ZipFile) -> dict[str, list[str]]:
    """Sequences of samples, by the reader's own rules for what counts."""
    subsets = {"AFW", "HELEN", "IBUG", "LFPW"}
    names = [
        e.filename
        for e in archive.filelist
        if e.external_attr == 0x20
        and e.filename.endswith(".mat")
        and e.filename.split("/")[1] in subsets
    ]
    groups = defaultdict(list)
    for name in names:
        match = re.match(r"([\w| ]+)_(\d+).mat", name.split("/")[-1])
        assert match is not None, name
        groups[match.group(1)].append(name)
    return dict(groups)


def opentrack(archive: zipfile.ZipFile, name: str) -> OpentrackSample:
    """Rotation in OpenCV axes, and the point between the eyes with the size of the head."""
    mat = scipy.io.loadmat(io.BytesIO(archive.read(name)))
    missing = {"Pose_Para", "Shape_Para", "Exp_Para", "pt3d_68", "roi"} - mat.keys()
    assert not missing, missing
    assert mat["Shape_Para"][:40, 0].shape == (40,)
    assert mat["Exp_Para"][:10, 0].shape == (10,)
    image = Image.open(io.BytesIO(archive.read(name[: -len(".mat")] + ".jpg")))
    width, height = image.size
    pitch, yaw, roll, tx, ty, _, scale = mat["Pose_Para"][0]
    mirror = np.diag([1, 1, -1])
    rotation = Rotation.from_matrix(
        mirror @ Rotation.from_euler("XYZ", [pitch, -yaw, roll]).as_matrix() @ mirror
    )
    size = 0.5 * scale / 224 * width * 1e5
    offset = rotation.apply([0, -0.26, -0.9]) * size
    parts = name.split("/")
    points = "/".join([*parts[:-2], "landmarks", parts[-2], parts[-1][:-4] + "_pts.mat"])
    pt2d = scipy.io.loadmat(io.BytesIO(archive.read(points)))["pts_2d"]
    return OpentrackSample(
        rotation, tx + offset[0], height - ty + offset[1], size, np.asarray(pt2d), image
    )
