"""Models of users' own (.glb, .obj, .blend) with the TOML file that says how they are worn."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from scipy.spatial.transform import Rotation

from assets.accessories.fit import F64Array
from assets.geometry import I32Array
from assets.store import Store
from assets.user.binding import bind_rigid, bind_soft
from assets.user.blend import blend_to_glb
from assets.user.coverage import covered_roots
from assets.user.entry import PartMaterial, broken_rules
from assets.user.gltf import REFERENCE_NAME, read_glb
from assets.user.mhclo import HM08_VERTICES
from assets.user.model_checks import check_contact, check_size
from assets.user.reference import FRAMES, SCALES, reference
from assets.user.shape import Shape, cut_by_alpha, decode_texture, joined, split_hard_edges
from assets.user.wavefront import ObjMesh, parse_mtl, parse_obj_mesh
from assets.worn import Covers, slot_defaults
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import WORN_SLOTS

__all__ = ["MODEL_SUFFIXES", "Attachment", "ModelRequest", "compile_model", "read_request"]

MODEL_SUFFIXES: Final = (".glb", ".obj", ".blend")
_UNITS_M: Final = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "in": 0.0254}
_RIGID_SLOTS: Final = ("glasses", "earwear", "jewellery")
_BODY_SLOTS: Final = ("clothing", "neckwear")

Vector = tuple[float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Attachment(_Model):
    """Where a model sits."""

    mode: Literal["reference", "landmark"] = "reference"
    """``reference``: it was placed by hand on the shipped reference head. ``landmark``: its own
    origin goes to a frame at a landmark, its y axis up and its z axis out of the face."""
    fit: Literal["soft", "rigid"] | None = None
    """With ``reference``: ``soft`` follows the skin, ``rigid`` keeps its shape. By the slot if
    not given."""
    moves_with: Literal["skull", "body"] | None = None
    frame: str | None = None
    """With ``landmark``: one of ``FRAMES``."""
    offset_mm: Vector = (0.0, 0.0, 0.0)
    """From the frame's origin: to the subject's left, up, forward."""
    rotation_deg: Vector = (0.0, 0.0, 0.0)
    """About its own x, then y, then z axis."""
    scale_with: str = "none"
    """With ``landmark``: the measure of the head that its size follows."""
    mirror: bool = False
    """Put a mirror image on the other side too, as for a pair of earrings."""

    @field_validator("frame")
    @classmethod
    def _known_frame(cls, name: str | None) -> str | None:
        if name is not None and name not in FRAMES:
            raise ValueError(f"no frame {name!r}; {nearest(name, FRAMES)}")
        return name

    @field_validator("scale_with")
    @classmethod
    def _known_scale(cls, name: str) -> str:
        if name not in SCALES:
            raise ValueError(f"no measure {name!r}; {nearest(name, SCALES)}")
        return name


class ModelRequest(_Model):
    """The TOML file beside a model."""

    model: str | None = None
    """File name of the model, where the two differ in name."""
    name: str | None = None
    slot: str
    licence: Annotated[str, Field(min_length=1)]
    author: str = ""
    share: Annotated[float, Field(ge=0)] = 1.0
    share_female: Annotated[float, Field(ge=0)] | None = None
    share_male: Annotated[float, Field(ge=0)] | None = None
    unit: Literal["m", "dm", "cm", "mm", "in"] = "m"
    scale: Annotated[float, Field(gt=0)] = 1.0
    up: Literal["y", "z"] = "y"
    """Axis that points up in an .obj file."""
    segmentation: Literal["glasses", "headwear", "facewear", "clothing"] | None = None
    covers: Covers | None = None
    tags: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    tint: Annotated[float, Field(ge=0, le=1)] = 0.0
    clearance_mm: Annotated[float, Field(ge=0, le=20)] = 0.5
    subdivide: Annotated[int, Field(ge=0, le=2)] = 0
    allow_overlap_mm: Annotated[float, Field(ge=0)] | None = None
    """How deep it may lie in the reference head."""
    allow_gap_mm: Annotated[float, Field(ge=0)] | None = None
    """How far from it it may float."""
    attachment: Attachment = Attachment()

    @field_validator("slot")
    @classmethod
    def _known_slot(cls, name: str) -> str:
        if name not in WORN_SLOTS:
            raise ValueError(f"no slot {name!r}; {nearest(name, WORN_SLOTS)}")
        return name


def read_request(path: Path, stated: Mapping[str, Any] = {}) -> ModelRequest:
    """Read the TOML file of a model. What was ``stated`` by its fields (not None) overrides it.

    A stated share replaces ``share_female`` and ``share_male`` too.

    Raises:
        AssetError: it is missing or no TOML, or a field breaks a rule.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as e:
        raise AssetError(
            f"{path}: is missing; a model needs a TOML file of its name that says its slot, "
            "licence and attachment (docs/own-assets.md)"
        ) from e
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise AssetError(f"{path}: can't be read: {e}") from e
    said = {k: v for k, v in stated.items() if v is not None}
    if "share" in said:
        raw = {k: v for k, v in raw.items() if k not in ("share_female", "share_male")}
    try:
        request = ModelRequest.model_validate({**raw, **said})
    except ValidationError as e:
        told = broken_rules(e, ModelRequest, {"slot": WORN_SLOTS})
        raise AssetError(f"{path}: {told}") from e
    if request.attachment.mode == "landmark" and request.attachment.frame is None:
        raise AssetError(f"{path}: attachment.frame: is missing; one of {', '.join(FRAMES)}")
    return request


