"""Colours, contours and lengths of the overlay, from ``data/overlay.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Boxes", "Colour", "Contour", "OverlayStyle", "Visibility", "load_style"]

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Contour:
    """A run of landmarks that is drawn as one line."""

    name: str
    points: tuple[int, ...]
    closed: bool
    colour: Colour


@dataclass(frozen=True)
class Visibility:
    """Colours of landmarks by what hides them."""

    visible: Colour
    self_occluded: Colour
    covered: Colour
    out_of_frame: Colour


@dataclass(frozen=True)
class Boxes:
    """Colours of the boxes."""

    face: Colour
    head: Colour
    visible_face: Colour


@dataclass(frozen=True)
class OverlayStyle:
    """How labels are drawn."""

    background: Colour
    text: Colour
    faint_text: Colour
    panel: Colour
    aspect: float
    axis_length_m: float
    axis_colours: tuple[Colour, Colour, Colour]
    gaze_length_m: float
    gaze: Colour
    boxes: Boxes
    visibility: Visibility
    dimming: float
    depth_stops: tuple[Colour, ...]
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
        panel=_colour(sheet["panel"]),
        aspect=float(sheet["aspect"]),
        axis_length_m=float(axes["length_m"]),
        axis_colours=(_colour(axes["x"]), _colour(axes["y"]), _colour(axes["z"])),
        gaze_length_m=float(data["gaze"]["length_m"]),
        gaze=_colour(data["gaze"]["colour"]),
        boxes=Boxes(**{k: _colour(v) for k, v in data["boxes"].items()}),
        visibility=Visibility(**{k: _colour(v) for k, v in data["visibility"].items()}),
        dimming=float(data["landmarks"]["dimming"]),
        depth_stops=tuple(_colour(c) for c in data["depth"]["stops"]),
        contours=tuple(
            Contour(c["name"], tuple(c["points"]), bool(c["closed"]), _colour(c["colour"]))
            for c in data["contours"]
        ),
    )
