"""Zero of pitch, yaw and roll: ours, and that of 300W-LP and AFLW2000-3D.

Both are asked the same question: in which pose does the mean face of the Basel Face Model fit
``pt3d_68`` best, and how far is that from ``Pose_Para``? Of the model only the points in its
plane of symmetry are known here (millimetres, y up, z to the viewer; checked against files of
AFLW2000-3D), and that is enough for a rotation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.io
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.transform import Rotation

import sampler
from converters.export import export
from converters.filters import Filters
from converters.format_aflw2000 import FormatAflw2000
from converters.pipeline import ReadOptions
from renderer.labels import topology
from renderer.scene import build_labels
from renderer.settings import RenderSettings
from spec_schema import SceneSpec
from spec_schema.frames import camera_from_head_rotation
from tests.converters.readers import tddfa
from tests.factories import write_dataset, write_sample

Array = NDArray[np.float64]

SAGITTAL: dict[tuple[int, ...], tuple[float, float]] = {
    (36, 39, 42, 45): (25.7, 90.1),
    (48, 54): (-41.3, 99.1),
    (30,): (-8.0, 131.9),
    (8,): (-86.4, 96.3),
    (27,): (26.3, 111.4),
    (0, 16): (18.5, 17.8),
}
MODEL = np.array([[0.0, y, z] for y, z in SAGITTAL.values()])
FACES = 48
SIZE_PX = 64


def middles(points: Array) -> Array:
    """(6, 3) means of the pairs that lie on both sides, from (68, 3)."""
    return np.stack([points[list(rows)].mean(axis=0) for rows in SAGITTAL])


def unposed(mat: dict[str, Any]) -> Array:
    """(6, 3) sagittal points of a file, turned back by its own ``Pose_Para``, millimetres."""
    rotation, pt3d = tddfa(mat)
    points = np.stack([pt3d[0], 451 - pt3d[1], pt3d[2]], axis=1)
    return middles(points) @ rotation / float(mat["Pose_Para"][0, 6]) / 1000


def zero_deg(mats: list[dict[str, Any]]) -> Array:
    """(3,) pitch, yaw, roll in which the model's mean face fits the mean of the files."""
    mean = np.mean([unposed(mat) for mat in mats], axis=0)
    fit, _ = Rotation.align_vectors(mean - mean.mean(axis=0), MODEL - MODEL.mean(axis=0))
    return np.asarray(fit.as_euler("XYZ", degrees=True))


def basel_file(pitch: float, yaw: float, roll: float) -> dict[str, Any]:
    """A file as 3DDFA's fit of the mean face would give it, by the format's definition."""
    pose = np.array([[pitch, yaw, roll, 230.0, 240.0, -90.0, 0.0012]])
    rotation, _ = tddfa({"Pose_Para": pose, "pt3d_68": np.zeros((3, 68))})
    points = np.zeros((68, 3))
    for rows, place in zip(SAGITTAL, MODEL, strict=True):
        points[list(rows)] = place
    view = 0.0012 * 1000 * points @ rotation.T + pose[0, 3:6]
    return {"Pose_Para": pose, "pt3d_68": np.stack([view[:, 0], 451 - view[:, 1], view[:, 2]])}


@pytest.fixture(scope="module")
def our_files(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """AFLW2000 files of many neutral faces of the head model in many poses."""
    folder = tmp_path_factory.mktemp("zero")
    source = write_dataset(folder / "source", [], SIZE_PX)
    table = sampler.draw(sampler.load_config("facesynthetics"), start=0, n=FACES)
    from assets.head import load_head_model
    from assets.store import open_store

    np.savez(source / "topology.npz", **topology(load_head_model(open_store())))
    grey = Image.new("RGB", (SIZE_PX, SIZE_PX), (128, 128, 128)), Image.new("L", (SIZE_PX, SIZE_PX))
    for row, spec in enumerate(specs(table)):
        # Without the detail keys: what a drawn nose or chin is like moves no frame.
        plain = dict.fromkeys(spec.identity.shape, 0.0)
        identity = spec.identity.model_copy(update={"shape": plain})
        neutral = spec.model_copy(update={"expression": {}, "identity": identity})
        labels = build_labels(neutral, RenderSettings(size_px=SIZE_PX))
        record = {"row": row, "index": row, "spec_hash": f"{row:064d}", "size_px": SIZE_PX}
        write_sample(source, {**record, **labels}, *grey)
    form = FormatAflw2000(filters=Filters(0, 180, 0))
    export(source, folder / "out", form, ReadOptions(), overwrite=False)
    return [scipy.io.loadmat(p) for p in sorted((folder / "out/AFLW2000").glob("*.mat"))]


def specs(table: pa.Table) -> list[SceneSpec]:
    return [SceneSpec.model_validate(row) for row in table.to_pylist()]


def test_the_fit_finds_the_zero_of_basel_files() -> None:
    files = [basel_file(0.3, -0.8, 0.2), basel_file(-0.2, 0.5, -0.4)]
    np.testing.assert_allclose(zero_deg(files), 0, atol=1e-9)


def test_our_files_have_the_same_zero(our_files: list[dict[str, Any]]) -> None:
    assert len(our_files) == FACES
    pitch, yaw, roll = zero_deg(our_files)
    # Our mean face and theirs differ in shape: chins and noses are not where theirs are.
    assert abs(pitch) < 0.7
    assert abs(yaw) < 0.3
    assert abs(roll) < 0.3


@pytest.mark.parametrize("axis", range(3))
def test_another_zero_would_be_seen(our_files: list[dict[str, Any]], axis: int) -> None:
    turn = [0.0, 0.0, 0.0]
    turn[axis] = 2.5
    pitch, yaw, roll = turn
    off = np.diag([1, -1, -1]) @ camera_from_head_rotation(yaw, pitch, roll)
    mutated = []
    for mat in our_files:
        rotation = tddfa(mat)[0] @ off.T
        angles = [
            np.arctan2(rotation[1, 2], rotation[2, 2]),
            np.arcsin(-rotation[0, 2]),
            np.arctan2(rotation[0, 1], rotation[0, 0]),
        ]
        pose = mat["Pose_Para"].copy()
        pose[0, :3] = angles
        mutated.append({**mat, "Pose_Para": pose})
    assert abs(zero_deg(mutated)[axis]) > 1.0
