"""The table of a manifest's columns, for its documentation: ``python -m spec_schema.columns``."""

from __future__ import annotations

from typing import Final

from spec_schema.arrow import leaves

__all__ = ["columns_table"]

_TYPES: Final = {float: "float32", int: "int64", str: "string", bool: "bool"}


def columns_table() -> str:
    """Markdown: name, type and bounds of every column."""
    lines = ["| Column | Type | Range |", "|---|---|---|"]
    for leaf in leaves():
        several = " (one column a key)" if leaf.weights else ""
        null = ", may be null" if leaf.nullable or leaf.parent_nullable else ""
        bounds = [f"{sign} {limit:g}" for sign, limit in leaf.bounds]
        if leaf.kind is int and leaf.bounds and max(b for _, b in leaf.bounds) == 2**32 - 1:
            bounds = [">= 0", "<= 2³² − 1"]
        if leaf.weights:
            bounds = [">= -2", "<= 2"]
        if leaf.kind is str:
            bounds = ["not empty"]
        kind = f"{_TYPES[leaf.kind]}{null}"
        lines.append(f"| `{leaf.name}`{several} | {kind} | {', '.join(bounds)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(columns_table(), end="")  # noqa: T201
