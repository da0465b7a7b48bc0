"""The entries of one kind in the catalogue, as arrays to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sampler.columns import Names
from sampler.streams import F64
from spec_schema.errors import SpecError, nearest

__all__ = ["Pool", "choose", "merged", "names"]


class _Entry(Protocol):
    @property
    def share(self) -> float: ...


@dataclass(frozen=True)
class Pool:
    """Ids of one kind and how often each is picked, for women and for men."""

    ids: tuple[str, ...]
    share_female: F64
    """``(K,)``"""
    share_male: F64
    """``(K,)``"""
    attributes: tuple[Mapping[str, Any], ...]

    @staticmethod
    def of(entries: Mapping[str, _Entry], kind: str, overrides: Mapping[str, float]) -> Pool:
        """Entries with their shares; ``overrides`` replace shares by id.

        Raises:
            SpecError: an override names no entry, or nothing is left to pick.
        """
        for id_ in overrides:
            if id_ not in entries:
                raise SpecError(f"{kind}.shares: no such id {id_!r}; {nearest(id_, entries)}")
        ids = tuple(entries)
        attributes = tuple(_attributes(entries, i) for i in entries)
        female, male = (
            np.array(
                [
                    overrides.get(i, float(a.get(f"share_{sex}", e.share)))
                    for (i, e), a in zip(entries.items(), attributes, strict=True)
                ]
            )
            for sex in ("female", "male")
        )
        for sex, share in (("female", female), ("male", male)):
            if ids and share.sum() <= 0:
                raise SpecError(f"{kind}.shares: nothing left to pick ({sex})")
        return Pool(ids, female, male, attributes)

    def by_sex(self, sex: F64) -> F64:
        """Weights ``(n, K)`` for sexes ``(n,)`` from 0 female to 1 male."""
        if not self.ids:
            return np.zeros((len(sex), 0))
        share_male = self.share_male / self.share_male.sum()
        share_female = self.share_female / self.share_female.sum()
        return np.asarray(share_female + (share_male - share_female) * sex[:, None])

    def attribute(self, name: str, default: Any) -> list[Any]:
        """One attribute of every entry."""
        return [a.get(name, default) for a in self.attributes]


def _attributes(entries: Mapping[str, _Entry], id_: str) -> dict[str, Any]:
    """An entry's attributes, on top of those of the entry that it is ``like``."""
    own = dict(getattr(entries[id_], "attributes", {}))
    model = own.get("like")
    if not isinstance(model, str) or model not in entries:
        return own
    return {**_attributes(entries, model), **own}


def choose(weights: F64, u: F64) -> NDArray[np.int64]:
    """Column ``(n,)`` picked by weights ``(n, K)`` for each row's uniform ``(n,)``; 0 if K is 0."""
    if weights.shape[1] == 0:
        return np.zeros(len(u), np.int64)
    top = np.cumsum(weights, axis=1)
    picked = (top < (u * top[:, -1])[:, None]).sum(axis=1)
    return np.asarray(np.minimum(picked, weights.shape[1] - 1), np.int64)


def names(pool: Pool, codes: NDArray[np.int64]) -> Names:
    """The chosen ids as a column."""
    return Names(pool.ids, codes)


def merged(pool: Pool, codes: NDArray[np.int64], other: str, use_other: NDArray[np.bool_]) -> Names:
    """The chosen ids, or ``other`` (such as ``bald``) where ``use_other``."""
    return Names((*pool.ids, other), np.where(use_other, len(pool.ids), codes))
