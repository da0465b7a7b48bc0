"""One sample: from a spec to the bytes of its files."""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.geometry import SceneGeometry
from renderer.phases import Phase, say_nothing
from renderer.photo import developed_png
from renderer.pixel_labels import add_pixel_labels
from renderer.rasters import encode_exr, encode_grey, mattes
from renderer.scene import build_scene
from renderer.settings import RenderSettings
from spec_schema.spec import SceneSpec, spec_hash
from spec_schema.wire import packb

__all__ = ["IMAGE_SUFFIX", "LABELS_SUFFIX", "MASK_SUFFIX", "encode_mask", "render_sample"]

IMAGE_SUFFIX = ".png"
MASK_SUFFIX = "_mask.png"
LABELS_SUFFIX = ".msgpack"

AnyScalar = TypeVar("AnyScalar", bound=np.generic)


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

    @property
    def coverage(self) -> NDArray[np.float32]:
        """(number of classes, H, W) share of each pixel that each class covers."""
        ...

    @property
    def cover_m(self) -> NDArray[np.float32]:
        """(H, W) mean depth of what may hide the head, +inf where the mask shows none."""
        ...

    @property
    def depth_m(self) -> NDArray[np.float32] | None:
        """(H, W) along the optical axis, +inf where nothing is; None where not asked for."""
        ...

    @property
    def normals(self) -> NDArray[np.float32] | None:
        """(H, W, 3) camera frame, 0 where nothing is; None where not asked for."""
        ...

    @property
    def uv(self) -> NDArray[np.float32] | None:
        """(H, W, 2), -1 where no skin of the head is; None where not asked for."""
        ...

    @property
    def layers(self) -> NDArray[np.uint8] | None:
        """(H, W) class of what lies beneath; None where not asked for."""
        ...


class Backend(Protocol):
    """Makes pixels of geometry."""

    def render(
        self,
        geometry: SceneGeometry,
        spec: SceneSpec,
        camera_from_world: ArrayLike,
        phase: Phase = say_nothing,
    ) -> RenderedImages:
        """Render one scene as the camera (4, 4, OpenCV) sees it."""
        ...


def render_sample(
    row: int,
    spec: SceneSpec,
    settings: RenderSettings,
    backend: Backend,
    phase: Phase = say_nothing,
) -> dict[str, bytes]:
    """Files of one sample by suffix; equal arguments give equal bytes.

    Args:
        row: of the manifest; names the files.
        spec: the scene.
        settings: of the dataset.
        backend: makes the pixels.
        phase: told what is being done, so that a crash can be placed and time be kept.
    """
    scene = build_scene(spec, settings, phase)
    images = backend.render(scene.geometry, spec, scene.camera_from_world, phase)
    phase("encode")
    record = {
        "row": row,
        "index": spec.sample.index,
        "spec_hash": spec_hash(spec),
        "size_px": settings.size_px,
        **add_pixel_labels(scene.labels, images.mask, images.cover_m),
    }
    picture = images.image_png
    if settings.photo and spec.photo is not None:
        picture = developed_png(picture, spec.photo, spec.render_seed, images.mask, scene.labels)
    return {
        IMAGE_SUFFIX: picture,
        MASK_SUFFIX: encode_mask(images.mask, settings.size_px),
        LABELS_SUFFIX: packb(record),
        **_outputs(images, settings),
    }


def _outputs(images: RenderedImages, settings: RenderSettings) -> dict[str, bytes]:
    """Files of what was asked for beside the three of every sample."""
    files: dict[str, bytes] = {}
    for name in settings.outputs:
        match name:
            case "depth":
                files["_depth.exr"] = encode_exr({"Z": _made(images.depth_m, name)})
            case "normals":
                normals = _made(images.normals, name)
                files["_normal.exr"] = encode_exr(dict(zip("XYZ", _planes(normals), strict=True)))
            case "raw":
                files["_raw.png"] = images.image_png
            case "uv":
                uv = _made(images.uv, name)
                files["_uv.exr"] = encode_exr(dict(zip("UV", _planes(uv), strict=True)))
            case "mattes":
                for part, matte in mattes(images.coverage).items():
                    files[f"_{part}.png"] = encode_grey(matte)
            case "layers":
                files["_layers.png"] = encode_mask(_made(images.layers, name), settings.size_px)
    return files


def _made(array: NDArray[AnyScalar] | None, name: str) -> NDArray[AnyScalar]:
    if array is None:
        raise ValueError(f"the backend rendered no {name}")
    return array


def _planes(stacked: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.moveaxis(stacked, -1, 0)


def encode_mask(mask: NDArray[np.uint8], size_px: int) -> bytes:
    """A class mask as an 8-bit greyscale PNG whose pixel values are the class ids.

    Raises:
        ValueError: the mask has another shape or dtype.
    """
    if mask.shape != (size_px, size_px) or mask.dtype != np.uint8:
        raise ValueError(
            f"the mask is {mask.dtype} of shape {mask.shape}, expected uint8 ({size_px}, {size_px})"
        )
    return encode_grey(mask)
