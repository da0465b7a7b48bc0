"""WebDataset: tar shards that a trainer streams, several files a sample.

::

    faces-000000.tar     with, for each sample,
        00000007.png             the image (or .jpg)
        00000007.mask.png        class mask
        00000007.json            labels: pose, camera, landmarks, boxes, gaze, spec
        00000007.msgpack         the whole label record, where asked for
        00000007.depth.npy       further passes, where the dataset has them
    topology.npz         of the dataset

Nothing is scaled or encoded anew, unless JPEG is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.bodies import Body, Content, TarBody
from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.npzfile import npy_bytes
from converters.passes import read_pass
from converters.picture import jpeg_bytes
from converters.pipeline import Done, Filtered
from converters.source import SourceSample
from converters.work import Notes
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError, ToolError

__all__ = ["FormatWebDataset", "ImageKind", "WebSample", "read_web_labels"]

Array = NDArray[np.float64]

# Large, and in the record for those who want them.
_LEFT_OUT: Final = frozenset({"vertices", "dense_landmarks"})

_README: Final = """# WebDataset shards made by Replicantface

{written} synthetic faces, up to {limit} a shard, in manifest order; shuffle when you read.

    import webdataset as wds
    shards = wds.WebDataset("{name}")
    for sample in shards.decode("pil"):
        sample["{image}"], sample["mask.png"], sample["json"]["landmarks"]["image_px"]

- `{image}`: the image. `mask.png`: class ids 0-18 of FaceSynthetics, left and right the subject's.
- `json`: the label record without dense vertices and dense landmarks.{record}
- `depth.npy`, `normal.npy`, `uv.npy`, `hair.png` and others, where the dataset has these passes.
- `topology.npz`: quads, UVs, regions and landmark names, the same for all samples.

What each label means, its unit and frame: docs/labels.md of the project.

Licences: `SOURCE_README.md` and the `source` entry of `export.json`, as the renderer wrote them,
say from which assets the images were made and under which licences.
"""


class ImageKind(StrEnum):
    """How the picture is stored."""

    PNG = "png"
    """Byte for byte as rendered."""
    JPG = "jpg"


def _plain(value: Any) -> Any:
    """A label as JSON has it; arrays become lists."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


@dataclass(frozen=True)
class WebSample:
    """The JSON of one sample back in our terms: the inverse of the conversion."""

    camera_from_head: Array
    """(4, 4)"""
    intrinsics: Array
    """(3, 3)"""
    landmarks_px: Array
    """(70, 2) edge-origin pixels"""
    landmarks_head_m: Array
    """(70, 3)"""
    face_box_px: Array
    """(4,)"""


def read_web_labels(data: bytes, where: str) -> WebSample:
    """Read the ``.json`` of one sample.

    Raises:
        DatasetError: not one; ``where`` names it.
    """
    try:
        record = json.loads(data)
        arrays = [
            np.array(record["pose"]["camera_from_head"], np.float64),
            np.array(record["camera"]["intrinsics"], np.float64),
            np.array(record["landmarks"]["image_px"], np.float64),
            np.array(record["landmarks"]["head_m"], np.float64),
            np.array(record["face_box_px"], np.float64),
        ]
    except (ValueError, KeyError, TypeError) as e:
        raise DatasetError(f"{where}: no labels of ours ({e!r})") from e
    return WebSample(*arrays)


@dataclass(frozen=True)
class FormatWebDataset:
    """The format with its options; see :class:`converters.export.Format`."""

    shard_size: int = 1000
    image: ImageKind = ImageKind.PNG
    records: bool = False
    """Also the whole label record, dense vertices and all."""
    jpeg_quality: int = 95
    filters: Filters = field(default_factory=Filters)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "webdataset"

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""
        return {
            "shard_size": self.shard_size,
            "image": str(self.image),
            "records": self.records,
            "jpeg_quality": self.jpeg_quality,
            "filters": vars(self.filters),
        }

    def is_folder(self, out: Path) -> bool:
        """A folder of shards."""
        if out.suffix in (".tar", ".zip"):
            raise ToolError(f"{out}: shards go into a folder; give a name without {out.suffix}")
        return True

    def body(self, path: Path, out: Path) -> Body:
        """A folder of shards."""
        return TarBody(path, self.shard_size, "faces-{:06d}.tar")

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """The files of one sample, checked by decoding them."""
        labels = sample.labels
        picture = sample.image()
        yaw_deg = full_turn_yaw_deg(labels.camera_from_head[:3, :3])
        why = self.filters.reason(picture, labels.face_box_px, yaw_deg)
        if why is not None:
            return Filtered(sample.row, why)
        sample.mask()
        record = {k: v for k, v in sample.record.items() if k not in _LEFT_OUT}
        files = {
            "mask.png": sample.mask_path.read_bytes(),
            "json": json.dumps(_plain(record), separators=(",", ":"), allow_nan=False).encode(),
        }
        if self.image == ImageKind.PNG:
            files["png"] = sample.image_path.read_bytes()
        else:
            files["jpg"] = jpeg_bytes(picture, self.jpeg_quality)
        if self.records:
            files["msgpack"] = sample.files[".msgpack"].read_bytes()
        for suffix, path in sample.files.items():
            name = suffix.removeprefix("_").split(".")[0]
            if suffix.endswith(".exr"):
                files[f"{name}.npy"] = npy_bytes(read_pass(path, labels.size_px))
            elif suffix.startswith("_") and suffix.endswith(".png"):
                files[f"{name}.png"] = path.read_bytes()
        return Done(sample.row, Packed(dict(sorted(files.items())), {"row": sample.row}))

    def files(self, number: int, packed: Packed) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of one sample; what stands before the first dot is its key."""
        for extension, data in packed.files.items():
            yield f"{packed.note['row']:08d}.{extension}", data

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterator[tuple[str, Content]]:
        """``topology.npz``, as the renderer wrote it."""
        yield "topology.npz", (dataset.root / "topology.npz").read_bytes()

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""
        last = -(-summary.written // self.shard_size) - 1
        return _README.format(
            written=summary.written,
            limit=self.shard_size,
            name=f"faces-{{000000..{last:06d}}}.tar" if last else "faces-000000.tar",
            image=self.image,
            record=" `msgpack`: all of it." if self.records else "",
        )
