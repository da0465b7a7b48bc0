"""Rendering on a Ray cluster, seen from where ``rf-render`` runs.

Actors are restarted by Ray wherever there is room (``max_restarts=-1``). Their tasks are not
retried by Ray: it would wait for the very actor that was lost, while we hand its item to the next
that is free. So a lost node costs the items that it had in work, once, and the run ends also when
the node never comes back.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from renderer.atomic import StoreError
from renderer.machine import WORKER_MB
from renderer.ray_actor import Outcome, RayJob, Refusal, RenderActor
from renderer.settings import RenderSettings
from renderer.storage import is_url
from renderer.supervisor import Attempt, Failure, Item
from spec_schema.errors import EXIT_INTERRUPTED, ToolError

__all__ = ["RayCluster", "RayPool", "check_device", "shared_place"]

LOSSES: Final = 3
"""Nodes that an item may lose before it counts as their killer."""
_WAIT_S: Final = 0.1
_KNOCK_S: Final = 10.0
_GROW_S: Final = 10.0
_TELL_WAITING_S: Final = 30.0


def check_device(settings: RenderSettings) -> None:
    """Refuse a device that only a look at the machine can tell: nodes are not looked at.

    Raises:
        ToolError: saying what to ask for.
    """
    if settings.device == "auto":
        raise ToolError(
            "--device auto: with --ray, say which device the nodes have, for example "
            "--device optix; each render actor then asks Ray for one GPU"
        )


def shared_place(place: str | Path) -> str:
    """A place as all nodes can name it: nodes have another working folder."""
    if is_url(place):
        return str(place)
    return str(Path(place).absolute())


class RayCluster:
    """A connection to a cluster.

    Args:
        address: ``HOST:PORT``, or ``auto`` for RAY_ADDRESS or the cluster of this machine, and
            a new one on this machine where there is none.

    Raises:
        ToolError: Ray is not installed, or there is no such cluster.
    """

    def __init__(self, address: str) -> None:
        # Only counts where a cluster is started here; those that run have decided for themselves.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray = self.ray = check_cluster(address)

        # Ray tells what it thinks of its nodes on standard output.
        self._to_stderr = contextlib.redirect_stdout(sys.stderr)
        self._to_stderr.__enter__()
        try:
            ray.init(
                address=None if address == "auto" else address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
            )
        except (ray.exceptions.RayError, ValueError, RuntimeError, OSError) as e:
            self._to_stderr.__exit__(None, None, None)
            told = next(iter(str(e).splitlines()), type(e).__name__)
            raise ToolError(f"--ray {address}: no cluster there: {told}") from e

    def close(self) -> None:
        """Let go of it; ends the cluster if it was started for us."""
        self.ray.shutdown()
        self._to_stderr.__exit__(None, None, None)

    def nodes(self) -> list[dict[str, float]]:
        """Resources of each node that is alive: ``CPU``, ``GPU``, ``memory`` (bytes)."""
        return [node["Resources"] for node in self.ray.nodes() if node["Alive"]]

    def crew(
        self, n_samples: int, settings: RenderSettings, workers: int | None, threads: int | None
    ) -> tuple[int, int]:
        """(actors, threads of each): what is asked for, else what there is room for now."""
        gpu = settings.device != "cpu"
        threads = threads or self.threads(gpu=gpu)
        workers = workers or self.places(threads, gpu=gpu)
        return max(1, min(workers, n_samples)), threads

    def threads(self, *, gpu: bool) -> int:
        """Threads of a place where nothing is said: one, or a GPU's share of its node's cores."""
        if not gpu:
            return 1
        shares = [n.get("CPU", 0) // n["GPU"] for n in self.nodes() if n.get("GPU", 0) >= 1]
        return max(1, int(min(shares, default=1)))

    def places(self, threads: int, *, gpu: bool) -> int:
        """Actors for which there is room."""
        total = 0
        for node in self.nodes():
            room = [node.get("CPU", 0) / threads, node.get("memory", 0) / (WORKER_MB << 20)]
            if gpu:
                room.append(node.get("GPU", 0))
            total += int(min(room))
        return total


def check_cluster(address: str) -> Any:
    """The module ``ray``, once it is known to be here and the cluster to answer.

    Raises:
        ToolError: Ray is not installed, or nobody listens at the address.
    """
    try:
        import ray
    except ImportError as e:
        raise ToolError(
            "Ray is not installed: rendering with --ray needs the extra: "
            "pip install 'replicantface[ray]'"
        ) from e
    _knock(os.environ.get("RAY_ADDRESS", address) if address == "auto" else address)
    return ray


def _knock(address: str) -> None:
    """See that somebody listens there: Ray itself tries for minutes.

    Raises:
        ToolError: nobody does.
    """
    if address.startswith("ray://"):
        raise ToolError(
            f"--ray {address}: run rf-render on a machine of the cluster and give HOST:PORT; it "
            "does not work through Ray Client"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
    except (OSError, OverflowError) as e:
        raise ToolError(f"--ray {address}: no cluster there: {e}") from e


@dataclass
class _Place:
    """An actor, and what was last asked of it."""

    actor: Any
    item: Item | None = None
    """None while it starts."""


class RayPool:
    """Renders items on the actors of a cluster; as :class:`renderer.supervisor.Supervisor`.

    Args:
        cluster: where.
        job: what the actors are told.
        most: actors at most; there are as many as there is room for, also on nodes that come
            later.
        report: called with every attempt that ended, in this thread.
        say: told what people should know.
        tick: called often.
        on_ready: called once, when the first actor is ready.
    """

    def __init__(
        self,
        cluster: RayCluster,
        job: RayJob,
        most: int,
        report: Callable[[Attempt], None],
        say: Callable[[str], None],
        tick: Callable[[], None] = lambda: None,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._cluster, self._ray, self._most = cluster, cluster.ray, most
        self._report, self._say, self._tick, self._on_ready = report, say, tick, on_ready
        self._gpu = job.settings.device != "cpu"
        self._threads = job.settings.threads
        self._job = job
        self._actor_class = self._ray.remote(
            num_cpus=self._threads,
            num_gpus=1 if self._gpu else 0,
            memory=WORKER_MB << 20,
            max_restarts=-1,
            max_task_retries=0,
        )(RenderActor)
        self._asked: dict[Any, _Place] = {}
        """What is under way, by the reference to its answer."""
        self._idle: list[_Place] = []
        self._returned: deque[Item] = deque()
        """Items whose actor was lost."""
        self._losses: dict[int, int] = {}
        self._any_ready = self._draining = self._stopped = False

    @property
    def busy(self) -> int:
        """Samples in work."""
        return sum(place.item is not None for place in self._asked.values())

    def drain(self) -> None:
        """Finish what is in work, begin nothing more. May be called from a signal handler."""
        self._draining = True

    def stop(self) -> None:
        """Drop what is in work. May be called from a signal handler."""
        self._draining = self._stopped = True

    def run(self, items: Iterator[Item]) -> None:
        """Render all items, or as many as :meth:`drain` and :meth:`stop` let it.

        Raises:
            ToolError: a node lacks what is asked of it.
            StoreError: a node can't write.
        """
        grown = told = time.monotonic()
        self._grow()
        try:
            while not self._stopped:
                self._hand_out(items)
                if not self.busy and (self._draining or self._nothing_left(items)):
                    break
                for reference in self._answered():
                    self._hear(reference)
                now = time.monotonic()
                if now - grown > _GROW_S and not self._draining:
                    grown = now
                    self._grow()
                if now - told > _TELL_WAITING_S and not self._any_ready:
                    told = now
                    self._say(f"waiting for Ray to place {len(self._asked)} render actors")
                self._tick()
        finally:
            for place in [*self._asked.values(), *self._idle]:
                self._ray.kill(place.actor)

    def _grow(self) -> None:
        """Ask for the actors that there is room for."""
        room = max(1, self._cluster.places(self._threads, gpu=self._gpu))
        wanted = min(self._most, room)
        for _ in range(wanted - len(self._asked) - len(self._idle)):
            self._start(_Place(self._actor_class.remote(self._job)))

    def _start(self, place: _Place) -> None:
        place.item = None
        self._asked[place.actor.start.remote()] = place

    def _hand_out(self, items: Iterator[Item]) -> None:
        while self._idle and not self._draining:
            item = self._returned.popleft() if self._returned else next(items, None)
            if item is None:
                return
            place = self._idle.pop()
            place.item = item
            answer = place.actor.render.remote(item.row, item.spec.model_dump(), item.digest)
            self._asked[answer] = place

    def _nothing_left(self, items: Iterator[Item]) -> bool:
        """Whether all items are settled; one is set aside to find out."""
        if not self._returned and (item := next(items, None)) is not None:
            self._returned.append(item)
        return not self._returned

    def _answered(self) -> list[Any]:
        if not self._asked:
            time.sleep(_WAIT_S)
            return []
        waiting = list(self._asked)
        first, _ = self._ray.wait(waiting, num_returns=1, timeout=_WAIT_S)
        if not first:
            return []
        answered, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        return list(answered)

    def _hear(self, reference: Any) -> None:
        place = self._asked.pop(reference)
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayActorError as e:
            self._lost(place, e)
            return
        except self._ray.exceptions.RayError as e:
            raise ToolError(f"a render actor failed: {e}") from e
        if isinstance(answer, Refusal):
            kind = StoreError if answer.exit_code == EXIT_INTERRUPTED else ToolError
            raise kind(answer.message)
        item, place.item = place.item, None
        self._idle.append(place)
        if isinstance(answer, Outcome):
            assert item is not None
            for attempt in answer.tries:
                self._report(attempt.attempt(item, answer.node))
        elif not self._any_ready:
            self._any_ready = True
            self._on_ready()

    def _lost(self, place: _Place, error: Exception) -> None:
        """The actor is gone; Ray starts it again where it can, and its item goes to another."""
        item = place.item
        if isinstance(error, self._ray.exceptions.ActorUnavailableError):
            self._start(place)
        elif item is None:
            raise ToolError(
                f"a render actor can't start: {error}; install the same release with its extras "
                "'render' and 'ray' on every node"
            ) from error
        if item is None:
            return
        losses = self._losses[item.row] = self._losses.get(item.row, 0) + 1
        if losses < LOSSES:
            self._say(f"row {item.row}: its node was lost; it goes to another")
            self._returned.append(item)
            return
        message = f"its actor was lost {losses} times: {next(iter(str(error).splitlines()), '')}"
        failure = Failure("crash", message, None, None, "render", "")
        self._report(Attempt(item, losses, 0.0, 0.0, None, failure, final=True))
