"""Where teeth and tongue are: the upper teeth with the skull, the lower with the jaw.

A proxy's references are helpers of the base mesh, and its offsets hold for the upright head
without expression. Expression units move the helpers along straight lines, which would stretch
the teeth; so they are fitted to the neutral head and then moved as rigid bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.mouth.constants import mouth_constants
from assets.mouth.lips import held_back
from assets.mouth.tongue import furrowed, tongue_surface
from assets.rigid import rigid_between
from assets.skin.regions import smoothstep

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["HasMouth", "place_teeth", "place_tongue"]

F64Array = NDArray[np.float64]


class HasMouth(Protocol):
    """A head, as far as the mouth needs it."""

    @property
    def cage_m(self) -> NDArray[Any]:
        """(19158, 3) posed base vertices with helpers, world frame."""
        ...

    @property
    def neutral_m(self) -> NDArray[Any]:
        """(19158, 3) the same without expression, in the upright rest pose."""
        ...

    @property
    def world_from_skull(self) -> NDArray[Any]:
        """(4, 4) rigid motion of the skull from the upright rest pose."""
        ...


def place_teeth(proxy: str, back_m: float, head: HasMouth, store: Store) -> F32Array:
    """(n, 3) vertices of a set of teeth, world frame.

    Args:
        proxy: the set.
        back_m: how far behind the place of most sets it stands.
        head: posed.
        store: has the proxy.
    """
    c = mouth_constants().teeth
    neutral = np.asarray(head.neutral_m, np.float64)
    upright = _upright(head)
    fitted = _fit(proxy, neutral, store)
    lower = np.asarray(store.array(f"proxies/{proxy}/refs")).min(1) < c.upper_refs_from
    size = _size(proxy, neutral, store)
    fitted[~lower] += np.array(c.upper_shift_m) * size
    fitted[lower] += np.array(c.lower_shift_m) * size
    fitted[:, 2] -= back_m * size[2]
    low, high = c.narrow_from_m
    beside = smoothstep((np.abs(fitted[:, 0]) / size[0]).astype(np.float32), low, high)
    fitted[:, 0] *= 1 - c.narrow * beside
    fitted[:, 2] -= c.narrow_back_m * size[2] * beside
    under = (fitted[lower, 1].max() - fitted[:, 1]) / size[1]
    root = lower * smoothstep(under.astype(np.float32), *c.root_m)
    fitted[:, 0] *= 1 - c.root_narrow * root
    fitted[:, 2] -= c.root_back_m * size[2] * root
    whole, sides = held_back(fitted[~lower], upright, size, store)
    fitted[:, 2] -= whole
    fitted[~lower, 2] -= sides
    helpers = slice(c.lower_helpers[0], c.lower_helpers[1] + 1)
    turn, move = rigid_between(neutral[helpers], upright[helpers])
    fitted[lower] = fitted[lower] @ turn.T + move
    return _in_world(fitted, head)


def place_tongue(raised: float, head: HasMouth, store: Store) -> F32Array:
    """(n, 3) vertices of the tongue, world frame: the helper's, its tip brought forward, refined.

    Args:
        raised: 0 flat on the floor of the mouth to 1 lifted.
        head: posed.
        store: has the proxy.
    """
    c = mouth_constants().tongue
    neutral = np.asarray(head.neutral_m, np.float64)
    rest = _fit(c.proxy, neutral, store)
    out = rest + _moved(c.proxy, _upright(head) - neutral, store)
    low, high = rest[:, 2].min(), rest[:, 2].max()
    share = smoothstep(((rest[:, 2] - low) / (high - low)).astype(np.float32), 0.35, 1.0)
    size = _size(c.proxy, neutral, store)
    out += share[:, None] * (np.array(c.tip_shift_m) + raised * np.array(c.raised_m)) * size
    surface = tongue_surface(c.proxy, store)
    fine, still = (np.asarray(surface.operator @ points) for points in (out, rest))
    return _in_world(furrowed(fine, still, surface.faces, size), head)


def _upright(head: HasMouth) -> F64Array:
    """The posed cage with the skull's motion undone."""
    motion = np.asarray(head.world_from_skull, np.float64)
    cage = np.asarray(head.cage_m, np.float64) - motion[:3, 3]
    return np.asarray(cage @ motion[:3, :3])


def _in_world(points: F64Array, head: HasMouth) -> F32Array:
    motion = np.asarray(head.world_from_skull, np.float64)
    return np.asarray(points @ motion[:3, :3].T + motion[:3, 3], np.float32)


def _size(proxy: str, cage: F64Array, store: Store) -> F64Array:
    """(3,) scale of a proxy on a head, by MakeHuman's pairs of measuring vertices."""
    scale = np.ones(3)
    for axis, (a, b, denominator_m) in enumerate(store.json(f"proxies/{proxy}")["scale"] or ()):
        scale[axis] = abs(cage[a, axis] - cage[b, axis]) / denominator_m
    return scale


def _fit(proxy: str, cage: F64Array, store: Store) -> F64Array:
    """(n, 3) a proxy's vertices on an upright cage: MakeHuman's fit of weighted references."""
    offsets = np.asarray(store.array(f"proxies/{proxy}/offsets"), np.float64)
    return np.asarray(_moved(proxy, cage, store) + offsets * _size(proxy, cage, store))


def _moved(proxy: str, cage: F64Array, store: Store) -> F64Array:
    refs = store.array(f"proxies/{proxy}/refs")
    weights = store.array(f"proxies/{proxy}/weights").astype(np.float64)
    return np.asarray((cage[refs] * weights[..., None]).sum(1))
