"""What the head's own materials cost in Cycles, against a plain head.

    python -m benchmarks.head_cost [--size 160] [--samples 16] [--repeats 6]

The same bald, unclothed heads are rendered with the materials that samples have (skin, eyes, mouth)
and with one plain Principled material on all of it: no subsurface, no maps, no bump, no glass.
What is timed is the phase ``paths``, Cycles' sampling and denoising, in processor seconds of
one thread. Heads take turns, and the least of the repeats counts: other work on the machine
only ever adds. Also prints what composing the skin's maps takes, at the resolution that the
standard quality of 640 pixels has, warm and with each texture's first use.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from functools import partial

from assets.geometry import SceneGeometry, SurfaceMaterial
from assets.hair import beard_tint, scalp_tint
from assets.skin import SkinFields, compose
from assets.store import open_store
from renderer.blender.render import Renderer
from renderer.scene import BuiltScene, build_scene
from renderer.settings import RenderSettings
from spec_schema.spec import SceneSpec
from tests.make_specs import make_spec

_PLAIN = SurfaceMaterial(colour=(0.5, 0.3, 0.2), roughness=0.5)
_STANDARD_TEXELS = 1024


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _specs() -> list[SceneSpec]:
    light = {
        "power_w": 28.0, "azimuth_deg": 60.0, "elevation_deg": 20.0, "distance_m": 1.5,
        "size_m": 0.3, "temperature_k": 5600.0,
    }  # fmt: skip
    return [
        make_spec(
            pose={"yaw_deg": yaw, "pitch_deg": 0.0, "roll_deg": 0.0, "x_m": 0.0, "z_m": 1.0},
            camera={"azimuth_deg": yaw, "elevation_deg": 0.0, "focal_length_mm": 120.0},
            skin={"monk_tone": tone, "sweat": sweat, "seed": int(tone)},
            environment={"strength": 0.5, "key_light": light},
        )
        for yaw, tone, sweat in ((15.0, 3.0, 0.0), (-40.0, 8.0, 0.6))
    ]


def _paths_s(renderer: Renderer, spec: SceneSpec, built: BuiltScene, plain: bool) -> float:
    """Processor seconds of one picture's paths."""
    spent: dict[str, float] = {}
    running = ""
    since = time.process_time()

    def phase(name: str) -> None:
        nonlocal running, since
        now = time.process_time()
        spent[running] = spent.get(running, 0.0) + now - since
        running, since = name, now

    meshes = built.geometry.meshes
    if plain:
        meshes = tuple(replace(m, material=_PLAIN) for m in meshes)
    renderer.render(SceneGeometry(meshes, ()), spec, built.camera_from_world, phase)
    phase("")
    return spent["paths"]


def _maps_s(specs: list[SceneSpec], repeats: int) -> None:
    fields = SkinFields.load(open_store(), _STANDARD_TEXELS)
    cold: list[float] = []
    warm: list[float] = []
    for spec in specs:
        for k in range(repeats):
            begin = time.process_time()
            compose(spec, fields, partial(scalp_tint, spec), partial(beard_tint, spec))
            took = time.process_time() - begin
            (warm if k else cold).append(took)
    _say(f"skin maps at {_STANDARD_TEXELS}: {min(warm):.2f} s warm, {max(warm):.2f} s at worst;")
    _say(f"{max(cold):.2f} s with the first use of a texture")


def main(size: int, samples: int, repeats: int) -> None:
    """Print the figures."""
    settings = RenderSettings(size_px=size, samples=samples, threads=1, prefilter="fast")
    renderer = Renderer(settings)
    specs = _specs()
    built = [build_scene(spec, settings) for spec in specs]
    _maps_s(specs, repeats)
    least: dict[tuple[int, bool], float] = {}
    for _ in range(repeats):
        for k, spec in enumerate(specs):
            for plain in (True, False):
                took = _paths_s(renderer, spec, built[k], plain)
                least[k, plain] = min(took, least.get((k, plain), took))
    for k, spec in enumerate(specs):
        ours, theirs = least[k, False], least[k, True]
        _say(
            f"tone {spec.skin.monk_tone:g}, yaw {spec.pose.yaw_deg:g}: {ours:.2f} s, plain "
            f"{theirs:.2f} s, ratio {ours / theirs:.2f}"
        )
    ours, theirs = (sum(least[k, p] for k in range(len(specs))) for p in (False, True))
    _say(f"{size} px, {samples} samples, {len(specs)} heads: ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=6)
    options = parser.parse_args()
    main(options.size, options.samples, options.repeats)
    sys.stdout.flush()
    os._exit(0)  # Blender may hang at the end of an interpreter
