"""People who have a head that the user added: what they are, and their shape keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.user.entry import HeadAsset
from assets.user.head_targets import head_key, part_key
from sampler.identity import ANCESTRIES, Identity
from sampler.streams import Draws
from spec_schema.errors import SpecError

__all__ = ["OwnHeads"]


class OwnHeads:
    """Heads by id, each with the share of all people that has it."""

    def __init__(self, heads: Mapping[str, HeadAsset], keys: Sequence[str]) -> None:
        self.drawn = {i: h for i, h in heads.items() if h.share > 0}
        shares = np.array([h.share for h in self.drawn.values()])
        if shares.sum() > 1 + 1e-9:
            raise SpecError(
                f"the shares of your own heads are {shares.sum():g} together, and must be 1 at most"
            )
        self._ends = np.cumsum(shares)
        self._place = {key: k for k, key in enumerate(keys)}

    def chosen(self, draws: Draws) -> NDArray[np.int64]:
        """``(n,)`` which head each has: its number, or that of heads for one of the model's."""
        if not self.drawn:
            return np.zeros(draws.n, np.int64)
        return np.searchsorted(self._ends, draws.uniform("head"), side="right")

    def person(self, drawn: Identity, chosen: NDArray[np.int64]) -> Identity:
        """With what a head says of its sex, age and ancestry."""
        for k, head in enumerate(self.drawn.values()):
            rows = chosen == k
            group = ANCESTRIES.index(head.ancestry)
            drawn = replace(
                drawn,
                sex=np.where(rows, head.sex, drawn.sex),
                age_years=np.where(rows, head.age_years, drawn.age_years),
                ancestry=np.where(rows[:, None], np.eye(3)[group], drawn.ancestry),
                dominant=np.where(rows, group, drawn.dominant),
                weight=np.where(rows, 0.5, drawn.weight),
                muscle=np.where(rows, 0.5, drawn.muscle),
            )
        return drawn

    def shape(
        self, drawn: NDArray[np.float32], chosen: NDArray[np.int64], draws: Draws
    ) -> NDArray[np.float32]:
        """Weights ``(n, K)``: of those who have such a head its own keys alone."""
        if not self.drawn:
            return drawn
        out = np.array(drawn, np.float32, order="K")
        out[chosen < len(self.drawn)] = 0
        for k, (head_id, head) in enumerate(self.drawn.items()):
            rows = chosen == k
            out[rows, self._place[head_key(head_id)]] = 1
            for key in head.keys:
                if key.high > 0:
                    name = part_key(head_id, key.name)
                    low, high = min(key.low, key.high), key.high
                    weight = low + (high - low) * draws.uniform(name)
                    out[rows, self._place[name]] = weight[rows].astype(np.float32)
        return out
