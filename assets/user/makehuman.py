"""MakeHuman's packs and single assets as its community publishes them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.geometry import I32Array
from assets.skin.tone import linear_from_srgb
from assets.store import Store
from assets.user.coverage import covered_roots
from assets.user.entry import PartMaterial
from assets.user.mhclo import (
    HM08_VERTICES,
    Header,
    Mhclo,
    Mhmat,
    parse_header,
    parse_mhclo,
    parse_mhmat,
)
from assets.user.reference import reference, reference_cage
from assets.user.shape import Shape, cut_by_alpha, decode_texture, joined
from assets.user.sources import Source
from assets.user.wavefront import parse_obj_mesh
from assets.user.worn import bound_points
from assets.worn import slot_defaults
from spec_schema.errors import AssetError

__all__ = ["Found", "compile_garment", "compile_skin", "find_assets", "guess_slot"]

_REFUSED: Final = {
    "hair": "polygon hair is not taken: its look hangs on transparent cards, which have no exact "
    "labels; hair here is grown as strands",
    "eyebrows": "polygon eyebrows are not taken: brows here are grown as strands",
    "eyelashes": "polygon eyelashes are not taken: lashes here are grown as strands",
    "eyes": "eyes are not taken: eyeballs here are built with cornea and iris",
    "teeth": "teeth are not taken: the mouth here is built",
    "tongue": "a tongue is not taken: the mouth here is built",
    "topologies": "another topology of the body is not taken: labels belong to hm08's",
}
"""Folders of a pack whose meshes we don't take, and why."""

_LOWEST_M: Final = 0.15
"""Rest height below which nothing is ever in a picture."""
_LEAST_TOP_M: Final = 0.40
"""A garment that ends lower is a skirt, trousers or shoes."""

_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "glasses": ("glasses", "spectacles", "goggles", "eyewear", "shades", "monocle"),
    "headwear": (
        "hat", "cap", "beanie", "helmet", "helm", "hood", "fedora", "turban", "headband", "bandana",
        "crown", "beret", "hijab", "veil", "tiara", "headscarf", "headwear", "headgear", "fez",
    ),
    "facewear": ("mask", "facemask", "eyepatch", "balaclava", "respirator"),
    "earwear": ("headphones", "headphone", "earbuds", "earphones", "headset"),
    "jewellery": ("earring", "necklace", "piercing", "pendant", "choker", "jewellery", "jewelry"),
    "neckwear": ("scarf", "tie", "necktie", "bowtie", "shawl"),
}  # fmt: skip
_LONG_WORD: Final = 5


@dataclass(frozen=True)
class Found:
    """One asset of a source."""

    kind: str
    """``garment``, ``skin`` or ``refused``."""
    file: str
    """Its ``.mhclo`` or ``.mhmat``."""
    why: str = ""
    """Why it is refused."""


def find_assets(source: Source, wanted: Iterable[str]) -> list[Found]:
    """Garments (every ``.mhclo``) and skins (``.mhmat`` that belong to none of them)."""
    clothes = [n for n in wanted if n.lower().endswith(".mhclo")]
    out = []
    for name in clothes:
        why = next((_REFUSED[p] for p in name.lower().split("/")[:-1] if p in _REFUSED), "")
        out.append(Found("refused" if why else "garment", name, why))
    taken = {posixpath.dirname(n) for n in source.names if n.lower().endswith(".mhclo")}
    for name in wanted:
        folders = name.lower().split("/")[:-1]
        is_skin = "skins" in folders or posixpath.dirname(name) not in taken
        if name.lower().endswith(".mhmat") and is_skin and not any(p in _REFUSED for p in folders):
            out.append(Found("skin", name))
    return out


def guess_slot(header: Header, file: str) -> str:
    """The slot of a garment by the words of its name, tags and file; ``clothing`` otherwise."""
    text = " ".join((header.name, *header.tags, posixpath.basename(file).rpartition(".")[0]))
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = {w.lower() for w in re.findall(r"[A-Za-z]+", spaced)}
    for slot, known in _WORDS.items():
        for word in words:
            single = word.removesuffix("s")
            if word in known or single in known:
                return slot
            if any(len(k) >= _LONG_WORD and word.endswith((k, f"{k}s")) for k in known):
                return slot
    return "clothing"


