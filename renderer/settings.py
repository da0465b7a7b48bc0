"""How to render: what the caller chooses beside the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = [
    "DEVICES",
    "OUTPUTS",
    "OUTPUT_COSTS",
    "QUALITIES",
    "Device",
    "Output",
    "OutputCost",
    "Prefilter",
    "Quality",
    "RenderSettings",
]

Device = Literal["cpu", "cuda", "optix", "hip", "metal", "oneapi", "auto"]
DEVICES: Final[tuple[str, ...]] = get_args(Device)
Output = Literal["depth", "layers", "mattes", "normals", "raw", "uv"]
OUTPUTS: Final[tuple[str, ...]] = get_args(Output)
"""Files that are written only when asked for (docs/labels.md)."""


@dataclass(frozen=True)
class OutputCost:
    """What an output takes (measured, docs/labels.md)."""

    seconds: float
    """CPU seconds at 640²."""
    bytes_a_pixel: float


OUTPUT_COSTS: Final[dict[str, OutputCost]] = {
    "depth": OutputCost(0.7, 3.0),
    "layers": OutputCost(6.3, 0.05),
    "mattes": OutputCost(0.1, 0.15),
    "normals": OutputCost(0.8, 10.0),
    "raw": OutputCost(0.01, 1.2),
    "uv": OutputCost(0.7, 3.2),
}


Prefilter = Literal["fast", "accurate"]


class RenderSettings(BaseModel):
    """Settings of one run; equal for all samples of a dataset but for device and threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_px: Annotated[int, Field(ge=16, le=8192)] = 640
    """Width and height of the image."""
    samples: Annotated[int, Field(ge=1, le=16384)] = 16
    """Light paths a pixel, before denoising."""
    device: Device = "cpu"
    gpu: Annotated[int | None, Field(ge=0, le=1023)] = None
    """Which of the GPUs of this kind, counted as Cycles lists them; None takes all."""
    threads: Annotated[int, Field(ge=0, le=1024)] = 1
    """CPU threads of one worker; 0 takes all cores."""
    prefilter: Prefilter = "accurate"
    """How carefully the denoiser's guides are cleaned of noise, where there are strands."""
    hair_detail: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Strands of scalp and beard, as a multiple; fewer are as much thicker."""
    outputs: tuple[Output, ...] = ()
    """What is written beside image, mask and record; sorted, each once."""
    photo: bool = True
    """Make a photograph of the render, as the spec says (docs/camera.md)."""
    labels_only: bool = False
    """Write the records alone (:mod:`renderer.labels_only`)."""

    @field_validator("outputs")
    @classmethod
    def _in_one_order(cls, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        return tuple(sorted(set(outputs)))

    def content(self) -> dict[str, Any]:
        """The settings that a dataset is made of.

        Threads are left out because they change no byte, and the device because it changes
        only the last bits of the noise: shards may run on unlike machines.
        """
        if self.labels_only:
            return {"labels_only": True, "size_px": self.size_px}
        return {
            "size_px": self.size_px,
            "samples": self.samples,
            "prefilter": self.prefilter,
            "hair_detail": self.hair_detail,
            "photo": self.photo,
            "outputs": list(self.outputs),
        }

    def told(self) -> str:
        """For people, on one line."""
        if self.labels_only:
            return f"{self.size_px} px, labels only"
        return f"{self.size_px} px, {self.samples} samples a pixel, {self.device}"


@dataclass(frozen=True)
class Quality:
    """What ``--quality`` stands for."""

    samples: int
    prefilter: Prefilter
    hair_detail: float


QUALITIES: Final[dict[str, Quality]] = {
    "draft": Quality(samples=4, prefilter="fast", hair_detail=0.7),
    "standard": Quality(samples=16, prefilter="accurate", hair_detail=1.0),
    "high": Quality(samples=64, prefilter="accurate", hair_detail=1.0),
}
"""Measured and shown in docs/rendering.md."""
