"""What turns specs into a sample's files: Blender, or what a test puts in its place.

The supervisor's process asks an engine for facts and checks, and never loads Blender. Only
a worker starts it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from numpy.typing import NDArray

from renderer.settings import RenderSettings
from spec_schema.errors import ToolError
from spec_schema.spec import SceneSpec

if TYPE_CHECKING:
    from assets.catalog import Catalog
    from assets.head import HeadModel

__all__ = ["ENGINE_VARIABLE", "BlenderEngine", "Engine", "RenderRow", "find_engine"]

ENGINE_VARIABLE: Final = "RF_TEST_BACKEND"
"""Tests name their stand-in here, as ``module:object``."""

RenderRow = Callable[[int, SceneSpec], dict[str, bytes]]
"""Renders (row, spec) into files by suffix."""


class Engine(Protocol):
    """The seam between supervision and rendering."""

    def check_installed(self) -> None:
        """Raises ToolError where this engine can't run here."""
        ...

    def versions(self) -> dict[str, str]:
        """Versions of what decides the pixels, by distribution."""
        ...

    def asset_lock(self) -> dict[str, str]:
        """Content hash of each asset pack on this machine."""
        ...

    def check_spec(self, spec: SceneSpec, where: str) -> None:
        """Raises AssetError where the spec names an asset that is not there."""
        ...

    def shape_keys(self) -> frozenset[str]:
        """Identity shape keys of the head model."""
        ...

    def licences(self) -> list[dict[str, str]]:
        """Licence and attribution of each asset pack."""
        ...

    def topology(self) -> dict[str, NDArray[Any]]:
        """The arrays that all samples share."""
        ...

    def devices(self) -> list[tuple[str, str]]:
        """(kind, name) of each device, the CPU first; loads the renderer, so for a worker."""
        ...

    def start(self, settings: RenderSettings, phase: Callable[[str], None]) -> RenderRow:
        """Load the renderer into this process (a worker); ``phase`` is told what goes on."""
        ...


class BlenderEngine:
    """The real assets in the real Blender."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None

    def check_installed(self) -> None:
        """Without loading it.

        Raises:
            ToolError: bpy is missing.
        """
        if importlib.util.find_spec("bpy") is None:
            raise ToolError(
                "Blender's Python module (bpy) is not installed: rendering needs Python 3.11 "
                f"(this is {platform.python_version()}) and the extra: "
                "pip install 'replicantface[render]'"
            )

    def versions(self) -> dict[str, str]:
        """Of bpy, read without loading it."""
        return {"bpy": importlib.metadata.version("bpy")}

    def asset_lock(self) -> dict[str, str]:
        """As declared by the installed release, and what the user added."""
        from assets.packs import asset_lock
        from assets.user.shelf import user_lock

        return {**asset_lock(), **user_lock()}

    def check_spec(self, spec: SceneSpec, where: str) -> None:
        """Against the catalogue."""
        if self._catalog is None:
            from assets.catalog import Catalog

            self._catalog = Catalog.load()
        self._catalog.check_spec(spec, where)

    def shape_keys(self) -> frozenset[str]:
        """Of the installed head model; fetches missing packs."""
        return frozenset(self._head_model().shape_keys)

    def licences(self) -> list[dict[str, str]]:
        """From the declaration of the packs, and of the user's assets."""
        from assets.packs import load_packs
        from assets.user.shelf import user_licences

        packs = [
            {"pack": p.name, "licence": p.licence, "attribution": p.attribution, "takes": p.takes}
            for p in load_packs().values()
        ]
        return packs + user_licences()

    def topology(self) -> dict[str, NDArray[Any]]:
        """Of the labelled vertices."""
        from renderer.labels import topology

        return topology(self._head_model())

    @staticmethod
    def _head_model() -> HeadModel:
        from assets.head import load_head_model
        from assets.store import open_store

        return load_head_model(open_store())

    def devices(self) -> list[tuple[str, str]]:
        """As Cycles finds them."""
        from renderer.blender.devices import list_devices
        from renderer.blender.session import begin

        begin()
        return [(d.kind, d.name) for d in list_devices()]

    def start(self, settings: RenderSettings, phase: Callable[[str], None]) -> RenderRow:
        """Load Blender into this process."""
        from renderer.blender.render import Renderer
        from renderer.sample import render_sample

        backend = Renderer(settings)

        def render_row(row: int, spec: SceneSpec) -> dict[str, bytes]:
            return render_sample(row, spec, settings, backend, phase)

        return render_row


def find_engine(name: str | None) -> Engine:
    """Blender, or the engine of a test by name (``module:object``)."""
    if not name:
        return BlenderEngine()
    module, _, attribute = name.partition(":")
    engine: Engine = getattr(importlib.import_module(module), attribute)
    return engine
