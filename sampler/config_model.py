"""The base of all config models, and quantities with units and bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from sampler.empirical import FILE_KINDS, histogram_of
from spec_schema.errors import SpecError, nearest
from spec_schema.wording import in_words

__all__ = ["ConfigModel", "Within", "quantity_paths"]


_CHOSEN: Final = ("id", "item", "style")
_BY_WEIGHT: Final = "an entry is asked for by its weight beside the others, such as shares.ID = 1e9"


class ConfigModel(BaseModel):
    """Frozen; unknown keys are refused with the nearest valid one, and so are NaN, infinities
    and values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    one_draw: ClassVar[bool] = False
    """Whether the quantities in it are alternatives, of which a row draws one."""

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key {key}; {hint}",
                        {
                            "key": repr(key),
                            "hint": _BY_WEIGHT
                            if key in _CHOSEN and "shares" in cls.model_fields
                            else nearest(str(key), cls.model_fields),
                            "choices": list(cls.model_fields),
                        },
                    )
        return data


@lru_cache(maxsize=1)
def _distributions() -> TypeAdapter[Any]:
    from sampler.distributions import Distribution  # which are config models themselves

    return TypeAdapter(Distribution)


_WITH_UNIT = ("value", "low", "high", "loc", "scale", "edges")


@dataclass(frozen=True)
class Within:
    """Marks a distribution as a quantity: its keys carry the unit, its values keep bounds.

    ``Annotated[Distribution, Within("deg", -90, 90)]`` is written in a config as
    ``{kind = "truncated_normal", loc_deg = 0, scale_deg = 33, low_deg = -90, high_deg = 90}``.
    An empty unit leaves the keys bare.
    """

    unit: str
    low: float
    high: float

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        # One validator for all quantities: built into each field it would be a good part of the
        # time that the config's models take.
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self._dump),
        )

    def _suffixed(self, key: str) -> str:
        return f"{key}_{self.unit}" if self.unit and key in _WITH_UNIT else key

    def _validate(self, value: Any) -> Any:
        try:
            checked = (
                _distributions().validate_python(self._bare(value)).within(self.low, self.high)
            )
        except ValidationError as e:
            raise PydanticCustomError("distribution", "{text}", {"text": self._explain(e)}) from e
        except SpecError as e:
            raise PydanticCustomError("distribution", "{text}", {"text": str(e)}) from e
        low, high = checked.support()
        if low < self.low or high > self.high:
            raise PydanticCustomError(
                "bounds",
                "values from {low} to {high} can come of it, and must stay within {min} to {max}"
                "{hint}",
                {
                    "low": f"{low:g}",
                    "high": f"{high:g}",
                    "min": f"{self.low:g}",
                    "max": f"{self.high:g}",
                    "hint": "; truncated_normal has limits" if low == -float("inf") else "",
                },
            )
        return checked

    def _explain(self, error: ValidationError) -> str:
        first = error.errors()[0]
        about: dict[str, Any] = dict(first.get("ctx", {}))
        if first["type"] == "unknown_key":
            key = self._suffixed(about["key"].strip("'"))
            hint = nearest(key, map(self._suffixed, about["choices"]))
            if about["key"].strip("'") == "value":
                hint = f"a fixed value is {{ kind = 'constant', {key} = … }}"
            return f"unknown key {key!r}; {hint}"
        if first["type"] == "union_tag_not_found":
            return "needs a kind, such as kind = 'uniform'"
        if first["type"] == "union_tag_invalid":
            kinds = [k.strip(" '") for k in about["expected_tags"].split(",")]
            kinds += FILE_KINDS
            return f"no kind of distribution {about['tag']!r}; {nearest(about['tag'], kinds)}"
        names = [self._suffixed(p) for p in first["loc"][1:] if isinstance(p, str)]
        text = in_words(first)
        if not names:
            return f"{text}, such as {{ kind = 'uniform', … }}" if "table" in text else text
        value = first.get("input")
        shown = f" is {value!r}" if isinstance(value, int | float | str) else ""
        return f"{names[-1]}{shown}: {text}"

    def _bare(self, value: Any) -> Any:
        """Keys without the unit; a key that lacks it, or has another, is refused."""
        if isinstance(value, BaseModel) or not isinstance(value, dict):
            return value
        out: dict[str, Any] = {}
        full = {self._suffixed(k): k for k in _WITH_UNIT}
        for key, item in value.items():
            if key in full:
                out[full[key]] = item
            elif self.unit and (key in _WITH_UNIT or key.rpartition("_")[0] in _WITH_UNIT):
                raise PydanticCustomError(
                    "unit",
                    "unknown key {key}; {hint}",
                    {"key": repr(key), "hint": nearest(key, full)},
                )
            elif key == "of" and isinstance(item, list):
                out[key] = [self._bare(i) for i in item]
            else:
                out[key] = item
        return histogram_of(out) if out.get("kind") in FILE_KINDS else out

    def _dump(self, value: BaseModel) -> dict[str, Any]:
        return self._with_unit(value.model_dump())

    def _with_unit(self, data: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, item in data.items():
            if key == "of":
                out[key] = [self._with_unit(i) for i in item]
            else:
                out[self._suffixed(key)] = item
        return out


def quantity_paths(model: type[ConfigModel], prefix: str = "") -> Iterator[str]:
    """Dotted names of the quantities of a table and the tables in it; those of tables with free
    names are left out. The uniforms that a quantity is drawn from go by the same name."""
    for name, info in model.model_fields.items():
        kind: Any = info.annotation
        is_table = isinstance(kind, type) and issubclass(kind, ConfigModel)
        if any(isinstance(m, Within) for m in info.metadata) or (is_table and kind.one_draw):
            yield prefix + name
        elif is_table:
            yield from quantity_paths(kind, f"{prefix}{name}.")
