"""``rf-assets add-head``: a .blend file and its marks into a head of the user's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.accessories.fit import F64Array
from assets.head import HeadModel, load_head_model
from assets.skin.head_mesh import HeadMesh
from assets.skin.uv_raster import draw_quads
from assets.store import Store
from assets.user.folder import checked_name
from assets.user.head_mesh import HeadMarks, OwnMesh, aligned, check_file, read_marks, read_mesh
from assets.user.head_register import Registration
from assets.user.head_suggest import suggested, suggestion_toml
from assets.user.shelf import put
from spec_schema.errors import AssetError
from spec_schema.spec import IdentitySpec

__all__ = ["add_head", "suggest_marks"]

_WORST_MM: Final = 2.5
"""Mean distance to the mesh above which the marks must be wrong."""
_STILL_M: Final = 1e-5
_TEXELS: Final = 1024
_SEEN_M: Final = 0.006
_LOWEST_M: Final = 0.54
"""Rest height below which a head has no skin of its own."""


def suggest_marks(path: Path, name: str, store: Store) -> Path:
    """Write a TOML file of marks beside a .blend file, to be mended by hand.

    Raises:
        AssetError: there is one already, the file can't be read, or no face is found in it.
    """
    check_file(path)
    target = path.with_suffix(".toml")
    if target.exists():
        raise AssetError(f"{target}: is there already; it is not written over")
    mesh = read_mesh(path, name)
    model = load_head_model(store)
    unit, marks = suggested(mesh, model, _neutral(model, 0.5, 30.0, "european"), str(path))
    target.write_text(suggestion_toml(mesh, unit, marks), "utf-8")
    return target


def add_head(
    path: Path, store: Store, replace: bool, name: str | None = None, object_name: str = ""
) -> tuple[list[str], list[str]]:
    """Add a head, and its skin if it has a texture: ids, and what the user should know.

    ``name`` and ``object_name`` override what the TOML file says.

    Raises:
        AssetError: a file can't be read, or the marks don't fit the mesh.
    """
    check_file(path)
    where = path.with_suffix(".toml")
    marks = read_marks(where)
    model = load_head_model(store)
    start = _neutral(model, marks.sex, marks.age_years, marks.ancestry)
    landmarks = model.landmark_positions(start.astype(np.float32))
    own = read_mesh(path, object_name or marks.object)
    mesh, marked = aligned(own, marks, landmarks, str(where))
    theirs = mesh.points[list(marks.landmarks)]
    made = Registration(model, start).over(mesh, theirs)
    laid = model.landmark_positions((start + made.moved_m).astype(np.float32))
    kept_mm = np.linalg.norm(laid - theirs, axis=1) * 1000
    error_mm = made.error_m * 1000
    if not len(error_mm):
        raise AssetError(f"{where}: our mesh does not meet it; check that it is a whole face")
    if error_mm.mean() > _WORST_MM:
        raise AssetError(
            f"{where}: our mesh comes no nearer than {error_mm.mean():.1f} mm to it; check the "
            "landmarks, and that the mesh is a whole face"
        )
    moved = _with_eyes(made.moved_m, start, mesh, marks, model)
    name = checked_name(name or marks.name or path.stem)
    about: dict[str, Any] = {
        "licence": marks.licence, "author": marks.author, "source": path.name,
        "ancestry": marks.ancestry,
    }  # fmt: skip
    ranges = [marks.keys.get(k) for k in mesh.keys]
    fields: dict[str, Any] = {
        **about,
        "kind": "head",
        "share": marks.share,
        "sex": marks.sex,
        "age_years": marks.age_years,
        "keys": [
            {"name": k, "low": r.low if r else 0.0, "high": r.high if r else 0.0}
            for k, r in zip(mesh.keys, ranges, strict=True)
        ],
    }
    ids = [put(name, fields, _targets([moved, *made.key_moved_m]), replace)]
    drawn = sum(marks.keys[k].high > 0 for k in mesh.keys if k in marks.keys)
    notes = [
        f"{len(mesh.points)} vertices",
        str(marked),
        f"ours lie {kept_mm.mean():.1f} mm from your marks, at most {kept_mm.max():.1f} mm "
        f"(landmark {int(kept_mm.argmax())})",
        f"between them our mesh is {error_mm.mean():.2f} mm from yours (which tells nothing of "
        "the marks: look at `rf-assets preview own --id "
        f"{ids[0]}`)",
    ]
    if mesh.keys:
        notes.append(f"{drawn} of {len(mesh.keys)} shape keys are drawn{_undrawn(drawn, mesh)}")
    if mesh.texture is not None:
        skin = _baked(mesh, start + moved, store)
        whose = {"sex": "male" if marks.sex > 0.5 else "female", "age_years": marks.age_years}
        about |= {"kind": "skin", "share": 0.0, **whose}
        ids.append(put(f"{name}-skin"[:64], about, {"skins": skin}, replace))
        notes.append("its texture is a skin of its own, with share 0")
    return ids, notes


def _undrawn(drawn: int, mesh: OwnMesh) -> str:
    return "" if drawn == len(mesh.keys) else ": raise `high` under [keys] for those that shall be"


def _neutral(model: HeadModel, sex: float, age_years: float, ancestry: str) -> F64Array:
    groups = dict.fromkeys(("african", "asian", "european"), 0.0) | {ancestry: 1.0}
    whole = {"sex": sex, "age_years": age_years, "weight": 0.5, "muscle": 0.5, "shape": {}}
    identity = IdentitySpec.model_validate({**whole, **groups})
    return model.targets.neutral(identity).astype(np.float64)


def _with_eyes(
    moved: F64Array, start: F64Array, mesh: OwnMesh, marks: HeadMarks, model: HeadModel
) -> F64Array:
    """The eyeballs' helpers brought to the balls that the user marked."""
    out = moved.copy()
    for side, (first, last) in model.facts.eye_ranges.items():
        chosen = getattr(marks, f"{side}_eye")
        if len(chosen) < 4:
            continue
        ball = start[first : last + 1]
        theirs = mesh.points[list(chosen)]
        low, high = theirs.min(0), theirs.max(0)
        ratio = (high - low)[:2].mean() / (ball.max(0) - ball.min(0))[:2].mean()
        centre = (ball.max(0) + ball.min(0)) / 2
        out[first : last + 1] = (ball - centre) * ratio + (low + high) / 2 - ball
    return out


