"""Draws scene specs from declared distributions.

::

    import sampler

    config = sampler.load_config("facesynthetics", ["pose.yaw.scale_deg=40"])
    table = sampler.draw(config, start=0, n=1000)   # a pyarrow.Table, one row a scene
"""

from __future__ import annotations

import pyarrow as pa

from sampler.config import SamplerConfig, load_config, preset_names
from sampler.inputs import Inputs, load_inputs
from sampler.scene import Sampler

__all__ = [
    "Inputs",
    "Sampler",
    "SamplerConfig",
    "draw",
    "load_config",
    "load_inputs",
    "preset_names",
]


def draw(
    config: SamplerConfig,
    start: int,
    n: int,
    *,
    seed: int = 0,
    split: str = "train",
    inputs: Inputs | None = None,
) -> pa.Table:
    """Scene specs ``start`` to ``start + n`` of a config, as an Arrow table.

    Row k is the same for any ``start`` and ``n``.

    Args:
        config: from :func:`load_config`.
        start: index of the first sample.
        n: how many samples.
        seed: root seed.
        split: train, test or val; each has streams of its own.
        inputs: the assets; the shipped ones by default.
    """
    return Sampler(config, inputs or load_inputs(), seed, split).draw(start, n)
