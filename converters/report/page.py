"""The page itself: pictures in packs as they come, then columns and facts, then the programs."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import numpy as np

from converters.report.fields import Field, Value
from converters.report.tile import MARK_WORDS, PageTile

__all__ = ["PageWriter", "stored_column"]

_PROGRAMS: Final = ("data.js", "overlays.js", "gallery.js", "charts.js", "parts.js")
_PACK_CHARS: Final = 8_000_000
"""Characters of a pack: few enough to be cut from quickly, many enough to be few."""
_NO_PACK: Final = -1


def _page_file(name: str) -> str:
    return files("converters.report").joinpath("page", name).read_text("utf-8")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _json(value: Any) -> str:
    """JSON that can stand in a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def stored_column(field: Field, values: list[Value]) -> tuple[dict[str, Any], bytes]:
    """How a column is described and its bytes: numbers little-endian, texts as codes."""
    if field.kind == "text":
        names = sorted({str(v) for v in values})
        code = {name: k for k, name in enumerate(names)}
        codes = np.array([code[str(v)] for v in values], "<u2")
        return {"stored": "u2", "names": names}, codes.tobytes()
    stored = "f8" if field.whole else "f4"
    numbers = np.array([np.nan if v is None else v for v in values], f"<{stored}")
    return {"stored": stored}, numbers.tobytes()


class PageWriter:
    """Writes one page under a temporary name; it gets its own when it is whole.

    Args:
        out: the page. title: of the browser's window, until the programs run.
    """

    def __init__(self, out: Path, title: str) -> None:
        self._out = out
        self._partial = out.with_name(f".{out.name}.partial")
        self._file: TextIO = self._partial.open("w", encoding="utf-8", newline="\n")
        self._pack = 0
        self._chars = 0
        self._places: list[tuple[int, int, int, int, int]] = []
        self._marks = bytearray()
        safe = title.replace("&", "&amp;").replace("<", "&lt;")
        self._file.write(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{safe}</title>\n<style>\n{_page_file('page.css')}</style>\n</head>\n<body>\n"
            f"{_page_file('page.html')}"
        )

    def add(self, tile: PageTile | None) -> None:
        """The next sample's pictures and marks; None for a row without."""
        if tile is None:
            self._places.append((_NO_PACK, 0, 0, 0, 0))
            self._marks += bytes(2 * MARK_WORDS)
            return
        self._marks += tile.marks
        encoded = [_base64(part) for part in (tile.image, tile.mask, tile.depth)]
        text = "".join(encoded)
        if not text:  # labels only
            self._places.append((_NO_PACK, 0, 0, 0, 0))
            return
        if self._chars > _PACK_CHARS:
            self._end_pack()
        if self._chars == 0:
            self._file.write(f'<script type="text/plain" id="pack-{self._pack}">')
        first, second, third = (len(part) for part in encoded)
        self._places.append((self._pack, self._chars, first, second, third))
        self._file.write(text)
        self._chars += len(text)

    def _end_pack(self) -> None:
        if self._chars:
            self._file.write("</script>\n")
            self._pack += 1
            self._chars = 0

    def close(self, facts: dict[str, Any], columns: list[bytes]) -> None:
        """Write what is left and give the page its name.

        Args:
            facts: plain JSON for the programs.
            columns: bytes of each column, in the order of ``facts["fields"]``.
        """
        self._end_pack()
        blocks = {f"column-{k}": data for k, data in enumerate(columns)}
        blocks["places"] = np.array(self._places, "<i4").tobytes()
        blocks["marks"] = bytes(self._marks)
        for name, data in blocks.items():
            self._file.write(f'<script type="text/plain" id="{name}">{_base64(data)}</script>\n')
        self._file.write(f'<script type="application/json" id="facts">{_json(facts)}</script>\n')
        programs = "".join(_page_file(name) for name in _PROGRAMS)
        self._file.write(f'<script>\n"use strict";\n{programs}</script>\n</body>\n</html>\n')
        self._file.close()
        self._partial.replace(self._out)

    def __enter__(self) -> PageWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)
