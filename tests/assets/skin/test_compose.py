"""A person's skin: tone as asked for, no seam, the same for the same spec."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.catalog import Catalog
from assets.geometry import F32Array, SkinMaterial
from assets.skin import SkinFields, compose, tone_of
from spec_schema import AssetError
from tests.make_specs import make_spec


def skin(fields: SkinFields, **changes: Any) -> SkinMaterial:
    return compose(make_spec(skin=changes), fields)


def face_mean(fields: SkinFields, colour: F32Array) -> F32Array:
    bare = fields.maps["face"] > 0.9
    for name in ("lips", "eyelids", "rim", "lining"):
        bare = bare & (fields.maps[name] < 0.05)
    return colour[bare].mean(0)


@pytest.mark.parametrize("tone", range(1, 11))
def test_mean_face_albedo_is_the_tones(fields: SkinFields, tone: int) -> None:
    mean = face_mean(fields, skin(fields, monk_tone=tone, flush=0.8, freckles=0.6).colour)
    np.testing.assert_allclose(mean, tone_of(tone, 0).albedo, rtol=0.03)


@pytest.mark.parametrize("texture", Catalog.load().ids("skins"))
def test_tone_does_not_depend_on_the_texture(fields: SkinFields, texture: str) -> None:
    made = skin(fields, monk_tone=5.5, texture=texture)
    np.testing.assert_allclose(face_mean(fields, made.colour), tone_of(5.5, 0).albedo, rtol=0.03)
    assert made.colour.min() > 0
    assert made.colour.max() < 1


def test_window_border_equals_the_body(fields: SkinFields) -> None:
    made = skin(fields, monk_tone=3, freckles=1, moles=1, flush=1)
    u0, u1, v0, v1 = made.window
    count, size = made.colour.shape[0], made.body_colour.shape[0]
    at = (np.arange(count) + 0.5) / count
    rows = np.minimum(((v0 + at * (v1 - v0)) * size).astype(int), size - 1)
    columns = np.minimum(((u0 + at * (u1 - u0)) * size).astype(int), size - 1)
    for window, body in (
        (made.colour[0], made.body_colour[rows[0], columns]),
        (made.colour[-1], made.body_colour[rows[-1], columns]),
        (made.colour[:, -1], made.body_colour[rows, columns[-1]]),
    ):
        # An arm's island crosses the border, and its mottling is drawn there at two resolutions:
        # they differ by a share of what the mottling does.
        assert np.quantile(np.abs(window / body - 1).max(-1), 0.9) < 0.12
        assert np.abs((window / body - 1).mean(0)).max() < 0.015
    edge = np.concatenate([made.roughness[0], made.roughness[-1], made.roughness[:, -1]])
    assert np.ptp(edge) < 1e-6
    for row, at_row in ((0, rows[0]), (-1, rows[-1])):
        window, body = made.height_mm[row], made.body_height_mm[at_row, columns]
        assert np.quantile(np.abs(window - body), 0.9) < 0.06


def test_head_and_body_agree_along_their_seam(fields: SkinFields) -> None:
    """Both islands of UV space show the seam's vertices; so both maps must show one colour."""
    from assets.skin.head_mesh import HeadMesh
    from assets.store import open_store

    mesh = HeadMesh.of(open_store())
    made = skin(fields, monk_tone=4, freckles=1, flush=1)
    u0, u1, v0, v1 = made.window
    in_head = np.isin(mesh.island, mesh.islands["head"])
    in_body = np.isin(mesh.island, mesh.islands["body"])
    corner_uv: dict[bool, dict[int, Any]] = {}
    for is_head, chosen in ((True, in_head), (False, in_body)):
        corner_uv[is_head] = dict(
            zip(
                mesh.quads[chosen].ravel().tolist(),
                mesh.quad_uv[chosen].reshape(-1, 2),
                strict=True,
            )
        )
    shared = sorted(corner_uv[True].keys() & corner_uv[False].keys())
    assert len(shared) > 20
    differences = []
    for vertex in shared:
        u, v = corner_uv[True][vertex]
        n = made.colour.shape[0]
        head = made.colour[int((v - v0) / (v1 - v0) * n), int((u - u0) / (u1 - u0) * n)]
        m = made.body_colour.shape[0]
        body = made.body_colour[tuple(int(x * m) for x in corner_uv[False][vertex][::-1])]
        differences.append(np.abs(head / body - 1).max())
    # The nearest texels' centres lie up to two millimetres apart at this resolution.
    assert np.median(differences) < 0.015
    assert np.max(differences) < 0.10


def test_same_spec_same_bytes_and_other_seed_other_skin(fields: SkinFields) -> None:
    first, again, other = (skin(fields, freckles=0.6, seed=s) for s in (4, 4, 5))
    for name in ("colour", "height_mm", "roughness", "body_colour"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert np.abs(getattr(first, name) - getattr(other, name)).max() > 1e-3


def test_freckles_darken_spots_only(fields: SkinFields) -> None:
    plain, freckled = (skin(fields, freckles=f).colour.mean(-1) for f in (0.0, 1.0))
    ratio = (freckled / plain)[fields.maps["face"] > 0.9]
    assert ratio.min() < 0.8
    assert np.median(ratio) > 0.98


def test_wrinkles_come_with_age_and_expression(fields: SkinFields) -> None:
    forehead = fields.maps["wrinkle_forehead"] < -0.5

    def depth(age: float, raised: float) -> float:
        spec = make_spec(
            identity={"age_years": age},
            expression={
                "browInnerUp": raised,
                "browOuterUpLeft": raised,
                "browOuterUpRight": raised,
            },
            skin={"wrinkles": 0.8},
        )
        return -float(compose(spec, fields).height_mm[forehead].mean())

    assert depth(75, 0) > depth(25, 0) + 0.05
    assert depth(25, 1) > depth(25, 0) + 0.05


def test_tints_darken_where_they_say_and_nowhere_else(fields: SkinFields) -> None:
    spec = make_spec(hair={"melanin": 0.9})
    bare = compose(spec, fields).colour
    tinted = compose(spec, fields, scalp_tint=lambda rest_m: (rest_m[:, 1] > 0.825) * 1.0).colour
    face = fields.maps["face"] > 0.95
    np.testing.assert_allclose(tinted[face], bare[face], rtol=1e-3)
    assert (tinted < 0.7 * bare).mean() > 0.02


def test_scalp_between_roots_is_dull(fields: SkinFields) -> None:
    """A part is seen at a flat angle: bare skin would mirror the sky there."""
    spec = make_spec()
    bare = compose(spec, fields).specular
    haired = compose(spec, fields, scalp_tint=lambda rest_m: (rest_m[:, 1] > 0.825) * 1.0).specular
    changed = haired != bare
    assert 0.05 < changed.mean() < 0.6
    assert np.median(haired[changed] / bare[changed]) == pytest.approx(0.25, abs=0.01)


def test_dark_skin_is_no_glossier(fields: SkinFields) -> None:
    light, dark = (skin(fields, monk_tone=t, oiliness=0.8) for t in (2, 9))
    assert dark.film.mean() < 0.8 * light.film.mean()
    assert dark.specular.mean() < 0.95 * light.specular.mean()
    assert dark.roughness.mean() > light.roughness.mean()


def test_unknown_texture_is_told(fields: SkinFields) -> None:
    with pytest.raises(AssetError, match=r"skin\.texture is 'young_martian'.*did you mean"):
        skin(fields, texture="young_martian")
