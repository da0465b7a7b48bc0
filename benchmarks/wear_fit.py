"""How worn things fit: their depth in the skin, and the gaps where they should touch.

    python -m benchmarks.wear_fit --heads 500 --each 6
    python -m benchmarks.wear_fit --heads 4 --each 0        # every item on each head
    python -m benchmarks.wear_fit --heads 100 --start 400 --rows fits.csv

Heads are those of random specs. Each wears ``--each`` items, which go round the catalogue. Prints
for each item the mean and the largest depth and gap in millimetres, then those beyond the limits.
Depth is that of vertices; of the middles of faces, which skin may come through where it is folded
as in an ear, it is told beside it.
With ``--rows`` the fittings are added to a CSV file, and all that it holds are counted: a long
run can be made in pieces.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import typer
from numpy.typing import NDArray

import sampler
from assets.accessories import Wearer, build_item
from assets.accessories.catalogue import ACCESSORY_SLOTS, accessory, accessory_entries
from assets.geometry import Mesh
from assets.head import load_head_model
from assets.store import open_store
from benchmarks.triangles import Triangles
from spec_schema.arrow import row_to_spec
from spec_schema.spec import Item, SceneSpec

__all__ = ["DEPTH_LIMIT_MM", "GAP_LIMIT_MM", "Fit", "fit_of", "skin_of"]

F64Array = NDArray[np.float64]
Row = tuple[int, str, str, float, float, float]
"""Head, slot, entry, depth, depth between vertices and gap in millimetres."""

DEPTH_LIMIT_MM: Final = 1.0
GAP_LIMIT_MM: Final = 3.0
SUSPECT_M: Final = -0.0002
ROUGH_M: Final = 0.002
"""Distances to vertices of the skin are off by so much."""
SECTORS: Final = 12
MANNERS: Final = 128
"""Rows that are drawn at least, so that each slot is worn by some."""
ROUND: Final = ("beanie", "cap", "band", "bandana", "proxy", "hat", "helmet", "turban", "knotted")
"""Kinds that touch the head all round at their edge."""
SEALED: Final = ("mask", "eye_patch", "goggles", "veil", "balaclava")
"""Kinds that touch the face all round."""
PAIRED: Final = ("headphones", "earbuds", "earrings")
"""Kinds that touch both ears."""


@dataclass(frozen=True)
class Fit:
    """One thing on one head."""

    depth_mm: float
    """Of its deepest vertex in the skin; 0 where none is."""
    between_mm: float
    """Of the deepest middle of a face; 0 where none is."""
    gap_mm: float
    """The largest of the distances at the places where it should touch."""


def skin_of(wearer: Wearer) -> Triangles:
    """The outer skin of a head, skull frame."""
    head = wearer.head
    outer = (head.masks["inside-mouth"] < 0.1)[head.faces].all(1)
    return Triangles(wearer.fit.points_m, head.faces[outer])


def fit_of(slot: str, item: Item, wearer: Wearer, surface: Triangles) -> Fit:
    """Build a thing on a head and measure it."""
    meshes = build_item(slot, item, wearer)
    style = accessory(slot, item.id)
    kind = getattr(style, "shape", "") if style.kind == "wrap" else style.kind
    points = [wearer.fit.skull(m.vertices_m.astype(np.float64)) for m in meshes]
    depth = _depth(np.concatenate(points), wearer, surface)
    middles = [_middles(p, m, wearer) for p, m in zip(points, meshes, strict=True)]
    between = _depth(np.concatenate(middles), wearer, surface)
    gaps = [1000 * g for g in _gaps(kind, meshes, points, wearer)]
    return Fit(1000 * depth, 1000 * between, max(gaps, default=0.0))


def _depth(points: F64Array, wearer: Wearer, surface: Triangles) -> float:
    suspect = points[wearer.skin.distance(points) < SUSPECT_M]
    return max(0.0, -float(surface.signed(suspect).min())) if len(suspect) else 0.0


def _middles(points: F64Array, mesh: Mesh, wearer: Wearer) -> F64Array:
    """(n, 3) middles of the faces whose corners are near enough to the skin to have any in it."""
    # Triangles have -1 in their last place.
    faces = np.where(mesh.faces < 0, mesh.faces[:, :1], mesh.faces)
    share = np.where(mesh.faces < 0, 0.0, 1.0)
    corners = points[faces]
    middle = (corners * share[..., None]).sum(1) / share.sum(1)[:, None]
    reach = np.linalg.norm(corners - middle[:, None], axis=-1)
    off = np.abs(wearer.skin.distance(points))[faces]
    return np.asarray(middle[(off <= reach + ROUGH_M).all(1)])


def _gaps(
    kind: str, meshes: tuple[Mesh, ...], points: list[F64Array], wearer: Wearer
) -> Iterator[float]:
    distance = [wearer.skin.distance(p) for p in points]
    everything, far = np.concatenate(points), np.concatenate(distance)
    if kind == "spectacles":
        nose = (np.abs(everything[:, 0]) < 0.016) & (everything[:, 2] > 0.1)
        yield float(far[nose].min())
        for side in (-1.0, 1.0):
            root = wearer.fit.ear_root(side)
            near = np.linalg.norm(everything - root, axis=1) < 0.015
            yield float(far[near].min()) if near.any() else 0.015
    elif kind in ROUND:
        turn = np.arctan2(everything[:, 0], everything[:, 2] - wearer.bare.centre_m[2])
        yield from _by_sector(turn, far)
    elif kind in SEALED:
        own, off = points[0], distance[0]
        if kind in ("veil", "balaclava"):
            own, off = points[1], distance[1]
            face = np.linalg.norm(own - wearer.fit.landmarks_m[30], axis=1) < 0.14
            own, off = own[face], off[face]
        middle = own.mean(0)
        turn = np.arctan2(own[:, 1] - middle[1], own[:, 0] - middle[0])
        yield from _by_sector(turn, off)
    elif kind in PAIRED:
        for side in (-1.0, 1.0):
            yield float(far[everything[:, 0] * side > 0.03].min())
    else:
        yield float(far.min())


def _by_sector(turn: F64Array, distance: F64Array) -> Iterator[float]:
    sector = np.floor((turn + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    for k in range(SECTORS):
        if (sector == k).any():
            yield float(distance[sector == k].min())


def _items(
    specs: list[SceneSpec], start: int, heads: int, each: int
) -> Iterator[tuple[int, str, Item]]:
    """What heads wear, in the manner of the items that were drawn for the slot."""
    catalogue = [(slot, key) for slot in ACCESSORY_SLOTS for key in accessory_entries(slot)]
    manners: dict[str, list[Item]] = defaultdict(list)
    for spec, slot in itertools.product(specs[:MANNERS], ACCESSORY_SLOTS):
        if (item := getattr(spec, slot)) is not None:
            manners[slot].append(item)
    count = each or len(catalogue)
    for k in range(start, start + heads):
        for j in range(k * count, (k + 1) * count):
            slot, key = catalogue[j % len(catalogue)]
            manner = manners[slot][k % len(manners[slot])]
            yield k, slot, manner.model_copy(update={"id": key})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--heads", type=int, default=500)
    parser.add_argument("--start", type=int, default=0, help="the first head")
    parser.add_argument("--each", type=int, default=6, help="items a head; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=Path, help="CSV file to add the fittings to")
    asked = parser.parse_args()
    store = open_store()
    model = load_head_model(store)
    config = sampler.load_config("facesynthetics", [f"{s}.share=1" for s in ACCESSORY_SLOTS])
    last = asked.start + asked.heads
    table = sampler.draw(config, start=0, n=max(last, MANNERS), seed=asked.seed)
    specs = [row_to_spec(row, "row") for row in table.to_pylist()]
    made: list[Row] = []
    worn = _items(specs, asked.start, asked.heads, asked.each)
    for k, own in itertools.groupby(worn, key=lambda entry: entry[0]):
        wearer = Wearer(model.build(specs[k]), store)
        surface = skin_of(wearer)
        for _, slot, item in own:
            fit = fit_of(slot, item, wearer, surface)
            made.append((k, slot, item.id, fit.depth_mm, fit.between_mm, fit.gap_mm))
            if asked.rows is not None:
                with asked.rows.open("a", newline="") as file:
                    csv.writer(file).writerow(made[-1])
    if asked.rows is not None:
        with asked.rows.open(newline="") as file:
            read = csv.reader(file)
            made = [(int(k), s, i, float(d), float(f), float(g)) for k, s, i, d, f, g in read]
    _print(made)


def _print(rows: list[Row]) -> None:
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for _, slot, key, *fit in rows:
        found[slot, key].append((fit[0], fit[1], fit[2]))
    heads = len({row[0] for row in rows})
    typer.echo(f"{heads} heads, {len(rows)} fittings; mean and largest, millimetres")
    for (slot, key), fits in sorted(found.items()):
        depth, between, gap = np.array(fits).T
        over = int(((depth > DEPTH_LIMIT_MM) | (gap > GAP_LIMIT_MM)).sum())
        note = f"  beyond the limits: {over}" if over else ""
        typer.echo(
            f"{slot:10}{key:22} {len(fits):4} depth {depth.mean():5.2f} {depth.max():5.2f}  "
            f"between {between.mean():5.2f} {between.max():5.2f}  "
            f"gap {gap.mean():5.2f} {gap.max():5.2f}{note}"
        )
    depth, between, gap = np.array([row[3:] for row in rows]).T
    typer.echo(
        f"mean depth {depth.mean():.3f} mm; deeper than {DEPTH_LIMIT_MM} mm: vertices of "
        f"{int((depth > DEPTH_LIMIT_MM).sum())}, middles of faces of "
        f"{int((between > DEPTH_LIMIT_MM).sum())}, at most {between.max():.1f} mm; "
        f"gaps above {GAP_LIMIT_MM} mm: {int((gap > GAP_LIMIT_MM).sum())}"
    )


if __name__ == "__main__":
    main()