def compile_garment(
    source: Source, file: str, slot: str | None, store: Store
) -> tuple[Header, dict[str, Any], dict[str, NDArray[Any]], list[str]]:
    """Header, fields and arrays of a bound mesh, and what the user should know.

    Raises:
        AssetError: a file is missing or damaged, or nothing of it would be in a picture.
    """
    where = f"{source.place}: {file}"
    binding = parse_mhclo(source.text(file), where)
    obj = source.beside(file, binding.obj_file or posixpath.basename(file)[:-6] + ".obj")
    if obj is None:
        raise AssetError(f"{where}: its mesh {binding.obj_file!r} is missing")
    mesh = parse_obj_mesh(source.text(obj), f"{source.place}: {obj}")
    if len(mesh.points) != len(binding.refs):
        raise AssetError(
            f"{where}: binds {len(binding.refs)} vertices, but {obj} has {len(mesh.points)}"
        )
    material, maps, header, notes = _material(source, file, binding)
    slot = slot or guess_slot(header, file)
    arrays: dict[str, NDArray[Any]] = {
        "refs": binding.refs,
        "weights": binding.weights,
        "offsets": binding.offsets_m,
        "scale": binding.scale,
    }
    points = bound_points(arrays, reference_cage(store).astype(np.float64))
    if points[:, 1].max() < _LEAST_TOP_M:
        raise AssetError(f"{where}: lies wholly below the picture (shoes, trousers, a skirt)")
    shape = Shape(
        points=points.astype(np.float32),
        faces=mesh.faces,
        uv=mesh.uv if mesh.uv is not None else np.zeros((*mesh.faces.shape, 2), np.float32),
        part=np.zeros(len(mesh.faces), np.int64),
        materials=(material,),
        **({} if mesh.uv is None else maps),
    )
    shape = _seen(cut_by_alpha(joined([shape], where), lenses=slot == "glasses"))
    used, local = np.unique(shape.faces, return_inverse=True)
    local = local.reshape(shape.faces.shape)
    if used[0] < 0:
        used, local = used[1:], local - 1
    faces: I32Array = local.astype(np.int32)
    for name in ("refs", "weights", "offsets"):
        arrays[name] = arrays[name][used]
    arrays |= shape.arrays() | {"faces": faces, "hidden": binding.hidden}
    defaults = slot_defaults(slot)
    covers = dict(defaults.get("covers", {}))
    if covers.get("hair") == "tight":
        head = reference(store)
        arrays["covers"] = covered_roots(points[used], faces, head, HM08_VERTICES)
    fields: dict[str, Any] = {
        "kind": "item",
        "slot": slot,
        "segmentation": defaults["segmentation"],
        "fit": "bound",
        "moves_with": "body" if slot in ("clothing", "neckwear") else "skull",
        "covers": covers,
        "tags": list(defaults.get("tags", ())),
        "clearance_mm": 2.0 if slot == "clothing" else 0.8,
        "subdivide": 1 if slot == "clothing" and len(faces) < 20_000 else 0,
        "parts": [m.model_dump() for m in shape.materials],
        **_by_sex(header),
    }
    return header, fields, arrays, [f"slot {slot}, {len(faces)} faces", *notes]


def _by_sex(header: Header) -> dict[str, float]:
    words = _words(header.name, *header.tags)
    if "female" in words and "male" not in words:
        return {"share_male": 0.0}
    if "male" in words and "female" not in words:
        return {"share_female": 0.0}
    return {}


def _words(*texts: str) -> set[str]:
    return {w.lower() for text in texts for w in re.findall(r"[A-Za-z]+", text)}


def _seen(shape: Shape) -> Shape:
    """Without the faces below every picture."""
    last = np.where(shape.faces[:, 3] < 0, shape.faces[:, 2], shape.faces[:, 3])
    height = shape.points[np.concatenate([shape.faces[:, :3], last[:, None]], 1), 1].mean(1)
    kept = height > _LOWEST_M
    return replace(shape, faces=shape.faces[kept], uv=shape.uv[kept], part=shape.part[kept])


