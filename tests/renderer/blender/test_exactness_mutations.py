"""The proofs of exactness find every mistake that they are there for.

``pytest -s`` prints the table of mistakes and of the proofs that find them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renderer.blender import world
from tests.renderer.blender.bench import PROOFS, Bench
from tests.renderer.blender.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.blender

TABLE: dict[str, dict[str, str]] = {}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "IMPORTANCE_MAP_PX", 16)
        yield Bench()
    print(f"\n{'mistake':<50}" + "".join(f"{name:>10}" for name in PROOFS))  # noqa: T201
    for name, verdicts in TABLE.items():
        marks = "".join(f"{'found' if verdicts[p] else '-':>10}" for p in PROOFS)
        print(f"{name:<50}{marks}")  # noqa: T201


def test_without_a_mistake_all_proofs_hold(bench: Bench) -> None:
    assert bench.caught(Mutant("none", ())) == dict.fromkeys(PROOFS, "")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_mistake_is_found(bench: Bench, mutant: Mutant) -> None:
    TABLE[mutant.name] = verdicts = bench.caught(mutant)
    assert any(verdicts.values()), f"no proof finds {mutant.name!r}"
