"""What hair costs, and whether it keeps to its rules.

    python -m benchmarks.hair [--specs 40] [--start 0] [--seconds S]
        [--no-render] [--no-costs] [--size 640]

1. CPU seconds to grow and upload scalp hair, as it is and with 60,000 strands of 16 points.
2. CPU seconds to render long hair and none at standard quality, and their ratio.
3. Random specs of the sampler: the deepest strand point in skin, eyes or mouth, and how much of
   the forehead's landmark region lies under hair, by style. For depth about 8,000 strands of a
   head are grown, the first ones of all that a picture has.

Timings are of one thread, on a head that has its distance field; the first call of a style is not
counted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np

from assets.clothing import build_clothing
from assets.geometry import F32Array, Strands
from assets.hair import HeadSurface, eyebrows, facial_hair, scalp_hair
from assets.hair.data import groom_data
from assets.hair.forehead import forehead_cover
from assets.hair.surface import HEAD_BELOW_EYES_M
from assets.head import load_head_model
from assets.store import open_store
from assets.user.worn import build_own
from renderer.sample import render_sample
from renderer.scene import build_scene, hair_surface
from renderer.settings import RenderSettings
from spec_schema.manifest import Manifest
from spec_schema.spec import SceneSpec
from tests.assets.hair.exact_distance import ExactDistance

ROOT: Final = Path(__file__).parents[1]
STYLES: Final = ("short_crop", "side_part", "long_straight", "long_wavy", "afro", "ponytail", "bob")
STEADY: Final = (60_000, 16)
REPEATS: Final = 5
RENDERED: Final = ("bald", "long_straight", "long_wavy")
PAIRS: Final = 3
RULES_DETAIL: Final = 0.25
TOLERATED_M: Final = 0.0005
DEEPEST_SOUGHT_M: Final = 0.009
"""Points farther from the skin than this, on either side, are not measured."""


def draw(n: int, start: int = 0, seed: int = 11) -> list[SceneSpec]:
    """Specs of the default preset."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hair.parquet"
        command = [sys.executable, "-m", "sampler.cli", "--n", str(n), "--seed", str(seed)]
        command += ["--start", str(start)]
        subprocess.run([*command, "-o", str(path)], check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
        return [spec for _, spec in Manifest(path).specs()]


def styled(spec: SceneSpec, style: str) -> SceneSpec:
    """The same scene with other hair, and nothing on the head."""
    hair = spec.hair.model_copy(update={"style": style, "length_scale": 1.0, "recession": 0.0})
    return spec.model_copy(update={"hair": hair, "headwear": None})


def hair_surface_of(spec: SceneSpec) -> HeadSurface:
    """The spec's head in its clothes of the catalogue."""
    store = open_store()
    head = load_head_model(store).build(spec)
    worn, _ = build_own(spec, head, store)
    clothing = None if worn.clothing is None else build_clothing(worn.clothing, head, store)
    return hair_surface(spec, head, () if clothing is None else tuple(clothing.meshes))


def costs(spec: SceneSpec) -> None:
    """Print what growing and uploading takes."""
    from renderer.blender import session
    from renderer.blender.materials import MaterialShop
    from renderer.blender.upload import add_strands

    session.begin()
    import bpy

    print("style            strands  points   grow s  upload s")  # noqa: T201
    for style in STYLES:
        one = styled(spec, style)
        surface = hair_surface_of(one)
        _ = surface.skull.field
        own = scalp_hair(one, surface)
        assert own is not None
        styles = groom_data().styles
        # Tied hair needs its points: fewer strands, as many points in all.
        points = STEADY[1] if styles[style].tie is None else styles[style].points
        wanted = STEADY[0] * STEADY[1] / points
        count = round(styles[style].count * wanted / len(own.points_m))
        steady = styles[style].model_copy(update={"count": count, "points": points})
        for data in (styles[style], steady):
            styles[style] = data
            grow, upload = [], []
            for _ in range(REPEATS):
                t0 = time.process_time()
                strands = scalp_hair(one, surface)
                t1 = time.process_time()
                assert strands is not None
                session.clear()
                t2 = time.process_time()
                add_strands(bpy.context.scene, strands, MaterialShop())
                upload.append(time.process_time() - t2)
                grow.append(t1 - t0)
            assert strands is not None
            n, m = strands.points_m.shape[:2]
            print(  # noqa: T201
                f"{style:16} {n:7} {m:7} {min(grow):8.2f} {min(upload):9.2f}"
                f"  both {min(grow) + min(upload):.2f}",
                flush=True,
            )
    session.clear()


def ratio(spec: SceneSpec, size: int) -> None:
    """Print the render time of hair against a bald head's, of several rounds the median."""
    from renderer.blender.render import Renderer

    settings = RenderSettings(size_px=size, threads=1)
    renderer = Renderer(settings)
    spent: dict[str, list[float]] = defaultdict(list)
    render_sample(0, styled(spec, "bald"), settings, renderer)  # what is loaded once
    for _ in range(PAIRS):
        for style in RENDERED:
            t = time.process_time()
            render_sample(0, styled(spec, style), settings, renderer)
            spent[style].append(time.process_time() - t)
    bald = float(np.median(spent["bald"]))
    for style, seconds in spent.items():
        each = ", ".join(f"{s:.1f}" for s in seconds)
        print(f"render {style:14} {each} CPU s, {np.median(seconds) / bald:.2f} x bald", flush=True)  # noqa: T201


def depth_m(
    strands: Strands, head: HeadSurface, skin: ExactDistance, walls: ExactDistance
) -> float:
    """How deep the deepest point but the roots lies in head and upper neck, eyes or mouth.

    Metres, 0 for none. On the shoulders a garment covers the skin. A point nearer to the mouth's
    walls than to the skin is as deep as the skin is far: there the skin ends, and its side says
    nothing.
    """
    points = strands.points_m[:, 1:].reshape(-1, 3)
    height = (points - head.to_world(head.skull.eye_m)) @ head.world_from_skull[:3, 1]
    points = points[height > -HEAD_BELOW_EYES_M]
    if len(points) == 0:
        return 0.0
    eyes = (head.right_eye_m, head.left_eye_m)
    in_eye = [head.eye_radius_m - np.linalg.norm(points - eye, axis=1).min() for eye in eyes]
    out = skin(points)
    out = np.where(np.abs(walls(points)) < np.abs(out), -np.abs(out), out)
    return max(0.0, -float(out.min()), *(float(d) for d in in_eye))


def rules(n: int, start: int, seconds: float) -> None:
    """Print depth and cover over random specs, of as many as ``seconds`` allow."""
    until = time.monotonic() + seconds
    worst: list[tuple[float, int, str]] = []
    cover: dict[str, list[float]] = defaultdict(list)
    seen = 0
    for index, spec in enumerate(draw(n, start), start):
        if time.monotonic() > until:
            break
        seen += 1
        surface = hair_surface_of(spec)
        inner = surface.masks["inside-mouth"][surface.faces].max(1) > 0.5
        skin, walls = (
            ExactDistance(surface.vertices_m, faces, DEEPEST_SOUGHT_M)
            for faces in (surface.faces[~inner], surface.faces[inner])
        )
        hair = scalp_hair(spec, surface, detail=RULES_DETAIL)
        for strands in (hair, facial_hair(spec, surface, 0.5), *eyebrows(spec, surface)):
            if strands is not None and len(strands.points_m):
                few = Strands(**{**strands.__dict__, "points_m": _some(strands.points_m)})
                worst.append((depth_m(few, surface, skin, walls), index, strands.name))
                if worst[-1][0] > TOLERATED_M:
                    print(f"  spec {index}: {strands.name} {worst[-1][0] * 1e3:.2f} mm", flush=True)  # noqa: T201
        if hair is not None:
            cover[spec.hair.style].append(forehead_cover(hair, surface))
    worst.sort(reverse=True)
    deep = sum(d > TOLERATED_M for d, _, _ in worst)
    print(  # noqa: T201
        f"{seen} specs from {start}, {len(worst)} sets of strands:"
        f" {deep} with a point deeper than 0.5 mm"
    )
    for depth, index, name in worst[:5]:
        print(f"  spec {index}: {name} {depth * 1e3:.2f} mm")  # noqa: T201
    outside = 0
    for style, shares in sorted(cover.items()):
        low, high = groom_data().style(style).forehead
        outside += sum(not low <= share <= high for share in shares)
        print(  # noqa: T201
            f"  {style:18} forehead covered {min(shares):.2f}-{max(shares):.2f},"
            f" declared {low}-{high}"
        )
    print(f"{outside} of {sum(map(len, cover.values()))} outside what is declared")  # noqa: T201


def _some(points: F32Array, most: int = 4000) -> F32Array:
    return points[:: max(len(points) // most, 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--specs", type=int, default=40)
    parser.add_argument("--start", type=int, default=0, help="number of the first spec")
    parser.add_argument("--seconds", type=float, default=1e9, help="for the random specs")
    parser.add_argument("--no-costs", action="store_true")
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--no-render", action="store_true")
    given = parser.parse_args()
    load_head_model(open_store())
    if not (given.no_costs and given.no_render):
        timings(given.size, grown=not given.no_costs, rendered=not given.no_render)
    if given.specs:
        rules(given.specs, given.start, given.seconds)


def timings(size: int, *, grown: bool, rendered: bool) -> None:
    """Print what a frontal head's hair takes."""
    frontal = next(s for s in draw(60) if abs(s.pose.yaw_deg) < 20 and s.clothing is not None)
    build_scene(styled(frontal, "bald"), RenderSettings(size_px=32))
    if grown:
        costs(frontal)
    if rendered:
        ratio(frontal, size)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender may hang when the interpreter ends
