"""One sample: from a spec to the bytes of its files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from assets.geometry import SceneGeometry
from renderer.scene import build_scene
from renderer.settings import RenderSettings
from spec_schema.spec import SceneSpec, spec_hash
from spec_schema.wire import packb

__all__ = ["IMAGE_SUFFIX", "LABELS_SUFFIX", "MASK_SUFFIX", "encode_mask", "render_sample"]

IMAGE_SUFFIX = ".png"
MASK_SUFFIX = "_mask.png"
LABELS_SUFFIX = ".msgpack"


class RenderedImages(Protocol):
    """What a backend gives for one scene."""

    @property
    def image_png(self) -> bytes:
        """The picture, sRGB, as a PNG file."""
        ...

    @property
    def mask(self) -> NDArray[np.uint8]:
        """(H, W) :class:`~spec_schema.classes.SegmentationClass` of each pixel, row 0 on top."""
        ...


class Backend(Protocol):
    """Makes pixels of geometry."""

    def render(
        self, geometry: SceneGeometry, spec: SceneSpec, camera_from_world: ArrayLike
    ) -> RenderedImages:
        """Render one scene as the camera (4, 4, OpenCV) sees it."""
        ...


def _say_nothing(_: str) -> None:
    return None


def render_sample(
    row: int,
    spec: SceneSpec,
    settings: RenderSettings,
    backend: Backend,
    phase: Callable[[str], None] = _say_nothing,
) -> dict[str, bytes]:
    """Files of one sample by suffix; equal arguments give equal bytes.

    Args:
        row: of the manifest; names the files.
        spec: the scene.
        settings: of the dataset.
        backend: makes the pixels.
        phase: told what is being done, so that a crash can be placed.
    """
    phase("geometry")
    scene = build_scene(spec, settings)
    phase("render")
    images = backend.render(scene.geometry, spec, scene.camera_from_world)
    phase("encode")
    record = {
        "row": row,
        "index": spec.sample.index,
        "spec_hash": spec_hash(spec),
        "size_px": settings.size_px,
        **scene.labels,
    }
    return {
        IMAGE_SUFFIX: images.image_png,
        MASK_SUFFIX: encode_mask(images.mask, settings.size_px),
        LABELS_SUFFIX: packb(record),
    }


def encode_mask(mask: NDArray[np.uint8], size_px: int) -> bytes:
    """A class mask as an 8-bit greyscale PNG whose pixel values are the class ids.

    Raises:
        ValueError: the mask has another shape or dtype.
    """
    if mask.shape != (size_px, size_px) or mask.dtype != np.uint8:
        raise ValueError(
            f"the mask is {mask.dtype} of shape {mask.shape}, expected uint8 ({size_px}, {size_px})"
        )
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(mask)).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
