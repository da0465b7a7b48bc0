"""One sample of a rendered dataset, read and checked before a format sees it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from spec_schema.classes import SegmentationClass
from spec_schema.dataset import Dataset, Sample
from spec_schema.errors import DatasetError
from spec_schema.frames import project

__all__ = ["EyeGaze", "Labels", "SourceSample", "Topology", "read_sample"]

Array = NDArray[np.float64]

_LANDMARKS: Final = 70
_IGNORE: Final = 255
# Labels are float64, dense vertices float32: agreement far below anything a trainer can see.
_AGREE_PX: Final = 0.05
_AGREE_M: Final = 1e-4
_SHAPES: Final[Mapping[str, tuple[int, ...]]] = {
    "pose.camera_from_head": (4, 4),
    "camera.intrinsics": (3, 3),
    "landmarks.head_m": (_LANDMARKS, 3),
    "landmarks.camera_m": (_LANDMARKS, 3),
    "landmarks.image_px": (_LANDMARKS, 2),
    "vertices.head_m": (-1, 3),
    "vertices.camera_m": (-1, 3),
    "landmarks.in_frame": (_LANDMARKS,),
    "landmarks.self_occluded": (_LANDMARKS,),
    "face_box_px": (4,),
    "head_box_px": (4,),
    "gaze.left.origin_camera_m": (3,),
    "gaze.left.direction_camera": (3,),
    "gaze.right.origin_camera_m": (3,),
    "gaze.right.direction_camera": (3,),
}


@dataclass(frozen=True)
class Topology:
    """What of ``topology.npz`` the formats use."""

    face_vertices: NDArray[np.int64]
    """(F,) rows of the dense vertices that belong to the face."""
    settings_hash: str | None = None
    """Of the settings that the dataset was rendered with."""

    @staticmethod
    def load(dataset: Dataset) -> Topology:
        """Read it once a dataset.

        Raises:
            DatasetError: missing, damaged, or without the face vertices.
        """
        path = dataset.root / "topology.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes())) as stored:
                rows = np.asarray(stored["face_vertices"], np.int64)
        except FileNotFoundError as e:
            raise DatasetError(f"{path}: missing; rf-render writes it once a dataset") from e
        except KeyError as e:
            raise DatasetError(f"{path}: has no array 'face_vertices'") from e
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as e:
            raise DatasetError(f"{path}: unreadable ({e})") from e
        if rows.ndim != 1 or rows.size < 4:
            raise DatasetError(f"{path}: 'face_vertices' must list four vertices or more")
        made = dataset.info.get("settings_hash")
        return Topology(rows, made if isinstance(made, str) else None)


@dataclass(frozen=True)
class EyeGaze:
    """Where one eye is and looks, camera frame."""

    origin_camera_m: Array
    """(3,)"""
    direction_camera: Array
    """(3,) unit"""


@dataclass(frozen=True)
class Labels:
    """The label record of one sample (docs/labels.md), with every array checked."""

    size_px: int
    camera_from_head: Array
    """(4, 4) metres"""
    angles_deg: Array
    """(3,) yaw, pitch, roll of ``camera_from_head``, 300W-LP signs."""
    intrinsics: Array
    """(3, 3) pixels"""
    vertices_head_m: Array
    """(V, 3)"""
    vertices_camera_m: Array
    """(V, 3)"""
    landmarks_head_m: Array
    """(70, 3) iBUG 68, then the subject's right and left pupil."""
    landmarks_camera_m: Array
    """(70, 3)"""
    landmarks_px: Array
    """(70, 2) edge-origin pixels"""
    in_frame: NDArray[np.bool_]
    """(70,) whether the landmark is within the image."""
    self_occluded: NDArray[np.bool_]
    """(70,) whether the head itself hides it."""
    covered_by: NDArray[np.uint8]
    """(70,) class of hair, beard, clothing or an accessory over it, else 0."""
    face_box_px: Array
    """(4,) x0 y0 x1 y1 of the 68"""
    head_box_px: Array
    """(4,) of the bare head"""
    visible_face_box_px: Array | None
    """(4,) of the face that is seen; none is seen, or nobody looked."""
    gaze: Mapping[str, EyeGaze]
    """``left`` and ``right``, the subject's."""

    @property
    def visible(self) -> NDArray[np.bool_]:
        """(70,) in the frame, and hidden neither by the head nor by what it wears.

        Glasses hide nothing here, since most lenses are clear.
        """
        covered = ~np.isin(self.covered_by, (0, SegmentationClass.GLASSES))
        return np.asarray(self.in_frame & ~self.self_occluded & ~covered)


