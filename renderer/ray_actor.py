"""What runs on the nodes of a Ray cluster: an actor that owns one supervised render process.

Blender is never loaded into the actor. What a sample does to the render process, the actor's own
supervisor sees to; so Ray only ever has to do with nodes that are lost.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from renderer.engine import find_engine
from renderer.journal import JOURNAL_FOLDER
from renderer.recording import write_sample
from renderer.settings import RenderSettings
from renderer.standing import StandingSupervisor
from renderer.storage import open_storage
from renderer.store import SampleStore
from renderer.supervisor import Attempt, Failure, Item, Limits
from spec_schema.errors import ReplicantfaceError, ToolError
from spec_schema.spec import SceneSpec
from spec_schema.version import own_version

__all__ = ["Outcome", "RayJob", "Refusal", "RenderActor", "Try"]

_SEEN_WITHIN_S: Final = 15.0
"""Time that a network file system may take to show what another machine wrote."""


@dataclass(frozen=True)
class RayJob:
    """What all actors of a run are told."""

    place: str
    """Absolute path or URL of the dataset."""
    tag: str
    """Of the shard."""
    settings: RenderSettings
    settings_hash: str
    engine_name: str | None
    limits: Limits
    versions: Mapping[str, str]
    """Of what decides the pixels."""
    asset_lock: Mapping[str, str]


@dataclass(frozen=True)
class Refusal:
    """The node can't do what is asked of it; says why."""

    message: str
    exit_code: int


@dataclass(frozen=True)
class Try:
    """An attempt as it travels: without the pixels, which the node has written."""

    number: int
    seconds: float
    rss_mb: float
    failure: Failure | None
    final: bool
    phases: dict[str, tuple[float, float]]

    def attempt(self, item: Item, node: str) -> Attempt:
        """The attempt, as the supervisor on one machine would report it."""
        return Attempt(
            item,
            self.number,
            self.seconds,
            self.rss_mb,
            None,
            self.failure,
            self.final,
            self.phases,
            stored=self.failure is None,
            node=node,
        )


@dataclass(frozen=True)
class Outcome:
    """All attempts at one item, the last of them final."""

    node: str
    tries: tuple[Try, ...]


class RenderActor:
    """One place to render at.

    Args:
        job: what all actors are told.
        writer: this process's own word in temporary names; two actors may write one sample
            when a node that counts as lost is still alive.
    """

    def __init__(self, job: RayJob, writer: str | None = None) -> None:
        self._job = job
        self._node = socket.gethostname()
        self._tries: list[Try] = []
        self._writer = writer or _worker_id()
        self._store: SampleStore | None = None
        self._supervisor: StandingSupervisor | None = None

    def start(self) -> str | Refusal:
        """Check the node and start its render process; gives the node's name."""
        try:
            self._check_node()
            tag = f"ray-{self._writer}.{self._job.tag}"
            durable = not self._job.settings.labels_only
            storage = open_storage(self._job.place, tag, durable=durable)
            deadline = time.monotonic() + _SEEN_WITHIN_S
            while not storage.entries(JOURNAL_FOLDER):
                if time.monotonic() > deadline:
                    raise ToolError(
                        f"{storage.where()} is not the same place here as where rf-render runs; "
                        "with --ray, --out takes a folder that all nodes share, or a URL"
                    )
                time.sleep(0.2)
            storage.prepare()
            self._store = SampleStore(storage, self._job.settings_hash)
            if self._supervisor is None:
                job = self._job
                self._supervisor = StandingSupervisor(
                    job.settings, job.engine_name, job.limits, self._settle
                )
            self._supervisor.warm()
        except ReplicantfaceError as e:
            return self._refusal(e)
        return self._node

    def render(self, row: int, spec: dict[str, Any], digest: str) -> Outcome | Refusal:
        """Render one item and write it."""
        assert self._supervisor is not None
        self._tries = []
        try:
            self._supervisor.render(Item(row, SceneSpec.model_validate(spec), digest))
        except ReplicantfaceError as e:
            return self._refusal(e)
        return Outcome(self._node, tuple(self._tries))

    def _settle(self, attempt: Attempt) -> None:
        phases = attempt.phases
        if attempt.files is not None:
            assert self._store is not None
            phases = write_sample(self._store, attempt, attempt.files)
        self._tries.append(
            Try(
                attempt.number,
                attempt.seconds,
                attempt.rss_mb,
                attempt.failure,
                attempt.final,
                phases,
            )
        )

    def _check_node(self) -> None:
        engine = find_engine(self._job.engine_name)
        engine.check_installed()
        here = {"replicantface": own_version(), **engine.versions()}
        for what, asked, have in (
            ("version", self._job.versions, here),
            ("asset pack", self._job.asset_lock, engine.asset_lock()),
        ):
            for name, value in asked.items():
                if have.get(name) != value:
                    raise ToolError(
                        f"{what} of {name}: {have.get(name)} is here, and {value} where rf-render "
                        "runs; install the same release on every node"
                    )

    def _refusal(self, error: ReplicantfaceError) -> Refusal:
        return Refusal(f"node {self._node}: {error}", error.exit_code)


def _worker_id() -> str:
    """Of this process in its cluster; another one after each restart."""
    import ray

    return str(ray.get_runtime_context().get_worker_id())[:16]
