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
    shading, gum, crevice = _painted_parts(proxy, store, c.shading, c.gum_redness)
    whitest, darkest = np.array(c.whitest), np.array(c.darkest)
    enamel = ((1 - mouth.shade) * whitest + mouth.shade * darkest).astype(np.float32)
    # Stains sit where the painter's shade is: at the necks and between the teeth.
    stained = crevice * np.float32(mouth.stain)
    # One tooth is a little darker than the next.
    patches = ValueNoise(mouth.seed, "teeth").on_square(len(shading), 14.0)
    uneven = 1 + np.float32(c.uneven + 0.12 * mouth.stain) * patches
    dark = tone_of(spec.skin.monk_tone, spec.skin.undertone).darkness
    gums = ((1 - dark) * np.array(c.gums) + dark * np.array(c.gums_dark)).astype(np.float32)
    out = np.empty((*shading.shape, 3), np.float32)
    for k in range(3):
        plane = (enamel[k] + stained * (np.float32(c.stain[k]) - enamel[k])) * uneven
        plane += gum * (gums[k] - plane)
        np.multiply(plane, shading, out=out[..., k])
    return out


@lru_cache(maxsize=16)
def _painted_parts(
    proxy: str, store: Store, limits: tuple[float, float], gum_redness: tuple[float, float]
) -> tuple[F32Array, F32Array, F32Array]:
    """(H, W) each, of every mouth with these teeth: brightness, gums, necks and gaps."""
    painted = _diffuse(proxy, store)
    shading = painted_shading(proxy, store, limits)[..., 0]
    redness = 1 - painted[..., 1:].mean(-1) / np.maximum(painted[..., 0], 1e-3)
    return shading, smoothstep(redness, *gum_redness), smoothstep(shading, 1.0, limits[0])


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
