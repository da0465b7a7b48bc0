from __future__ import annotations

import gc
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
import webdataset as wds
from PIL import Image

from converters.export import export
from converters.filters import Filters
from converters.format_webdataset import FormatWebDataset, ImageKind
from converters.pipeline import ReadOptions
from spec_schema import Dataset, DatasetError, ToolError, sample_stem, sha256_file, unpackb
from tests.factories import HEAD_SHOTS, write_dataset

EVERYTHING = Filters(0, 180, 0)
# The library leaves its tar files to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def folder(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "shards"
    form = FormatWebDataset(shard_size=3, records=True)
    export(dataset_dir, out, form, ReadOptions(), overwrite=False)
    return out


def read(folder: Path) -> list[dict[str, Any]]:
    """All samples, by the library itself."""
    shards = sorted(str(p) for p in folder.glob("*.tar"))
    pipeline = wds.WebDataset(shards, shardshuffle=False, empty_check=False).decode(
        wds.handle_extension("msgpack", bytes), "rgb8"
    )
    samples = list(pipeline)
    gc.collect()
    return samples


def test_the_library_reads_it(folder: Path, dataset_dir: Path) -> None:
    samples = read(folder)
    assert [s["__key__"] for s in samples] == [f"{row:08d}" for row in range(len(HEAD_SHOTS))]
    for sample, source in zip(samples, Dataset(dataset_dir).samples(), strict=True):
        record = source.labels()
        with Image.open(source.path(".png")) as image:
            np.testing.assert_array_equal(sample["png"], np.asarray(image))
        with Image.open(source.path("_mask.png")) as mask:
            np.testing.assert_array_equal(sample["mask.png"][..., 0], np.asarray(mask))
        labels = sample["json"]
        np.testing.assert_array_equal(
            labels["landmarks"]["image_px"], record["landmarks"]["image_px"]
        )
        np.testing.assert_array_equal(
            labels["pose"]["camera_from_head"], record["pose"]["camera_from_head"]
        )
        assert labels["landmarks"]["in_frame"] == record["landmarks"]["in_frame"].tolist()
        assert labels["spec_hash"] == record["spec_hash"]
        assert "vertices" not in labels
        whole = unpackb(sample["msgpack"])
        np.testing.assert_array_equal(whole["vertices"]["camera_m"], record["vertices"]["camera_m"])


def test_shards_are_full_and_hold_nothing_of_the_machine(folder: Path) -> None:
    shards = sorted(folder.glob("*.tar"))
    assert [p.name for p in shards] == ["faces-000000.tar", "faces-000001.tar"]
    counts = []
    for shard in shards:
        with tarfile.open(shard) as archive:
            members = archive.getmembers()
        counts.append(len({m.name.split(".")[0] for m in members}))
        for member in members:
            assert (member.mtime, member.uid, member.gid) == (0, 0, 0)
            assert (member.uname, member.gname, member.mode) == ("", "", 0o644)
            assert member.isfile()
        assert [m.name for m in members] == sorted(m.name for m in members)
        assert shard.stat().st_size % 10240 == 0
    assert counts == [3, 1]
    assert (folder / "topology.npz").is_file()
    assert "faces-{000000..000001}.tar" in (folder / "README.md").read_text()


def test_jpeg_on_demand(dataset_dir: Path, tmp_path: Path) -> None:
    form = FormatWebDataset(image=ImageKind.JPG, filters=EVERYTHING)
    export(dataset_dir, tmp_path / "shards", form, ReadOptions(), overwrite=False)
    for sample in read(tmp_path / "shards"):
        assert sample["jpg"].shape == (160, 160, 3)
        assert "png" not in sample
        assert "msgpack" not in sample


def write_pass(path: Path, channels: dict[str, np.ndarray]) -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))


def with_passes(source: Path, size_px: int) -> dict[str, np.ndarray]:
    """Give the first sample depth, normals and a matte, and name them in its marker."""
    rng = np.random.default_rng(3)
    depth = rng.uniform(0.4, 2.0, (size_px, size_px)).astype(np.float32)
    depth[0, 0] = np.inf
    normal = rng.normal(size=(size_px, size_px, 3)).astype(np.float32)
    stem = source / sample_stem(0)
    paths = {k: stem.with_name(stem.name + k) for k in ("_depth.exr", "_normal.exr", "_hair.png")}
    write_pass(paths["_depth.exr"], {"Z": depth})
    write_pass(paths["_normal.exr"], {c: normal[..., i].copy() for i, c in enumerate("XYZ")})
    matte = Image.fromarray(np.full((size_px, size_px), 128, np.uint8))
    matte.save(paths["_hair.png"])
    marker_path = stem.with_name(stem.name + ".done.json")
    marker = json.loads(marker_path.read_text())
    marker["files"].update({p.name: sha256_file(p) for p in paths.values()})
    marker_path.write_text(json.dumps(marker))
    return {"depth": depth, "normal": normal}


def test_passes_go_along(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", HEAD_SHOTS[:2], 48)
    truth = with_passes(source, 48)
    form = FormatWebDataset(filters=EVERYTHING)
    export(source, tmp_path / "shards", form, ReadOptions(), overwrite=False)
    first, second = read(tmp_path / "shards")
    np.testing.assert_array_equal(first["depth.npy"], truth["depth"])
    np.testing.assert_array_equal(first["normal.npy"], truth["normal"])
    assert first["hair.png"][0, 0, 0] == 128
    assert "depth.npy" not in second


@pytest.mark.parametrize("damage", ["truncated", "another size"])
def test_a_broken_pass_is_named(tmp_path: Path, damage: str) -> None:
    source = write_dataset(tmp_path / "source", HEAD_SHOTS[:1], 48)
    with_passes(source, 48)
    path = source / "00000/00000000_depth.exr"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    else:
        write_pass(path, {"Z": np.zeros((8, 8), np.float32)})
    form = FormatWebDataset(filters=EVERYTHING)
    with pytest.raises(DatasetError, match=r"00000000_depth\.exr"):
        export(source, tmp_path / "shards", form, ReadOptions(verify=False), overwrite=False)


def test_other_names_are_refused(dataset_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="shards go into a folder"):
        export(dataset_dir, tmp_path / "o.tar", FormatWebDataset(), ReadOptions(), False)
