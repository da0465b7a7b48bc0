from __future__ import annotations

import contextlib
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler import SamplerConfig, load_config, preset_names
from sampler.distributions import Mixture, TruncatedNormal
from sampler.toml_text import to_toml
from spec_schema.errors import SpecError


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_survives_being_printed(preset: str, tmp_path: Path) -> None:
    config = load_config(preset)
    path = tmp_path / "printed.toml"
    path.write_text(to_toml(config.model_dump()))
    assert load_config(str(path)) == config


def test_overrides_change_what_they_name() -> None:
    config = load_config("facesynthetics", ["pose.yaw.scale_deg=40", "glasses.share=0.5"])
    assert config.pose.model_dump()["yaw"]["scale_deg"] == 40
    assert config.glasses.share == 0.5
    assert config.pose.pitch == load_config().pose.pitch


def test_another_kind_replaces_the_whole_distribution() -> None:
    config = load_config(
        overrides=["pose.yaw.kind=uniform", "pose.yaw.low_deg=-20", "pose.yaw.high_deg=20"]
    )
    assert config.pose.yaw.support() == (-20, 20)


def test_a_scale_given_to_a_uniform_makes_it_normal_within_the_same_bounds() -> None:
    yaw = load_config("wide", ["pose.yaw.scale_deg=40"]).pose.yaw.model_dump()
    wide = load_config("wide").pose.yaw.model_dump()
    assert (yaw["kind"], yaw["scale"], yaw["loc"]) == ("truncated_normal", 40, 0)
    assert [yaw[k] for k in ("low", "high")] == [wide[k] for k in ("low", "high")]
    moved = load_config("wide", ["pose.yaw.scale_deg=40", "pose.yaw.loc_deg=10"]).pose.yaw
    assert moved.model_dump()["loc"] == 10


def test_a_normal_is_held_within_the_quantitys_bounds() -> None:
    """Where that takes next to nothing from it; else it is refused (below)."""
    normal = '{kind="normal",loc_deg=3,scale_deg=10}'
    mixture = f'{{kind="mixture",weights=[1,1],of=[{normal},{{kind="constant",value_deg=0}}]}}'
    config = load_config(overrides=[f"pose.roll={normal}", f"pose.pitch={mixture}"]).pose
    held = TruncatedNormal(loc=3, scale=10, low=-180, high=180)
    assert config.roll == held
    assert isinstance(config.pitch, Mixture)
    assert config.pitch.of[0] == held
    assert type(config).model_validate(config.model_dump()) == config


def test_overrides_may_be_tables_and_quoted_keys() -> None:
    config = load_config(overrides={"identity": {"shape": {"scales": {"nose-*": 0.1}}}})
    assert config == load_config(overrides=['identity.shape.scales."nose-*"=0.1'])
    assert config.identity.shape.scale("nose-greek") == pytest.approx(
        0.1 * config.identity.shape.strength
    )
    assert config.identity.shape.scale("l-eye-scale") > 0
    assert config.identity.shape.scale("unheard-of") == 0


def test_a_file_extends_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "wide"\n[gaze]\nlens_share = 1\n')
    config = load_config(str(path))
    assert config.gaze.lens_share == 1
    assert config.pose == load_config("wide").pose


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("pose.yaw.scal_deg=3", "pose.yaw: unknown key 'scal_deg'; did you mean 'scale_deg'?"),
        ("identity.age.value_years=70", "a fixed value is { kind = 'constant', value_years = … }"),
        ("pose.yaw.scale=3", "did you mean 'scale_deg'?"),
        ("pose.yaww.scale_deg=3", "pose: unknown key 'yaww'; did you mean 'yaw'?"),
        ("posee.yaw.scale_deg=3", "unknown key 'posee'; did you mean 'pose'?"),
        ("hair.style=bob", "hair: unknown key 'style'; an entry is asked for by its weight"),
        ("pose.yaw.scale_deg=x", "pose.yaw: scale_deg is 'x': must be a number"),
        ("pose.yaw.scale_deg=true", "pose.yaw: scale_deg is True: must be a number"),
        ("pose.yaw.scale_deg=inf", "pose.yaw: scale_deg is inf: must be a finite number"),
        ("pose.yaw=3", "pose.yaw is 3: must be a table, such as { kind = 'uniform'"),
        ("hair.dyes.redness.of=[3]", "must be a table"),
        ("identity.age.weights=[1]", "1 weights need 2 edges"),
        ("identity.age.weights=[-1,1,1,1,1,1]", "weights is -1: must be at least 0"),
        ("identity.age.weights=[0,0,0,0,0,0]", "at least one weight must be greater than 0"),
        ("pose.yaw.scale_deg=-1", "greater than 0"),
        ("pose.yaw.scale_deg=nan", "pose.yaw: scale_deg"),
        ("pose.yaw.kind=norml", "did you mean 'normal'?"),
        ('pose.yaw={kind="normal",loc_deg=0,scale_deg=60}', "truncated_normal has limits"),
        ("camera.face_size.high=3", "must stay within 0 to 1"),
        ("expression.kinds.smile.weights.mouthSmil=1", "did you mean 'mouthSmile'?"),
        ("expression.kinds.smile.weights.eyeLookUp=1", "follows from the gaze"),
        ("glasses.share=2", "glasses.share is 2"),
        ("glasses.palette.black.srgb=red", "glasses.palette.black.srgb"),
        ("identity.ancestry.weights.martian=1", "'martian'; valid: european"),
        ("pose=3", "pose is 3"),
        ("pose.yaw.scale_deg", "write it as --set key=value"),
        ("pose.yaw.scale_deg=[1", "--set"),
        ("=3", "write it as --set key=value"),
    ],
)
def test_errors_say_what_is_wrong(override: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_config(overrides=[override])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ("facesynthetic", "did you mean 'facesynthetics'?"),
        ("nowhere.toml", "nowhere.toml: can't be read"),
    ],
)
def test_unknown_presets(preset: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_config(preset)
    assert message in str(caught.value)


def test_an_empty_palette_is_refused(tmp_path: Path) -> None:
    data = load_config().model_dump()
    data["glasses"]["palette"] = {}
    path = tmp_path / "pale.toml"
    path.write_text(to_toml(data))
    with pytest.raises(SpecError, match=r"glasses\.palette: needs at least 1 "):
        load_config(str(path))


def test_broken_preset_files(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[pose\n")
    with pytest.raises(SpecError, match="not valid TOML"):
        load_config(str(path))
    path.write_text('extends = "wid"\n')
    with pytest.raises(SpecError, match="did you mean 'wide'"):
        load_config(str(path))


KEYS = ["pose", "yaw", "loc_deg", "kind", "identity", "shape", "of", "weights", "palette", "x"]


@given(
    path=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4),
    value=st.one_of(
        st.floats(), st.integers(), st.text(string.printable, max_size=6), st.just("[1, [2]]"),
        st.just('{kind="uniform"}'), st.just("true"),
    ),
)  # fmt: skip
def test_fuzzed_overrides_end_in_a_config_or_a_clear_error(path: list[str], value: object) -> None:
    with contextlib.suppress(SpecError):
        assert isinstance(load_config(overrides=[f"{'.'.join(path)}={value}"]), SamplerConfig)


@given(
    st.recursive(
        st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=12,
    ).map(lambda value: {"top": value, "table": {"a b": value}})
)
def test_toml_text_is_read_back(data: dict[str, object]) -> None:
    assert tomllib.loads(to_toml(data)) == data
