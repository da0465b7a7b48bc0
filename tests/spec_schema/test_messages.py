"""What breaks a rule of the spec is told in our words, with the nearest valid name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from spec_schema.arrow import row_to_spec
from spec_schema.errors import SpecError
from tests.make_specs import PLAIN, merged


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pose": {"yaw_degs": 3}}, "unknown field 'pose.yaw_degs'; did you mean 'yaw_deg'?"),
        ({"glases": 3}, "unknown field 'glases'; did you mean 'glasses'?"),
        ({"identity": {"asian": 0.9}}, "identity: african + asian + european is 1.6500, and must"),
        ({"pose": {"yaw_deg": math.nan}}, "pose.yaw_deg is nan: must be a finite number"),
        ({"pose": {"yaw_deg": 999}}, "pose.yaw_deg is 999: must be at most 180"),
        ({"sample": {"time_s": -1}}, "sample.time_s is -1: must be at least 0"),
        ({"skin": {"texture": ""}}, "skin.texture is '': must not be empty"),
        ({"sample": {"index": "a"}}, "sample.index is 'a': must be a whole number"),
        ({"environment": {"key_light": {}}}, "environment.key_light.power_w is missing"),
        ({"camera": 3}, "camera is 3: must be a table"),
    ],
)
def test_the_message_names_row_field_value_and_rule(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        row_to_spec(merged(PLAIN, changes), "m.parquet: row 7")
    assert str(caught.value).startswith("m.parquet: row 7: " + message)
