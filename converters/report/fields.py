"""What a sample can be filtered, sorted and counted by: the spec's leaves, and what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from spec_schema.arrow import leaves

__all__ = ["SEEN_FIELDS", "Field", "Value", "expression_facts", "spec_fields", "spec_values"]

Value = float | str | None

NONE: Final = "none"
"""What a text field holds where the record that it belongs to is absent."""

_LEFT_OUT: Final = ("seed",)
_STRONGEST: Final = "expression.strongest"
_TOTAL: Final = "expression.total"
# Lids and the direction of the look follow the gaze; they say nothing of the face's mood.
_NO_EXPRESSION: Final = "eyeLook"
_FAINT: Final = 0.15


@dataclass(frozen=True)
class Field:
    """One column of the page."""

    name: str
    kind: Literal["number", "text"]
    whole: bool = False
    """Whole numbers, which may be too large for float32."""


SEEN_FIELDS: Final = (
    Field("seen.landmarks", "number"),
    Field("seen.face_height", "number"),
    Field("seen.luminance", "number"),
    Field("seen.burnt", "number"),
    Field("seen.verdict", "text"),
    Field("run.seconds", "number"),
    Field("run.rss_mb", "number"),
    Field("run.attempts", "number"),
)
"""What only rendering tells: visible landmarks of 70; height of the face box in picture heights;
median 8-bit grey value of the face; share of its pixels that are burnt out; all in words."""


@lru_cache(maxsize=1)
def spec_fields() -> tuple[Field, ...]:
    """The leaves of the spec, without shape keys and seeds; expressions in two figures."""
    out = []
    for leaf in leaves():
        if leaf.weights or leaf.path[-1].endswith(_LEFT_OUT):
            continue
        kind: Literal["number", "text"] = "text" if leaf.kind is str else "number"
        out.append(Field(leaf.name, kind, leaf.kind is int))
    return (*out, Field(_STRONGEST, "text"), Field(_TOTAL, "number"))


def spec_values(spec: Mapping[str, Any]) -> dict[str, Value]:
    """Values of :func:`spec_fields` in a spec as a map; what is absent is None or ``none``."""
    found = expression_facts(spec.get("expression") or {})
    for field in spec_fields():
        if field.name in found:
            continue
        value: Any = spec
        for name in field.name.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if field.kind == "text":
            found[field.name] = NONE if value is None else str(value)
        else:
            found[field.name] = float(value) if isinstance(value, int | float) else None
    return found


def expression_facts(weights: Mapping[str, float]) -> dict[str, Value]:
    """The strongest expression unit by name (``neutral`` where all are faint), and their sum."""
    moods = {k: v for k, v in weights.items() if v and not k.startswith(_NO_EXPRESSION)}
    top = max(moods, key=lambda k: (moods[k], k), default=None)
    strongest = top if top is not None and moods[top] >= _FAINT else "neutral"
    return {_STRONGEST: strongest, _TOTAL: float(sum(moods.values()))}
