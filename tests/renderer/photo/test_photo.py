"""What a camera adds: each effect has its size, and none moves a label."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from renderer.photo import developed, developed_png
from renderer.photo.light import balance_gains, encoded, linear, with_noise
from spec_schema import SegmentationClass
from spec_schema.spec import PhotoSpec

SIDE = 128
CLEAN: dict[str, Any] = {
    "turn_x_deg": 0.0, "turn_y_deg": 0.0, "turn_z_deg": 0.0,
    "vignette": 0.0, "aberration": 0.0, "shake": 0.0, "shake_deg": 0.0, "scale": 1.0,
    "electrons": 1e6, "read_noise": 0.0, "white_balance_mired": 0.0, "tint_ev": 0.0,
    "saturation": 1.0, "infrared": 0.0, "jpeg_quality": 0,
}  # fmt: skip
NO_MASK = np.zeros((SIDE, SIDE), np.uint8)


def photo(pixels: NDArray[np.uint8], seed: int = 5, **changes: Any) -> NDArray[np.uint8]:
    return developed(pixels, PhotoSpec(**{**CLEAN, **changes}), seed, NO_MASK)


def flat(value: int) -> NDArray[np.uint8]:
    return np.full((SIDE, SIDE, 3), value, np.uint8)


def scene() -> NDArray[np.uint8]:
    """Smooth colours, no symmetry."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    planes = [0.2 + 0.6 * x, 0.3 + 0.4 * y * x, 0.7 - 0.5 * y]
    return np.rint(255 * np.stack(planes, axis=-1)).astype(np.uint8)


def dot(x: int, y: int) -> NDArray[np.uint8]:
    """A white square of 3 x 3 pixels about a pixel."""
    pixels = flat(0)
    pixels[y - 1 : y + 2, x - 1 : x + 2] = 255
    return pixels


