"""The catalogue agrees with the packs and the store, and names what a spec gets wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assets import Catalog, open_store
from assets.catalog import HdriEntry
from assets.compile_images import read_exr
from assets.hdri import (
    blender_hdri_path,
    harmonics,
    irradiance_harmonics,
    mean_luminance,
    measure,
    sphere_luminance,
    wall_irradiance,
)
from assets.packs import load_packs
from spec_schema.errors import AssetError
from tests.make_specs import make_spec

CATALOG = Catalog.load()
PACKS = load_packs()


def valid_spec(**changes: Any) -> Any:
    base: dict[str, Any] = {"eyes": {"iris": "brown"}}
    return make_spec(**{**base, **changes})


def test_every_taken_thing_is_in_the_catalogue_and_the_other_way_round() -> None:
    assert set(CATALOG.skins) == set(PACKS["makehuman"].content["skins"])
    assert set(CATALOG.irises) == set(PACKS["makehuman"].content["irises"])
    declared = set(PACKS["hdri-pmndrs"].content["hdris"]) | set(
        PACKS["hdri-blender"].content["hdris"]
    )
    assert set(CATALOG.hdris) == declared
    assert len(CATALOG.hdris) == 18 + 8


@pytest.mark.parametrize("skin_id", sorted(CATALOG.skins))
def test_skin_entry_says_what_its_name_says(skin_id: str) -> None:
    entry = CATALOG.skins[skin_id]
    age, ancestry, sex = skin_id.rstrip("2").split("_")
    assert entry.sex == sex
    assert entry.ancestry == ancestry.replace("caucasian", "european")
    assert entry.age_years == {"young": 25, "middleage": 45, "old": 70}[age]
    assert open_store().array(entry.texture).shape == (512, 512, 3)


@pytest.mark.parametrize("iris_id", sorted(CATALOG.irises))
def test_iris_colour_and_circle_are_those_of_its_texture(iris_id: str) -> None:
    entry = CATALOG.irises[iris_id]
    texture = open_store().array(entry.texture)
    assert texture.shape == (512, 512, 4)
    y_px, x_px = np.mgrid[:512, :512] + 0.5
    for x_centre, y_centre in entry.centres_px:
        radius = np.hypot(x_px - x_centre, y_px - y_centre)
        ring = (radius > entry.pupil_radius_px + 4) & (radius < entry.radius_px - 4)
        np.testing.assert_allclose(texture[ring, :3].mean(axis=0), entry.colour_srgb, atol=6)
        pupil = radius < entry.pupil_radius_px - 4
        assert texture[pupil, :3].mean() < 40


def _check_the_rest(entry: HdriEntry, radiance: NDArray[Any]) -> None:
    found = measure(radiance)
    assert found.width_px == entry.width_px
    assert found.peak_luminance == pytest.approx(entry.peak_luminance, rel=1e-3)
    assert (found.key_azimuth_deg, found.key_elevation_deg) == (
        entry.key_azimuth_deg, entry.key_elevation_deg,
    )  # fmt: skip
    assert found.contrast == pytest.approx(entry.contrast, abs=0.01)
    assert found.temperature_k == pytest.approx(entry.temperature_k, abs=1)


def test_the_key_is_where_the_lamp_is() -> None:
    picture = np.full((64, 128, 3), 0.1, np.float32)
    # Left of the middle (world -z) by 45 degrees, seen from inside, is -x; 30 degrees up.
    picture[20:23, 46:50] = [60.0, 40.0, 20.0]
    found = measure(picture)
    assert found.key_azimuth_deg == pytest.approx(-135, abs=3)
    assert found.key_elevation_deg == pytest.approx(30, abs=3)
    assert found.contrast > 3
    assert found.temperature_k < 5500
    assert found.peak_luminance == pytest.approx(42.8, abs=0.1)


def test_walls_are_lit_from_where_they_face() -> None:
    even = wall_irradiance(np.full((64, 128, 3), 0.7), np.array([0.0, 0.0, 1.0]))
    assert even == pytest.approx([0.7] * 3, rel=1e-3)
    picture = np.zeros((64, 128, 3), np.float32)
    picture[:, 70:] = [1.0, 0.5, 0.25]  # right of the middle: +x
    right, left = (wall_irradiance(picture, np.array([x, 0.0, 0.0])) for x in (1.0, -1.0))
    assert right[0] > 0.9
    assert right[0] == pytest.approx(4 * right[2], rel=1e-6)
    assert left[0] < 0.1


@pytest.mark.parametrize("hdri_id", ["bridge", "esplanade", "night", "studio", "venice"])
def test_luminances_of_the_pack_are_as_measured(hdri_id: str) -> None:
    entry = CATALOG.hdris[hdri_id]
    radiance = open_store().array(f"hdri/{hdri_id}")
    assert entry.source == "pack"
    assert mean_luminance(radiance) == pytest.approx(entry.mean_luminance, abs=1e-4)
    assert sphere_luminance(radiance) == pytest.approx(entry.sphere_luminance, abs=1e-4)
    assert irradiance_harmonics(radiance) == pytest.approx(entry.irradiance, abs=1e-4)
    _check_the_rest(entry, radiance)


@pytest.mark.parametrize("hdri_id", ["blender_city", "blender_night"])
def test_luminances_of_blender_are_as_measured(hdri_id: str) -> None:
    entry = CATALOG.hdris[hdri_id]
    path = blender_hdri_path(entry.file)
    if path is None:
        pytest.skip("bpy is not installed (the render extra)")
    radiance = read_exr(path)
    assert entry.source == "bpy"
    assert mean_luminance(radiance) == pytest.approx(entry.mean_luminance, abs=1e-4)
    assert sphere_luminance(radiance) == pytest.approx(entry.sphere_luminance, abs=1e-4)
    assert irradiance_harmonics(radiance) == pytest.approx(entry.irradiance, abs=1e-4)
    _check_the_rest(entry, radiance)


def test_sphere_mean_of_an_even_light_is_its_level_and_poles_count_little() -> None:
    even = np.full((64, 128, 3), 0.7, np.float32)
    assert sphere_luminance(even) == pytest.approx(0.7, rel=1e-6)
    polar = np.zeros((64, 128, 3))
    polar[0] = 1
    assert mean_luminance(polar) == pytest.approx(1 / 64)
    assert sphere_luminance(polar) == pytest.approx((1 - math.cos(math.pi / 64)) / 2)


@pytest.mark.parametrize("kind", Catalog.kinds())
def test_shares_are_positive_and_ids_are_those_of_the_table(kind: str) -> None:
    entries = getattr(CATALOG, kind)
    assert CATALOG.ids(kind) == list(entries)
    assert all(entry.id == key and entry.share > 0 for key, entry in entries.items())


def test_unknown_kind_is_told() -> None:
    with pytest.raises(AssetError, match="did you mean 'skins'"):
        CATALOG.ids("skin")


def test_plain_spec_passes() -> None:
    CATALOG.check_spec(valid_spec(), "manifest row 7")


@pytest.mark.parametrize("skin_id", sorted(CATALOG.skins))
def test_each_skin_passes(skin_id: str) -> None:
    CATALOG.check_spec(valid_spec(skin={"texture": skin_id}), "row 0")


ITEM = {
    "id": "glases", "red": 0.1, "green": 0.1, "blue": 0.1, "size": 1.0, "roughness": 0.5,
    "metallic": 0.0, "tilt_deg": 0.0, "pattern": 0.0, "print": "plain",
    "second_red": 0.5, "second_green": 0.5, "second_blue": 0.5, "height": 0.0,
    "thickness": 1.0, "seed": 1,
}  # fmt: skip

WRONG = {
    "skin": ({"skin": {"texture": "young_asian_femal"}}, "skin.texture is 'young_asian_femal'"),
    "iris": ({"eyes": {"iris": "brwn"}}, "eyes.iris is 'brwn'"),
    "hair": ({"hair": {"style": "no-such"}}, "hair.style is 'no-such'"),
    "beard": ({"facial_hair": {"style": "no-such"}}, "facial_hair.style is 'no-such'"),
    "light": ({"environment": {"hdri": "citty"}}, "environment.hdri is 'citty'"),
    "glasses": ({"glasses": ITEM}, "glasses.id is 'glases'"),
    "headwear": ({"headwear": ITEM}, "headwear.id is 'glases'"),
    "clothing": ({"clothing": ITEM}, "clothing.id is 'glases'"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_id_is_told_with_row_field_and_value(name: str) -> None:
    changes, message = WRONG[name]
    with pytest.raises(AssetError) as caught:
        CATALOG.check_spec(valid_spec(**changes), "manifest row 7")
    assert str(caught.value).startswith(f"manifest row 7: {message}: no such ")


def test_nearest_id_is_offered() -> None:
    spec = valid_spec(skin={"texture": "young_asian_femal"})
    with pytest.raises(AssetError, match="did you mean 'young_asian_female'"):
        CATALOG.check_spec(spec, "row 0")


def test_irradiance_of_an_even_sky_and_of_a_half_one() -> None:
    normals = np.array([[0.0, 1, 0], [0, -1, 0], [1, 0, 0], [0, 0, -1]])
    even = irradiance_harmonics(np.full((64, 128, 3), 0.7))
    assert harmonics(normals) @ even == pytest.approx(np.full(4, 0.7), abs=1e-3)
    sky = np.zeros((64, 128, 3))
    sky[:32] = 1.0
    assert harmonics(normals) @ irradiance_harmonics(sky) == pytest.approx(
        [1, 0, 0.5, 0.5], abs=0.02
    )


@pytest.mark.parametrize(
    ("column", "toward"), [(64, (0, 0, -1)), (96, (1, 0, 0)), (0, (0, 0, 1)), (32, (-1, 0, 0))]
)
def test_a_lamp_lights_what_is_turned_to_it(
    column: int, toward: tuple[float, float, float]
) -> None:
    picture = np.zeros((64, 128, 3))
    picture[31:33, [column - 1, column]] = 1.0
    lamp = irradiance_harmonics(picture)
    normals = np.array([[0.0, 0, -1], [1, 0, 0], [0, 0, 1], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    assert normals[(harmonics(normals) @ lamp).argmax()] == pytest.approx(toward)
