"""The Arrow form of the scene spec, derived from the pydantic models.

Every leaf is an addressable column (``pose.yaw_deg``, ``identity.shape.nose-hump``). Which
shape keys there are is a property of the head model, so the schema takes their names.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from spec_schema.errors import SpecError, nearest
from spec_schema.spec import SceneSpec
from spec_schema.wording import in_words

__all__ = ["Leaf", "arrow_schema", "leaves", "row_to_spec", "spec_to_row", "validate_table"]


@dataclass(frozen=True)
class Leaf:
    """One column: its dotted path, Python type and bounds."""

    path: tuple[str, ...]
    kind: type
    nullable: bool
    parent_nullable: bool
    bounds: tuple[tuple[str, float], ...]
    """(comparison, limit) pairs, comparison among ``>= > <= <``."""
    weights: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)


def _strip(annotation: Any, metadata: Sequence[Any]) -> tuple[Any, list[Any], bool]:
    """The bare type, all metadata and whether None is allowed."""
    meta, nullable = list(metadata), False
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation, *more = typing.get_args(annotation)
            meta += more
        elif origin in (typing.Union, types.UnionType):
            rest = [a for a in typing.get_args(annotation) if a is not type(None)]
            (annotation,), nullable = rest, True
        else:
            return annotation, meta, nullable


def _bounds(metadata: Sequence[Any]) -> tuple[tuple[str, float], ...]:
    out: list[tuple[str, float]] = []
    for m in metadata:
        inner = m.metadata if isinstance(m, FieldInfo) else [m]
        for c in inner:
            for kind, sign in ((Ge, "ge"), (Gt, "gt"), (Le, "le"), (Lt, "lt")):
                if isinstance(c, kind):
                    symbol = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}[sign]
                    out.append((symbol, float(getattr(c, sign))))
            if isinstance(c, MinLen):
                out.append(("length >=", float(c.min_length)))
    return tuple(out)


def _walk(model: type[BaseModel], prefix: tuple[str, ...], parent_nullable: bool) -> Iterator[Leaf]:
    for name, info in model.model_fields.items():
        kind, meta, nullable = _strip(info.annotation, info.metadata)
        path = (*prefix, name)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _walk(kind, path, parent_nullable or nullable)
        elif typing.get_origin(kind) is dict:
            yield Leaf(path, float, False, parent_nullable, ((">=", -2.0), ("<=", 2.0)), True)
        else:
            yield Leaf(path, kind, nullable, parent_nullable, _bounds(meta))


@lru_cache(maxsize=1)
def leaves() -> tuple[Leaf, ...]:
    """All leaves of the scene spec in declaration order; weight tables count as one."""
    return tuple(_walk(SceneSpec, (), False))


_TYPES = {float: pa.float32(), int: pa.int64(), str: pa.string(), bool: pa.bool_()}


def arrow_schema(shape_keys: Sequence[str], expression_keys: Sequence[str]) -> pa.Schema:
    """Schema of a manifest for a head model with these shape keys."""
    keys = {"identity.shape": sorted(shape_keys), "expression": sorted(expression_keys)}

    def fields(model: type[BaseModel], prefix: tuple[str, ...]) -> list[pa.Field]:
        out = []
        for name, info in model.model_fields.items():
            kind, _, nullable = _strip(info.annotation, info.metadata)
            path = (*prefix, name)
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                type_ = pa.struct(fields(kind, path))
            elif typing.get_origin(kind) is dict:
                table = keys[".".join(path)]
                type_ = pa.struct([pa.field(k, pa.float32(), nullable=False) for k in table])
            else:
                type_ = _TYPES[kind]
            out.append(pa.field(name, type_, nullable=nullable))
        return out

    return pa.schema(fields(SceneSpec, ()))


def spec_to_row(spec: SceneSpec) -> dict[str, Any]:
    """A plain nested row for ``pyarrow.Table.from_pylist``."""
    return spec.model_dump()


def row_to_spec(row: dict[str, Any], where: str) -> SceneSpec:
    """Check and build one spec.

    Args:
        row: nested mapping, as ``pyarrow`` gives it.
        where: what to call the record in a message ("manifest.parquet row 7").

    Raises:
        SpecError: a field is missing, unknown or breaks its rule.
    """
    try:
        return SceneSpec.model_validate(row)
    except ValidationError as e:
        raise SpecError(f"{where}: {_offence(e)}") from e


def _offence(error: ValidationError) -> str:
    """The first field that breaks a rule, its value and the rule."""
    first = error.errors()[0]
    field = ".".join(str(p) for p in first["loc"])
    if first["type"] == "missing":
        return f"{field} is missing"
    if first["type"] == "extra_forbidden":
        *parents, name = map(str, first["loc"])
        beside = [leaf.path[len(parents)] for leaf in leaves() if leaf.path[:-1][: len(parents)]
                  == tuple(parents) and len(leaf.path) > len(parents)]  # fmt: skip
        return f"unknown field {field!r}; {nearest(name, set(beside))}"
    rule = in_words(first)
    if not isinstance(first.get("input"), dict):
        return f"{field} is {_short(first.get('input'))}: {rule}"
    return f"{field or 'the row'}: {rule}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _column(batch: pa.RecordBatch, path: tuple[str, ...]) -> tuple[pa.Array, pa.Array | None]:
    """The leaf array with parents' nulls spread to it, and the parent's validity."""
    column, parent = batch.column(path[0]), None
    for name in path[1:]:
        valid = column.is_valid()
        parent = valid if parent is None else pc.and_(parent, valid)
        column = pc.struct_field(column, name)
    return column, parent


_COMPARE = {">=": pc.greater_equal, ">": pc.greater, "<=": pc.less_equal, "<": pc.less}


def validate_table(batch: pa.RecordBatch, source: str, first_row: int = 0) -> None:
    """Check every column of a batch against the bounds of the models, vectorised.

    Raises:
        SpecError: naming source, row, field, value and rule of the first offence.
    """
    for leaf in leaves():
        paths: list[tuple[str, ...]] = [leaf.path]
        if leaf.weights:
            kind: Any = batch.schema.field(leaf.path[0]).type
            for name in leaf.path[1:]:
                kind = kind.field(name).type
            paths = [(*leaf.path, kind.field(i).name) for i in range(kind.num_fields)]
        for path in paths:
            column, parent = _column(batch, path)
            _check_column(column, parent, leaf, ".".join(path), source, first_row)


def _check_column(
    column: pa.Array, parent: pa.Array | None, leaf: Leaf, name: str, source: str, first_row: int
) -> None:
    def refuse(bad: pa.Array, rule: str) -> None:
        bad = pc.fill_null(bad, False)
        if parent is not None:
            bad = pc.and_(bad, parent)
        row = pc.index(bad, True).as_py()
        if row >= 0:
            value = _short(column[row].as_py())
            raise SpecError(f"{source}: row {first_row + row}: {name} is {value}: {rule}")

    if not leaf.nullable:
        refuse(column.is_null(), "a value is required")
    if pa.types.is_floating(column.type):
        refuse(pc.invert(pc.is_finite(column)), "must be a finite number")
    for symbol, limit in leaf.bounds:
        if symbol == "length >=":
            refuse(pc.less(pc.utf8_length(column), int(limit)), "must not be empty")
        else:
            ok = _COMPARE[symbol](column, pa.scalar(limit, column.type))
            refuse(pc.invert(ok), f"must be {symbol} {limit:g}")
