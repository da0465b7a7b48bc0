from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.transform import Rotation

from assets.hdri import harmonics
from assets.skin.tone import tone_of
from sampler import Inputs, Sampler, SamplerConfig, camera, draw, framing, load_config, preset_names
from sampler.gaze import lens_angles_deg
from sampler.scene import BLOCK_ROWS
from spec_schema.arrow import row_to_spec, spec_to_row, validate_table
from spec_schema.errors import SpecError
from spec_schema.frames import (
    camera_from_head_rotation,
    camera_from_world_rotation,
    direction_from_angles,
    rotation_y,
)
from spec_schema.spec import ARKIT_UNITS
from tests.sampler.conftest import SHAPE_KEYS
from tests.sampler.tables import column, stack, values

N = 20_480


@pytest.fixture(scope="module")
def many(sampler: Sampler) -> pa.Table:
    return sampler.draw(0, N)


@pytest.mark.parametrize(
    ("start", "n"),
    [(0, 1), (5, 40), (BLOCK_ROWS - 3, 7), (BLOCK_ROWS, BLOCK_ROWS), (1, 2 * BLOCK_ROWS)],
)
def test_a_row_is_the_same_for_any_start_and_number(
    many: pa.Table, sampler: Sampler, start: int, n: int
) -> None:
    assert sampler.draw(start, n).combine_chunks() == many.slice(start, n).combine_chunks()


def test_the_library_call_draws_the_same(
    many: pa.Table, config: SamplerConfig, inputs: Inputs
) -> None:
    table = draw(config, 10, 5, seed=7, inputs=inputs)
    assert table.combine_chunks() == many.slice(10, 5).combine_chunks()


def test_no_rows_are_a_table_too(sampler: Sampler) -> None:
    assert sampler.draw(3, 0).num_rows == 0


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_keeps_the_bounds_of_the_spec(preset: str, inputs: Inputs) -> None:
    table = Sampler(load_config(preset), inputs, 1, "train").draw(0, BLOCK_ROWS)
    for batch in table.to_batches():
        validate_table(batch, preset)


def test_rows_are_scene_specs(many: pa.Table, inputs: Inputs) -> None:
    for row in many.slice(100, 40).to_pylist():
        spec = row_to_spec(row, "row")
        inputs.catalog.check_spec(spec, "row")
        assert spec_to_row(spec) == row


def test_splits_share_nothing(config: SamplerConfig, inputs: Inputs) -> None:
    tables = {s: Sampler(config, inputs, 7, s).draw(0, 500) for s in ("train", "test", "val")}
    ids = [set(column(t, "sample.identity_id").to_pylist()) for t in tables.values()]
    assert not ids[0] & ids[1]
    assert not ids[1] & ids[2]
    assert not ids[0] & ids[2]
    ages = [set(values(t, "identity.age_years")) for t in tables.values()]
    assert not ages[0] & ages[1]
    assert column(tables["val"], "sample.split").unique().to_pylist() == ["val"]


def test_bad_splits_and_seeds_are_refused(config: SamplerConfig, inputs: Inputs) -> None:
    with pytest.raises(SpecError, match="did you mean 'train'"):
        Sampler(config, inputs, 0, "trian")
    with pytest.raises(SpecError, match="seed -1"):
        Sampler(config, inputs, -1, "train")


@pytest.mark.parametrize(("start", "n"), [(-1, 3), (0, -1), (0.5, 2), (0, "3")])
def test_rows_that_are_none_are_refused(sampler: Sampler, start: int, n: int) -> None:
    with pytest.raises(SpecError, match="must be a whole number, 0 or more"):
        sampler.draw(start, n)


def test_framings_that_hardly_ever_fit_are_refused(inputs: Inputs) -> None:
    config = load_config("facesynthetics", ["accept.min_face=0.9"])
    with pytest.raises(SpecError, match=r"framings can't keep accept\.min_face = 0\.9"):
        Sampler(config, inputs, 0, "train").draw(0, 1)


