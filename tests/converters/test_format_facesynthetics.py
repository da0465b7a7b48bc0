from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters.export import export
from converters.format_facesynthetics import FormatFaceSynthetics, read_landmarks
from converters.pipeline import OnError, ReadOptions
from spec_schema import Dataset, DatasetError
from spec_schema.classes import SegmentationClass


@pytest.fixture(scope="module")
def archive_path(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "faces.zip"
    export(dataset_dir, out, FormatFaceSynthetics(), ReadOptions(), overwrite=False)
    return out


def test_three_files_a_sample_as_its_readers_count_them(
    archive_path: Path, dataset_dir: Path
) -> None:
    with zipfile.ZipFile(archive_path) as archive:
        for number, sample in enumerate(Dataset(dataset_dir).samples()):
            record = sample.labels()
            image = Image.open(io.BytesIO(archive.read(f"{number:06d}.png")))
            assert (image.size, image.mode) == ((512, 512), "RGB")
            mask = Image.open(io.BytesIO(archive.read(f"{number:06d}_seg.png")))
            assert (mask.size, mask.mode) == ((512, 512), "L")
            with Image.open(sample.path("_mask.png")) as drawn:
                assert set(np.unique(np.asarray(mask))) == set(np.unique(np.asarray(drawn)))
            text = archive.read(f"{number:06d}_ldmks.txt")
            assert len(text.decode().splitlines()) == 70
            points = read_landmarks(text, "ldmks")
            np.testing.assert_allclose(
                points, record["landmarks"]["image_px"] * 512 / record["size_px"], atol=1e-6
            )
        assert "000004.png" not in archive.namelist()
        assert archive.read("rows.txt") == b"0\n1\n2\n3\n"


def test_left_and_right_are_the_subjects(archive_path: Path) -> None:
    with zipfile.ZipFile(archive_path) as archive:
        mask = np.asarray(Image.open(io.BytesIO(archive.read("000001_seg.png"))))
        points = read_landmarks(archive.read("000001_ldmks.txt"), "ldmks")
    for pupil, side in ((68, SegmentationClass.RIGHT_EYE), (69, SegmentationClass.LEFT_EYE)):
        rows, columns = np.nonzero(mask == side)
        assert np.hypot(columns.mean() - points[pupil, 0], rows.mean() - points[pupil, 1]) < 15
    assert points[68, 0] < points[69, 0]


def test_numbers_have_no_gap_where_a_sample_is_skipped(dataset_dir: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(dataset_dir, tmp_path / "source"))
    next(source.glob("*/00000001.msgpack")).unlink()
    out = tmp_path / "out"
    export(source, out, FormatFaceSynthetics(), ReadOptions(on_error=OnError.SKIP), overwrite=False)
    assert sorted(p.name for p in out.glob("??????.png")) == [
        "000000.png", "000001.png", "000002.png"
    ]  # fmt: skip
    assert (out / "rows.txt").read_text().split() == ["0", "2", "3"]


def test_landmarks_that_are_none() -> None:
    with pytest.raises(DatasetError, match="not a table"):
        read_landmarks(b"a b\n", "x")
    with pytest.raises(DatasetError, match="70 rows"):
        read_landmarks(b"1 2\n", "x")
