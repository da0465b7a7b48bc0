"""What ``rf-render --labels-only`` runs in Blender's place: records, and nothing to look at.

The records are those of a full render, bit for bit, but for what only pixels tell. It needs the
head model and nothing else: neither Blender nor its environments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from numpy.typing import NDArray

from renderer.engine import RenderRow
from renderer.settings import RenderSettings
from spec_schema.spec import SceneSpec

__all__ = ["ENGINE", "NAME", "LabelsEngine"]

NAME: Final = "renderer.labels_only:ENGINE"
"""As workers are told it."""

_PACKS: Final = ("head",)
"""All that the geometric labels depend on."""


class LabelsEngine:
    """An :class:`~renderer.engine.Engine` that computes the geometric labels."""

    def check_installed(self) -> None:
        """Nothing is needed beside the base install."""

    def versions(self) -> dict[str, str]:
        """None but our own, which the description holds anyway."""
        return {}

    def asset_lock(self) -> dict[str, str]:
        """Of the head model alone, and of the user's own heads."""
        from assets.packs import asset_lock
        from assets.user.shelf import shelf, user_lock

        heads = shelf().heads
        all_of_them = {**asset_lock(), **user_lock()}
        return {k: digest for k, digest in all_of_them.items() if k in _PACKS or k in heads}

    def check_spec(self, spec: SceneSpec, where: str) -> None:
        """No name of the catalogue matters to a label."""

    def shape_keys(self) -> frozenset[str]:
        """Of the head model."""
        return frozenset(_head_model().shape_keys)

    def licences(self) -> list[dict[str, str]]:
        """Of the head model."""
        from assets.packs import load_packs

        return [
            {"pack": p.name, "licence": p.licence, "attribution": p.attribution, "takes": p.takes}
            for p in load_packs().values()
            if p.name in _PACKS
        ]

    def topology(self) -> dict[str, NDArray[Any]]:
        """As beside images."""
        from renderer.labels import topology

        return topology(_head_model())

    def devices(self) -> list[tuple[str, str]]:
        """Labels are computed on the CPU."""
        return [("cpu", "CPU")]

    def start(self, settings: RenderSettings, phase: Callable[[str], None]) -> RenderRow:
        """Load the head model into this process."""
        from renderer.labels import geometric_labels, label_file

        model = _head_model()

        def label_row(row: int, spec: SceneSpec) -> dict[str, bytes]:
            phase("labels")  # encoding with it: a phase costs a message, and there are many
            labels = geometric_labels(spec, model.build_labelled(spec), model, settings.size_px)
            return label_file(row, spec, settings.size_px, labels)

        return label_row


def _head_model() -> Any:
    from assets.head import load_head_model
    from assets.store import open_store

    return load_head_model(open_store())


ENGINE: Final = LabelsEngine()
