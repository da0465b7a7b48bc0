from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sampler import Inputs, Sampler, load_config
from sampler.layout import VARIABLE, rows_wanted
from sampler.scene import BLOCK_ROWS, SPLITS
from spec_schema.arrow import row_to_spec, spec_to_row
from spec_schema.errors import SpecError
from spec_schema.spec import ARKIT_UNITS
from tests.sampler.tables import boxes, column, stack, values


def laid_out(inputs: Inputs, split: str = "train", seed: int = 7, **layout: Any) -> Sampler:
    config = load_config(overrides={"layout": layout})
    return Sampler(config, inputs, seed, split)


def one_by_identity(table: pa.Table, name: str, each: int) -> bool:
    """Whether a column is equal over the rows of each identity."""
    rows = table.column(name).combine_chunks()
    first = rows.take(pa.array(np.arange(len(rows)) // each * each))
    return bool(rows == first)


@pytest.fixture(scope="module")
def stability(inputs: Inputs) -> pa.Table:
    return Sampler(load_config("stability"), inputs, 7, "train").draw(0, 32 * 33)


def test_stability_holds_all_but_expression_gaze_and_light(stability: pa.Table) -> None:
    # Little light means more noise and wide pupils, so that photographs and eyes follow it.
    varied = {"expression", "gaze", "eyes", "environment", "photo", "sample", "render_seed"}
    for name in stability.column_names:
        assert one_by_identity(stability, name, 33) == (name not in varied), name
    eyes = pa.Table.from_struct_array(stability.column("eyes").combine_chunks())
    followed = [name for name in eyes.column_names if not one_by_identity(eyes, name, 33)]
    assert followed == ["pupil_ratio"]


def test_faces_of_stability_differ_between_identities(stability: pa.Table) -> None:
    for path in ("pose.yaw_deg", "pose.z_m", "camera.focal_length_mm", "identity.age_years"):
        assert len(set(values(stability, path))) == 32, path


def test_every_variation_has_its_own_draws(stability: pa.Table) -> None:
    for path in ("environment.rotation_deg", "render_seed", "gaze.distance_m"):
        assert len(set(values(stability, path))) > 0.4 * len(stability), path
    smiles = values(stability, "expression.mouthSmileLeft").reshape(32, 33)
    assert (smiles[:, 1:].std(axis=1) > 0).all()


def test_the_first_variation_is_neutral(stability: pa.Table) -> None:
    weights = stack(stability, "expression", ARKIT_UNITS).reshape(32, 33, -1)
    assert not weights[:, 0].any()
    assert (weights[:, 1:].max(axis=2) > 0.02).mean() > 0.99
    gaze = np.hypot(values(stability, "gaze.yaw_deg"), values(stability, "gaze.pitch_deg"))
    assert not gaze.reshape(32, 33)[:, 0].any()


def test_where_gaze_is_held_the_neutral_lids_follow_it(inputs: Inputs) -> None:
    table = laid_out(
        inputs, variations=3, vary=["expression"], neutral_first=True
    ).draw(0, 300)  # fmt: skip
    weights = stack(table, "expression", ARKIT_UNITS)[::3]
    look = [u.startswith("eyeLook") for u in ARKIT_UNITS]
    assert not weights[:, ~np.array(look)].any()
    assert weights[:, look].max(axis=1).min() > 0
    assert one_by_identity(table, "gaze", 3)


def test_identity_variation_and_index_columns(stability: pa.Table) -> None:
    index = np.arange(32 * 33)
    assert np.array_equal(values(stability, "sample.index"), index)
    assert np.array_equal(values(stability, "sample.identity_id"), index // 33)
    assert np.array_equal(values(stability, "sample.variation"), index % 33)
    assert column(stability, "sample.track_id").null_count == len(stability)
    assert not values(stability, "sample.time_s").any()


LAYOUTS: dict[str, dict[str, Any]] = {
    "together": {
        "variations": 33, "vary": ["expression", "gaze", "environment"], "neutral_first": True,
    },
    "poses": {"variations": 7, "vary": ["pose", "environment"]},
    "many": {"variations": 2500, "vary": ["expression"]},
    "sobol": {"variations": 3, "vary": ["camera", "hair"], "sequence": "sobol"},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_row_is_the_same_for_any_start_and_number(inputs: Inputs, layout: str) -> None:
    whole = laid_out(inputs, **LAYOUTS[layout]).draw(0, BLOCK_ROWS + 600)
    fresh = laid_out(inputs, **LAYOUTS[layout])
    for start, n in ((BLOCK_ROWS + 1, 500), (5, 40), (BLOCK_ROWS - 3, 7)):
        part = fresh.draw(start, n).combine_chunks()
        assert part == whole.slice(start, n).combine_chunks(), start


def test_variations_stay_in_the_picture_as_their_expressions_change(
    stability: pa.Table, inputs: Inputs
) -> None:
    low, high = boxes(stability, inputs)
    margin = load_config("stability").camera.margin
    assert low.min() > margin - 1e-4
    assert high.max() < 1 - margin + 1e-4
    moved = (high - low)[:, 1].reshape(32, 33)
    assert (moved.max(axis=1) - moved[:, 0]).max() > 0.01  # jaws drop, and the place is kept


@pytest.mark.parametrize("vary", [name for name in VARIABLE if name != "camera"])
def test_what_is_not_varied_is_held(inputs: Inputs, vary: str) -> None:
    table = laid_out(inputs, variations=4, vary=[vary]).draw(0, 80)
    assert not one_by_identity(table, vary, 4)
    # What a varied component leads to may follow it: pose and light, light and pupils, hat and
    # hair.
    follows = {
        "pose": {"camera", "gaze", "expression", "environment"},
        "expression": set(),
        "gaze": {"expression"},
        "skin": {"eyes", "hair", "facial_hair", "brows", "environment"},
        "hair": {"facial_hair", "brows"},
        "headwear": {"hair"},
        "environment": {"photo", "eyes"},
    }.get(vary, set())
    for name in set(table.column_names) - {vary, "sample", "render_seed"} - follows:
        assert one_by_identity(table, name, 4), name


def test_a_varied_camera_leaves_the_pose_angles(inputs: Inputs) -> None:
    table = laid_out(inputs, variations=4, vary=["camera"]).draw(0, 80)
    for path in ("pose.yaw_deg", "pose.pitch_deg", "pose.roll_deg", "camera.azimuth_deg"):
        rows = values(table, path).reshape(-1, 4)
        assert (rows == rows[:, :1]).all(), path
    assert len(set(values(table, "camera.focal_length_mm"))) == 80


def test_identities_of_variations_are_those_of_single_scenes(inputs: Inputs) -> None:
    """Held components take the draws at the position of the identity."""
    alone = laid_out(inputs).draw(0, 20)
    varied = laid_out(inputs, variations=5, vary=["expression"]).draw(0, 100)
    for name in ("identity", "skin", "hair", "glasses", "clothing"):
        every_fifth = varied.column(name).combine_chunks().take(pa.array(np.arange(0, 100, 5)))
        assert every_fifth == alone.column(name).combine_chunks(), name


def test_rows_of_layouts_are_scene_specs(stability: pa.Table, inputs: Inputs) -> None:
    for row in stability.slice(30, 8).to_pylist():
        spec = row_to_spec(row, "row")
        inputs.catalog.check_spec(spec, "row")
        assert spec_to_row(spec) == row


@pytest.mark.parametrize("preset", ["facesynthetics", "stability", "sequence"])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_splits_share_no_identity(inputs: Inputs, preset: str, seed: int) -> None:
    config = load_config(preset)
    each = config.layout.rows_an_identity
    n = 3000 if each == 1 else 40 * each if each < 100 else 8 * each
    tables = {s: Sampler(config, inputs, seed, s).draw(0, n) for s in SPLITS}
    ids = {s: set(values(t, "sample.identity_id")) for s, t in tables.items()}
    faces = {
        s: {
            (*shape, age)
            for shape, age in zip(
                stack(t, "identity.shape", ("nose-hump", "chin-height")).tolist(),
                values(t, "identity.age_years"),
                strict=True,
            )
        }
        for s, t in tables.items()
    }
    for a, b in (("train", "test"), ("train", "val"), ("test", "val")):
        assert not ids[a] & ids[b]
        assert not faces[a] & faces[b]
    assert all(len(ids[s]) == len(faces[s]) == -(-n // each) for s in SPLITS)


def test_identity_ids_of_splits_can_never_meet(inputs: Inputs) -> None:
    last = 10**12 - 1
    ends = [
        (values(laid_out(inputs, s).draw(k, 1), "sample.identity_id")[0])
        for s in SPLITS for k in (0, last)
    ]  # fmt: skip
    assert ends == sorted(ends)
    assert len(set(ends)) == 6


def test_root_seeds_are_independent(inputs: Inputs) -> None:
    paths = ("pose.yaw_deg", "identity.age_years", "skin.monk_tone", "environment.rotation_deg")
    tables = [laid_out(inputs, seed=seed).draw(0, BLOCK_ROWS) for seed in (0, 1, 2)]
    for path in paths:
        drawn = np.stack([values(t, path) for t in tables])
        assert np.mean(drawn[0] == drawn[1]) < 1e-3, path
        off = np.corrcoef(drawn)[np.triu_indices(3, 1)]
        assert np.abs(off).max() < 4 / np.sqrt(BLOCK_ROWS), path


@pytest.mark.parametrize(
    ("n", "identities", "wanted"), [(None, None, 1056), (None, 2, 66), (66, 2, 66), (50, None, 50)]
)
def test_how_many_rows_a_call_asks_for(
    n: int | None, identities: int | None, wanted: int
) -> None:  # fmt: skip
    assert rows_wanted(load_config("stability").layout, n, identities) == wanted


def test_rows_that_disagree_with_identities_are_refused() -> None:
    with pytest.raises(SpecError, match="--n 60 and --identities 2 disagree: 2 x 33 variations"):
        rows_wanted(load_config("stability").layout, 60, 2)
    with pytest.raises(SpecError, match="2 x 300 frames are 600 rows"):
        rows_wanted(load_config("sequence").layout, 60, 2)
    with pytest.raises(SpecError, match="how many scenes"):
        rows_wanted(load_config().layout, None, None)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"variations": 3, "vary": ["expresion"]}, "did you mean 'expression'?"),
        ({"variations": 3, "vary": ["identity"]}, "'identity' is what the variations share"),
        ({"variations": 3, "vary": "expression"}, "layout.vary is 'expression': must be a list"),
        ({"vary": ["expression"]}, "layout: vary needs variations of 2 or more"),
        ({"variations": 3}, "layout: variations without vary"),
        ({"variations": 0}, "layout.variations is 0: must be at least 1"),
        ({"variations": 2.5}, "layout.variations is 2.5: must be a whole number"),
        ({"variations": 3, "vary": ["pose"], "neutral_first": True}, "'expression' in vary"),
        ({"variation": 3}, "layout: unknown key 'variation'; did you mean 'variations'?"),
        ({"sequence": "sobel"}, "layout.sequence is 'sobel': must be 'random' or 'sobol'"),
        ({"kind": "track"}, "layout: no kind of layout 'track'; did you mean 'tracks'?"),
        ({"kind": "tracks"}, "layout.frames is missing"),
    ],
)
def test_layouts_that_make_no_sense(layout: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_config(overrides={"layout": layout})
    assert message in str(caught.value)