def test_one_component_changes_no_other(many: pa.Table, inputs: Inputs) -> None:
    other = Sampler(
        load_config(overrides=["glasses.share=0.9", "environment.schemes.flash.share=1"]),
        inputs, 7, "train",
    ).draw(0, 2000)  # fmt: skip
    for name in many.column_names:
        same = (
            other.column(name).combine_chunks() == many.slice(0, 2000).column(name).combine_chunks()
        )
        # Photographs and pupils follow the light.
        assert same == (name not in ("glasses", "environment", "photo", "eyes")), name
    assert column(other, "environment.hdri") == column(many.slice(0, 2000), "environment.hdri")


def test_unknown_ids_in_shares_are_refused(inputs: Inputs) -> None:
    for override, hint in (
        ("glasses.shares.rond=1", "glasses.shares: no such id 'rond'; did you mean 'round'"),
        ("hair.under_hat.afr=1", "did you mean 'afro'"),
        ("environment.shares.studi=1", "did you mean 'studio'"),
    ):
        with pytest.raises(SpecError) as caught:
            Sampler(load_config(overrides=[override]), inputs, 0, "train")
        assert hint in str(caught.value)


def test_faces_fill_the_drawn_box(
    many: pa.Table, config: SamplerConfig, inputs: Inputs, sampler: Sampler
) -> None:
    macro = {k: values(many, f"identity.{k}") for k in ("sex", "age_years")}
    landmarks = inputs.landmarks.landmarks_head_m(
        macro, stack(many, "identity.shape", SHAPE_KEYS), stack(many, "expression", ARKIT_UNITS)
    )
    rotation = camera_from_head_rotation(
        *(values(many, f"pose.{a}_deg") for a in ("yaw", "pitch", "roll"))
    )
    position = stack(many, "pose", ("x_m", "y_m", "z_m")).astype(np.float64)
    ratio = values(many, "camera.focal_length_mm") / values(many, "camera.sensor_width_mm")
    size, centre = framing.box(camera.in_camera_axes(landmarks, rotation), position, ratio)
    wanted = [
        camera.draw_framing(config.camera, sampler._draws("camera", f, BLOCK_ROWS, 1))
        for f in range(0, N, BLOCK_ROWS)
    ]
    assert np.abs(size - np.concatenate([w.face_size for w in wanted])).max() * 640 < 0.5
    assert np.abs(centre - np.concatenate([w.centre for w in wanted])).max() * 640 < 0.5
    assert position[:, 2].min() >= config.camera.min_distance_m


def test_focus_lies_on_the_nearer_eye(many: pa.Table) -> None:
    focus, z = values(many, "camera.focus_distance_m"), values(many, "pose.z_m")
    assert (focus <= z + 0.002).all()
    assert (z - focus).max() < 0.06
    profile = np.abs(values(many, "pose.yaw_deg")) > 70
    assert (z - focus)[profile].min() > 0.01


def test_distributions_end_up_in_the_columns(many: pa.Table, inputs: Inputs) -> None:
    picked = Counter(column(many, "environment.hdri").to_pylist())
    own = load_config("facesynthetics").environment.shares
    shares = np.array([own.get(name, e.share) for name, e in inputs.catalog.hdris.items()])
    tests = {
        "yaw": stats.kstest(
            values(many, "pose.yaw_deg"), stats.truncnorm(-90 / 33, 90 / 33, 0, 33).cdf
        ),
        "tone": stats.kstest(values(many, "skin.monk_tone"), stats.uniform(1, 9).cdf),
        "rotation": stats.kstest(
            values(many, "environment.rotation_deg"), stats.uniform(-180, 360).cdf
        ),
        "age": stats.chisquare(
            np.histogram(values(many, "identity.age_years"), np.arange(20, 81, 10))[0],
            N * np.array([0.24, 0.22, 0.18, 0.15, 0.12, 0.09]),
        ),
        "hdri": stats.chisquare(
            [picked[name] for name in inputs.catalog.hdris], N * shares / shares.sum()
        ),
    }
    for item, share in (("glasses", 0.2), ("headwear", 0.12), ("clothing", 0.98)):
        worn = N - many.column(item).null_count
        tests[item] = stats.chisquare([worn, N - worn], [N * share, N * (1 - share)])
    assert len(set(column(many, "environment.hdri").to_pylist())) == len(inputs.catalog.hdris)
    for name, result in tests.items():
        assert result.pvalue > 0.01 / len(tests), name


