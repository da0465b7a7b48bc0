"""Quantities that move together: a Gaussian copula on the uniforms of one component.

Each named quantity keeps exactly its declared distribution; what is declared here is the
correlation of the standard normals that stand behind their uniforms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator
from scipy.special import ndtr, ndtri

from sampler.config_model import ConfigModel, quantity_paths
from sampler.streams import F64
from spec_schema.errors import nearest

__all__ = ["ComponentConfig", "Copula"]

Correlation = Annotated[float, Field(gt=-1, lt=1)]


@dataclass(frozen=True, eq=False)
class Copula:
    """How some fields of a component depend on each other."""

    names: tuple[str, ...]
    factor: F64
    """``(m, m)`` lower Cholesky factor of their correlation matrix."""

    @staticmethod
    def of(table: Mapping[str, Mapping[str, float]], known: Sequence[str]) -> Copula | None:
        """The copula of a config's table, first name to second name to correlation.

        Raises:
            ValueError: an unknown name, a pair twice, or correlations that exclude each other.
        """
        names = sorted({*table, *(b for row in table.values() for b in row)})
        for name in names:
            if name not in known:
                raise ValueError(f"no quantity {name!r} to correlate; {nearest(name, known)}")
        matrix = np.eye(len(names))
        for a, row in table.items():
            for b, value in row.items():
                i, j = names.index(a), names.index(b)
                if i == j:
                    raise ValueError(f"{a!r} can't be correlated with itself")
                if a in table.get(b, {}):
                    raise ValueError(f"{a!r} with {b!r} is given twice; once is enough")
                matrix[i, j] = matrix[j, i] = value
        if not names:
            return None
        least = float(np.linalg.eigvalsh(matrix)[0])
        if least < 1e-9:
            raise ValueError(
                "these correlations exclude each other (their matrix is not positive definite); "
                f"all of them times {0.99 / (1 - least):.2f} would do"
            )
        return Copula(tuple(names), np.linalg.cholesky(matrix))

    def mixed(self, name: str, independent: Callable[[str], F64]) -> F64:
        """Uniforms of a field that go with those of the others.

        Args:
            independent: gives a field's own uniforms, in the open interval (0, 1).
        """
        row = self.factor[self.names.index(name)]
        parts = zip(self.names, row, strict=True)
        z = sum((weight * ndtri(independent(other)) for other, weight in parts if weight), 0.0)
        return np.asarray(np.clip(ndtr(z), 2.0**-53, 1.0 - 2.0**-53))


class ComponentConfig(ConfigModel):
    """A component's config: quantities, and which of them move together."""

    drawn_apart: ClassVar[frozenset[str]] = frozenset()
    """Quantities of which a row has another number of draws, so that they stay independent."""

    named_freely: ClassVar[tuple[str, ...]] = ()
    """Quantities in tables with free names, by what their uniforms go by."""

    correlation: dict[str, dict[str, Correlation]] = Field(default_factory=dict)
    """Of pairs of quantities by their names in this table."""

    @model_validator(mode="after")
    def _correlations_hold(self) -> ComponentConfig:
        _ = self.copula
        return self

    @cached_property
    def copula(self) -> Copula | None:
        """None if all quantities are independent."""
        known = [p for p in quantity_paths(type(self)) if p not in self.drawn_apart]
        known += self.named_freely
        return Copula.of(self.correlation, known)
