"""From an item of clothing to meshes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.clothing.entries import Garment, entry
from assets.clothing.garment import build_garment
from assets.clothing.proxy import build_proxy
from assets.geometry import Mesh
from assets.head import Head
from assets.store import Store
from spec_schema.spec import Item

__all__ = ["Clothing", "build_clothing"]


@dataclass(frozen=True)
class Clothing:
    """One worn garment."""

    meshes: tuple[Mesh, ...]
    hidden_faces: NDArray[np.bool_]
    """(F,) faces of the head that are not drawn: well under the cloth, or through it."""


def build_clothing(item: Item, head: Head, store: Store) -> Clothing:
    """Fit a garment to a posed head.

    Raises:
        AssetError: the catalogue has no such garment.
    """
    piece = entry(item.id)
    if isinstance(piece, Garment):
        return Clothing(*build_garment(piece, item, head, store))
    return Clothing(*build_proxy(piece, item, head, store))