@dataclass(frozen=True)
class SourceSample:
    """A sample with its labels; pixels are read on demand."""

    row: int
    index: int
    image_path: Path
    mask_path: Path
    labels: Labels
    face_vertices: NDArray[np.int64]
    """(F,) rows of the dense vertices that belong to the face."""
    record: Mapping[str, Any]
    """The label record as it was read."""
    files: Mapping[str, Path]
    """Every file of the sample by suffix, such as ``_depth.exr``."""

    @property
    def rendered(self) -> bool:
        """Whether there is a picture, not labels alone."""
        return ".png" in self.files

    @property
    def identity(self) -> int:
        """Which face this is; samples of one face share it."""
        return int(self._info("identity_id", self.row))

    @property
    def variation(self) -> int:
        """Which of that face's samples this is."""
        return int(self._info("variation", 0))

    def _info(self, name: str, default: int) -> Any:
        spec = self.record.get("spec")
        info = spec.get("sample") if isinstance(spec, Mapping) else None
        value = info.get(name) if isinstance(info, Mapping) else None
        return default if value is None else value

    def image(self) -> Image.Image:
        """The picture as 8-bit RGB, ``size_px`` square."""
        if not self.rendered:
            raise DatasetError(
                f"{self.image_path}: there are labels only; render without --labels-only for images"
            )
        return _open_image(self.image_path, self.labels.size_px).convert("RGB")

    def mask(self) -> Image.Image:
        """The class mask, mode L, one class id a pixel."""
        mask = _open_image(self.mask_path, self.labels.size_px)
        if mask.mode != "L":
            raise DatasetError(f"{self.mask_path}: mode {mask.mode}, a mask has one byte a pixel")
        ids = np.unique(np.asarray(mask))
        strange = ids[(ids > max(SegmentationClass)) & (ids != _IGNORE)]
        if strange.size:
            raise DatasetError(f"{self.mask_path}: holds class {strange[0]}, and 0-18 are known")
        return mask


def _open_image(path: Path, size_px: int) -> Image.Image:
    try:
        with Image.open(path) as opened:
            opened.load()
            image = opened.copy()
    except FileNotFoundError as e:
        raise DatasetError(f"{path}: missing, though its marker says that it is complete") from e
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as e:
        raise DatasetError(f"{path}: a damaged or truncated image ({e})") from e
    if image.size != (size_px, size_px):
        raise DatasetError(
            f"{path}: {image.size[0]}×{image.size[1]} pixels, and its record says {size_px}"
        )
    return image


def _array(record: Mapping[str, Any], field: str, path: Path) -> Array:
    value: Any = record
    for name in field.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise DatasetError(
                f"{path}: the record lacks {field!r}; was it written by another version?"
            )
        value = value[name]
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError) as e:
        raise DatasetError(f"{path}: {field!r} holds no numbers") from e
    want = _SHAPES.get(field, (4,))
    matches = len(array.shape) == len(want) and all(
        w in (-1, n) for w, n in zip(want, array.shape, strict=True)
    )
    if not matches:
        shape = "×".join("N" if w < 0 else str(w) for w in want)
        raise DatasetError(f"{path}: {field!r} has shape {array.shape}, and must be {shape}")
    if not np.isfinite(array).all():
        raise DatasetError(f"{path}: {field!r} holds a value that is not finite")
    return array


def _check_agreement(labels: Labels, topology: Topology, path: Path) -> None:
    """Fields of one record that must tell the same story, or it is a mix of several."""
    if labels.vertices_head_m.shape != labels.vertices_camera_m.shape:
        raise DatasetError(f"{path}: vertices.head_m and vertices.camera_m differ in number")
    n_vertices = len(labels.vertices_head_m)
    if int(topology.face_vertices.max()) >= n_vertices or int(topology.face_vertices.min()) < 0:
        raise DatasetError(
            f"{path}: {n_vertices} vertices, too few for the dataset's topology.npz; "
            "they come from different versions"
        )
    if labels.landmarks_camera_m[:, 2].min() <= 0 or labels.vertices_camera_m[:, 2].min() <= 0:
        raise DatasetError(f"{path}: part of the head lies behind the camera")
    drawn = project(labels.landmarks_camera_m, labels.intrinsics)
    if np.abs(drawn - labels.landmarks_px).max() > _AGREE_PX:
        raise DatasetError(
            f"{path}: landmarks.image_px is not landmarks.camera_m projected by the intrinsics"
        )
    moved = labels.landmarks_head_m @ labels.camera_from_head[:3, :3].T
    if np.abs(moved + labels.camera_from_head[:3, 3] - labels.landmarks_camera_m).max() > _AGREE_M:
        raise DatasetError(
            f"{path}: landmarks.camera_m is not landmarks.head_m moved by pose.camera_from_head"
        )


