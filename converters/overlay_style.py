"""Colours, contours and lengths of the overlay, from ``data/overlay.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Colour", "Contour", "OverlayStyle", "load_style"]

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Contour:
    """A run of landmarks that is drawn as one line."""

    name: str
    points: tuple[int, ...]
    closed: bool
    colour: Colour


@dataclass(frozen=True)
class OverlayStyle:
    """How labels are drawn."""

    background: Colour
    text: Colour
    faint_text: Colour
    aspect: float
    axis_length_m: float
    axis_colours: tuple[Colour, Colour, Colour]
    gaze_length_m: float
    gaze: Colour
    face_box: Colour
    contours: tuple[Contour, ...]


def _colour(value: Any) -> Colour:
    red, green, blue = value
    return int(red), int(green), int(blue)


@cache
def load_style() -> OverlayStyle:
    """Read the style that comes with the package."""
    text = files("converters").joinpath("data/overlay.toml").read_text()
    data = tomllib.loads(text)
    sheet, axes = data["sheet"], data["axes"]
    return OverlayStyle(
        background=_colour(sheet["background"]),
        text=_colour(sheet["text"]),
        faint_text=_colour(sheet["faint_text"]),
        aspect=float(sheet["aspect"]),
        axis_length_m=float(axes["length_m"]),
        axis_colours=(_colour(axes["x"]), _colour(axes["y"]), _colour(axes["z"])),
        gaze_length_m=float(data["gaze"]["length_m"]),
        gaze=_colour(data["gaze"]["colour"]),
        face_box=_colour(data["face_box"]["colour"]),
        contours=tuple(
            Contour(c["name"], tuple(c["points"]), bool(c["closed"]), _colour(c["colour"]))
            for c in data["contours"]
        ),
    )
