"""From a render to a photograph: lens, sensor and file, in numpy, without moving a label."""

from renderer.photo.develop import developed, developed_png

__all__ = ["developed", "developed_png"]
