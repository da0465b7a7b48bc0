"""The quantities that ``rf-plot`` shows, and how each is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sampler.streams import F64
from spec_schema.spec import ARKIT_UNITS, WORN_SLOTS

__all__ = [
    "ACTIVE",
    "HIGH",
    "NAMED",
    "NONE",
    "PRESENT",
    "QUANTITIES",
    "UNIT_NAMES",
    "Quantity",
    "bin_edges",
]


@dataclass(frozen=True)
class Quantity:
    """A scalar of each face."""

    label: str
    unit: str = ""
    column: str = ""
    """Of the manifest; empty where the value is worked out."""
    declared: str = ""
    """Its distribution in the config; empty where none is declared."""
    view: tuple[float, float] | None = None
    """What is shown at least; more where values lie beyond."""
    width: float | None = None
    """Of the narrowest bins; follows from the range where not given."""
    whole: bool = False
    """Whether ``view`` is all there can be."""

    @property
    def title(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def short_title(self) -> str:
        """Without a unit that takes more room than the name."""
        return self.title if len(self.unit) <= 2 else self.label


QUANTITIES: Final[Mapping[str, Quantity]] = {
    "yaw": Quantity("yaw", "°", "pose.yaw_deg", "pose.yaw", (-90, 90), 3),
    "pitch": Quantity("pitch", "°", "pose.pitch_deg", "pose.pitch", (-60, 60), 3),
    "roll": Quantity("roll", "°", "pose.roll_deg", "pose.roll", (-60, 60), 3),
    "face_size": Quantity(
        "face box, longer side", "picture widths", "", "camera.face_size", (0, 1), 0.02
    ),
    "face_x": Quantity("face centre, x", "picture widths", "", "camera.centre_x", (0, 1), 0.02),
    "face_y": Quantity("face centre, y", "picture widths", "", "camera.centre_y", (0, 1), 0.02),
    "distance": Quantity("distance", "m", "pose.z_m"),
    "focal_length": Quantity("focal length, 36 mm wide", "mm", "", "camera.focal_length"),
    "gaze_yaw": Quantity("gaze yaw in the head", "°", "gaze.yaw_deg", "", (-40, 40), 2),
    "gaze_pitch": Quantity("gaze pitch in the head", "°", "gaze.pitch_deg", "", (-40, 40), 2),
    "off_lens": Quantity("gaze away from the lens", "°", "", "", (0, 90), 2),
    "sex": Quantity(
        "sex, 0 female to 1 male", "", "identity.sex", "identity.sex", (0, 1), 0.05, True
    ),
    "age": Quantity("age", "years", "identity.age_years", "identity.age", (18, 90), 2, True),
    "tone": Quantity(
        "skin tone, Monk scale", "", "skin.monk_tone", "skin.tone", (1, 10), 0.5, True
    ),
    "wrinkles": Quantity("wrinkles", "", "skin.wrinkles", "", (0, 1), 0.05, True),
    "melanin": Quantity("hair melanin", "", "hair.melanin", "", (0, 1), 0.05, True),
    "grey": Quantity("grey strands, before dye", "", "hair.grey", "", (0, 1), 0.05, True),
    "expression": Quantity("strongest expression unit", "", "", "", (0, 1), 0.05, False),
    "hdri_rotation": Quantity(
        "environment rotation", "°", "environment.rotation_deg", "environment.rotation",
        (-180, 180), 10, True,
    ),
    "key_power": Quantity("key light power", "log10 W", "", "", None, 0.1),
    "key_azimuth": Quantity(
        "key light azimuth, world", "°", "environment.key_light.azimuth_deg", "", (-180, 180), 10,
        True,
    ),
    "key_elevation": Quantity(
        "key light elevation", "°", "environment.key_light.elevation_deg", "", (-90, 90), 5
    ),
}  # fmt: skip
"""In the order of the summary. Of what a face may lack, only those that have it count."""

NAMED: Final[Mapping[str, str]] = {
    "hair": "hair.style",
    "facial hair": "facial_hair.style",
    "iris": "eyes.iris",
    "skin texture": "skin.texture",
    "teeth": "mouth.teeth",
    **{slot: f"{slot}.id" for slot in WORN_SLOTS},
    "environment (HDRI)": "environment.hdri",
    "lighting scheme": "environment.scheme",
    "background": "environment.background.kind",
}
"""Columns of names by what their shares are called."""

NONE: Final[Mapping[str, str]] = {"background": "environment"}
"""What stands for no name, where that is not "no" and what the shares are called."""

PRESENT: Final = (
    *WORN_SLOTS, "beard", "makeup", "grey hair", "dyed hair",
    "key light", "fill light", "rim light", "photo effects",
)  # fmt: skip
"""What a face has or has not; the names of one group of shares."""

HIGH: Final = 0.25
ACTIVE: Final = 0.05
"""An expression unit shows from here; above :data:`HIGH`, plainly."""


def _unit_names() -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for unit in ARKIT_UNITS:
        name = unit.removesuffix("Left").removesuffix("Right")
        name = {"jaw": "jawAside", "mouth": "mouthAside"}.get(name, name)
        names[name] = (*names.get(name, ()), unit)
    return names


UNIT_NAMES: Final = _unit_names()
"""Expression units by a name for both sides."""


def bin_edges(quantity: Quantity, series: Sequence[F64], fewest: int | None = None) -> F64:
    """Edges that all the sets share: round numbers, wide enough for the smallest set.

    Args:
        series: values of each set; all lie between the edges.
        fewest: values of the smallest set that is binned; that of ``series`` by default.
    """
    low = min(float(v.min()) for v in series)
    high = max(float(v.max()) for v in series)
    if quantity.view is not None:
        low, high = min(low, quantity.view[0]), max(high, quantity.view[1])
    width = quantity.width or _round((high - low) / 50)
    if fewest is None:
        fewest = min(len(v) for v in series)
    width *= 4 if fewest < 300 else 2 if fewest < 2000 else 1
    first, last = np.floor(low / width + 1e-6), np.ceil(high / width - 1e-6)
    edges = np.arange(first, max(last, first + 1) + 1) * width
    # A bin that reaches past what there can be would look half empty.
    return np.asarray(np.clip(edges, *quantity.view) if quantity.whole and quantity.view else edges)


def _round(width: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    if width <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= width * 0.999))