def _covered(record: Mapping[str, Any], path: Path) -> NDArray[np.uint8]:
    """``landmarks.covered_by``; zeros in a record of geometry alone."""
    value = record["landmarks"].get("covered_by")
    if value is None:
        return np.zeros(_LANDMARKS, np.uint8)
    covered = np.asarray(value)
    if covered.shape != (_LANDMARKS,):
        raise DatasetError(
            f"{path}: 'landmarks.covered_by' has shape {covered.shape}, and must be {_LANDMARKS}"
        )
    return covered.astype(np.uint8)


def _visible_box(record: Mapping[str, Any], path: Path) -> Array | None:
    if record.get("visible_face_box_px") is None:
        return None
    return _array(record, "visible_face_box_px", path)


def _check_versions(sample: Sample, record: Mapping[str, Any], settings_hash: object) -> None:
    path = sample.path(".msgpack")
    marked = sample.marker.get("spec_hash", record.get("spec_hash"))
    if marked != record.get("spec_hash"):
        raise DatasetError(f"{path}: its spec hash is not its marker's: the files are mixed up")
    made = sample.marker.get("settings_hash")
    if made is not None and settings_hash is not None and made != settings_hash:
        raise DatasetError(
            f"{path}: rendered with other settings, another release or other assets than "
            "dataset.json names: samples of different runs are mixed"
        )


def read_sample(sample: Sample, topology: Topology, verify: bool = True) -> SourceSample:
    """Labels of a complete sample, checked.

    Args:
        sample: from :meth:`spec_schema.Dataset.samples`.
        topology: of the same dataset.
        verify: compare the SHA-256 of its files with the marker first.

    Raises:
        DatasetError: a file is missing or damaged, or fields contradict one another.
    """
    if verify:
        sample.verify()
    record = sample.labels()
    path = sample.path(".msgpack")
    _check_versions(sample, record, topology.settings_hash)
    size_px = record.get("size_px")
    if not isinstance(size_px, int) or size_px < 1:
        raise DatasetError(f"{path}: 'size_px' is {size_px!r}, and must be a positive integer")
    arrays = {field: _array(record, field, path) for field in _SHAPES}
    pose = record["pose"]
    try:
        angles = np.array([float(pose[k]) for k in ("yaw_deg", "pitch_deg", "roll_deg")])
    except (KeyError, TypeError, ValueError) as e:
        raise DatasetError(f"{path}: pose.yaw_deg, pitch_deg and roll_deg must be numbers") from e
    labels = Labels(
        size_px=size_px,
        camera_from_head=arrays["pose.camera_from_head"],
        angles_deg=angles,
        intrinsics=arrays["camera.intrinsics"],
        vertices_head_m=arrays["vertices.head_m"],
        vertices_camera_m=arrays["vertices.camera_m"],
        landmarks_head_m=arrays["landmarks.head_m"],
        landmarks_camera_m=arrays["landmarks.camera_m"],
        landmarks_px=arrays["landmarks.image_px"],
        in_frame=arrays["landmarks.in_frame"].astype(bool),
        self_occluded=arrays["landmarks.self_occluded"].astype(bool),
        covered_by=_covered(record, path),
        face_box_px=arrays["face_box_px"],
        head_box_px=arrays["head_box_px"],
        visible_face_box_px=_visible_box(record, path),
        gaze={
            side: EyeGaze(
                arrays[f"gaze.{side}.origin_camera_m"], arrays[f"gaze.{side}.direction_camera"]
            )
            for side in ("left", "right")
        },
    )
    _check_agreement(labels, topology, path)
    stem = f"{sample.row:08d}"
    names = [n for n in sample.marker.get("files", ()) if n.startswith(stem)]
    return SourceSample(
        sample.row,
        int(record.get("index", sample.row)),
        sample.path(".png"),
        sample.path("_mask.png"),
        labels,
        topology.face_vertices,
        record,
        {n.removeprefix(stem): sample.folder / n for n in names},
    )