def compile_model(
    path: Path, request: ModelRequest, store: Store
) -> tuple[dict[str, Any], dict[str, NDArray[Any]], list[str]]:
    """Fields and arrays of the entry, and what the user should know.

    Raises:
        AssetError: the model can't be read, or doesn't sit on the reference head.
    """
    where = str(path)
    shape = cut_by_alpha(_read(path, request), lenses=request.slot == "glasses")
    head = reference(store)
    attachment = request.attachment
    points = shape.points.astype(np.float64) * _UNITS_M[request.unit] * request.scale
    notes = [check_size(points, request.slot, where)]
    if attachment.mode == "landmark" and attachment.frame is not None:
        turned = Rotation.from_euler("xyz", attachment.rotation_deg, degrees=True).apply(points)
        points = turned + np.array(attachment.offset_mm) / 1000 + head.at(attachment.frame)
    faces, shape, points = _mirrored(shape, points) if attachment.mirror else (
        shape.faces, shape, points
    )  # fmt: skip
    contact, note = check_contact(
        points, head, where, request.allow_overlap_mm, request.allow_gap_mm
    )
    fit = _fit(request)
    defaults = slot_defaults(request.slot)
    covers = request.covers or Covers.model_validate(defaults.get("covers", {}))
    arrays = shape.arrays() | {
        "points": points.astype(np.float32),
        "contact_m": np.array([contact], np.float32),
    }
    if fit == "soft":
        arrays |= bind_soft(points, head)
    elif fit == "rigid":
        arrays |= bind_rigid(points, head)
    if covers.hair == "tight":
        arrays["covers"] = covered_roots(points, faces, head, HM08_VERTICES)
    body = attachment.moves_with or ("body" if request.slot in _BODY_SLOTS else "skull")
    fields: dict[str, Any] = {
        "kind": "item",
        "slot": request.slot,
        "segmentation": request.segmentation or defaults["segmentation"],
        "licence": request.licence,
        "author": request.author,
        "source": path.name,
        "share": request.share,
        "share_female": request.share_female,
        "share_male": request.share_male,
        "fit": fit,
        "moves_with": body,
        "frame": attachment.frame or "",
        "scale_with": attachment.scale_with,
        "covers": covers.model_dump(),
        "tags": request.tags if "tags" in request.model_fields_set else defaults.get("tags", ()),
        "excludes": request.excludes,
        "tint": request.tint,
        "clearance_mm": request.clearance_mm,
        "subdivide": request.subdivide,
        "parts": [m.model_dump() for m in shape.materials],
    }
    return fields, arrays, [*notes, note]


def _fit(request: ModelRequest) -> str:
    attachment = request.attachment
    if attachment.mode == "landmark":
        return "landmark"
    if attachment.fit is not None:
        return attachment.fit
    return "rigid" if request.slot in _RIGID_SLOTS else "soft"


