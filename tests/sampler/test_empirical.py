from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sampler import Sampler, load_config
from sampler.distributions import Constant, Histogram
from sampler.streams import Draws
from sampler.toml_text import to_toml
from sampler.writing import write_manifest
from spec_schema.errors import SpecError

RNG = np.random.Generator(np.random.Philox(5))
YAWS = np.concatenate([RNG.normal(-40, 6, 6000), RNG.normal(25, 12, 4000)])


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    path = tmp_path / "poses.csv"
    with path.open("w", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["name", "yaw", "empty", "same"])
        rows.writerows([f"a, {k}", f" {y:.4f}", "", 3] for k, y in enumerate(YAWS))
    return path


def yaw_from(path: Path, extra: str = "", column: str = "yaw", kind: str = "csv") -> Any:
    declared = f'{{kind="{kind}",path="{path}",column="{column}"{extra}}}'
    return load_config(overrides=[f"pose.yaw={declared}"])


def test_a_csv_column_becomes_a_histogram(poses: Path) -> None:
    of = yaw_from(poses, ",bins=200").pose.yaw
    assert isinstance(of, Histogram)
    assert len(of.weights) == 200
    assert sum(of.weights) == len(YAWS)
    drawn = of.ppf(Draws(0, "train", "test", 0, 100_000).uniform("yaw"))
    # The bins are 0.6 degrees wide: half of one at most stands between a value and its draw.
    assert stats.ks_2samp(drawn, YAWS).statistic < 0.02
    assert of.support() == pytest.approx((YAWS.min(), YAWS.max()), abs=1e-3)


def test_what_is_printed_needs_the_file_no_more(poses: Path, tmp_path: Path) -> None:
    config = yaw_from(poses)
    printed = tmp_path / "printed.toml"
    printed.write_text(to_toml(config.model_dump()))
    poses.unlink()
    assert load_config(str(printed)) == config
    assert len(config.pose.yaw.weights) == 64


def test_limits_leave_out_what_is_beyond(poses: Path) -> None:
    of = yaw_from(poses, ",low_deg=0,high_deg=30").pose.yaw
    assert sum(of.weights) == np.count_nonzero((YAWS >= 0) & (YAWS <= 30))
    low, high = of.support()
    assert 0 <= low < high <= 30


def test_a_part_of_a_mixture_may_come_from_a_file(poses: Path) -> None:
    part = f'{{kind="csv",path="{poses}",column="yaw"}}'
    other = '{kind="uniform",low_deg=-5,high_deg=5}'
    config = load_config(
        overrides=[f'pose.yaw={{kind="mixture",weights=[1,1],of=[{part},{other}]}}']
    )
    assert isinstance(config.pose.yaw.of[0], Histogram)


def test_equal_values_are_a_constant(poses: Path) -> None:
    assert yaw_from(poses, column="same").pose.yaw == Constant(value=3.0)


def test_another_manifests_column_is_followed(sampler: Sampler, tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    write_manifest(sampler, 0, 4096, path)
    config = yaw_from(path, ",bins=100", "pose.yaw_deg", "manifest")
    table = Sampler(config, sampler.inputs, 1, "train").draw(0, 4096)
    old, new = (t.column("pose").combine_chunks().field("yaw_deg").to_numpy()
                for t in (sampler.draw(0, 4096), table))  # fmt: skip
    assert stats.ks_2samp(old, new).pvalue > 0.01
    key = load_config(
        overrides=[
            'environment.schemes.key.key_light.temperature={kind="manifest",'
            f'path="{path}",column="environment.key_light.temperature_k"}}'
        ]
    )
    lamp = key.environment.schemes["key"].key_light
    assert sum(lamp.temperature.weights) < 4096, "null rows are left out"
    for column, message in (
        ("pose.yaw", "no column 'pose.yaw'; did you mean 'pose.yaw_deg'"),
        ("skin.texture", "holds string, and not numbers"),
        ("pose", "and not numbers"),
    ):
        with pytest.raises(SpecError) as caught:
            yaw_from(path, column=column, kind="manifest")
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ('kind="csv",path="PATH",column="yav"', "no column 'yav'; did you mean 'yaw'"),
        ('kind="csv",path="PATH",column="name"', "line 2: name is 'a, 0': must be a finite number"),
        ('kind="csv",path="PATH",column="empty"', "holds no value"),
        ('kind="csv",path="PATH"', "kind = 'csv' needs column = \"…\""),
        ('kind="csv",path=3,column="yaw"', "needs path"),
        ('kind="csv",path="nowhere.csv",column="yaw"', "nowhere.csv: can't be read"),
        ('kind="csv",path="PATH",column="yaw",bins=0', "bins is 0: must be a whole number"),
        ('kind="csv",path="PATH",column="yaw",bins=true', "bins is True"),
        ('kind="csv",path="PATH",column="yaw",bin=9', "unknown key 'bin'; did you mean 'bins'"),
        ('kind="csv",path="PATH",column="yaw",low_deg="x"', "low is 'x': must be a number"),
        ('kind="csv",path="PATH",column="yaw",low_deg=170', "holds no value"),
        ('kind="manifest",path="PATH",column="yaw"', "not a readable Parquet file"),
        ('kind="manifest",path="nowhere",column="yaw"', "nowhere: no such file"),
        ('kind="cvs",path="PATH",column="yaw"', "did you mean 'csv'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(poses: Path, declared: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_config(overrides=[f"pose.yaw={{{declared.replace('PATH', str(poses))}}}"])
    assert message in str(caught.value)
    assert str(caught.value).startswith("pose.yaw")


def test_values_out_of_the_quantitys_bounds_are_refused(poses: Path) -> None:
    with pytest.raises(SpecError, match="must stay within 18 to 90"):
        load_config(overrides=[f'identity.age={{kind="csv",path="{poses}",column="yaw"}}'])


def test_broken_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"yaw\n\xff\xfe\n")
    with pytest.raises(SpecError, match="can't be read"):
        yaw_from(path)
