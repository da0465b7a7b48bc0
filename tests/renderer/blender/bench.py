"""One head on which every proof is tried, with and without a mistake."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from renderer.blender.render import Renderer
from renderer.scene import BuiltScene, build_labels
from spec_schema import SceneSpec
from tests.make_specs import make_spec
from tests.renderer.blender import proofs
from tests.renderer.blender.emitters import NightRenderer, landmark_places, seen_at
from tests.renderer.blender.mutants import Mutant
from tests.renderer.blender.scenes import even_light
from tests.renderer.blender.truth import (
    SETTINGS,
    Array,
    Shot,
    built,
    encoded,
    random_spec,
    taken,
)

__all__ = ["PROOFS", "Bench"]

PROOFS = ("passes", "vertices", "mask", "emitters", "angles")

_SETTINGS = SETTINGS.model_copy(update={"size_px": 144})
_LANDMARKS = [0, 8, 19, 30, 45, 48]
"""No one the mirror image of another."""


def _turned(**angles: float) -> SceneSpec:
    """A face on the axis, turned about one axis alone."""
    pose = {"yaw_deg": 0, "pitch_deg": 0, "roll_deg": 0, "x_m": 0, "y_m": 0.01, "z_m": 1.5}
    # The gaze follows, so that lids stay open.
    return make_spec(
        pose={**pose, **angles},
        camera={"azimuth_deg": 0, "elevation_deg": 0, "focal_length_mm": 170, "f_number": 128},
        gaze={"yaw_deg": 0, "pitch_deg": 0},
        expression={},
    )


class Bench:
    """Takes pictures, again only where a mistake changes them."""

    def __init__(self) -> None:
        self._renderer = Renderer(_SETTINGS, even_light)
        self._night = NightRenderer(_SETTINGS.model_copy(update={"outputs": ()}))
        self._specs = [
            random_spec(2),
            _turned(),
            _turned(yaw_deg=25.0),
            _turned(pitch_deg=18.0),
            _turned(roll_deg=20.0),
        ]
        self._scenes = [built(spec, _SETTINGS) for spec in self._specs]
        self._images = [self._render(i, scene) for i, scene in enumerate(self._scenes)]
        self._spots = self._photograph(self._scenes[0])

    def _render(self, number: int, scene: BuiltScene) -> Any:
        return self._renderer.render(scene.geometry, self._specs[number], scene.camera_from_world)

    def _photograph(self, scene: BuiltScene) -> Array:
        labels = self._scenes[0].labels if hasattr(self, "_scenes") else scene.labels
        scale = labels["camera"]["intrinsics"][0, 0] / labels["landmarks"]["camera_m"][:, 2]
        spec = self._specs[0]
        places = landmark_places(scene, spec)[_LANDMARKS]
        camera = scene.camera_from_world
        return seen_at(self._night, places, spec, camera, scale[_LANDMARKS])

    def caught(self, mutant: Mutant) -> dict[str, str]:
        """What each proof says to a mistake: why it fails, or nothing where it holds."""
        with mutant.active():
            shots = [self._shot(i, mutant) for i in range(len(self._specs))]
            spots = self._photograph(self._scene(0, mutant)) if mutant.renders else self._spots
        tries: dict[str, Callable[[], None]] = {
            "passes": lambda: proofs.passes_meet_the_labelled_mesh(shots[0]),
            "vertices": lambda: proofs.passes_meet_the_dense_vertices(shots[0]),
            "mask": lambda: proofs.mask_meets_the_regions(shots[0]),
            "emitters": lambda: proofs.emitters_meet_the_landmarks(
                spots, shots[0].record["landmarks"]["image_px"][_LANDMARKS]
            ),
            "angles": lambda: _each_turn_is_seen(shots[1], shots[2:]),
        }
        return {name: _verdict(tries[name]) for name in PROOFS}

    def _scene(self, number: int, mutant: Mutant) -> BuiltScene:
        if mutant.builds:
            return built(self._specs[number], _SETTINGS)
        labels = build_labels(self._specs[number], _SETTINGS)
        return dataclasses.replace(self._scenes[number], labels=labels)

    def _shot(self, number: int, mutant: Mutant) -> Shot:
        scene = self._scene(number, mutant)
        # Only mistakes that move the head can make angles look wrong in a picture.
        again = mutant.builds or (mutant.renders and number == 0)
        images = self._render(number, scene) if again else self._images[number]
        return taken(
            self._specs[number], scene, encoded(self._specs[number], scene, images, _SETTINGS)
        )


def _each_turn_is_seen(frontal: Shot, turned: list[Shot]) -> None:
    for shot in turned:
        proofs.angles_are_seen(frontal, shot)


def _verdict(proof: Callable[[], None]) -> str:
    try:
        with np.errstate(all="ignore"):
            proof()
    except AssertionError as e:
        return str(e)
    return ""
