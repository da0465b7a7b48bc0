"""Curls of long strands, and the search for the nearest clump."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array
from assets.hair.clumping import nearest_keys
from assets.hair.curves import coil
from assets.noise import Stream


def _turns(strands: F32Array) -> F32Array:
    """(n, m - 2) cosines of the angles at inner points."""
    step = np.diff(strands, axis=1)
    step /= np.linalg.norm(step, axis=2, keepdims=True)
    return np.asarray(np.einsum("nmk,nmk->nm", step[:, 1:], step[:, :-1]), np.float32)


def test_waves_of_long_hair_do_not_zigzag() -> None:
    """The tip's turns are as long as those near the root, at any number of points."""
    straight = np.zeros((300, 44, 3), np.float32)
    straight[..., 1] = -np.linspace(0, 0.4, 44)
    length = np.full(300, 0.4, np.float32)
    waved = coil(
        straight,
        np.arange(300, dtype=np.int32),
        length,
        Stream(5, "curl"),
        radius_m=0.010,
        pitch_m=0.075,
        start_m=0.085,
        phase_spread=0.15,
        flatten=0.6,
        vary=0.4,
    )
    assert np.abs(waved - straight).max() > 0.008
    assert (_turns(waved) < 0.5).any(axis=1).mean() < 0.2
    assert _turns(waved).min() > -0.5


def test_nearest_keys_are_those_of_a_full_search() -> None:
    keys = Stream(3, "keys").normal((500, 4))
    centres = np.arange(40)
    distance, index = nearest_keys(keys, centres, 3)
    every = np.linalg.norm(keys[:, None] - keys[None, :40], axis=2)
    assert (index == every.argsort(axis=1)[:, :3]).all()
    assert np.allclose(distance, np.sort(every, axis=1)[:, :3], atol=1e-5)
