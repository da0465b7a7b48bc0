"""Inside the mouth: teeth with gums, and tongue, fitted to the head's cage."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from assets.geometry import F32Array, Mesh, SurfaceMaterial
from assets.noise import Stream
from assets.skin.regions import smoothstep
from assets.skin.tone import linear_from_srgb, tone_of
from spec_schema.classes import SegmentationClass
from spec_schema.spec import SceneSpec

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["HasCage", "build_mouth"]

Triple = tuple[float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Teeth(_Model):
    proxy: str
    young: Triple
    old: Triple
    gums: Triple
    gums_dark: Triple
    roughness: float
    shading: tuple[float, float]
    gum_redness: tuple[float, float]


class _Tongue(_Model):
    proxy: str
    colour: Triple
    roughness: float
    shading: tuple[float, float]


class _Constants(_Model):
    teeth: _Teeth
    tongue: _Tongue


class HasCage(Protocol):
    """A head, as far as the mouth needs it."""

    @property
    def cage_m(self) -> NDArray[Any]:
        """(19158, 3) posed base vertices with helpers, world frame."""
        ...

    @property
    def world_from_skull(self) -> NDArray[Any]:
        """(4, 4) rigid motion of the skull from the upright rest pose."""
        ...


@lru_cache(maxsize=1)
def _constants() -> _Constants:
    text = files("assets").joinpath("data/mouth.toml").read_text("utf-8")
    return _Constants.model_validate(tomllib.loads(text))


def build_mouth(spec: SceneSpec, head: HasCage, store: Store) -> list[Mesh]:
    """Teeth with gums, and tongue, in the world frame."""
    c = _constants()
    teeth, tongue = c.teeth, c.tongue
    return [
        _mesh(
            "teeth",
            teeth.proxy,
            head,
            store,
            SurfaceMaterial(
                colour=(1.0, 1.0, 1.0),
                roughness=teeth.roughness,
                colour_map=_teeth_colour(spec, store),
                subsurface=0.35,
                subsurface_scale_m=0.0015,
                coat=0.15,
                coat_roughness=0.12,
            ),
        ),
        _mesh(
            "tongue",
            tongue.proxy,
            head,
            store,
            SurfaceMaterial(
                colour=tongue.colour,
                roughness=tongue.roughness,
                colour_map=_painted_shading(tongue.proxy, store, tongue.shading),
                subsurface=0.6,
                subsurface_scale_m=0.003,
                coat=0.08,
                coat_roughness=0.25,
            ),
        ),
    ]


def _mesh(name: str, proxy: str, head: HasCage, store: Store, material: SurfaceMaterial) -> Mesh:
    corners = store.array(f"proxies/{proxy}/face_uv")
    faces = np.asarray(store.array(f"proxies/{proxy}/faces"), np.int32)
    uv = store.array(f"proxies/{proxy}/uv")[np.maximum(corners, 0)]
    return Mesh(
        name=name,
        vertices_m=_fit(proxy, head, store),
        faces=faces,
        face_class=np.full(len(faces), SegmentationClass.MOUTH_INTERIOR, np.uint8),
        material=material,
        uv=np.asarray(uv, np.float32),
    )


def _fit(proxy: str, head: HasCage, store: Store) -> F32Array:
    """(n, 3) a proxy's vertices on a head, world frame: MakeHuman's fit of weighted references.

    Offsets and scales hold along the axes of the upright skull, so the fit is made there.
    """
    refs = store.array(f"proxies/{proxy}/refs")
    weights = store.array(f"proxies/{proxy}/weights").astype(np.float64)
    motion = np.asarray(head.world_from_skull, np.float64)
    cage = (np.asarray(head.cage_m, np.float64) - motion[:3, 3]) @ motion[:3, :3]
    scale = np.ones(3)
    for axis, (a, b, denominator_m) in enumerate(store.json(f"proxies/{proxy}")["scale"] or ()):
        scale[axis] = abs(cage[a, axis] - cage[b, axis]) / denominator_m
    offsets = store.array(f"proxies/{proxy}/offsets") * scale
    fitted = (cage[refs] * weights[..., None]).sum(1) + offsets
    return np.asarray(fitted @ motion[:3, :3].T + motion[:3, 3], np.float32)


def _teeth_colour(spec: SceneSpec, store: Store) -> F32Array:
    """(H, W, 3) linear albedo of teeth and gums, row 0 at the bottom."""
    c = _constants().teeth
    painted = _diffuse(c.proxy, store)
    shading = _painted_shading(c.proxy, store, c.shading)
    redness = 1 - painted[..., 1:].mean(-1) / np.maximum(painted[..., 0], 1e-3)
    gum = smoothstep(redness, *c.gum_redness)[..., None]
    age = float(np.clip((spec.identity.age_years - 20) / 60, 0, 1))
    worn = float(np.clip(0.75 * age + 0.3 * Stream(spec.skin.seed, "teeth").uniform(), 0, 1))
    enamel = (1 - worn) * np.array(c.young) + worn * np.array(c.old)
    dark = tone_of(spec.skin.monk_tone, spec.skin.undertone).darkness
    gums = (1 - dark) * np.array(c.gums) + dark * np.array(c.gums_dark)
    return np.asarray(shading * (enamel * (1 - gum) + gums * gum), np.float32)


@lru_cache(maxsize=8)
def _painted_shading(proxy: str, store: Store, limits: tuple[float, float]) -> F32Array:
    """(H, W, 3) brightness of the painted texture by its mean where painted, grey."""
    grey = _diffuse(proxy, store).mean(-1)
    mean = grey[grey > 0.05].mean()
    # The square root takes half of the painted light away: the renderer lights anew.
    ratio = np.clip(np.sqrt(grey / mean), *limits)
    return np.asarray(np.repeat(ratio[..., None], 3, -1), np.float32)


@lru_cache(maxsize=8)
def _diffuse(proxy: str, store: Store) -> F32Array:
    pixels = store.array(f"proxies/{proxy}/texture/diffuse")[::-1, :, :3]
    return linear_from_srgb(np.asarray(pixels, np.float32) / 255)
