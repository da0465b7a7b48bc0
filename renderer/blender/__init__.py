"""Blender behind the renderer: the only place that imports bpy, and the only one with its axes.

Raises:
    ToolError: on import, where bpy is not installed.
"""

from spec_schema.errors import ToolError

try:
    import bpy  # noqa: F401
except ImportError as error:
    raise ToolError(
        f"Blender's Python module can't be loaded ({error}); rendering needs Python 3.11 and "
        "the extra: pip install 'replicantface[render]'"
    ) from error
