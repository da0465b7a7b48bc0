"""Contact sheets of what the catalogue holds: ``rf-assets preview KIND``.

All entries of a kind on one head, or one entry on eight heads. Scenes are put together from
``assets/data/preview.toml`` without chance; ``rf-render`` renders them in a process of its own,
since assets know no renderer.

A new kind is one :class:`Kind` in :mod:`assets.preview.kinds`.
"""

from assets.preview.kinds import KINDS, Kind
from assets.preview.making import preview
from assets.preview.rendering import RenderAsk
from assets.preview.scenes import Setting, Tile, heads, tiles

__all__ = ["KINDS", "Kind", "RenderAsk", "Setting", "Tile", "heads", "preview", "tiles"]