def test_tone_goes_with_ancestry_but_is_not_tied_to_it(many: pa.Table) -> None:
    tone = values(many, "skin.monk_tone")
    means = {a: tone[values(many, f"identity.{a}") > 0.7] for a in ("european", "asian", "african")}
    assert means["european"].mean() + 1 < means["asian"].mean() < means["african"].mean() - 1
    assert np.percentile(means["european"], 97) > 5
    assert np.percentile(means["african"], 3) < 6.5


def test_textures_suit_the_person(many: pa.Table, inputs: Inputs) -> None:
    entries = [inputs.catalog.skins[i] for i in column(many, "skin.texture").to_pylist()]
    male = values(many, "identity.sex") > 0.5
    assert np.mean(male == [e.sex == "male" for e in entries]) > 0.95
    years = values(many, "identity.age_years") - [e.age_years for e in entries]
    assert np.abs(years).mean() < 12


def test_age_and_sex_show(many: pa.Table) -> None:
    age, male = values(many, "identity.age_years"), values(many, "identity.sex") > 0.5
    old, young = age > 65, age < 35
    assert values(many, "hair.grey")[old & male].mean() > 0.5
    assert values(many, "hair.grey")[young].mean() < 0.05
    assert (
        values(many, "skin.wrinkles")[old].mean()
        > values(many, "skin.wrinkles")[young].mean() + 0.4
    )
    recession = values(many, "hair.recession")
    assert recession[old & male].mean() > 4 * recession[old & ~male].mean()
    bearded = np.array(column(many, "facial_hair.style").to_pylist()) != "shaved"
    assert not bearded[~male].any()
    assert bearded[male].mean() == pytest.approx(0.5, abs=0.02)
    assert values(many, "facial_hair.length_m")[~bearded].max() == 0


def test_hats_decide_what_hair_there_is(many: pa.Table) -> None:
    styles = np.array(column(many, "hair.style").to_pylist())
    hat = many.column("headwear").combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    assert np.count_nonzero(styles[hat] == "bun") == 0
    assert np.mean(styles[~hat] == "bun") > 0.01


def test_left_and_right_agree_and_unnamed_keys_rest(many: pa.Table) -> None:
    left, right = (values(many, f"identity.shape.{s}-eye-scale") for s in "lr")
    assert np.corrcoef(left, right)[0, 1] > 0.9
    assert not np.array_equal(left, right)
    assert not values(many, "identity.shape.unheard-of").any()
    one_sided = values(many, "identity.shape.head-round")
    assert one_sided.min() == 0
    assert 0.5 < np.mean(one_sided == 0) < 0.8


def test_eyes_that_look_into_the_lens_do(many: pa.Table, config: SamplerConfig) -> None:
    rotation = camera_from_head_rotation(
        *(values(many, f"pose.{a}_deg") for a in ("yaw", "pitch", "roll"))
    )
    position = stack(many, "pose", ("x_m", "y_m", "z_m")).astype(np.float64)
    yaw, pitch, distance = lens_angles_deg(rotation, position)
    gaze_yaw, gaze_pitch = values(many, "gaze.yaw_deg"), values(many, "gaze.pitch_deg")
    reachable = np.hypot(yaw / 30, pitch / 20) < 1
    meets = np.hypot(gaze_yaw - yaw, gaze_pitch - pitch) < 0.01
    assert np.mean(meets[reachable]) == pytest.approx(config.gaze.lens_share, abs=0.02)
    assert not meets[~reachable].any()
    assert values(many, "gaze.distance_m")[meets] == pytest.approx(distance[meets], rel=1e-5)
    assert np.hypot(gaze_yaw / 30, gaze_pitch / 20).max() < 1 + 1e-6


def test_lids_follow_the_eyes(many: pa.Table) -> None:
    down = values(many, "gaze.pitch_deg") < -5
    assert values(many, "expression.eyeLookDownLeft")[down].min() > 0.1
    assert values(many, "expression.eyeLookUpLeft")[down].max() == 0
    left = values(many, "gaze.yaw_deg") > 5
    assert values(many, "expression.eyeLookOutLeft")[left].min() > 0.1
    assert values(many, "expression.eyeLookInRight")[left].min() > 0.1
    assert values(many, "expression.eyeLookOutRight")[left].max() == 0