def _mirrored(shape: Shape, points: F64Array) -> tuple[I32Array, Shape, F64Array]:
    """With its mirror image across the middle of the head."""
    other = points * np.array([-1.0, 1.0, 1.0])
    turned = shape.faces[:, [0, 2, 1, 3]].copy()
    quad = shape.faces[:, 3] >= 0
    turned[quad] = shape.faces[quad][:, [0, 3, 2, 1]]
    uv = shape.uv[:, [0, 2, 1, 3]].copy()
    uv[quad] = shape.uv[quad][:, [0, 3, 2, 1]]
    n = len(points)
    faces = np.concatenate([shape.faces, np.where(turned < 0, -1, turned + n)]).astype(np.int32)
    both = np.concatenate([points, other])
    made = replace(
        shape,
        points=both.astype(np.float32),
        faces=faces,
        uv=np.concatenate([shape.uv, uv]),
        part=np.concatenate([shape.part, shape.part]),
    )
    return faces, made, both


def _read(path: Path, request: ModelRequest) -> Shape:
    match path.suffix.lower():
        case ".glb":
            return read_glb(_bytes(path), str(path))
        case ".blend":
            return read_glb(blend_to_glb(path), str(path))
        case _:
            return _read_obj(path, request)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise AssetError(f"{path}: can't be read: {e.strerror}") from e


def _read_obj(path: Path, request: ModelRequest) -> Shape:
    mesh = parse_obj_mesh(_bytes(path).decode("utf-8", "replace"), str(path), REFERENCE_NAME)
    used, local = np.unique(mesh.faces, return_inverse=True)
    local = local.reshape(mesh.faces.shape)
    if used[0] < 0:
        used, local = used[1:], local - 1
    points = mesh.points[used]
    if request.up == "z":
        points = points[:, [0, 2, 1]] * np.array([1, 1, -1], np.float32)
    materials, textures, normals, shine = _obj_materials(path, mesh)
    painted = mesh.uv is not None
    shape = Shape(
        points=points,
        faces=local.astype(np.int32),
        uv=mesh.uv if mesh.uv is not None else np.zeros((*local.shape, 2), np.float32),
        part=mesh.material,
        materials=materials,
        textures=textures if painted else {},
        normals=normals if painted else {},
        shine=shine if painted else {},
    )
    return split_hard_edges(joined([shape], str(path)))


Maps = dict[int, NDArray[np.uint8]]


def _obj_materials(path: Path, mesh: ObjMesh) -> tuple[tuple[PartMaterial, ...], Maps, Maps, Maps]:
    """Materials, and maps of colour, normals and shine by part, of the .mtl files beside the model.

    What they name elsewhere is not read.
    """
    known: dict[str, dict[str, str]] = {}
    for library in mesh.libraries:
        beside = path.parent / Path(library).name
        if beside.is_file():
            known |= parse_mtl(_bytes(beside).decode("utf-8", "replace"))
    materials: list[PartMaterial] = []
    textures: Maps = {}
    normals: Maps = {}
    shine: Maps = {}
    for k, name in enumerate(mesh.material_names):
        own = known.get(name, {})
        for maps, key in ((textures, "map_Kd"), (normals, "norm"), (shine, "map_Pr")):
            picture = own.get(key, "").split()
            painted = path.parent / Path(picture[-1].replace("\\", "/")).name if picture else None
            if painted is not None and painted.is_file():
                maps[k] = decode_texture(_bytes(painted), str(painted))
        opacity = _number(own.get("d", ""), 1.0)
        colour = _triple(own.get("Kd", "")) if k not in textures else (1.0, 1.0, 1.0)
        clear = k not in textures and opacity < 0.85
        if clear:
            r, g, b = (1 - opacity + opacity * c for c in colour)
            colour = (r, g, b)
        gloss = _number(own.get("Ns", ""), 100.0)
        roughness = float(np.clip(1 - np.sqrt(gloss / 1000), 0.05, 1)) if k not in shine else 1.0
        materials.append(PartMaterial(colour=colour, roughness=roughness, clear=clear))
    return tuple(materials), textures, normals, shine


def _number(text: str, otherwise: float) -> float:
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return otherwise


def _triple(text: str) -> Vector:
    try:
        r, g, b = (min(max(float(w), 0.0), 1.0) for w in text.split()[:3])
    except ValueError:
        return (0.6, 0.6, 0.6)
    return (r, g, b)
