"""The training example: what it reads, how it judges, and that it learns."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from converters.cli import app
from examples.train_pose.faces import SIDE, Faces, cut_face, read_shards, split_by_identity
from examples.train_pose.metrics import angle_between_deg, errors_by_yaw, euler_deg, stability_deg
from spec_schema.frames import camera_from_head_rotation
from tests.factories import HeadShot, write_dataset

# The webdataset library leaves its last shard open until it is collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

N = 28


def _shots() -> list[HeadShot]:
    turn = np.random.default_rng(2).uniform(-1, 1, (N, 3)) * [55, 25, 20]
    return [HeadShot(*(float(a) for a in row), x_m=0.01, z_m=1.2) for row in turn]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    write_dataset(folder / "dataset", _shots(), size_px=64)
    out = folder / "shards"
    done = CliRunner().invoke(
        app, ["webdataset", str(folder / "dataset"), str(out), "--shard-size", "10",
              "--min-box-px", "8"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def faces(shards: Path) -> Faces:
    return read_shards(shards)


def test_shards_give_every_face_once_with_its_pose(faces: Faces) -> None:
    assert len(faces) == N
    assert faces.images.shape == (N, SIDE, SIDE)
    turned_back = faces.rotations @ np.swapaxes(faces.rotations, 1, 2)
    np.testing.assert_allclose(turned_back, np.broadcast_to(np.eye(3), (N, 3, 3)), atol=1e-9)
    np.testing.assert_allclose(euler_deg(faces.rotations)[:, 0], faces.yaw_deg, atol=1e-6)
    # As seen from a metre away the pose is nearly the one that was asked for.
    wanted = [s.yaw_deg for s in _shots()]
    np.testing.assert_allclose(faces.yaw_deg, wanted, atol=2)


def test_a_cut_has_the_face_in_its_middle() -> None:
    from PIL import Image

    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[30:50, 60:80] = 255
    cut = cut_face(Image.fromarray(pixels), np.array([60.0, 30.0, 80.0, 50.0]))
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    weight = cut / cut.sum()
    assert (weight * x).sum() == pytest.approx(SIDE / 2, abs=0.3)
    assert (weight * y).sum() == pytest.approx(SIDE / 2, abs=0.3)
    assert (cut > 127).mean() == pytest.approx(1 / 1.5**2, abs=0.03)


def test_mirrored_faces_have_the_other_yaw_and_roll(faces: Faces) -> None:
    there = euler_deg(faces.rotations)
    np.testing.assert_allclose(
        euler_deg(faces.mirrored().rotations), there * [-1, 1, -1], atol=1e-6
    )
    np.testing.assert_array_equal(faces.mirrored().mirrored().images, faces.images)


def test_no_identity_is_on_both_sides() -> None:
    identity = np.repeat(np.arange(12), 3)
    images = np.zeros((36, SIDE, SIDE), np.uint8)
    blank = Faces(images, np.zeros((36, 3, 3)), np.zeros(36), identity)
    train, test = split_by_identity(blank, 0.25)
    assert not set(train.identity) & set(test.identity)
    assert len(train) + len(test) == 36
    assert len(test) == 9


def _poses(*angles: tuple[float, float, float]) -> np.ndarray:
    return np.stack([camera_from_head_rotation(*a) for a in angles])


def test_errors_stand_in_the_band_of_the_true_yaw() -> None:
    true = _poses((5, 0, 0), (-40, 3, 2), (70, 0, 0))
    predicted = _poses((8, 0, 0), (-40, 7, 2), (70, 0, -9))
    bands = {b.low_deg: b for b in errors_by_yaw(predicted, true)[:-1]}
    assert set(bands) == {0.0, 30.0, 60.0}
    assert bands[0.0].yaw_deg == pytest.approx(3)
    assert bands[0.0].geodesic_deg == pytest.approx(3)
    assert bands[30.0].pitch_deg == pytest.approx(4)
    assert bands[60.0].roll_deg == pytest.approx(9)
    last = errors_by_yaw(predicted, true)[-1]
    assert (last.faces, last.yaw_deg) == (3, pytest.approx(1))


def test_stability_counts_what_moves_about_each_face_own_mean() -> None:
    base = _poses((50, 10, 5), (-20, 0, 0))
    away = Rotation.from_euler("x", [[4], [-4], [0], [0], [0], [0]], degrees=True).as_matrix()
    predicted = np.repeat(base, 3, axis=0) @ away
    identity = np.repeat([7, 9], 3)
    found = stability_deg(predicted, identity)
    assert found["identities"] == 2
    assert found["worst_deg"] == pytest.approx(4 * np.sqrt(2 / 3), abs=1e-6)
    assert found["rms_deg"] == pytest.approx(found["worst_deg"] / 2, abs=1e-6)
    still = stability_deg(np.repeat(base, 3, axis=0), identity)
    assert still["worst_deg"] == pytest.approx(0, abs=1e-4)


def test_a_missing_folder_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="rf-convert webdataset"):
        read_shards(tmp_path)


NO_TORCH = "PyTorch is not installed, so the training itself is not tested: pip install torch"


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason=NO_TORCH)
class TestTraining:
    def test_rotations_are_rotations(self) -> None:
        import torch

        from examples.train_pose.network import PoseNet

        torch.manual_seed(0)
        out = PoseNet().eval()(torch.randn(5, 1, SIDE, SIDE)).detach().numpy()
        np.testing.assert_allclose(np.linalg.det(out), 1, atol=1e-5)
        # Untrained it says: into the camera.
        looking = np.broadcast_to(camera_from_head_rotation(0, 0, 0), out.shape)
        assert angle_between_deg(out, looking).max() < 25

    def test_the_command_learns_and_reports(
        self, shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        import torch

        from examples.train_pose.__main__ import main

        # Of threads that wait for other tests' this small network has no gain.
        torch.set_num_threads(1)
        arguments = [str(shards), "--test", str(shards), "--stability", str(shards)]
        main([*arguments, "--epochs", "18", "--out", str(tmp_path / "out.json")])
        figures = json.loads((tmp_path / "out.json").read_text())
        # On the very faces it was trained on: it can learn at all.
        assert figures["by_yaw"][-1]["geodesic_deg"] < 0.7 * figures["mean_pose_deg"]
        assert figures["stability"]["identities"] == len(set(read_shards(shards).identity))
        told = capsys.readouterr().out
        assert "15 to 30" in told
        assert "predictions stray by" in told


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason=NO_TORCH)
def test_a_rolled_picture_keeps_its_label() -> None:
    """A point on the head's x axis is seen where the rolled pose says."""
    import torch

    from examples.train_pose.network import rolled

    image = torch.zeros(1, 1, 65, 65)
    image[0, 0, 32, 52] = 1.0
    for angle in (0.3, -0.7):
        turned, rotation = rolled(image, torch.eye(3)[None], angle)
        row, column = divmod(int(turned.argmax()), 65)
        wanted = rotation[0].numpy() @ [20.0, 0.0, 0.0]
        np.testing.assert_allclose([column - 32, row - 32], wanted[:2], atol=0.6)
