"""A head of 68 points and a wardrobe of a few things, so that nothing has to be fetched."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from assets.catalog import Catalog, ItemEntry
from sampler import Inputs, Sampler, SamplerConfig, load_config

SHAPE_KEYS = (
    "asym-nose-1",
    "chin-height",
    "head-round",
    "l-eye-scale",
    "nose-hump",
    "r-eye-scale",
    "unheard-of",
)


def _face() -> NDArray[np.float64]:
    """68 points in roughly iBUG order, head frame, metres; wider and flatter than any real one."""
    jaw = np.linspace(-1, 1, 17)
    points = [(0.07 * x, -0.085 + 0.07 * x * x, -0.06 * x * x) for x in jaw]
    points += [(0.012 * (k - 4.5), 0.025, 0.01) for k in range(10)]
    points += [(0.0, -0.01 * k, 0.02 + 0.004 * k) for k in range(4)]
    points += [(0.008 * (k - 2), -0.045, 0.015) for k in range(5)]
    for side in (-1, 1):
        points += [(side * 0.032 + 0.012 * np.cos(a), 0.004 * np.sin(a), 0.0)
                   for a in np.arange(6) * np.pi / 3]  # fmt: skip
    points += [(0.025 * np.cos(a), -0.068 + 0.01 * np.sin(a), 0.012)
               for a in np.arange(20) * np.pi / 10]  # fmt: skip
    return np.array(points)


class FakeLandmarks:
    """A fixed face that sex, one shape key, the jaw and the lids change."""

    shape_keys = SHAPE_KEYS
    one_sided = frozenset({"head-round"})

    def landmarks_head_m(
        self,
        macro: Mapping[str, NDArray[np.float64]],
        shape: NDArray[np.float32],
        expression: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        neutral = self.neutral_head_m(macro, shape)
        return neutral + self.moved_head_m(expression, neutral)

    def neutral_head_m(
        self, macro: Mapping[str, NDArray[np.float64]], shape: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        size = 0.95 + 0.1 * macro["sex"] + 0.05 * shape[:, SHAPE_KEYS.index("chin-height")]
        return np.asarray(_face()[None] * size[:, None, None], np.float32)

    def moved_head_m(
        self, expression: NDArray[np.float32], neutral: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        points = np.zeros((len(expression), 68, 3))
        points[:, :17, 1] -= 0.02 * expression[:, 24:25]  # jawOpen
        points[:, 36:48, 1] += 0.001 * expression[:, 10:11]  # eyeLookDownLeft
        return points.astype(np.float32)


def _items(hair: str = "none", **shares: tuple[float, float]) -> dict[str, ItemEntry]:
    """Entries by id, with what they do to hair."""
    covers = {"covers": {"hair": hair}}
    return {
        id_: ItemEntry(id_, 1.0, {"share_female": female, "share_male": male, **covers})
        for id_, (female, male) in shares.items()
    }


def make_inputs() -> Inputs:
    """The fake head, the catalogue and the wardrobe."""
    catalog = dataclasses.replace(
        Catalog.load(),
        glasses=_items(round=(2, 1), square=(1, 2)),
        headwear=_items("tight", beanie=(1, 1), cap=(0.5, 2)),
        facewear=_items(mask=(1, 1), patch=(1, 1)),
        earwear=_items(phones=(1, 2), buds=(1, 1)),
        jewellery=_items(studs=(2, 1), chain=(1, 1)),
        neckwear=_items(scarf=(1, 1), snood=(1, 0.5)),
        clothing=_items(tee=(1, 1), blouse=(2, 0)),
    )
    return Inputs(catalog, FakeLandmarks(), {"head": "0" * 64})


@pytest.fixture(scope="session")
def inputs() -> Inputs:
    return make_inputs()


@pytest.fixture(scope="session")
def config() -> SamplerConfig:
    return load_config()


@pytest.fixture(scope="session")
def sampler(config: SamplerConfig, inputs: Inputs) -> Sampler:
    return Sampler(config, inputs, seed=7, split="train")
