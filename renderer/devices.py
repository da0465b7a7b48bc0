"""Which devices this machine has, asked of a worker: the supervisor never loads Blender."""

from __future__ import annotations

import select
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from renderer.child import Child
from renderer.protocol import ProtocolError
from renderer.settings import RenderSettings
from spec_schema.errors import ToolError

__all__ = ["FoundDevice", "ask_devices", "choose_gpus", "device_table"]

_PATIENCE_S: Final = 300.0


@dataclass(frozen=True)
class FoundDevice:
    """One device that Cycles can use here."""

    kind: str
    """As ``--device`` takes it."""
    name: str


def ask_devices(engine: str | None, patience_s: float = _PATIENCE_S) -> tuple[FoundDevice, ...]:
    """All devices, the CPU first, then kind by kind in Cycles' order of preference.

    Raises:
        ToolError: the worker that was asked came to nothing.
    """
    child = Child({"kind": "devices", "engine": engine})
    message, reason = None, f"it gave no answer within {patience_s:g} s"
    deadline = time.monotonic() + patience_s
    try:
        while message is None and (left := deadline - time.monotonic()) > 0:
            if not select.select([child], [], [], left)[0]:
                break
            messages = child.receive()
            if messages is None:
                reason = ""
                break
            message = next(iter(messages), None)
    except ProtocolError as e:
        reason = str(e)
    if message is None and reason:
        child.kill()
    ended = child.reap()
    if message is None:
        told = reason or f"it {ended}"
        raise ToolError(f"a render worker was asked for the devices: {told}\n{ended.log_tail}")
    if message["kind"] == "refused":
        raise ToolError(message["message"])
    return tuple(FoundDevice(d["kind"], d["name"]) for d in message["devices"])


def choose_gpus(
    settings: RenderSettings, found: tuple[FoundDevice, ...]
) -> tuple[RenderSettings, int]:
    """Settings with ``auto`` resolved, and the number of GPUs of the kind in use (0: the CPU).

    Raises:
        ToolError: the kind that is asked for is not there; names what is.
    """
    counts = Counter(device.kind for device in found)
    kind: str = settings.device
    if kind == "auto":
        kind = next((d.kind for d in found if d.kind != "cpu"), "cpu")
    if not counts[kind]:
        there = ", ".join(f"{d.kind} ({d.name})" for d in found)
        raise ToolError(
            f"device {kind!r}: Blender finds none on this machine; found: {there}; --device auto "
            "takes the best of these"
        )
    return settings.model_copy(update={"device": kind}), 0 if kind == "cpu" else counts[kind]


def device_table(found: tuple[FoundDevice, ...]) -> str:
    """A line a device for ``--list-devices``: kind, number within the kind, name."""
    seen: Counter[str] = Counter()
    lines = []
    for device in found:
        lines.append(f"{device.kind:8}{seen[device.kind]:2}  {device.name}\n")
        seen[device.kind] += 1
    return "".join(lines)
