"""From a config to a table of scene specs: which component sees which."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets.mouth import teeth_sets
from assets.user import is_user
from sampler import environment, eyes, facial_hair, hair, identity, mouth, photo, skin, wear
from sampler.acceptance import MOST_BENT, Tally
from sampler.columns import Columns, Names, to_table
from sampler.config import SamplerConfig
from sampler.face_measures import Plausible
from sampler.inputs import Inputs
from sampler.layout import StillsLayout, TracksLayout, placed_once
from sampler.one_thread import one_blas_thread
from sampler.own_heads import OwnHeads
from sampler.pool import Pool
from sampler.staging import EachAlone, People, Staged, Stager, Together
from sampler.streams import F64, Draws
from sampler.track_staging import OnTracks
from spec_schema.arrow import arrow_schema
from spec_schema.errors import SpecError, nearest
from spec_schema.frames import camera_from_world_rotation
from spec_schema.spec import ARKIT_UNITS, WORN_SLOTS

__all__ = ["BLOCK_ROWS", "SPLITS", "Block", "Sampler"]

SPLITS: Final = ("train", "test", "val")

BLOCK_ROWS: Final = 4096
"""Rows are always computed in whole blocks that start at multiples of this, since a matrix
product may round differently for another number of rows."""

_IDENTITIES_PER_SPLIT: Final = 10**12


@dataclass(frozen=True)
class Block:
    """Some rows, and how many candidates were drawn for them."""

    table: pa.Table
    tally: Tally


@dataclass(frozen=True)
class _Pools:
    skins: Pool
    irises: Pool
    teeth: Pool
    hair: Pool
    facial_hair: Pool
    worn: wear.Wardrobe
    hdris: Pool
    backgrounds: Pool


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
            teeth=mouth.pool(teeth_sets(), c.mouth),
            hair=hair.pool(dict(known.hair_styles), c.hair),
            facial_hair=Pool.of(known.facial_hair_styles, "facial_hair", c.facial_hair.shares),
            worn=wear.Wardrobe(
                {s: Pool.of(getattr(known, s), s, getattr(c, s).shares) for s in WORN_SLOTS}
            ),
            hdris=environment.pool(self._hdris, c.environment),
            backgrounds=Pool.of(
                known.backgrounds, "environment.background", c.environment.background.shares
            ),
        )
        self._plausible = Plausible.of(c.identity.shape.plausible, inputs.landmarks)
        self._heads = OwnHeads(inputs.heads, self.shape_keys)
        self._stager = self._staged_by()

    def asset_lock(self) -> dict[str, str]:
        """Hashes of the packs, and of the user's assets that can be drawn."""
        pools = [
            self._pools.skins,
            self._pools.hdris,
            self._pools.backgrounds,
            *self._pools.worn.pools.values(),
        ]
        drawn = {
            i
            for pool in pools
            for i, share in zip(pool.ids, pool.share_female + pool.share_male, strict=True)
            if share > 0
        }
        drawn |= set(self._heads.drawn)
        lock = self.inputs.asset_lock
        return {k: v for k, v in lock.items() if k in drawn or not is_user(k)}

    def _staged_by(self) -> Stager:
        c, layout, landmarks = self.config, self.config.layout, self.inputs.landmarks
        if isinstance(layout, TracksLayout):
            return OnTracks(c, self._draws, landmarks, self._people)
        if placed_once(layout):
            return Together(c, self._draws, landmarks, self._people)
        return EachAlone(c, self._draws, landmarks)

    def blocks(self, start: int, n: int) -> list[tuple[int, int]]:
        """(start, rows) of the pieces in which ``n`` rows from ``start`` are best drawn.

        Raises:
            SpecError: ``start`` or ``n`` is negative or no whole number.
        """
        for name, value in (("start", start), ("n", n)):
            if not isinstance(value, int | np.integer) or value < 0:
                raise SpecError(f"{name} is {value!r}: must be a whole number, 0 or more")
        stop = start + n
        edges = [start, *range((start // BLOCK_ROWS + 1) * BLOCK_ROWS, stop, BLOCK_ROWS), stop]
        return [(a, b - a) for a, b in itertools.pairwise(edges) if b > a]

    def draw(self, start: int, n: int) -> pa.Table:
        """Rows ``start`` to ``start + n`` as a table with the manifest's schema."""
        with one_blas_thread():
            tables = [self.draw_block(*piece).table for piece in self.blocks(start, n)]
        return pa.concat_tables(tables) if tables else self.schema.empty_table()

    def draw_block(self, start: int, n: int) -> Block:
        """Rows within one block; ``start`` and ``start + n`` may not straddle two."""
        first = start // BLOCK_ROWS * BLOCK_ROWS
        columns, staged = self._columns(first)
        self._check_framing(staged)
        rows = slice(start - first, start - first + n)
        tally = Tally(n, int(staged.candidates[rows].sum()), int(staged.bent[rows].sum()))
        return Block(to_table(self.schema, columns, BLOCK_ROWS).slice(start - first, n), tally)

    def _check_framing(self, staged: Staged) -> None:
        # Rows that share a placement, as in tracks, say little about the config.
        layout = self.config.layout
        alone = isinstance(layout, StillsLayout) and layout.variations == 1
        bent = float(staged.bent.mean())
        if alone and bent > MOST_BENT:
            raise SpecError(
                f"camera: {bent:.0%} of the framings can't keep accept.min_face = "
                f"{self.config.accept.min_face:g}, camera.margin = {self.config.camera.margin:g} "
                f"and camera.min_distance_m = {self.config.camera.min_distance_m:g}; let "
                "camera.face_size, centre_x, centre_y and focal_length draw what these allow"
            )

    def _draws(self, stream: str, first: int, n: int, repeat: int) -> Draws:
        component = getattr(self.config, stream.partition("/")[0], None)
        return Draws(
            self.seed, self.split, stream, first, n, repeat,
            even=self.config.layout.sequence == "sobol",
            copula=getattr(component, "copula", None),
        )  # fmt: skip

    def _person(self, first: int, n: int, repeat: int) -> identity.Identity:
        drawn = identity.draw(self.config.identity, self._draws("identity", first, n, repeat))
        return self._heads.person(drawn, self._heads.chosen(self._own_draws(first, n, repeat)))

    def _own_draws(self, first: int, n: int, repeat: int) -> Draws:
        return self._draws("identity/own", first, n, repeat)

    def _people(self, first: int, n: int, repeat: int) -> People:
        return self._shaped(self._person(first, n, repeat), first, n, repeat)

    def _shaped(self, person: identity.Identity, first: int, n: int, repeat: int) -> People:
        c, keys = self.config.identity.shape, self.shape_keys
        landmarks, macros = self.inputs.landmarks, person.macros()
        drawn = identity.draw_shape(
            c, self._draws("identity.shape", first, n, repeat), keys, landmarks.one_sided
        )
        shape = self._plausible.drawn_in(drawn)
        shape += identity.trend(c, person, keys, landmarks.one_sided)
        identity.within_limits(shape, keys, landmarks.one_sided)
        own = self._own_draws(first, n, repeat)
        shape = self._heads.shape(shape, self._heads.chosen(own), own)
        return People(macros, shape)

    def _columns(self, first: int) -> tuple[Columns, Staged]:
        c, pools, n = self.config, self._pools, BLOCK_ROWS
        layout = c.layout
        each = layout.rows_an_identity

        def draws(component: str) -> Draws:
            return self._draws(component, first, n, 1 if layout.varies(component) else each)

        person = self._person(first, n, each)
        people = self._shaped(person, first, n, each)
        staged = self._stager.rows(first, n, people)
        posed, framed, position, face = staged.posed, staged.framed, staged.position, staged.face

        complexion = skin.draw(c.skin, draws("skin"), pools.skins, self._skins, person, c.identity)
        worn: list[wear.Wear] = []

        def dress(slot: str, bare: NDArray[np.bool_] | None = None) -> None:
            held = getattr(c, slot)
            worn.append(wear.draw(held, draws(slot), slot, pools.worn, person, worn, bare))

        last = WORN_SLOTS.index("headwear") + 1
        for slot in WORN_SLOTS[:last]:
            dress(slot)
        hat = pools.worn.presses_hair(worn[-1])
        locks = hair.draw_hair(c.hair, draws("hair"), pools.hair, person, complexion.monk_tone, hat)
        for slot in WORN_SLOTS[last:]:
            dress(slot, ~locks.holds)
        light = environment.draw(
            c.environment,
            draws("environment"),
            pools.hdris,
            self._hdris,
            pools.backgrounds,
            _stance(staged, complexion.monk_tone),
        )
        columns: Columns = {
            "sample": self._sample(first, n),
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
                "f_number": staged.lens.f_number,
                "focus_distance_m": staged.lens.focus_distance_m,
            },
            "identity": {
                **people.macros,
                "shape": {k: people.shape[:, i] for i, k in enumerate(self.shape_keys)},
            },
            "expression": {unit: face[:, i] for i, unit in enumerate(ARKIT_UNITS)},
            "gaze": {
                "yaw_deg": staged.aimed.yaw_deg,
                "pitch_deg": staged.aimed.pitch_deg,
                "distance_m": staged.aimed.distance_m,
            },
            "eyes": eyes.draw(
                c.eyes,
                draws("eyes"),
                pools.irises,
                self._irises,
                person,
                complexion.monk_tone,
                eyes.white_cd_m2(
                    c.eyes.pupil, c.environment, light, self._hdris, complexion.monk_tone
                ),
            ),
            "mouth": mouth.draw(c.mouth, draws("mouth"), pools.teeth, person),
            "skin": complexion.columns,
            "hair": locks.columns,
            "facial_hair": facial_hair.draw_facial_hair(
                c.facial_hair, draws("facial_hair"), pools.facial_hair, person, locks.colour
            ),
            "brows": facial_hair.draw_brows(c.brows, draws("brows"), person, locks.colour),
            **{each.slot: each.column for each in worn},
            "environment": light,
            "photo": photo.draw(c.photo, draws("photo"), light["scheme"], staged.sweep_deg),
            "render_seed": self._draws("render", first, n, 1).seeds("seed"),
        }
        return columns, staged

    def _sample(self, first: int, n: int) -> Columns:
        layout = self.config.layout
        index = np.arange(first, first + n)
        position, within = np.divmod(index, layout.rows_an_identity)
        identity_id = SPLITS.index(self.split) * _IDENTITIES_PER_SPLIT + position
        none = np.zeros(n, np.int64)
        tracks = isinstance(layout, TracksLayout)
        rate_hz = layout.frame_rate_hz if isinstance(layout, TracksLayout) else 1.0
        return {
            "index": index,
            "identity_id": identity_id,
            "variation": none if tracks else within,
            "track_id": identity_id if tracks else None,
            "frame": within if tracks else none,
            "time_s": within / rate_hz if tracks else np.zeros(n),
            "split": Names((self.split,), none),
        }


def _stance(staged: Staged, monk_tone: F64) -> environment.Stance:
    """How the face stands in the world's light."""
    posed, position = staged.lit, staged.lit_position
    camera_from_world = camera_from_world_rotation(
        posed.azimuth_deg, posed.elevation_deg, posed.camera_roll_deg
    )
    to_camera = -position / np.linalg.norm(position, axis=1, keepdims=True)

    def in_world(directions: F64) -> F64:
        return np.asarray(np.einsum("nij,ni->nj", camera_from_world, directions))

    return environment.Stance(
        face=in_world(posed.camera_from_head[:, :, 2]),
        to_camera=in_world(to_camera),
        camera_azimuth_deg=posed.azimuth_deg,
        monk_tone=monk_tone,
        picture_deg=2 * np.degrees(np.arctan(0.5 / staged.framed.focal_ratio)),
    )
