"""How the rows of a manifest belong together: single scenes, variations of faces, or tracks."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from sampler.config_model import ConfigModel
from sampler.motion_model import MotionConfig
from spec_schema.errors import SpecError, nearest
from spec_schema.spec import WORN_SLOTS

__all__ = [
    "VARIABLE",
    "Layout",
    "StillsLayout",
    "TracksLayout",
    "placed_once",
    "rows_wanted",
]

VARIABLE: Final = (
    "pose",
    "camera",
    "expression",
    "gaze",
    "eyes",
    "mouth",
    "skin",
    "hair",
    "facial_hair",
    "brows",
    *WORN_SLOTS,
    "environment",
    "photo",
)
"""Components that may differ between the rows of one identity; ``identity`` is what they share."""

MAX_ROWS_AN_IDENTITY: Final = 100_000

Sequence = Literal["random", "sobol"]
RowsAnIdentity = Annotated[int, Field(ge=1, le=MAX_ROWS_AN_IDENTITY)]
Identities = Annotated[int, Field(ge=0, le=10**9)]


class StillsLayout(ConfigModel):
    """Scenes that stand alone, or some variations of each identity."""

    kind: Literal["stills"] = "stills"
    identities: Identities = 0
    """How many are drawn where the call does not say; 0 leaves it to the call."""
    variations: RowsAnIdentity = 1
    """Rows of each identity."""
    vary: list[str] = Field(default_factory=list)
    """Components that differ between the variations of an identity; it holds all others."""
    neutral_first: bool = False
    """Whether the first variation of each identity makes no expression."""
    sequence: Sequence = "random"
    """``sobol`` spreads poses, cameras and lights evenly even over few samples."""

    @field_validator("vary")
    @classmethod
    def _known(cls, vary: list[str]) -> list[str]:
        for name in vary:
            if name == "identity":
                raise ValueError("'identity' is what the variations share, and can't vary")
            if name not in VARIABLE:
                raise ValueError(f"no component {name!r} to vary; {nearest(name, VARIABLE)}")
        return sorted(set(vary), key=VARIABLE.index)

    @model_validator(mode="after")
    def _whole(self) -> StillsLayout:
        if self.vary and self.variations == 1:
            raise ValueError("vary needs variations of 2 or more, or there is nothing to vary")
        if self.variations > 1 and not self.vary:
            raise ValueError(
                "variations without vary would be equal; name components, such as "
                "vary = ['expression', 'environment']"
            )
        if self.neutral_first and "expression" not in self.vary:
            raise ValueError("neutral_first needs variations, with 'expression' in vary")
        return self

    @property
    def rows_an_identity(self) -> int:
        return self.variations

    def varies(self, component: str) -> bool:
        """Whether each row has its own draws of a component."""
        return self.variations == 1 or component in self.vary


class TracksLayout(ConfigModel):
    """Faces in motion: one identity a track, some frames each, before a camera that stands."""

    kind: Literal["tracks"] = "tracks"
    identities: Identities = 0
    """Tracks that are drawn where the call does not say; 0 leaves it to the call."""
    frames: RowsAnIdentity
    """Rows of each track."""
    frame_rate_hz: Annotated[float, Field(gt=0, le=1000)]
    sequence: Sequence = "random"
    motion: MotionConfig

    @property
    def rows_an_identity(self) -> int:
        return self.frames

    def varies(self, component: str) -> bool:
        """Nothing is drawn anew from frame to frame: what moves is a function of time."""
        return False


Layout = Annotated[StillsLayout | TracksLayout, Field(discriminator="kind")]


def placed_once(layout: StillsLayout) -> bool:
    """Whether all rows of an identity share one place before one camera."""
    return layout.variations > 1 and not {"pose", "camera"} & set(layout.vary)


def rows_wanted(layout: StillsLayout | TracksLayout, n: int | None, identities: int | None) -> int:
    """How many rows a call asks for.

    Args:
        n: rows, if the call says so; any number, so that the last identity may be cut short.
        identities: whole identities (tracks), if the call says so.

    Raises:
        SpecError: both are given and disagree, or neither is and the config has no number.
    """
    each = layout.rows_an_identity
    named = "frames" if layout.kind == "tracks" else "variations"
    if n is not None and identities is not None and n != identities * each:
        raise SpecError(
            f"--n {n} and --identities {identities} disagree: {identities} x {each} {named} "
            f"are {identities * each} rows; leave one of them out"
        )
    if n is not None:
        return n
    if identities is not None:
        return identities * each
    if layout.identities:
        return layout.identities * each
    raise SpecError("how many scenes? For example: rf-sample --n 1000 -o manifest.parquet")
