"""Executes scene specs: supervised render workers, the dataset folder, Blender behind them.

Importing this package loads no Blender; only :mod:`renderer.blender` does.
"""

from renderer.settings import RenderSettings

__all__ = ["RenderSettings"]
