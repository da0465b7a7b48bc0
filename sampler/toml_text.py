"""TOML text of plain data (the standard library only reads it)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["to_toml"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def _quoted(text: str) -> str:
    """JSON's escapes are TOML's, but for the one control character that JSON lets through."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    return "[" + ", ".join(_inline(v) for v in value) + "]"


def _is_table(value: Any) -> bool:
    """Distributions stand in a line; tables with no kind, or with tables in them, get a header."""
    return isinstance(value, Mapping) and (
        "kind" not in value or any(isinstance(v, Mapping) for v in value.values())
    )


def to_toml(data: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """TOML text; distributions (tables with a ``kind``) stand in one line, None is left out."""
    plain = {k: v for k, v in data.items() if v is not None and not _is_table(v)}
    tables = {k: v for k, v in data.items() if _is_table(v)}
    lines = []
    if path and (plain or not tables):
        lines.append(f"[{'.'.join(map(_key, path))}]")
    lines += [f"{_key(k)} = {_inline(v)}" for k, v in plain.items()]
    text = "\n".join(lines) + ("\n\n" if lines else "")
    return text + "".join(to_toml(v, (*path, k)) for k, v in tables.items())
