"""One run of ``rf-render``: check, plan, render what is missing, record."""

from __future__ import annotations

import platform
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import numpy as np

from renderer.description import describe, npz_bytes, with_shared_digests
from renderer.devices import ask_devices, choose_gpus
from renderer.engine import Engine
from renderer.folder import check_existing, check_space, write_shared_files
from renderer.index import write_index
from renderer.journal_files import JournalWriter, open_journal
from renderer.label_crew import LabelCrew, LabelJob
from renderer.machine import WORKER_MB, usable_cores, usable_memory_mb
from renderer.plan import Plan, describe_plan, make_plan
from renderer.precheck import check_assets, check_keys, check_lock, licences_of, used_of
from renderer.progress import Progress
from renderer.ray_actor import RayJob
from renderer.ray_pool import RayCluster, RayPool, check_cluster, check_device, shared_place
from renderer.recording import Recorder
from renderer.settings import RenderSettings
from renderer.shards import Shard
from renderer.storage import open_storage
from renderer.store import SampleStore
from renderer.supervisor import Item, Limits, Supervisor
from spec_schema.dataset import sha256_file
from spec_schema.errors import EXIT_FAILED_SAMPLES, EXIT_INTERRUPTED, EXIT_OK
from spec_schema.manifest import Manifest
from spec_schema.spec import spec_hash

__all__ = ["RunOptions", "choose_workers", "render_manifest"]


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
    recheck: bool = False
    """Read finished samples again and compare their hashes, also where that costs much."""
    worker_mb: float | None = None
    """Memory that a worker may hold; None: what the machine has."""
    profile: bool = False
    """Tell what each sample's time goes into."""
    dry_run: bool = False
    """Check and plan, and write nothing."""
    ray: str | None = None
    """Address of the Ray cluster to render on; None: this machine."""


