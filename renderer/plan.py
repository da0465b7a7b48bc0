"""What a shard still has to do, found by comparing the dataset with the manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renderer.journal import final_failures
from renderer.settings import RenderSettings
from renderer.shards import Shard
from renderer.store import SampleState, SampleStore
from spec_schema.manifest import Manifest
from spec_schema.spec import spec_hash

__all__ = ["Plan", "describe_plan", "make_plan"]

_ROWS_TOLD = 8


@dataclass(frozen=True)
class Plan:
    """What a shard still has to do."""

    todo: tuple[int, ...]
    done: int
    damaged: int
    given_up: int
    """Failed in an earlier run, and left alone now."""


def make_plan(
    store: SampleStore,
    manifest: Manifest,
    rows: range,
    *,
    retry_failed: bool,
    touch: bool = True,
    interrupted: Callable[[], bool] = lambda: False,
) -> Plan:
    """Compare the dataset with the manifest.

    Args:
        store: of the dataset.
        manifest: to be rendered.
        rows: of the shard.
        retry_failed: whether rows that were given up are still to do.
        touch: whether markers that claim too much and scraps are taken away.
        interrupted: asked between rows; the plan is then unfinished.
    """
    marked = store.scan() if touch else set(rows)
    failed = {} if retry_failed else final_failures(store.storage)
    settled: set[int] = set()
    done = damaged = given_up = 0
    asked = [row for row in rows if row in marked or row in failed]
    pairs = ((row, spec_hash(spec)) for row, spec in manifest.specs(asked))
    for row, digest, state in store.states(pairs):
        if interrupted():
            break
        if state is SampleState.DONE:
            done += 1
            settled.add(row)
            continue
        if state is SampleState.DAMAGED:
            damaged += 1
            if touch:
                store.discard(row)
        elif failed.get(row) == digest:
            given_up += 1
            settled.add(row)
    todo = tuple(row for row in rows if row not in settled)
    return Plan(todo, done, damaged, given_up)


def describe_plan(
    plan: Plan,
    manifest: Manifest,
    where: str,
    shard: Shard,
    settings: RenderSettings,
    crew: tuple[int, int],
) -> str:
    """What ``--dry-run`` prints; ``crew`` is (workers, threads of each)."""
    rows = shard.rows(len(manifest))
    lines = {
        "manifest": f"{manifest.path}: {len(manifest)} rows",
        "shard": f"{shard}: {len(rows)} rows{_some(rows)}",
        "out": where,
        "done": str(plan.done),
        "damaged": f"{plan.damaged}{' (rendered again)' if plan.damaged else ''}",
        "failed": f"{plan.given_up}{' (left alone without --retry-failed)' * bool(plan.given_up)}",
        "to render": f"{len(plan.todo)}{_some(plan.todo)}",
        "settings": f"{settings.told()}, {crew[0]} x {crew[1]} threads",
    }
    return "".join(f"{name:10}{text}\n" for name, text in lines.items())


def _some(rows: range | tuple[int, ...]) -> str:
    if not rows:
        return ""
    if len(rows) <= _ROWS_TOLD:
        return f": {', '.join(map(str, rows))}"
    return f": {', '.join(map(str, rows[: _ROWS_TOLD - 1]))}, …, {rows[-1]}"
