"""Which processor Cycles renders on; never another than the one asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy

from spec_schema.errors import ToolError

__all__ = ["DEVICE_KINDS", "Device", "choose_device", "list_devices"]

_GPU_KINDS: Final = ("optix", "cuda", "hip", "oneapi", "metal")
DEVICE_KINDS: Final = ("cpu", *_GPU_KINDS, "auto")
"""What ``--device`` takes; ``auto`` is the first GPU kind that lists a device, else the CPU."""


@dataclass(frozen=True)
class Device:
    """One device that Cycles can use."""

    kind: str
    name: str


def _preferences() -> Any:
    return bpy.context.preferences.addons["cycles"].preferences


def _gpu_devices(kind: str) -> list[Any]:
    try:
        found = _preferences().get_devices_for_type(kind.upper())
    except (ValueError, TypeError):
        return []
    return [d for d in found or () if d.type == kind.upper()]


def list_devices() -> tuple[Device, ...]:
    """All devices that Cycles sees on this machine, the CPU first."""
    gpus = (Device(kind, d.name) for kind in _GPU_KINDS for d in _gpu_devices(kind))
    return (Device("cpu", "CPU"), *gpus)


def choose_device(scene: Any, wanted: str, gpu: int | None = None) -> str:
    """Set Cycles to one kind of device and return that kind.

    Args:
        scene: to be rendered.
        wanted: one of :data:`DEVICE_KINDS`.
        gpu: which device of that kind, in the order of :func:`list_devices`; None takes all.

    Raises:
        ToolError: the kind is unknown, or no such device is there.
    """
    if wanted not in DEVICE_KINDS:
        raise ToolError(f"device {wanted!r} is unknown; valid: {', '.join(DEVICE_KINDS)}")
    kind = wanted
    if wanted == "auto":
        kind = next((k for k in _GPU_KINDS if _gpu_devices(k)), "cpu")
    if kind == "cpu":
        scene.cycles.device = "CPU"
        return kind
    devices = _gpu_devices(kind)
    if not devices:
        found = ", ".join(f"{d.kind} ({d.name})" for d in list_devices())
        raise ToolError(f"device {kind!r}: Blender finds none on this machine; found: {found}")
    if gpu is not None and gpu >= len(devices):
        raise ToolError(f"device {kind!r} number {gpu}: Blender finds {len(devices)} of them")
    chosen = {d.id for d in (devices if gpu is None else devices[gpu : gpu + 1])}
    preferences = _preferences()
    preferences.compute_device_type = kind.upper()
    for device in preferences.devices:
        device.use = device.type == kind.upper() and device.id in chosen
    scene.cycles.device = "GPU"
    return kind
