"""A whole head of hair: roots, the style's build, thickness and colour."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array, HairMaterial, I32Array, Strands
from assets.hair.colour import coat_of, greys_first
from assets.hair.data import Style, groom_data
from assets.hair.exact import held_out
from assets.hair.groom import Groom
from assets.hair.grown import build_grown
from assets.hair.locks import build_locks
from assets.hair.plaits import build_rows
from assets.hair.roots import sample_roots
from assets.hair.scalp import Covered, Scalp
from assets.hair.surface import HeadSurface
from assets.hair.tapering import tapered
from assets.hair.tied import build_tied
from assets.hair.vectors import smoothstep
from assets.noise import Stream
from spec_schema.classes import SegmentationClass
from spec_schema.spec import SceneSpec

__all__ = ["grow_hair"]

WEFTS_PER_DM = 11.0
GATHERED = 3.5
"""How much denser long hair leaves the head below a hat that covers all of it."""
FULL_POINTS = 0.6
"""Detail from which a strand has all its points."""
LEAST_POINTS = 0.5
FEWEST_POINTS = 8


def grow_hair(
    spec: SceneSpec, head: HeadSurface, covered: Covered | None, detail: float
) -> Strands | None:
    """The hair of a spec, or None for the bald and where nothing is left."""
    hair = spec.hair
    if hair.style == "bald":
        return None
    style = _coarsened(groom_data().style(hair.style), detail)
    scalp, unthinned = Scalp.of(spec), Scalp.of(spec, whole=True)

    def hidden(rest_dm: F32Array) -> F32Array:
        if covered is None:
            return np.zeros(rest_dm.shape[:-1], np.float32)
        flat = np.asarray(covered(rest_dm.reshape(-1, 3) * np.float32(0.1)), np.float32)
        return flat.reshape(rest_dm.shape[:-1])

    gathered = 0.0
    if covered is not None and style.reaches_torso(hair.length_scale) and style.tie is None:
        used = head.skull.used
        grown = unthinned.density(head.skull.rest_dm[used])
        under = (grown * hidden(head.skull.rest_dm[used])).sum() / max(float(grown.sum()), 1e-6)
        gathered = GATHERED * float(under)

    def density(rest_dm: F32Array) -> F32Array:
        free = scalp.density(rest_dm) * (1 - smoothstep(hidden(rest_dm), 0.3, 0.7))
        # Long hair from under a hat comes out at nape and temples.
        more = gathered * smoothstep(7.75 - rest_dm[..., 1], 0.0, 0.25)
        return np.asarray(free * (1 + more), np.float32)

    roots = sample_roots(
        head.skull,
        density,
        round(style.count * detail),
        Stream(hair.seed, "hair/roots"),
        full=None if covered is None and scalp.is_whole else unthinned.density,
    )
    if len(roots) < 4:
        return None
    vigour = scalp.vigour(roots.rest_dm, unthinned)
    groom = Groom.of(head.skull, style, hair, roots, scalp, hidden(roots.rest_dm), vigour)
    points, clump = _build(groom, style)
    points = held_out(head.skull, groom.field, points)
    return _finished(spec, head, groom, points, clump, detail)


def _coarsened(style: Style, detail: float) -> Style:
    """The style with fewer points a strand where the head is small; curls need theirs."""
    curled = style.curl is not None or style.locks is not None or style.tie is not None
    if curled or detail >= FULL_POINTS or style.points <= FEWEST_POINTS:
        return style
    share = LEAST_POINTS + (1 - LEAST_POINTS) * detail / FULL_POINTS
    return style.model_copy(update={"points": max(round(share * style.points), FEWEST_POINTS)})


def _build(groom: Groom, style: Style) -> tuple[F32Array, I32Array]:
    if style.rows is not None:
        return build_rows(groom, style.rows)
    if style.locks is not None:
        return build_locks(groom, style.locks)
    if style.tie is not None:
        return build_tied(groom, style.tie)
    return build_grown(groom)


def _finished(
    spec: SceneSpec,
    head: HeadSurface,
    groom: Groom,
    points: F32Array,
    clump: I32Array,
    detail: float,
) -> Strands:
    hair, style, n = spec.hair, groom.style, len(groom)
    look = Stream(hair.seed, "hair/look")
    coat = coat_of(
        hair,
        points,
        lambda name: Stream(hair.seed, f"hair/colour/{name}"),
        clump,
        greys_first(groom.roots.rest_dm, spec.identity.sex, groom.noise),
        groom.noise(groom.roots.rest_dm, WEFTS_PER_DM, octaves=1),
    )
    radius = style.radius_um * look.uniform(n, 0.75, 1.2)
    radius = radius * np.where(groom.baby, 0.6, 1.0) * np.where(groom.flyaway, 0.8, 1.0)
    radius = radius * (0.5 + 0.5 * groom.vigour)
    return Strands(
        name="hair",
        points_m=head.to_world(points),
        radius_m=tapered(radius, points.shape[1], style.tip, detail),
        melanin=coat.melanin,
        redness=coat.redness,
        tint=coat.tint,
        strand_class=SegmentationClass.HAIR,
        material=HairMaterial(roughness=style.roughness, radial_roughness=style.radial_roughness),
    )