def middle(plane: NDArray[np.float32]) -> NDArray[np.float64]:
    """(x, y) of the centre of light."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return np.array([(plane * x).sum(), (plane * y).sum()]) / plane.sum()


def test_codes_survive_the_trip_through_light() -> None:
    codes = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(encoded(linear(codes)), codes)


def test_a_clean_camera_changes_next_to_nothing() -> None:
    off = photo(scene()).astype(int) - scene()
    assert np.abs(off).max() <= 2
    assert abs(off.mean()) < 0.01


@pytest.mark.parametrize(("electrons", "read_noise"), [(2000.0, 0.0), (800.0, 12.0)])
def test_noise_has_the_declared_variance(electrons: float, read_noise: float) -> None:
    for value in (0.1, 0.5):
        light = np.full((256, 256, 3), value, np.float32)
        noisy = with_noise(light, electrons, read_noise, 7)
        grey = noisy @ np.array([0.2126, 0.7152, 0.0722])
        assert grey.mean() == pytest.approx(value, rel=0.002)
        # Brightness keeps its noise: that of three channels, weighted.
        weights = 0.2126**2 + 0.7152**2 + 0.0722**2
        wanted = weights * (value / electrons + (read_noise / electrons) ** 2)
        assert grey.var() == pytest.approx(wanted, rel=0.03)


def test_white_keeps_white() -> None:
    assert (photo(flat(255), electrons=300.0, read_noise=10.0) == 255).all()


def test_noise_is_a_function_of_the_seed() -> None:
    once = photo(scene(), 1, electrons=500.0)
    np.testing.assert_array_equal(once, photo(scene(), 1, electrons=500.0))
    assert (once != photo(scene(), 2, electrons=500.0)).mean() > 0.5


def test_corners_lose_the_declared_light() -> None:
    light = linear(photo(flat(200), vignette=0.3))
    before = linear(np.array([200], np.uint8))[0]
    assert light[0, 0, 1] / before == pytest.approx(0.7, abs=0.02)
    assert light[SIDE // 2, SIDE // 2, 1] / before == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(light[0], light[-1], atol=0.01)


def test_fringes_move_red_out_and_blue_in_and_leave_green() -> None:
    corner = dot(120, 120)
    seen = linear(photo(corner, aberration=0.01))
    green_off = photo(corner, aberration=0.01)[..., 1].astype(int) - photo(corner)[..., 1]
    assert np.abs(green_off).max() <= 1
    red, green, blue = (middle(seen[..., c]) for c in range(3))
    # Corners lie 0.707 picture widths from the centre, this dot 0.628: the shift grows with it.
    way = 0.01 * SIDE * (120 - 63.5) / 64 / np.sqrt(2)
    np.testing.assert_allclose(red - green, way, atol=0.08)
    np.testing.assert_allclose(blue - green, -way, atol=0.08)


@pytest.mark.parametrize("direction", [0.0, 37.0, 90.0, -120.0])
def test_shake_smears_about_the_place_it_was(direction: float) -> None:
    seen = linear(photo(dot(50, 70), shake=0.05, shake_deg=direction))[..., 1]
    np.testing.assert_allclose(middle(seen), [50, 70], atol=0.05)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    turn = np.radians(direction)
    along = ((x - 50) * np.cos(turn) + (y - 70) * np.sin(turn)) ** 2
    spread = np.sqrt((seen * along).sum() / seen.sum())
    # Even along 6.4 px, and the dot's own 3.
    assert spread == pytest.approx(np.sqrt((0.05 * SIDE) ** 2 / 12 + 9 / 12), rel=0.08)


def test_scaling_down_and_up_keeps_the_place_and_loses_detail() -> None:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    blob = np.exp(-((x - 40) ** 2 + (y - 90) ** 2) / 50.0)
    pixels = np.repeat(np.rint(255 * blob)[..., None], 3, axis=2).astype(np.uint8)
    seen = photo(pixels, scale=0.5)
    assert seen.shape == pixels.shape
    np.testing.assert_allclose(middle(seen[..., 1].astype("f4")), [40, 90], atol=0.05)
    checks = np.where((x + y)[..., None] % 2, 255, 0).astype(np.uint8).repeat(3, axis=2)
    assert photo(checks, scale=0.5).std() < 0.05 * checks.std()


def test_white_balance_keeps_the_brightness_of_grey() -> None:
    for mired, tint in ((60.0, 0.0), (-60.0, 0.0), (0.0, 0.3), (25.0, -0.2)):
        gains = balance_gains(mired, tint)
        assert gains @ [0.2126, 0.7152, 0.0722] == pytest.approx(1, abs=1e-6)
        assert (gains[0] > gains[2]) == (mired > 0) or mired == 0
    assert balance_gains(0, 0.3)[1] > 1 > balance_gains(0, 0.3)[0]


def test_grey_has_no_colour() -> None:
    seen = photo(scene(), saturation=0.0, electrons=500.0, white_balance_mired=30.0)
    assert (np.ptp(seen, axis=2) == 0).all()


def test_jpeg_is_worse_at_lower_quality() -> None:
    noisy = photo(scene(), electrons=300.0)
    off = [np.abs(photo(noisy, jpeg_quality=q).astype(int) - noisy).mean() for q in (95, 60, 20)]
    assert 0 < off[0] < off[1] < off[2]


def test_infrared_skin_has_one_brightness_whatever_its_tone() -> None:
    mask = NO_MASK.copy()
    mask[20:100, 20:100] = SegmentationClass.SKIN
    spec = PhotoSpec(**{**CLEAN, "infrared": 1.0})
    seen = []
    for tone in ((60, 40, 30), (224, 180, 160)):
        pixels = flat(120)
        pixels[20:100, 20:100] = tone
        picture = developed(pixels, spec, 3, mask)
        assert (np.ptp(picture, axis=2) == 0).all()
        seen.append(picture)
    inside = [float(p[60, 60, 0]) for p in seen]
    assert inside[0] == pytest.approx(inside[1], abs=2)
    assert inside[0] > 1.5 * seen[0][5, 5, 0]


def test_files_hold_what_the_arrays_say() -> None:
    spec = PhotoSpec(**{**CLEAN, "electrons": 900.0, "jpeg_quality": 80})
    buffer = io.BytesIO()
    Image.fromarray(scene()).save(buffer, "PNG")
    data = developed_png(buffer.getvalue(), spec, 9, NO_MASK)
    assert data == developed_png(buffer.getvalue(), spec, 9, NO_MASK)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), developed(scene(), spec, 9, NO_MASK))
