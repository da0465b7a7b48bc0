"""What the sampler needs to know of the assets: the catalogue, and where landmarks lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assets.catalog import Catalog
from assets.user.entry import HeadAsset
from spec_schema.errors import AssetError, nearest

__all__ = ["Inputs", "Landmarks", "load_inputs"]


class Landmarks(Protocol):
    """Where the 68 landmarks of a face lie."""

    @property
    def shape_keys(self) -> tuple[str, ...]:
        """Identity shape keys in the order of the ``shape`` columns."""

    @property
    def one_sided(self) -> frozenset[str]:
        """Shape keys in [0, 1]; all others are in [-1, 1]."""

    def landmarks_head_m(
        self,
        macro: Mapping[str, NDArray[np.float64]],
        shape: NDArray[np.float32],
        expression: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """``(n, 68, 3)`` in the head frame, metres.

        Args:
            macro: ``(n,)`` by field name of the spec's identity.
            shape: ``(n, K)`` in the order of ``shape_keys``.
            expression: ``(n, 52)`` in the order of ``ARKIT_UNITS``.
        """

    def neutral_head_m(
        self, macro: Mapping[str, NDArray[np.float64]], shape: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """``(n, 68, 3)`` the same without expression; linear in the shape weights above 0 and in
        those below, by the same amounts for everyone."""

    def moved_head_m(
        self, expression: NDArray[np.float32], neutral: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """``(n, 68, 3)`` what an expression adds to the neutral face; linear but for the lids."""


@dataclass(frozen=True)
class Inputs:
    """Everything outside the config that a manifest depends on."""

    catalog: Catalog
    landmarks: Landmarks
    asset_lock: Mapping[str, str]
    heads: Mapping[str, HeadAsset] = field(default_factory=dict)
    """The user's own heads, by id."""


def load_inputs(head: str | None = None) -> Inputs:
    """The shipped assets and the user's; fetches the packs if they are missing.

    Args:
        head: id of the user's head that everyone shall have.

    Raises:
        AssetError: there is no such head.
    """
    from assets.head.landmarks import load_landmark_model
    from assets.packs import asset_lock
    from assets.store import open_store
    from assets.user.shelf import shelf, user_lock

    lock = {**asset_lock(), **user_lock()}
    heads = shelf().heads
    if head is not None:
        if head not in heads:
            hint = nearest(head, heads) if heads else "none has been added (rf-assets add-head)"
            raise AssetError(f"--head {head!r}: no such head; {hint}")
        heads = {head: heads[head].model_copy(update={"share": 1.0})}
    return Inputs(Catalog.load(), load_landmark_model(open_store()), lock, heads)
