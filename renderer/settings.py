"""How to render: what the caller chooses beside the manifest."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from spec_schema.wire import packb

__all__ = ["DEVICES", "Device", "RenderSettings"]

Device = Literal["cpu", "cuda", "optix", "hip", "metal", "oneapi", "auto"]
DEVICES: Final[tuple[str, ...]] = get_args(Device)


class RenderSettings(BaseModel):
    """Settings of one run; equal for all samples of a dataset but for device and threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_px: Annotated[int, Field(ge=16, le=8192)] = 640
    """Width and height of the image."""
    samples: Annotated[int, Field(ge=1, le=16384)] = 16
    """Light paths a pixel, before denoising."""
    device: Device = "cpu"
    threads: Annotated[int, Field(ge=0, le=1024)] = 1
    """CPU threads of one worker; 0 takes all cores."""

    def content(self) -> dict[str, Any]:
        """The settings that a dataset is made of.

        Threads are left out because they change no byte, and the device because it changes
        only the last bits of the noise: shards may run on unlike machines.
        """
        return {"size_px": self.size_px, "samples": self.samples}

    def content_hash(self) -> str:
        """SHA-256 (hex) of :meth:`content`."""
        return hashlib.sha256(packb(self.content())).hexdigest()
