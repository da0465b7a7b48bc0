"""How finely a scene is built follows the size of the head in the image."""

from __future__ import annotations

import pytest

from renderer.detail import detail_of, pixels_per_metre
from renderer.settings import RenderSettings
from spec_schema.frames import intrinsics
from spec_schema.spec import SceneSpec
from tests.make_specs import make_spec


def _at(distance_m: float) -> SceneSpec:
    return make_spec(pose={"z_m": distance_m})


def test_scale_is_that_of_the_intrinsics() -> None:
    spec = _at(1.3)
    k = intrinsics(spec.camera.focal_length_mm, spec.camera.sensor_width_mm, 640)
    assert pixels_per_metre(spec, 640) == pytest.approx(k[0, 0] / 1.3, rel=1e-6)


def test_a_farther_head_never_gets_more() -> None:
    settings = RenderSettings()
    details = [detail_of(_at(z), settings) for z in (0.2, 0.5, 1, 2, 4, 8, 16)]
    texels = [d.skin_texels for d in details]
    strands = [d.hair for d in details]
    assert texels == sorted(texels, reverse=True)
    assert strands == sorted(strands, reverse=True)
    assert {texels[0], texels[-1]} == {2048, 512}
    assert (strands[0], strands[-1]) == (1.0, 0.3)


def test_a_larger_image_and_the_quality_count() -> None:
    spec = _at(5.0)
    small, large = (detail_of(spec, RenderSettings(size_px=s)) for s in (320, 4096))
    assert large.skin_texels > small.skin_texels
    assert large.hair > small.hair
    half = detail_of(spec, RenderSettings(size_px=4096, hair_detail=0.5))
    assert half.hair == pytest.approx(0.5 * large.hair)


def test_a_draft_of_a_small_head_is_not_thinned_twice() -> None:
    spec = _at(16.0)
    plain, draft = (detail_of(spec, RenderSettings(hair_detail=d)) for d in (1.0, 0.7))
    assert draft.hair == plain.hair == 0.3
