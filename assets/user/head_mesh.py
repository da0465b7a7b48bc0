"""A head mesh of a user's own, and the file that marks the points of its face."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assets.accessories.fit import F64Array
from assets.rigid import rigid_between
from assets.user.blend import run_blender
from assets.user.entry import broken_rules
from assets.user.head_plausible import Marked, check_marks, repeated
from spec_schema.errors import AssetError

__all__ = ["HeadMarks", "OwnMesh", "aligned", "check_file", "read_marks", "read_mesh"]

UNITS_M: Final[Mapping[str, float]] = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001}
_EYE_CORNERS: Final = (36, 45)
_EYE_DISTANCE_M: Final = (0.070, 0.120)
"""Between the outer corners of the eyes; human ones measure some 0.09."""


@dataclass(frozen=True)
class OwnMesh:
    """N vertices, T triangles, K shape keys, y up."""

    name: str
    points: F64Array
    """(N, 3) in the file's own unit."""
    triangles: NDArray[np.int64]
    uv: F64Array
    """(T, 3, 2)"""
    keys: tuple[str, ...]
    deltas: F64Array
    """(K, N, 3)"""
    texture: NDArray[np.uint8] | None
    """(H, W, 3) sRGB, row 0 at the top."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyRange(_Model):
    """What the sampler draws of a shape key: evenly between two weights."""

    low: Annotated[float, Field(ge=0, le=1)] = 0.0
    high: Annotated[float, Field(ge=0, le=1)] = 0.0


class HeadMarks(_Model):
    """The TOML file of a head."""

    name: str | None = None
    object: str = ""
    """Mesh object of the file; the one with shape keys if not given."""
    licence: Annotated[str, Field(min_length=1)]
    author: str = ""
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How many of all people have this head."""
    unit: Literal["m", "dm", "cm", "mm"] = "m"
    sex: Annotated[float, Field(ge=0, le=1)]
    """0 female to 1 male: for skin, hair and clothes."""
    age_years: Annotated[float, Field(ge=18, le=90)]
    ancestry: Literal["african", "asian", "european"]
    landmarks: tuple[int, ...]
    """68 vertices in iBUG's order."""
    left_eye: tuple[int, ...] = ()
    """Vertices all over the subject's left eyeball, if the mesh has one."""
    right_eye: tuple[int, ...] = ()
    keys: Mapping[str, KeyRange] = {}
    """By shape key; a key that is not named is never drawn, but may be set in a manifest."""

    @field_validator("landmarks")
    @classmethod
    def _all_of_them(cls, marks: tuple[int, ...]) -> tuple[int, ...]:
        if len(marks) != 68:
            raise ValueError(f"{len(marks)} vertices; iBUG has 68")
        if same := repeated(marks):
            raise ValueError(same)
        return marks


def read_marks(path: Path) -> HeadMarks:
    """Read the TOML file of a head.

    Raises:
        AssetError: it is missing or no TOML, or a field breaks a rule.
    """
    try:
        return HeadMarks.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError as e:
        raise AssetError(
            f"{path}: is missing; `rf-assets add-head … --suggest` writes one to begin with"
        ) from e
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise AssetError(f"{path}: can't be read: {e}") from e
    except ValidationError as e:
        raise AssetError(f"{path}: {broken_rules(e, HeadMarks)}") from e


def check_file(path: Path) -> None:
    """Whether a file may be a head.

    Raises:
        AssetError: it is missing, or no .blend file.
    """
    if not path.is_file():
        raise AssetError(f"{path}: there is no such file; a head is a .blend file")
    if path.suffix.lower() != ".blend":
        raise AssetError(
            f"{path}: heads are taken from .blend files only; import it in Blender and save it "
            "as one"
        )


def read_mesh(path: Path, name: str = "") -> OwnMesh:
    """The head of a .blend file, opened without running anything in it.

    Raises:
        ToolError: Blender is not installed.
        AssetError: it can't be read, or is no triangulable mesh.
    """
    check_file(path)
    with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
        made = Path(folder) / "mesh.npz"
        run_blender("to-mesh", path.resolve(), made, name)
        with np.load(made, allow_pickle=False) as arrays:
            texture = arrays["texture"]
            mesh = OwnMesh(
                name=str(arrays["name"]),
                points=arrays["points"].astype(np.float64),
                triangles=arrays["triangles"].astype(np.int64),
                uv=arrays["uv"].astype(np.float64),
                keys=tuple(str(k) for k in arrays["keys"]),
                deltas=arrays["deltas"].astype(np.float64),
                texture=np.array(texture) if texture.size else None,
            )
    if len(mesh.triangles) < 500:
        raise AssetError(f"{path}: object {mesh.name!r} has {len(mesh.triangles)} triangles only")
    if not (np.isfinite(mesh.points).all() and np.isfinite(mesh.deltas).all()):
        raise AssetError(f"{path}: a vertex is not finite")
    return mesh


def aligned(
    mesh: OwnMesh, marks: HeadMarks, landmarks_m: F64Array, where: str
) -> tuple[OwnMesh, Marked]:
    """The mesh in metres, turned and moved to where a head of ours has its face; and its marks.

    Raises:
        AssetError: a mark is no vertex, the head is no human size, or the marks are no face's.
    """
    for field in ("landmarks", "left_eye", "right_eye"):
        wrong = [v for v in getattr(marks, field) if not 0 <= v < len(mesh.points)]
        if wrong:
            raise AssetError(f"{where}: {field}: {wrong[0]} is no vertex of {mesh.name!r}")
    for key in marks.keys:
        if key not in mesh.keys:
            raise AssetError(f"{where}: keys.{key}: {mesh.name!r} has no such shape key")
    unit = UNITS_M[marks.unit]
    points = mesh.points * unit
    own = points[list(marks.landmarks)]
    wide = float(np.linalg.norm(own[_EYE_CORNERS[0]] - own[_EYE_CORNERS[1]]))
    low, high = _EYE_DISTANCE_M
    if not low <= wide <= high:
        raise AssetError(
            f"{where}: the outer corners of the eyes (landmarks 36, 45) are {wide * 1000:.0f} mm "
            f"apart, and human ones {low * 1000:.0f} to {high * 1000:.0f}; check unit and landmarks"
        )
    marked = check_marks(own, landmarks_m, where)
    turn, shift = rigid_between(own, landmarks_m)
    placed = OwnMesh(
        mesh.name,
        points @ turn.T + shift,
        mesh.triangles,
        mesh.uv,
        mesh.keys,
        mesh.deltas * unit @ turn.T,
        mesh.texture,
    )
    return placed, marked
