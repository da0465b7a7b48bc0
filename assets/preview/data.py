"""``assets/data/preview.toml``, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["preview_data"]


@cache
def preview_data() -> dict[str, Any]:
    """The tables of the file."""
    text = files("assets").joinpath("data/preview.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