def choose_workers(
    n_samples: int, gpus: int, workers: int | None, threads: int | None
) -> tuple[int, int]:
    """(workers, threads of each).

    Cycles renders as much with two processes of one thread as with one of two, and only with
    processes does the Python part of one sample overlap the rendering of another: so one
    worker a core, one thread each, as memory allows. With fewer samples than cores the spare
    cores become threads. A GPU (``gpus`` of them; 0: the CPU renders) is kept busy by one
    worker, whose CPU work may use its share of the cores.
    """
    cores = usable_cores()
    if workers is None:
        if gpus:
            workers = gpus
        else:
            workers = min(cores // (threads or 1), usable_memory_mb() // WORKER_MB)
    workers = max(1, min(workers, n_samples))
    return workers, threads or max(1, cores // workers)


def render_manifest(
    manifest_path: Path,
    place: Path | str,
    settings: RenderSettings,
    options: RunOptions,
    engine: Engine,
    stream: TextIO = sys.stderr,
) -> int:
    """Render a shard of a manifest into a folder, or to a URL; returns the exit code.

    Raises:
        ReplicantfaceError: the input is wrong (exit 2), or the output can't be written any
            more (exit 75).
    """
    tag = options.shard.tag
    storage = open_storage(place, tag, durable=not settings.labels_only)
    manifest = Manifest(manifest_path)
    rows = options.shard.rows(len(manifest))
    engine.check_installed()
    lock = used_of(manifest, engine.asset_lock())
    described = describe(
        manifest,
        sha256_file(manifest_path),
        settings,
        engine.versions(),
        lock,
        licences_of(lock, engine.licences()),
    )
    topology = npz_bytes(engine.topology())
    description = with_shared_digests(described, topology)
    begun = check_existing(storage, description)
    manifest.validate()
    check_lock(manifest, lock, partly=settings.labels_only)
    check_assets(manifest, engine.check_spec)
    check_keys(manifest, engine.shape_keys())
    gpus = 0
    if options.ray is not None:
        check_device(settings)
    elif settings.device != "cpu":  # asked here, so that a missing one leaves nothing behind
        settings, gpus = choose_gpus(settings, ask_devices(options.engine_name))
    if options.dry_run:
        storage.check_place()
    if not begun:
        check_space(storage, len(rows), settings)
    if options.dry_run:
        if options.ray is not None:
            check_cluster(options.ray)
        store = SampleStore(storage, described["settings_hash"], reread=options.recheck or None)
        return _dry_run(manifest, store, storage.where(), settings, gpus, options, stream)
    with ExitStack() as open_ones:
        cluster = None
        if options.ray is not None:
            cluster = open_ones.enter_context(closing(RayCluster(options.ray)))
        storage.prepare()
        journal = open_ones.enter_context(open_journal(storage, tag))
        check_existing(storage, description)  # another shard may just have begun it

        def begin() -> None:
            check_existing(storage, description)
            write_shared_files(storage, description, manifest_path, topology)

        store = SampleStore(storage, described["settings_hash"], reread=options.recheck or None)
        run = _Run(manifest, settings, gpus, options, store, journal, begin, stream)
        if settings.labels_only:
            place_of_all = shared_place(place)
            digest = described["settings_hash"]
            run.render_labels(LabelJob(manifest_path, place_of_all, tag, settings, digest))
        if cluster is not None:
            job = RayJob(
                shared_place(place),
                tag,
                settings,
                described["settings_hash"],
                options.engine_name,
                Limits.for_settings(settings, options.item_seconds, options.worker_mb),
                description["versions"],
                lock,
            )
            run.render_on(cluster, job)
        return run.render(rows)


def _dry_run(
    manifest: Manifest,
    store: SampleStore,
    where: str,
    settings: RenderSettings,
    gpus: int,
    options: RunOptions,
    stream: TextIO,
) -> int:
    rows = options.shard.rows(len(manifest))
    plan = make_plan(store, manifest, rows, retry_failed=options.retry_failed, touch=False)
    crew = choose_workers(len(plan.todo), gpus, options.workers, options.threads)
    stream.write(describe_plan(plan, manifest, where, options.shard, settings, crew))
    return EXIT_OK


class _Run:
    """The part of a run that signals may interrupt.

    Args:
        begin: writes what all samples share; called when the first worker is ready, so that a
            machine that can't render leaves no folder that is bound to its settings.
    """

    def __init__(
        self,
        manifest: Manifest,
        settings: RenderSettings,
        gpus: int,
        options: RunOptions,
        store: SampleStore,
        journal: JournalWriter,
        begin: Callable[[], None],
        stream: TextIO,
    ) -> None:
        self._manifest, self._settings, self._options = manifest, settings, options
        self._gpus, self._begin = gpus, begin
        self._ray: tuple[RayCluster, RayJob] | None = None
        self._labels: LabelJob | None = None
        self._store, self._journal, self._stream = store, journal, stream
        shard = options.shard
        self._name = "rf-render" + (f" {shard.number}/{shard.count}" if shard.count > 1 else "")
        self._interrupted = self._told_interrupted = False
        self._supervisor: Supervisor | RayPool | LabelCrew | None = None
        self._progress: Progress | None = None

    def render_on(self, cluster: RayCluster, job: RayJob) -> None:
        """Let a cluster do the work, in place of this machine."""
        self._ray = cluster, job

    def render_labels(self, job: LabelJob) -> None:
        """Compute the geometric labels, in place of rendering."""
        self._labels = job

    def render(self, rows: range) -> int:
        with self._signals():
            plan = make_plan(
                self._store,
                self._manifest,
                rows,
                retry_failed=self._options.retry_failed,
                interrupted=lambda: self._interrupted,
            )
            if self._interrupted:
                return EXIT_INTERRUPTED
            self._tell_plan(plan, len(rows))
            if not plan.todo:
                self._begin()
                self._write_index()
                return EXIT_FAILED_SAMPLES if plan.given_up else EXIT_OK
            check_space(self._store.storage, len(plan.todo), self._settings)
            return self._supervise(plan)

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
        workers, threads = self._crew(len(plan.todo))
        settings = settings.model_copy(update={"threads": threads})
        self._journal.append(_run_record(settings, self._gpus, workers))
        self._say(
            f"rendering {len(plan.todo)} samples, {settings.told()}, {workers} x {threads} threads"
        )
        self._progress = progress = Progress(self._name, len(plan.todo), self._stream)
        record = Recorder(self._store, self._journal, progress, profile=options.profile)
        supervisor: Supervisor | RayPool | LabelCrew
        if self._labels is not None and self._ray is None:
            supervisor = LabelCrew(
                self._labels, plan.todo, workers, self._journal, progress, self._tick, self._begin
            )
        else:
            supervisor = self._make_supervisor(settings, len(plan.todo), workers, record)
        self._supervisor = supervisor
        items = (Item(row, spec, spec_hash(spec)) for row, spec in self._manifest.specs(plan.todo))
        try:
            supervisor.run(items)
        finally:
            progress.close()
        self._store.sync()
        self._write_index()
        if options.profile and (table := record.sum.table()):
            self._say(table)
        if progress.done + progress.failed < len(plan.todo):
            self._say("interrupted; run the same command again to go on")
            return EXIT_INTERRUPTED
        if progress.failed or plan.given_up:
            self._say(
                f"{progress.failed + plan.given_up} samples failed; the reasons are in "
                f"{self._journal.where}; rf-render --status tells them, --retry-failed tries again"
            )
            return EXIT_FAILED_SAMPLES
        return EXIT_OK

    def _crew(self, n_samples: int) -> tuple[int, int]:
        """(workers, threads of each)."""
        asked = self._options
        if self._ray is None:
            return choose_workers(n_samples, self._gpus, asked.workers, asked.threads)
        return self._ray[0].crew(n_samples, self._settings, asked.workers, asked.threads)

    def _make_supervisor(
        self, settings: RenderSettings, n_samples: int, workers: int, record: Recorder
    ) -> Supervisor | RayPool:
        options = self._options
        if self._ray is not None:
            cluster, job = self._ray
            job = replace(job, settings=settings)
            most = options.workers or n_samples
            return RayPool(
                cluster, job, min(most, n_samples), record, self._say, self._tick, self._begin
            )
        return Supervisor(
            settings,
            options.engine_name,
            workers,
            Limits.for_settings(settings, options.item_seconds, options.worker_mb),
            record,
            self._tick,
            gpus=self._gpus,
            on_ready=self._begin,
        )

    def _write_index(self) -> None:
        self._journal.flush()
        write_index(self._store.storage, self._manifest)

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


def _run_record(settings: RenderSettings, gpus: int, workers: int) -> dict[str, Any]:
    return {
        "event": "run",
        "device": settings.device,
        "gpus": gpus,
        "workers": workers,
        "threads": settings.threads,
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
