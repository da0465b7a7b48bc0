"""Whatever a config says, it ends in a config or in one clear message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from typer.testing import CliRunner

from sampler import Inputs, Sampler, SamplerConfig, cli, load_config, preset_names
from spec_schema.arrow import validate_table
from spec_schema.errors import SpecError

RAW = ("Input should", "validation error", "type=", "pydantic", "Traceback", "Extra inputs")


def _paths(data: Any, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(data, dict):
        return [at]
    return [at] * bool(at) + [p for k, v in data.items() for p in _paths(v, (*at, k))]


KNOWN = _paths(load_config("sequence").model_dump()) + _paths(load_config().model_dump())
NAMES = sorted({part for path in KNOWN for part in path} | {"kind", "extends", "x", "", "a b"})

paths = st.sampled_from(KNOWN) | st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(tuple)
scalars = (
    st.floats()
    | st.integers()
    | st.integers(-3, 3)
    | st.booleans()
    | st.text(max_size=8)
    | st.sampled_from(["uniform", "mixture", "tracks", "stills", "sobol", 10**400, -1e308, 1e308])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=5,
)


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def _numbers(data: Any, at: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(data, dict):
        return [n for k, v in data.items() for n in _numbers(v, (*at, k))]
    number = isinstance(data, int | float) and not isinstance(data, bool)
    return [(at, data)] if number and at[-1] != "frames" else []


def _said(error: SpecError) -> str:
    text = str(error)
    assert text
    assert not any(raw in text for raw in RAW), text
    return text


@given(path=paths, value=values)
@settings(max_examples=250, deadline=None)
def test_tables(path: tuple[str, ...], value: Any) -> None:
    try:
        config = load_config(overrides=_nested(path, value))
    except SpecError as e:
        _said(e)
    else:
        assert isinstance(config, SamplerConfig)
        assert load_config(overrides=config.model_dump()) == config


@given(path=paths, text=st.text(max_size=12) | values.map(repr))
@settings(max_examples=200, deadline=None)
def test_set(path: tuple[str, ...], text: str) -> None:
    try:
        assert isinstance(load_config(overrides=[f"{'.'.join(path)}={text}"]), BaseModel)
    except SpecError as e:
        _said(e)


@given(text=st.text(max_size=60) | st.binary(max_size=60))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_files(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SpecError) as caught:
        load_config(str(path))
    _said(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "x=" + "[" * 5000,
        "pose" + ".a" * 3000 + "=1",
        "layout.variations=" + "9" * 5000,
        "layout.variations=" + "9" * 400,
        "glasses.share=" + "9" * 400,
        "pose.yaw.loc_deg=1e999",
        "pose.yaw={kind='mixture', weights=[], of=[]}",
        "pose.yaw={kind='mixture', weights=[1], of=[{kind='mixture', weights=[1], of=[1]}]}",
        "layout={kind='tracks', frames=10, frame_rate_hz=1e-300, motion={}}",
        "a\x00b=1",
    ],
)
def test_what_breaks_parsers(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_config(overrides=[text])
    assert len(_said(caught.value)) < 400


@pytest.mark.parametrize("path", ["\x00.toml", "/dev/null/x.toml", "x" * 5000 + ".toml"])
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(SpecError, match="can't be read as a preset"):
        load_config(path)


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("text", ["pose.yaw.scale_deg=nan", "layout.kind=tracks", "glasses=1"])
def test_the_command_ends_with_2_and_one_line(preset: str, text: str) -> None:
    result = CliRunner().invoke(cli.app, ["--n", "1", "--preset", preset, "--set", text])
    if preset == "sequence" and "tracks" in text:
        assert "garble" in result.output or result.exit_code == 0
        return
    assert result.exit_code == 2
    assert result.output.startswith("rf-sample: ")
    assert result.output.count("\n") == 1


@given(
    preset=st.sampled_from(preset_names()),
    data=st.data(),
    factor=st.sampled_from([0, 1e-6, 0.1, 0.5, 2, 10, 1e6, -1]),
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_accepted_can_be_drawn(
    inputs: Inputs, preset: str, data: st.DataObject, factor: float
) -> None:
    path, old = data.draw(st.sampled_from(_numbers(load_config(preset).model_dump())))
    new = type(old)(old * factor)
    try:
        config = load_config(preset, _nested(path, new))
        table = Sampler(config, inputs, 0, "train").draw(0, 1)
    except SpecError as e:
        _said(e)
    else:
        validate_table(table.to_batches()[0], preset)
