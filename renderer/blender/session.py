"""The Blender process and its Cycles settings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Protocol

import bpy

from renderer.blender.aovs import COVER_DEPTH, STRAND_DEPTH, STRAND_NORMAL, declare
from renderer.blender.devices import choose_device

__all__ = ["CRYPTOMATTE_DEPTH", "SessionSettings", "begin", "clear", "configure"]

CRYPTOMATTE_DEPTH: Final = 6
"""How many materials a pixel records."""

ADAPTIVE_FROM_SAMPLES: Final = 64
"""Fewer samples than this leave adaptive sampling nothing to save (measured)."""

ACCURATE_FROM_SAMPLES: Final = 16
"""From here strands are resolved well enough that the slow prefilter keeps them; FAST smears."""


class SessionSettings(Protocol):
    """What of the render settings Blender needs."""

    @property
    def size_px(self) -> int:
        """Side of the square picture."""
        ...

    @property
    def samples(self) -> int:
        """Paths a pixel."""
        ...

    @property
    def device(self) -> str:
        """One of :data:`renderer.blender.devices.DEVICE_KINDS`."""
        ...

    @property
    def gpu(self) -> int | None:
        """Which of the GPUs of that kind; None takes all."""
        ...

    @property
    def threads(self) -> int:
        """CPU threads; 0 takes all."""
        ...

    @property
    def prefilter(self) -> str:
        """``fast`` or ``accurate``: of the denoiser's guides, where there are strands."""
        ...

    @property
    def photo(self) -> bool:
        """Whether what a camera adds will be added to the picture."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Those of :data:`renderer.settings.OUTPUTS` that are asked for."""
        ...


@lru_cache(maxsize=1)
def begin() -> None:
    """Bring the process into Blender's factory state, once: no user's preferences count."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def clear() -> None:
    """Remove every data block that a scene can own, so that nothing of it meets the next one."""
    scene = bpy.context.scene
    scene.camera = None
    scene.world = None
    for blocks in (
        bpy.data.objects,
        bpy.data.meshes,
        bpy.data.hair_curves,
        bpy.data.lights,
        bpy.data.cameras,
        bpy.data.worlds,
        bpy.data.materials,
    ):
        for block in list(blocks):
            blocks.remove(block)
    for image in list(bpy.data.images):
        if image.type != "RENDER_RESULT":
            bpy.data.images.remove(image)


def configure(settings: SessionSettings, seed: int, exposure_ev: float, strands: bool) -> str:
    """Set everything about the picture but its content; returns the kind of device in use.

    Numbers come from the measurements in docs/decisions.md.

    Args:
        settings: of the run.
        seed: of the path tracer's noise.
        exposure_ev: stops, applied before the view transform.
        strands: whether the scene has hair.
    """
    scene = bpy.context.scene
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = settings.size_px
    render.resolution_percentage = 100
    render.film_transparent = False
    render.dither_intensity = 0.0
    render.use_persistent_data = False
    render.use_compositing = False
    render.use_sequencer = False
    if settings.threads:
        render.threads_mode, render.threads = "FIXED", settings.threads
    else:
        render.threads_mode = "AUTO"
    for name in dir(render):
        if name.startswith("use_stamp"):
            setattr(render, name, False)
    kind = choose_device(scene, settings.device, settings.gpu)
    _configure_paths(cycles, settings.samples, seed)
    accurate = strands and settings.prefilter == "accurate"
    _configure_denoiser(cycles, accurate and settings.samples >= ACCURATE_FROM_SAMPLES, kind)
    scene.cycles_curves.shape = "RIBBONS"
    scene.cycles_curves.subdivisions = 2
    _configure_view(scene, exposure_ev)
    layer = scene.view_layers[0]
    layer.use_pass_z = layer.use_pass_normal = False
    layer.use_pass_cryptomatte_material = True
    layer.pass_cryptomatte_depth = CRYPTOMATTE_DEPTH
    declare(COVER_DEPTH, STRAND_DEPTH, *([STRAND_NORMAL] if "normals" in settings.outputs else []))
    return kind


def _configure_paths(cycles: Any, samples: int, seed: int) -> None:
    cycles.samples = samples
    cycles.seed = seed & 0x7FFFFFFF  # Blender's seed is a signed 32-bit number
    cycles.use_animated_seed = False
    cycles.sampling_pattern = "TABULATED_SOBOL"
    cycles.use_adaptive_sampling = samples >= ADAPTIVE_FROM_SAMPLES
    cycles.adaptive_threshold = 0.03
    cycles.adaptive_min_samples = 16
    cycles.use_auto_tile = False
    cycles.max_bounces = 8
    cycles.diffuse_bounces = 2
    cycles.glossy_bounces = 3
    cycles.transmission_bounces = 6
    cycles.volume_bounces = 0
    cycles.transparent_max_bounces = 8
    cycles.caustics_reflective = False
    cycles.caustics_refractive = False
    cycles.blur_glossy = 1.0
    cycles.sample_clamp_direct = 0.0
    cycles.sample_clamp_indirect = 4.0
    cycles.use_light_tree = False
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    cycles.filter_width = 1.2  # pixels; strands lose contrast at the default 1.5


def _configure_denoiser(cycles: Any, accurate: bool, kind: str) -> None:
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter = "ACCURATE" if accurate else "FAST"
    cycles.denoising_quality = "HIGH"
    cycles.denoising_use_gpu = kind != "cpu"


def _configure_view(scene: Any, exposure_ev: float) -> None:
    scene.display_settings.display_device = "sRGB"
    view = scene.view_settings
    view.view_transform = "AgX"
    view.look = "AgX - Medium High Contrast"
    view.exposure = exposure_ev
    view.gamma = 1.0
    view.use_curve_mapping = False
