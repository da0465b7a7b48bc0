"""What is wrong with a value of a model, in our own words."""

from __future__ import annotations

from typing import Any, Final

from pydantic_core import ErrorDetails

__all__ = ["in_words"]

_PLAIN: Final = {
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number, and not so large",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "string_too_short": "must not be empty",
}

_WITH_LIMIT: Final = {
    "greater_than": ("must be greater than", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be less than", "lt"),
    "less_than_equal": ("must be at most", "le"),
}


def in_words(error: ErrorDetails) -> str:
    """The rule that a value breaks, to follow the value's name.

    Args:
        error: one of ``ValidationError.errors()``.
    """
    kind, about = error["type"], dict[str, Any](error.get("ctx", {}))
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _WITH_LIMIT:
        text, limit = _WITH_LIMIT[kind]
        return f"{text} {about[limit]:g}"
    if kind in ("literal_error", "enum"):
        return f"must be {about['expected']}"
    if kind == "string_pattern_mismatch":
        return f"must look like {about['pattern']}"
    if kind == "too_short":
        return f"needs at least {about['min_length']} items, and has {about['actual_length']}"
    if kind == "too_long":
        return f"may have {about['max_length']} items, and has {about['actual_length']}"
    return error["msg"].removeprefix("Value error, ")
