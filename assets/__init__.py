"""All that a scene can contain: asset packs, the catalogue, and geometry as plain numpy.

The names below are loaded when first used, so that ``import assets`` is quick. Never bpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from assets.catalog import Catalog
    from assets.packs import asset_lock
    from assets.store import Store, open_store

__all__ = ["Catalog", "Store", "asset_lock", "open_store"]

_HOME: Final = {
    "Catalog": "assets.catalog",
    "Store": "assets.store",
    "asset_lock": "assets.packs",
    "open_store": "assets.store",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'assets' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