def _targets(moved: list[F64Array]) -> dict[str, NDArray[Any]]:
    """Sparse displacements, as the store has targets."""
    rows = [np.flatnonzero(np.linalg.norm(m, axis=1) > _STILL_M) for m in moved]
    return {
        "head.offsets": np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64),
        "head.vertex": np.concatenate(rows).astype(np.int32),
        "head.delta": np.concatenate([m[r] for m, r in zip(moved, rows, strict=True)]).astype(
            np.float32
        ),
    }


def _baked(mesh: OwnMesh, cage: F64Array, store: Store) -> NDArray[np.uint8]:
    """(1024, 1024, 3) their texture over the UVs of our base mesh; elsewhere its mean colour."""
    assert mesh.texture is not None
    base = HeadMesh.of(store)
    head = base.rest_m[base.quads, 1].mean(1) > _LOWEST_M
    raster = draw_quads(base.quads[head], base.quad_uv[head], (0.0, 1.0, 0.0, 1.0), _TEXELS)
    wanted = raster.gutter_texels < 4
    places = raster.draw(cage.astype(np.float32))[wanted].astype(np.float64)
    corners = mesh.points[mesh.triangles]
    share = np.array(
        [[a, b, 1 - a - b] for a, b in ((1 / 3, 1 / 3), (0.6, 0.2), (0.2, 0.6), (0.2, 0.2))]
    )
    samples = np.einsum("sk,tki->tsi", share, corners).reshape(-1, 3)
    at = np.einsum("sk,tki->tsi", share, mesh.uv).reshape(-1, 2)
    # What lies farther off is not on the mesh, and asking for it takes long.
    distance, near = cKDTree(samples).query(places, k=3, distance_upper_bound=_SEEN_M)
    shown = np.isfinite(distance[:, 0])
    near = np.where(np.isfinite(distance), near, near[:, :1])[shown]
    weight = np.where(np.isfinite(distance), 1 / np.maximum(distance, 1e-5), 0.0)[shown]
    height, width = mesh.texture.shape[:2]
    uv = np.mod(at[near], 1)
    row = ((1 - uv[..., 1]) * height).astype(int).clip(0, height - 1)
    column = (uv[..., 0] * width).astype(int).clip(0, width - 1)
    seen = (mesh.texture[row, column] * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)
    mean = seen.mean(0)
    painted = np.broadcast_to(mean, (len(places), 3)).copy()
    painted[shown] = seen
    out = np.empty((_TEXELS, _TEXELS, 3), np.float64)
    out[:] = mean
    out[wanted] = painted
    return np.ascontiguousarray(out[::-1].clip(0, 255).astype(np.uint8))
