"""What a manifest says of the photographs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.spatial.transform import Rotation

from sampler import Inputs, Sampler, load_config
from spec_schema.errors import SpecError
from spec_schema.frames import camera_from_head_rotation

ROWS = 4096


def drawn(inputs: Inputs, *overrides: str) -> pa.Table:
    return Sampler(load_config(overrides=overrides), inputs, 3, "train").draw(0, ROWS)


def values(table: pa.Table, name: str) -> np.ndarray:
    column = table.column("photo").combine_chunks()
    return np.asarray(pc.struct_field(column, name).drop_null())


def test_shares(inputs: Inputs) -> None:
    table = drawn(inputs, "photo.share=0.5", "photo.jpeg.share=0.25", "photo.infrared.share=0.1")
    n = ROWS - table.column("photo").null_count
    assert n / ROWS == pytest.approx(0.5, abs=0.03)
    assert (values(table, "jpeg_quality") > 0).mean() == pytest.approx(0.25, abs=0.03)
    assert values(table, "infrared").mean() == pytest.approx(0.1, abs=0.025)


def test_little_light_means_few_electrons(inputs: Inputs) -> None:
    fixed = ("photo.share=1", 'photo.electrons={kind="constant",value=8000}')
    table = drawn(inputs, *fixed, "photo.light_ev.environment=-3")
    scheme = table.column("environment").combine_chunks().field("scheme").to_numpy(False)
    electrons = values(table, "electrons")
    assert set(electrons[scheme == "environment"]) == {1000.0}
    assert set(electrons[scheme == "key"]) == {8000.0}


def test_an_unknown_scheme_is_refused(inputs: Inputs) -> None:
    with pytest.raises(SpecError, match=r"photo\.light_ev: no lighting scheme 'low_lihgt'.*low_li"):
        drawn(inputs, "photo.light_ev.low_lihgt=-3")


def test_none_where_none_is_asked_for(inputs: Inputs) -> None:
    assert drawn(inputs, "photo.share=0").column("photo").null_count == ROWS


def test_frames_of_a_track_are_blurred_as_the_head_turns(inputs: Inputs) -> None:
    """Over the time from frame to frame the sweep is the rotation from one to the next."""
    frame_s = 1 / 30
    fixed = (
        "photo.share=1",
        "layout.motion.shutter.share=1",
        f'layout.motion.shutter.open={{kind="constant",value_s={frame_s}}}',
    )
    config = load_config("sequence", overrides=fixed)
    table = Sampler(config, inputs, 3, "train").draw(0, 300)
    pose = table.column("pose").combine_chunks()
    angles = [pose.field(f"{a}_deg").to_numpy().astype(float) for a in ("yaw", "pitch", "roll")]
    rotations = camera_from_head_rotation(*angles)
    steps = np.swapaxes(rotations[:-1], 1, 2) @ rotations[1:]
    turned = Rotation.from_matrix(steps).as_rotvec(degrees=True)
    sweep = np.stack([values(table, f"turn_{a}_deg") for a in "xyz"], axis=1)
    assert np.abs(turned).max() > 0.5
    np.testing.assert_allclose((sweep[:-1] + sweep[1:]) / 2, turned, atol=0.02 + 0.03)
    assert not values(
        Sampler(
            load_config(
                "sequence",
                overrides=(
                    "photo.share=1",
                    "layout.motion.shutter.share=0",
                ),
            ),
            inputs,
            3,
            "train",
        ).draw(0, 300),
        "turn_y_deg",
    ).any()
