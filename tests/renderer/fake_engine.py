"""Stands in for Blender in a render worker, and misbehaves as the environment tells it.

``RF_FAKE`` holds JSON: ``{"rows": {"3": "abort"}, "start": "die", "folder": "/tmp/…"}``. A
behaviour that ends in ``-once`` shows at a row's first attempt only; ``folder`` keeps count.
"""

from __future__ import annotations

import faulthandler
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderer.engine import BlenderEngine, RenderRow
from renderer.settings import RenderSettings
from spec_schema import AssetError, SceneSpec, ToolError, packb, spec_hash
from tests.renderer.specs import ASSET_LOCK, SHAPE_KEYS

NAME = "tests.renderer.fake_engine:ENGINE"
POISONED_NAME = "tests.renderer.fake_engine:POISONED"
HAIR = ("bald", "short", "long")


def misbehave(kind: str) -> None:
    match kind:
        case "die":
            print("no libGL here", file=sys.stderr)  # noqa: T201
            os._exit(7)
        case "abort":
            os.abort()
        case "segv":
            faulthandler._sigsegv()  # type: ignore[attr-defined]
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "orphan":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        case "leave":
            os._exit(3)
        case "exception":
            raise ValueError("this face can't be")
        case "memory":
            raise MemoryError
        case "tool":
            raise ToolError("device 'optix': found: cpu (CPU)")
        case "hang":
            time.sleep(600)
        case "grow":
            held = []
            while True:
                held.append(bytearray(32 << 20))
                time.sleep(0.02)
        case "slow":
            time.sleep(0.4)
        case "noisy":
            os.write(1, b"noise from C\n" * 5000)
            print("noise from Python")  # noqa: T201
        case _:
            raise AssertionError(kind)


class FakeEngine:
    def check_installed(self) -> None:
        return None

    def versions(self) -> dict[str, str]:
        return {"fake": "1"}

    def asset_lock(self) -> dict[str, str]:
        return {**ASSET_LOCK, "more": "c" * 64}

    def check_spec(self, spec: SceneSpec, where: str) -> None:
        if spec.hair.style not in HAIR:
            raise AssetError(f"{where}: hair.style is {spec.hair.style!r}: no such style")

    def shape_keys(self) -> frozenset[str]:
        return frozenset(SHAPE_KEYS)

    def licences(self) -> list[dict[str, str]]:
        return [{"pack": "head", "licence": "CC0-1.0", "attribution": "us", "takes": "a head"}]

    def topology(self) -> dict[str, NDArray[Any]]:
        return {"faces": np.arange(8, dtype=np.int32).reshape(2, 4)}

    def devices(self) -> list[tuple[str, str]]:
        plan = json.loads(os.environ.get("RF_FAKE", "{}"))
        if plan.get("start"):
            misbehave(plan["start"])
        gpus = plan.get("devices", [["optix", "GPU 0"], ["optix", "GPU 1"], ["cuda", "GPU 0"]])
        return [("cpu", "CPU"), *((kind, name) for kind, name in gpus)]

    def start(self, settings: RenderSettings, phase: Callable[[str], None]) -> RenderRow:
        plan = json.loads(os.environ.get("RF_FAKE", "{}"))
        match plan.get("start"):
            case None:
                pass
            case kind:
                misbehave(kind)

        def render_row(row: int, spec: SceneSpec) -> dict[str, bytes]:
            phase("geometry")
            kind = plan.get("rows", {}).get(str(row), plan.get("all", ""))
            if kind.endswith("-once"):
                seen = Path(plan["folder"]) / f"{row}.seen"
                kind = "" if seen.exists() else kind.removesuffix("-once")
                seen.touch()
            phase("paths")
            if folder := plan.get("folder"):
                (Path(folder) / f"{row}.begun").touch()
            time.sleep(plan.get("seconds", 0.0))
            if kind:
                misbehave(kind)
            if folder := plan.get("gpus"):
                (Path(folder) / f"{os.getpid()}.{settings.device}.{settings.gpu}").touch()
            seed = f"{spec_hash(spec)} {settings.content()}".encode()
            return {
                ".png": hashlib.sha512(seed).digest() * 3000,
                "_mask.png": hashlib.sha512(b"mask" + seed).digest(),
                ".msgpack": packb({"row": row, "spec_hash": spec_hash(spec)}),
            }

        return render_row


class PoisonedBlender(BlenderEngine):
    """Blender itself, but for the rows that ``RF_FAKE`` names."""

    def start(self, settings: RenderSettings, phase: Callable[[str], None]) -> RenderRow:
        rows = json.loads(os.environ.get("RF_FAKE", "{}")).get("rows", {})
        render = super().start(settings, phase)

        def render_row(row: int, spec: SceneSpec) -> dict[str, bytes]:
            if kind := rows.get(str(row)):
                phase("geometry")
                misbehave(kind)
            return render(row, spec)

        return render_row


ENGINE = FakeEngine()
POISONED = PoisonedBlender()