def _material(
    source: Source, file: str, binding: Mhclo
) -> tuple[PartMaterial, dict[str, Any], Header, list[str]]:
    """Material, its maps as fields of a shape, and the header of both files together."""
    notes: list[str] = []
    header = binding.header
    found = source.beside(file, binding.material) if binding.material else None
    if found is None:
        notes.append("no material file: grey")
        return PartMaterial(colour=(0.3, 0.3, 0.3)), {}, _named(header, file), notes
    material = parse_mhmat(source.text(found))
    maps: dict[str, Any] = {"textures": {}}
    for name, file_name in (
        ("textures", material.diffuse_texture),
        ("normals", material.normal_texture),
        ("shine", material.roughness_texture),
    ):
        if not file_name:
            continue
        picture = source.beside(found, file_name)
        if picture is None:
            instead = "plain colour" if name == "textures" else "it is left out"
            notes.append(f"its texture {file_name!r} is missing: {instead}")
        else:
            maps[name] = {0: decode_texture(source.read(picture), f"{source.place}: {picture}")}
    painted = bool(maps["textures"])
    made = PartMaterial(
        colour=(1.0, 1.0, 1.0) if painted else _linear(material.diffuse_srgb),
        roughness=1.0 if "shine" in maps else float(np.clip(1 - material.shininess, 0.2, 1)),
        clear=not painted and material.opacity < 0.85,
    )
    other = material.header
    both = Header(
        name=header.name or other.name,
        author=header.author or other.author,
        licence=header.licence or other.licence,
        tags=(*header.tags, *other.tags),
    )
    return made, maps, _named(both, file), notes


def _linear(srgb: tuple[float, float, float]) -> tuple[float, float, float]:
    r, g, b = (float(c) for c in linear_from_srgb(np.array(srgb, np.float32)))
    return (r, g, b)


def _named(header: Header, file: str) -> Header:
    name = header.name or posixpath.basename(file).rpartition(".")[0]
    return Header(name, header.author, header.licence, header.tags)


def compile_skin(
    source: Source, file: str, stated: dict[str, Any]
) -> tuple[Header, dict[str, Any], dict[str, NDArray[Any]], list[str]]:
    """Header, fields and array of a painted skin; ``stated`` overrides what its words say.

    Raises:
        AssetError: its texture is missing or not square, or it is not said whose skin it is.
    """
    where = f"{source.place}: {file}"
    text = source.text(file)
    material: Mhmat = parse_mhmat(text)
    header = parse_header(text, posixpath.basename(file).rpartition(".")[0])
    picture = source.beside(file, material.diffuse_texture) if material.diffuse_texture else None
    if picture is None:
        raise AssetError(f"{where}: its texture {material.diffuse_texture!r} is missing")
    pixels = decode_texture(source.read(picture), f"{source.place}: {picture}")[..., :3]
    if pixels.shape[0] != pixels.shape[1]:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise AssetError(f"{where}: its texture is {size} pixels; a skin of hm08 is square")
    # Of names such as young_lightskinned_female_diffuse2.
    words = _words(header.name, *header.tags, file, material.diffuse_texture.replace("_", " "))
    words |= _words(header.name.replace("_", " "), file.replace("_", " "))
    fields = {**_whose(words), **{k: v for k, v in stated.items() if v is not None}}
    for name in ("sex", "age_years", "ancestry"):
        if name not in fields:
            option = {"age_years": "--age"}.get(name, f"--{name}")
            raise AssetError(f"{where}: neither its tags nor its name say its {name}; {option}")
    note = f"{fields['sex']}, {fields['age_years']:g} years, {fields['ancestry']}, "
    return (
        header,
        {"kind": "skin", **fields},
        {"skins": np.ascontiguousarray(pixels)},
        [note + f"{pixels.shape[0]} px"],
    )


def _whose(words: set[str]) -> dict[str, Any]:
    """Sex, age and ancestry as far as words tell; ages as in the shipped catalogue."""
    out: dict[str, Any] = {}
    if ("female" in words) != ("male" in words):
        out["sex"] = "female" if "female" in words else "male"
    ages = {"young": 25.0, "middleage": 45.0, "middleaged": 45.0, "old": 70.0, "elderly": 70.0}
    stated = {ages[w] for w in words if w in ages}
    if len(stated) == 1:
        out["age_years"] = stated.pop()
    groups = {
        "african": "african",
        "asian": "asian",
        "caucasian": "european",
        "european": "european",
    }
    named = {groups[w] for w in words if w in groups}
    if len(named) == 1:
        out["ancestry"] = named.pop()
    return out
