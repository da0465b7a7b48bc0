"""Colour of teeth, gums and tongue from the painted textures and the spec."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from assets.geometry import F32Array
from assets.mouth.constants import mouth_constants
from assets.noise import ValueNoise
from assets.skin.regions import smoothstep
from assets.skin.tone import linear_from_srgb, tone_of
from spec_schema.spec import SceneSpec

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["painted_shading", "teeth_colour"]


def teeth_colour(spec: SceneSpec, proxy: str, store: Store) -> F32Array:
    """(H, W, 3) linear albedo of teeth and gums, row 0 at the bottom."""
    c, mouth = mouth_constants().teeth, spec.mouth
    painted = _diffuse(proxy, store)
    shading = painted_shading(proxy, store, c.shading)
    redness = 1 - painted[..., 1:].mean(-1) / np.maximum(painted[..., 0], 1e-3)
    gum = smoothstep(redness, *c.gum_redness)[..., None]
    enamel = (1 - mouth.shade) * np.array(c.whitest) + mouth.shade * np.array(c.darkest)
    # Stains sit where the painter's shade is: at the necks and between the teeth.
    crevice = smoothstep(shading[..., :1], 1.0, c.shading[0]) * mouth.stain
    enamel = enamel * (1 - crevice) + np.array(c.stain) * crevice
    enamel = enamel * (1 + 0.12 * mouth.stain * _patches(mouth.seed, painted.shape[0])[..., None])
    dark = tone_of(spec.skin.monk_tone, spec.skin.undertone).darkness
    gums = (1 - dark) * np.array(c.gums) + dark * np.array(c.gums_dark)
    return np.asarray(shading * (enamel * (1 - gum) + gums * gum), np.float32)


def _patches(seed: int, size: int) -> F32Array:
    """(size, size) slow noise about 0: one tooth is a little darker than the next."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(at, at)
    points = np.stack([x, y, np.zeros_like(x)], -1)
    return np.asarray(ValueNoise(seed, "teeth")(points, 14.0, 2), np.float32)


@lru_cache(maxsize=16)
def painted_shading(proxy: str, store: Store, limits: tuple[float, float]) -> F32Array:
    """(H, W, 3) brightness of the painted texture by its mean where painted, grey."""
    grey = _diffuse(proxy, store).mean(-1)
    mean = grey[grey > 0.05].mean()
    # The square root takes half of the painted light away: the renderer lights anew.
    ratio = np.clip(np.sqrt(grey / mean), *limits)
    return np.asarray(np.repeat(ratio[..., None], 3, -1), np.float32)


@lru_cache(maxsize=16)
def _diffuse(proxy: str, store: Store) -> F32Array:
    pixels = store.array(f"proxies/{proxy}/texture/diffuse")[::-1, :, :3]
    return linear_from_srgb(np.asarray(pixels, np.float32) / 255)