def test_expressions_are_possible(many: pa.Table) -> None:
    jaw, close = values(many, "expression.jawOpen"), values(many, "expression.mouthClose")
    assert (close <= jaw + 1e-7).all()
    for a, b in (("jawLeft", "jawRight"), ("mouthSmileLeft", "mouthFrownLeft")):
        assert (
            np.minimum(values(many, f"expression.{a}"), values(many, f"expression.{b}")).max() == 0
        )
    winks = (
        values(many, "expression.eyeBlinkLeft") - values(many, "expression.eyeBlinkRight")
    ) > 0.5
    other = (
        values(many, "expression.eyeBlinkRight") - values(many, "expression.eyeBlinkLeft")
    ) > 0.5
    assert 0.5 < winks.sum() / other.sum() < 2


def facets(normal: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Nine unit normals: 55 degrees to both sides of one, each also 28 degrees up and down."""
    right = np.cross([0.0, 1.0, 0.0], normal)
    frame = np.stack([right / np.linalg.norm(right), np.zeros(3), normal], axis=1)
    frame[:, 1] = np.cross(frame[:, 2], frame[:, 0])
    return [
        frame @ Rotation.from_euler("xy", [-up, across], degrees=True).apply([0.0, 0.0, 1.0])
        for across in (-55, 0, 55)
        for up in (-28, 0, 28)
    ]


def test_lights_are_metered_at_the_face(many: pa.Table, inputs: Inputs) -> None:
    """Independent metering, row by row, of the light that the manifest asks for."""
    stops, schemes = [], set()
    for row in many.slice(0, 400).to_pylist():
        spec = row_to_spec(row, "row")
        light, pose, camera = spec.environment, spec.pose, spec.camera
        world_from_camera = camera_from_world_rotation(
            camera.azimuth_deg, camera.elevation_deg, camera.roll_deg
        ).T
        face = camera_from_head_rotation(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)[:, 2]
        lens = -np.array([pose.x_m, pose.y_m, pose.z_m])
        normal = world_from_camera @ (face + lens / np.linalg.norm(lens))
        normal /= np.linalg.norm(normal)
        entry = inputs.catalog.hdris[light.hdri]
        parts = []
        for facet in facets(normal):
            tilted = Rotation.from_euler("x", -light.tilt_deg, degrees=True).apply(facet)
            turned = rotation_y(-np.radians(light.rotation_deg)) @ tilted
            from_environment = float(harmonics(turned) @ np.array(entry.irradiance))
            parts.append(max(from_environment, 0.3 * entry.sphere_luminance) * light.strength)
            for lamp in (light.key_light, light.fill_light, light.rim_light):
                if lamp is not None:
                    toward = direction_from_angles(lamp.azimuth_deg, lamp.elevation_deg)
                    facing = max(float(toward @ facet), 0.0)
                    parts[-1] += lamp.power_w / (np.pi * lamp.distance_m) ** 2 * facing
        given = float(np.median(parts))
        skin = float(tone_of(spec.skin.monk_tone, 0.0).albedo @ [0.2126, 0.7152, 0.0722])
        assert light.face_luminance == pytest.approx(0.95 * given * skin, rel=0.03)
        schemes.add(light.scheme)
        if light.scheme not in ("screen", "low_light"):
            stops.append(np.log2(given / 0.7) - 0.09 * (spec.skin.monk_tone - 1))
    assert len(schemes) > 8
    assert np.mean(stops) == pytest.approx(0, abs=0.1)
    assert np.std(stops) == pytest.approx(0.4, abs=0.06)


def test_coarse_environments_are_not_seen(many: pa.Table, inputs: Inputs) -> None:
    shares = []
    for row in many.slice(0, 2000).to_pylist():
        camera, light = row["camera"], row["environment"]
        ratio = 0.5 * camera["sensor_width_mm"] / camera["focal_length_mm"]
        across = inputs.catalog.hdris[light["hdri"]].width_px * 2 * np.arctan(ratio) / (2 * np.pi)
        if across < 16:
            assert light["background"] is not None
        else:
            shares.append(light["background"] is None)
    assert 100 < len(shares) < 2000
    assert np.mean(shares) == pytest.approx(0.7, abs=0.05)
