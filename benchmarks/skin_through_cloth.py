"""Skin that comes through clothes, and clothes that cut into skin, over random specs.

    python -m benchmarks.skin_through_cloth --specs 1000
    python -m benchmarks.skin_through_cloth --specs 100 --start 400 --rows cloth.csv

A vertex of skin that is drawn shows through if it lies outside the cloth, by more than
0.3 mm and less than five, before the inside of a piece of cloth, not at its edge, and if no cloth
lies before it within 3 cm along its normal, as it does under a lining or in a crease, and cloth
lies behind it. A hole is
where the camera would see skin that is not drawn, by pixels of a picture of 320. Heads of random
specs are turned on their torsos. With ``--rows`` a long run can be made in pieces: all that the
file holds is counted.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.spatial import cKDTree

import sampler
from assets.clothing import Clothing, build_clothing
from assets.head import Head, load_head_model
from assets.head.surface import vertex_normals
from assets.store import Store, open_store
from benchmarks.holes import hole_px
from benchmarks.triangles import Triangles
from spec_schema.arrow import row_to_spec
from spec_schema.spec import Item

__all__ = ["depth_in_skin_mm", "shows_through"]

Row = tuple[int, str, int, float, float, int]
"""Spec, garment, vertices of skin before it, how far out and how deep cloth lies in skin in mm,
and pixels of holes."""

TOLERANCE_M: Final = 0.0003
NEAR_M: Final = 0.01
FAR_M: Final = 0.005
ALIKE: Final = 0.7
"""Cosine between the skin's and the cloth's normals: a neck beside a collar is not under it."""
EDGE_M: Final = 0.004
"""Skin so near to the border of a piece is at its edge."""
COVER_M: Final = 0.03
"""How far before skin the cloth lies that hides it."""
BELOW_M: Final = 0.01
"""How far behind skin lies the cloth that it came through."""


def _border(points_m: NDArray[np.float64], faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """Vertices on the border of a mesh, corners at equal places being one."""
    _, same = np.unique(np.round(points_m, 6), axis=0, return_inverse=True)
    faces = np.where(faces < 0, faces[:, :1], faces)
    corners = same.reshape(-1)[faces]
    a, b = corners.ravel(), np.roll(corners, -1, 1).ravel()
    edge = a != b
    n = int(same.max()) + 1
    key = np.minimum(a, b)[edge].astype(np.int64) * n + np.maximum(a, b)[edge]
    found, count = np.unique(key, return_counts=True)
    single = found[count == 1]
    return np.flatnonzero(np.isin(same.reshape(-1), np.concatenate([single // n, single % n])))


def shows_through(item: Item, head: Head, store: Store) -> tuple[int, float]:
    """Drawn vertices of skin before the cloth, and how far the farthest stands out in mm."""
    return _shown(build_clothing(item, head, store), head)


def _shown(clothing: Clothing, head: Head) -> tuple[int, float]:
    drawn = np.unique(head.faces[~clothing.hidden_faces])
    skin = head.vertices_m[drawn].astype(np.float64)
    mesh = clothing.meshes[0]
    cloth = mesh.vertices_m.astype(np.float64)
    near = cKDTree(cloth).query(skin, distance_upper_bound=NEAR_M)[0] < NEAR_M
    border = _border(cloth, mesh.faces)
    if len(border):
        near &= cKDTree(cloth[border]).query(skin)[0] > EDGE_M
    if not near.any():
        return 0, 0.0
    out = Triangles(cloth, mesh.faces).signed(skin[near])
    # Cloth over the far side of an arm is no nearer than the arm is thick.
    facing = vertex_normals(mesh.vertices_m, _as_quads(mesh.faces))
    _, at = cKDTree(cloth).query(skin[near])
    same_way = (facing[at] * head.normals[drawn][near]).sum(1) > ALIKE
    found = np.flatnonzero((out > TOLERANCE_M) & (out < FAR_M) & same_way)
    rays = head.normals[drawn][near][found].astype(np.float64)
    open_ = found[~_covered(skin[near][found], rays, cloth, mesh.faces, COVER_M)]
    # Skin beside the roll of a collar has none of it below.
    inwards = -head.normals[drawn][near][open_].astype(np.float64)
    through = out[open_[_covered(skin[near][open_], inwards, cloth, mesh.faces, BELOW_M)]]
    return len(through), 1000 * float(through.max(initial=0.0))


def _covered(
    points: NDArray[np.float64],
    rays: NDArray[np.float64],
    cloth_m: NDArray[np.float64],
    faces: NDArray[np.int32],
    reach_m: float,
) -> NDArray[np.bool_]:
    """(n,) whether cloth lies before points (n, 3) along unit rays (n, 3), within reach."""
    quads = faces[faces[:, 3] >= 0]
    triangles = cloth_m[np.concatenate([faces[:, :3], quads[:, [0, 2, 3]]])]
    a, u, v = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    covered = np.zeros(len(points), bool)
    for i, (point, ray) in enumerate(zip(points, rays, strict=True)):
        # Moeller and Trumbore, "Fast, minimum storage ray-triangle intersection", 1997.
        p = np.cross(ray, v)
        area = np.einsum("ij,ij->i", u, p)
        area = np.where(np.abs(area) < 1e-18, np.inf, area)
        s = point - a
        q = np.cross(s, u)
        first, second = np.einsum("ij,ij->i", s, p) / area, (q @ ray) / area
        far = np.einsum("ij,ij->i", v, q) / area
        within = (first >= 0) & (second >= 0) & (first + second <= 1)
        covered[i] = bool((within & (far > 1e-6) & (far < reach_m)).any())
    return covered


def _as_quads(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    last = np.where(faces[:, 3:] < 0, faces[:, :1], faces[:, 3:])
    return np.asarray(np.concatenate([faces[:, :3], last], axis=1), np.int32)


def depth_in_skin_mm(item: Item, head: Head, store: Store) -> float:
    """The deepest vertex of any piece of a garment in the skin that is drawn."""
    return _depth_mm(build_clothing(item, head, store), head)


def _depth_mm(clothing: Clothing, head: Head) -> float:
    drawn = head.faces[~clothing.hidden_faces]
    used, local = np.unique(drawn, return_inverse=True)
    skin = head.vertices_m[used].astype(np.float64)
    surface = Triangles(skin, local.reshape(-1, 4).astype(np.int32))
    points = np.concatenate([m.vertices_m for m in clothing.meshes]).astype(np.float64)
    apart, at = cKDTree(skin).query(points, distance_upper_bound=NEAR_M)
    close = np.flatnonzero(np.isfinite(apart))
    rough = ((points[close] - skin[at[close]]) * head.normals[used[at[close]]]).sum(1)
    suspect = close[rough < -0.0002]
    # What lies beyond the edge of the drawn skin is under the cloth.
    edge = _border(skin, local.reshape(-1, 4).astype(np.int32))
    if len(edge) and len(suspect):
        suspect = suspect[cKDTree(skin[edge]).query(points[suspect])[0] > EDGE_M]
    deep = -surface.signed(points[suspect]) if len(suspect) else np.zeros(0)
    if len(edge) and len(deep):
        # So it does where the nearest that is drawn is that edge.
        deep = deep[cKDTree(skin[edge]).query(points[suspect])[0] > 1.2 * deep]
    return 1000 * max(0.0, float(deep.max(initial=0.0)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--specs", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0, help="the first spec")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=Path, help="CSV file to add what was found to")
    asked = parser.parse_args()
    store = open_store()
    model = load_head_model(store)
    config = sampler.load_config("facesynthetics", ["clothing.share=1"])
    table = sampler.draw(config, start=asked.start, n=asked.specs, seed=asked.seed)
    made: list[Row] = []
    for k, row in enumerate(table.to_pylist(), asked.start):
        spec = row_to_spec(row, "row")
        if spec.clothing is None:
            continue
        head = model.build(spec)
        clothing = build_clothing(spec.clothing, head, store)
        holes = hole_px(spec, head, clothing.hidden_faces, clothing.meshes)
        made.append(
            (k, spec.clothing.id, *_shown(clothing, head), _depth_mm(clothing, head), holes)
        )
        if asked.rows is not None:
            with asked.rows.open("a", newline="") as file:
                csv.writer(file).writerow(made[-1])
    if asked.rows is not None:
        with asked.rows.open(newline="") as file:
            made = [
                (int(k), i, int(n), float(out), float(deep), int(holes))
                for k, i, n, out, deep, holes in csv.reader(file)
            ]
    _print(made)


def _print(rows: list[Row]) -> None:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[1]].append(row)
    for key, own in sorted(found.items()):
        count, out, deep, holes = np.array([row[2:] for row in own]).T
        typer.echo(
            f"{key:22} {len(own):4} specs, skin through in {int((count > 0).sum()):3}, "
            f"by at most {out.max():5.2f} mm; cloth in skin: mean {deep.mean():5.2f}, "
            f"at most {deep.max():5.2f} mm; holes in {int((holes > 0).sum())}, "
            f"of at most {int(holes.max())} px"
        )
    typer.echo(
        f"{len(rows)} specs: skin through cloth in {sum(r[2] > 0 for r in rows)}, "
        f"cloth deeper than 1 mm in {sum(r[4] > 1 for r in rows)}, "
        f"holes in {sum(r[5] > 0 for r in rows)}"
    )


if __name__ == "__main__":
    main()
