"""From a kind to a file with its sheet."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from assets.preview.kinds import KINDS
from assets.preview.rendering import RenderAsk, rendered
from assets.preview.scenes import Setting, heads, tiles
from assets.preview.sheet import sheet
from spec_schema.errors import AssetError, ToolError, nearest

__all__ = ["preview"]

_FORMATS: Final = (".png", ".jpg", ".jpeg")
_JPEG_QUALITY: Final = 88


def preview(
    kind: str, entry: str | None, head: str | None, setting: Setting, ask: RenderAsk, output: Path
) -> Path:
    """Write the sheet of a kind, or of one entry on every head; returns ``output``.

    Raises:
        AssetError: something named is unknown.
        ToolError: the file can't be written, or Blender is missing.
    """
    if kind not in KINDS:
        raise AssetError(f"no kind of preview {kind!r}; {nearest(kind, KINDS)}")
    if output.suffix.lower() not in _FORMATS:
        raise ToolError(f"{output}: the name must end in {', '.join(_FORMATS)}")
    if output.is_dir() or not output.parent.is_dir():
        raise ToolError(f"{output}: a folder, or in a folder that is not there")
    made = tiles(KINDS[kind], entry, head, setting)
    with tempfile.TemporaryDirectory(prefix="replicantface-preview-") as folder:
        pictures = rendered([tile.spec for tile in made], ask, Path(folder))
    columns = 4 if entry is not None and len(made) == len(heads()) else None
    page = sheet(pictures, [tile.label for tile in made], columns)
    page.save(output, quality=_JPEG_QUALITY)  # PNG knows no quality, and ignores it
    return output
