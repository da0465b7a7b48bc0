"""How evenly few samples cover the declared poses: Sobol points against random draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import kstest, qmc

from sampler.config import SamplerConfig
from sampler.streams import Draws

__all__ = ["SIZES", "Coverage", "pose_coverage"]

SIZES: Final = (64, 128, 256, 512, 1024, 2048, 4096)


@dataclass(frozen=True)
class Coverage:
    """Means over some root seeds."""

    sequence: Literal["random", "sobol"]
    n: int
    discrepancy: float
    """Centred L2 discrepancy of yaw and pitch together, on the scale of their declared
    distributions; 0 is perfectly even (F. Hickernell, Math. Comp. 67, 1998)."""
    ks_yaw: float
    ks_pitch: float
    """Largest distance between the cumulated shares of what was drawn and what is declared."""


def pose_coverage(
    config: SamplerConfig, sizes: Sequence[int] = SIZES, seeds: Sequence[int] = range(8)
) -> list[Coverage]:
    """Both sequences at each number of samples, the first ``n`` of each seed's stream.

    A value's position on the scale of its distribution is the uniform that it was drawn from,
    so that the result holds for any preset whose yaw and pitch are independent.
    """
    out = []
    for sequence in ("random", "sobol"):
        for n in sizes:
            rows = []
            for seed in seeds:
                draws = Draws(
                    seed, "train", "pose", 0, n,
                    even=sequence == "sobol", copula=config.pose.copula,
                )  # fmt: skip
                u = np.stack([draws.uniform("yaw"), draws.uniform("pitch")], axis=-1)
                rows.append(
                    (
                        np.sqrt(qmc.discrepancy(u, method="CD")),
                        kstest(u[:, 0], "uniform").statistic,
                        kstest(u[:, 1], "uniform").statistic,
                    )
                )
            discrepancy, ks_yaw, ks_pitch = np.mean(rows, axis=0)
            out.append(Coverage(sequence, n, float(discrepancy), float(ks_yaw), float(ks_pitch)))
    return out
