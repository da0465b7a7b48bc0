"""From a config to a table of scene specs: which component sees which."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sampler import camera, environment, expression, eyes, gaze, hair, identity, pose, skin, wear
from sampler.columns import Columns, Names, to_table
from sampler.config import SamplerConfig
from sampler.inputs import Inputs
from sampler.pool import Pool
from sampler.streams import F64, Draws
from spec_schema.arrow import arrow_schema
from spec_schema.errors import SpecError, nearest
from spec_schema.frames import camera_from_world_rotation
from spec_schema.spec import ARKIT_UNITS

__all__ = ["BLOCK_ROWS", "SPLITS", "Block", "Sampler"]

SPLITS: Final = ("train", "test", "val")

BLOCK_ROWS: Final = 4096
"""Rows are always computed in whole blocks that start at multiples of this, since a matrix
product may round differently for another number of rows."""

_IDENTITIES_PER_SPLIT: Final = 10**12


@dataclass(frozen=True)
class Block:
    """Some rows, and how many of them met the framing rules without being bent to them."""

    table: pa.Table
    accepted: int


@dataclass(frozen=True)
class _Pools:
    skins: Pool
    irises: Pool
    hair: Pool
    facial_hair: Pool
    glasses: Pool
    headwear: Pool
    clothing: Pool
    hdris: Pool


class Sampler:
    """Draws rows of one config, seed and split. Row k depends on nothing but these and k."""

    def __init__(self, config: SamplerConfig, inputs: Inputs, seed: int, split: str) -> None:
        if split not in SPLITS:
            raise SpecError(f"no split {split!r}; {nearest(split, SPLITS)}")
        if not 0 <= seed < 2**64:
            raise SpecError(f"seed {seed}: must be between 0 and 2**64 - 1")
        self.config, self.inputs, self.seed, self.split = config, inputs, seed, split
        self.shape_keys = tuple(inputs.landmarks.shape_keys)
        self.schema = arrow_schema(self.shape_keys, ARKIT_UNITS)
        c, known = config, inputs.catalog
        self._skins, self._irises = dict(known.skins), dict(known.irises)
        self._hdris = dict(known.hdris)
        self._pools = _Pools(
            skins=skin.pool(self._skins, c.skin),
            irises=eyes.pool(self._irises, c.eyes),
            hair=hair.pool(dict(known.hair_styles), c.hair),
            facial_hair=Pool.of(known.facial_hair_styles, "facial_hair", c.facial_hair.shares),
            glasses=Pool.of(known.glasses, "glasses", c.glasses.shares),
            headwear=Pool.of(known.headwear, "headwear", c.headwear.shares),
            clothing=Pool.of(known.clothing, "clothing", c.clothing.shares),
            hdris=environment.pool(self._hdris, c.environment),
        )

    def blocks(self, start: int, n: int) -> list[tuple[int, int]]:
        """(start, rows) of the pieces in which ``n`` rows from ``start`` are best drawn."""
        stop = start + n
        edges = [start, *range((start // BLOCK_ROWS + 1) * BLOCK_ROWS, stop, BLOCK_ROWS), stop]
        return [(a, b - a) for a, b in itertools.pairwise(edges) if b > a]

    def draw(self, start: int, n: int) -> pa.Table:
        """Rows ``start`` to ``start + n`` as a table with the manifest's schema."""
        tables = [self.draw_block(*piece).table for piece in self.blocks(start, n)]
        return pa.concat_tables(tables) if tables else self.schema.empty_table()

    def draw_block(self, start: int, n: int) -> Block:
        """Rows within one block; ``start`` and ``start + n`` may not straddle two."""
        first = start // BLOCK_ROWS * BLOCK_ROWS
        columns, accepted = self._columns(first)
        table = to_table(self.schema, columns, BLOCK_ROWS).slice(start - first, n)
        return Block(table, int(accepted[start - first : start - first + n].sum()))

    def _draws(self, component: str, first: int) -> Draws:
        return Draws(self.seed, self.split, component, first, BLOCK_ROWS)

    def _columns(self, first: int) -> tuple[Columns, NDArray[np.float64]]:
        c, pools, n = self.config, self._pools, BLOCK_ROWS

        def draws(component: str) -> Draws:
            return self._draws(component, first)

        person = identity.draw(c.identity, draws("identity"))
        shape = identity.draw_shape(
            c.identity.shape, draws("identity.shape"), self.shape_keys,
            self.inputs.landmarks.one_sided,
        )  # fmt: skip
        posed = pose.draw(c.pose, draws("pose"))
        framed = camera.draw_framing(c.camera, draws("camera"))
        unlooking, _ = expression.draw(c.expression, draws("expression"))
        looking = gaze.draw(c.gaze, draws("gaze"))

        # The eyes look at a lens whose place depends on the landmarks, and the lids that follow
        # the eyes move landmarks: place the head, aim, and place it again.
        rotation = posed.camera_from_head
        landmarks = self._landmarks(person, shape, unlooking)
        position = camera.place_head(framed, rotation, landmarks)
        framed, position = camera.keep_distance(c.camera, framed, rotation, landmarks, position)
        aimed = gaze.aim(c.gaze, looking, rotation, position)
        face = expression.look(c.expression.look, unlooking, aimed.yaw_deg, aimed.pitch_deg)
        landmarks = self._landmarks(person, shape, face)
        position = camera.place_head(framed, rotation, landmarks, position)
        lens = camera.solve_lens(c.camera, draws("camera"), framed, rotation, landmarks, position)

        complexion = skin.draw(c.skin, draws("skin"), pools.skins, self._skins, person, c.identity)
        hat = wear.draw(c.headwear, draws("headwear"), pools.headwear, person)
        locks = hair.draw_hair(
            c.hair, draws("hair"), pools.hair, person, complexion.monk_tone, hat.present
        )
        index = np.arange(first, first + n)
        columns: Columns = {
            "sample": {
                "index": index,
                "identity_id": SPLITS.index(self.split) * _IDENTITIES_PER_SPLIT + index,
                "variation": np.zeros(n, np.int64),
                "track_id": None,
                "frame": np.zeros(n, np.int64),
                "split": Names((self.split,), np.zeros(n, np.int64)),
            },
            "pose": {
                "yaw_deg": posed.yaw_deg,
                "pitch_deg": posed.pitch_deg,
                "roll_deg": posed.roll_deg,
                "x_m": position[:, 0],
                "y_m": position[:, 1],
                "z_m": position[:, 2],
            },
            "camera": {
                "azimuth_deg": posed.azimuth_deg,
                "elevation_deg": posed.elevation_deg,
                "roll_deg": posed.camera_roll_deg,
                "focal_length_mm": framed.focal_ratio * c.camera.sensor_width_mm,
                "sensor_width_mm": np.full(n, c.camera.sensor_width_mm),
                "f_number": lens.f_number,
                "focus_distance_m": lens.focus_distance_m,
            },
            "identity": {
                **person.macros(),
                "shape": {k: shape[:, i] for i, k in enumerate(self.shape_keys)},
            },
            "expression": {unit: face[:, i] for i, unit in enumerate(ARKIT_UNITS)},
            "gaze": {
                "yaw_deg": aimed.yaw_deg,
                "pitch_deg": aimed.pitch_deg,
                "distance_m": aimed.distance_m,
            },
            "eyes": eyes.draw(
                c.eyes, draws("eyes"), pools.irises, self._irises, person, complexion.monk_tone
            ),
            "skin": complexion.columns,
            "hair": locks.columns,
            "facial_hair": hair.draw_facial_hair(
                c.facial_hair, draws("facial_hair"), pools.facial_hair, person, locks
            ),
            "brows": hair.draw_brows(c.brows, draws("brows"), person, locks),
            "glasses": wear.draw(c.glasses, draws("glasses"), pools.glasses, person).column,
            "headwear": hat.column,
            "clothing": wear.draw(c.clothing, draws("clothing"), pools.clothing, person).column,
            "environment": environment.draw(
                c.environment,
                draws("environment"),
                pools.hdris,
                self._hdris,
                _stance(posed, rotation, position, complexion.monk_tone),
            ),
            "render_seed": draws("render").seeds("seed"),
        }
        return columns, framed.accepted

    def _landmarks(
        self,
        person: identity.Identity,
        shape: NDArray[np.float32],
        face: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        return self.inputs.landmarks.landmarks_head_m(
            person.macros(), shape, face.astype(np.float32)
        )


def _stance(
    posed: pose.Pose, camera_from_head: F64, position: F64, monk_tone: F64
) -> environment.Stance:
    """How the face stands in the world's light."""
    camera_from_world = camera_from_world_rotation(
        posed.azimuth_deg, posed.elevation_deg, posed.camera_roll_deg
    )
    to_camera = -position / np.linalg.norm(position, axis=1, keepdims=True)

    def in_world(directions: F64) -> F64:
        return np.asarray(np.einsum("nij,ni->nj", camera_from_world, directions))

    return environment.Stance(
        face=in_world(camera_from_head[:, :, 2]),
        to_camera=in_world(to_camera),
        camera_azimuth_deg=posed.azimuth_deg,
        monk_tone=monk_tone,
    )
