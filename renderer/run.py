"""One run of ``rf-render``: check, plan, render what is missing, record."""

from __future__ import annotations

import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final, TextIO

import numpy as np

from renderer.description import describe, npz_bytes
from renderer.engine import Engine
from renderer.folder import check_existing, check_space, make_folder, write_shared_files
from renderer.journal import Journal, final_failures
from renderer.machine import usable_cores, usable_memory_mb
from renderer.precheck import check_assets, check_keys, check_lock
from renderer.progress import Progress
from renderer.settings import RenderSettings
from renderer.shards import Shard
from renderer.store import SampleState, SampleStore
from renderer.supervisor import Attempt, Item, Limits, Supervisor
from spec_schema.dataset import sha256_file
from spec_schema.errors import EXIT_FAILED_SAMPLES, EXIT_INTERRUPTED, EXIT_OK
from spec_schema.manifest import Manifest
from spec_schema.spec import spec_hash

__all__ = ["Plan", "RunOptions", "choose_workers", "render_manifest"]

WORKER_MB: Final = 1500
"""Memory set aside for a worker: Cycles takes 500 MB at 640 px, skin maps and hair the rest."""


@dataclass(frozen=True)
class RunOptions:
    """How to run, none of which changes a byte of the dataset."""

    shard: Shard = field(default_factory=Shard)
    workers: int | None = None
    """None: see :func:`choose_workers`."""
    threads: int | None = None
    retry_failed: bool = False
    item_seconds: float | None = None
    engine_name: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a shard still has to do."""

    todo: tuple[int, ...]
    done: int
    damaged: int
    given_up: int
    """Failed in an earlier run, and left alone now."""


def choose_workers(
    n_samples: int, device: str, workers: int | None, threads: int | None
) -> tuple[int, int]:
    """(workers, threads of each).

    Cycles renders as much with two processes of one thread as with one of two, and only with
    processes does the Python part of one sample overlap the rendering of another: so one
    worker a core, one thread each, as memory allows. With fewer samples than cores the spare
    cores become threads. A GPU is kept busy by one worker, whose CPU work may use all cores.
    """
    cores = usable_cores()
    if workers is None:
        if device != "cpu":
            workers = 1
        else:
            workers = min(cores // (threads or 1), usable_memory_mb() // WORKER_MB)
    workers = max(1, min(workers, n_samples))
    return workers, threads or max(1, cores // workers)


def render_manifest(
    manifest_path: Path,
    root: Path,
    settings: RenderSettings,
    options: RunOptions,
    engine: Engine,
    stream: TextIO = sys.stderr,
) -> int:
    """Render a shard of a manifest into a folder; returns the exit code.

    Raises:
        ReplicantfaceError: the input is wrong (exit 2), or the output can't be written any
            more (exit 75).
    """
    manifest = Manifest(manifest_path)
    rows = options.shard.rows(len(manifest))
    engine.check_installed()
    lock = engine.asset_lock()
    description = describe(
        manifest,
        sha256_file(manifest_path),
        settings,
        engine.versions(),
        lock,
        engine.licences(),
    )
    begun = check_existing(root, description)
    manifest.validate()
    check_lock(manifest, lock)
    check_assets(manifest, engine.check_spec)
    check_keys(manifest, engine.shape_keys())
    if not begun:
        check_space(root, len(rows), settings)
    make_folder(root)
    tag = options.shard.tag
    with Journal(root, tag) as journal:
        check_existing(root, description)  # another shard may just have begun it
        topology = npz_bytes(engine.topology())
        write_shared_files(root, description, manifest_path, topology, tag)
        store = SampleStore(root, settings.content_hash(), tag)
        run = _Run(manifest, settings, options, store, journal, stream)
        return run.render(rows)


class _Run:
    """The part of a run that signals may interrupt."""

    def __init__(
        self,
        manifest: Manifest,
        settings: RenderSettings,
        options: RunOptions,
        store: SampleStore,
        journal: Journal,
        stream: TextIO,
    ) -> None:
        self._manifest, self._settings, self._options = manifest, settings, options
        self._store, self._journal, self._stream = store, journal, stream
        shard = options.shard
        self._name = "rf-render" + (f" {shard.number}/{shard.count}" if shard.count > 1 else "")
        self._interrupted = self._told_interrupted = False
        self._supervisor: Supervisor | None = None
        self._progress: Progress | None = None

    def render(self, rows: range) -> int:
        with self._signals():
            plan = self.plan(rows)
            if self._interrupted:
                return EXIT_INTERRUPTED
            self._tell_plan(plan, len(rows))
            if not plan.todo:
                return EXIT_FAILED_SAMPLES if plan.given_up else EXIT_OK
            check_space(self._store.root, len(plan.todo), self._settings)
            return self._supervise(plan)

    def plan(self, rows: range) -> Plan:
        """Compare the folder with the manifest; takes back markers that claim too much."""
        marked = self._store.scan()
        failed = {} if self._options.retry_failed else final_failures(self._store.root)
        settled: set[int] = set()
        done = damaged = given_up = 0
        asked = [row for row in rows if row in marked or row in failed]
        for row, spec in self._manifest.specs(asked):
            if self._interrupted:
                break
            digest = spec_hash(spec)
            state = self._store.state(row, digest)
            if state is SampleState.DONE:
                done += 1
                settled.add(row)
                continue
            if state is SampleState.DAMAGED:
                damaged += 1
                self._store.discard(row)
            elif failed.get(row) == digest:
                given_up += 1
                settled.add(row)
        todo = tuple(row for row in rows if row not in settled)
        return Plan(todo, done, damaged, given_up)

    def _tell_plan(self, plan: Plan, total: int) -> None:
        parts = [f"{plan.done} of {total} samples are done"] if plan.done else []
        if plan.damaged:
            parts.append(f"{plan.damaged} damaged ones are rendered again")
        if plan.given_up:
            parts.append(f"{plan.given_up} failed before (--retry-failed tries them again)")
        if not plan.todo:
            parts.append("nothing to do")
        if parts:
            self._say("; ".join(parts))

    def _supervise(self, plan: Plan) -> int:
        options, settings = self._options, self._settings
        workers, threads = choose_workers(
            len(plan.todo), settings.device, options.workers, options.threads
        )
        settings = settings.model_copy(update={"threads": threads})
        self._journal.append(_run_record(settings, workers))
        self._say(
            f"rendering {len(plan.todo)} samples, {settings.size_px} px, {settings.samples} "
            f"samples a pixel, {settings.device}, {workers} x {threads} threads"
        )
        self._progress = progress = Progress(self._name, len(plan.todo), self._stream)
        limits = Limits.for_settings(settings, options.item_seconds)
        self._supervisor = supervisor = Supervisor(
            settings, options.engine_name, workers, limits, self._record, self._tick
        )
        items = (Item(row, spec, spec_hash(spec)) for row, spec in self._manifest.specs(plan.todo))
        try:
            supervisor.run(items)
        finally:
            progress.close()
        self._store.sync()
        if progress.done + progress.failed < len(plan.todo):
            self._say("interrupted; run the same command again to go on")
            return EXIT_INTERRUPTED
        if progress.failed or plan.given_up:
            self._say(
                f"{progress.failed + plan.given_up} samples failed; the reasons are in "
                f"{self._journal.path}"
            )
            return EXIT_FAILED_SAMPLES
        return EXIT_OK

    def _record(self, attempt: Attempt) -> None:
        assert self._progress is not None
        item = attempt.item
        record: dict[str, Any] = {
            "event": "done" if attempt.files is not None else "failed",
            "row": item.row,
            "index": item.spec.sample.index,
            "spec_hash": item.digest,
            "attempt": attempt.number,
            "seconds": round(attempt.seconds, 3),
            "rss_mb": round(attempt.rss_mb),
        }
        if attempt.files is not None:
            self._store.write(item.row, item.digest, attempt.files)
            self._journal.append(record)
            self._progress.count()
            return
        failure = attempt.failure
        assert failure is not None
        self._journal.append(
            {
                **record,
                "final": attempt.final,
                "kind": failure.kind,
                "signal": failure.signal,
                "exit_code": failure.exit_code,
                "phase": failure.phase,
                "message": failure.message,
                "stderr_tail": failure.stderr_tail,
            }
        )
        if attempt.final:
            self._progress.count(failed=True)
        verdict = "given up" if attempt.final else "tried again"
        self._progress.say(
            f"row {item.row} failed in phase {failure.phase!r} ({failure.message}); {verdict}"
        )

    def _tick(self) -> None:
        assert self._progress is not None
        if self._interrupted and not self._told_interrupted and self._supervisor is not None:
            self._told_interrupted = True
            busy = self._supervisor.busy
            self._say(f"finishing {busy} samples in work; once more to stop at once")
        self._progress.tick()

    def _say(self, text: str) -> None:
        if self._progress is not None:
            self._progress.say(text)
        else:
            self._stream.write(f"{self._name}: {text}\n")
            self._stream.flush()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first SIGINT or SIGTERM finishes what is in work, the second drops it."""
        kinds = (signal.SIGINT, signal.SIGTERM)
        before = {kind: signal.signal(kind, self._on_signal) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Flags only: a handler that writes may interrupt a write.
        supervisor = self._supervisor
        if supervisor is None:
            self._interrupted = True
        elif not self._interrupted:
            self._interrupted = True
            supervisor.drain()
        else:
            supervisor.stop()


def _run_record(settings: RenderSettings, workers: int) -> dict[str, Any]:
    return {
        "event": "run",
        "device": settings.device,
        "workers": workers,
        "threads": settings.threads,
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
