from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import kstest, qmc

from sampler import Inputs, Sampler, load_config, sobol
from sampler.coverage import pose_coverage
from sampler.scene import BLOCK_ROWS
from sampler.streams import Draws
from tests.sampler.tables import values

EVEN = Draws(seed=3, split="train", component="pose", start=0, n=5000, even=True)


@pytest.mark.parametrize("dimension", range(24))
def test_the_points_are_those_of_scipy(dimension: int) -> None:
    mine = sobol.words(dimension, 0, 1024) * 2.0**-64
    theirs = qmc.Sobol(24, scramble=False).random_base2(10)[:, dimension]
    index = np.arange(1024)
    assert np.array_equal(mine[index ^ (index >> 1)], theirs)  # SciPy goes by Gray's order


@pytest.mark.parametrize("start", [0, 1, 4095, 4096, 10**6 + 17, 10**12 - 3])
def test_any_point_is_reached_at_once(start: int) -> None:
    run = sobol.words(5, start, 40)
    alone = [sobol.words(5, start + k, 1)[0] for k in range(40)]
    assert run.tolist() == alone
    assert sobol.words(5, start, 0).size == 0


def test_a_window_of_even_draws_is_a_part_of_the_whole() -> None:
    for start, n in ((0, 10), (4090, 20), (17, 900)):
        window = replace(EVEN, start=start, n=n)
        assert np.array_equal(window.uniform("yaw"), EVEN.uniform("yaw")[start : start + n])


def test_the_shift_depends_on_every_part_of_the_key() -> None:
    first = EVEN.uniform("yaw")[:64]
    for change in ({"seed": 4}, {"split": "test"}):
        other = replace(EVEN, **change).uniform("yaw")[:64]  # type: ignore[arg-type]
        assert not np.isin(first, other).any()


def test_every_aligned_run_is_stratified() -> None:
    u = EVEN.uniform("pitch")
    for begin in (0, 256, 4096 - 256):
        cells = np.sort((u[begin : begin + 256] * 256).astype(int))
        assert np.array_equal(cells, np.arange(256))


def test_pairs_of_dimensions_fill_the_square() -> None:
    draws = replace(EVEN, n=1024)
    square = np.stack([draws.uniform("yaw"), draws.uniform("pitch")])
    cells = (square * 32).astype(int)
    assert len(set(map(tuple, cells.T))) == 1024


def test_only_the_named_fields_are_even_and_others_unchanged() -> None:
    plain = replace(EVEN, even=False)
    assert not np.array_equal(EVEN.uniform("yaw"), plain.uniform("yaw"))
    assert np.array_equal(EVEN.uniform("something"), plain.uniform("something"))
    framing, other = (
        replace(d, component="camera").uniforms("face_size", 8) for d in (EVEN, plain)
    )
    assert not np.array_equal(framing[:, 0], other[:, 0])
    assert np.array_equal(framing[:, 1:], other[:, 1:])


def test_dimensions_are_fixed_and_each_has_one_field() -> None:
    """A field's dimension is part of the record: new fields take new dimensions."""
    taken = list(sobol.DIMENSIONS.values())
    assert sorted(taken) == list(range(len(taken)))
    assert [k for k, v in sobol.DIMENSIONS.items() if v < 4] == [
        ("pose", "yaw"), ("pose", "pitch"), ("pose", "roll"), ("camera", "face_size"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def drawn(inputs: Inputs) -> dict[str, pa.Table]:
    return {
        sequence: Sampler(
            load_config(overrides=[f"layout.sequence={sequence}"]), inputs, 7, "train"
        ).draw(0, BLOCK_ROWS)
        for sequence in ("random", "sobol")
    }


def test_every_dimension_is_drawn(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()
    original = Draws._independent

    def record(self: Draws, field: str, width: int) -> Any:
        asked.add((self.component, field))
        return original(self, field, width)

    monkeypatch.setattr(Draws, "_independent", record)
    Sampler(load_config(), inputs, 0, "train").draw(0, 1)
    assert set(sobol.DIMENSIONS) <= asked


def test_sobol_changes_pose_camera_and_light_alone(drawn: dict[str, pa.Table]) -> None:
    for name in drawn["random"].column_names:
        same = drawn["random"].column(name) == drawn["sobol"].column(name)
        follows = ("pose", "camera", "environment", "gaze", "expression", "photo", "eyes")
        assert same == (name not in follows), name


def test_sobol_keeps_the_declared_distributions(drawn: dict[str, pa.Table]) -> None:
    config = load_config()
    for angle in ("yaw", "pitch", "roll"):
        declared = getattr(config.pose, angle)
        grid = declared.ppf((np.arange(100_000) + 0.5) / 100_000)
        distance = {
            name: kstest(
                values(t, f"pose.{angle}_deg"), lambda x, g=grid: np.searchsorted(g, x) / len(g)
            ).statistic
            for name, t in drawn.items()
        }
        assert distance["sobol"] < 1e-3 < distance["random"], angle


def test_rows_do_not_depend_on_their_company(drawn: dict[str, pa.Table], inputs: Inputs) -> None:
    config = load_config(overrides=["layout.sequence=sobol"])
    part = Sampler(config, inputs, 7, "train").draw(100, 50).combine_chunks()
    assert part == drawn["sobol"].slice(100, 50).combine_chunks()


def test_the_gain_over_random_grows_with_the_number() -> None:
    found = {(c.sequence, c.n): c for c in pose_coverage(load_config(), (64, 1024), range(4))}
    gains = [found["random", n].discrepancy / found["sobol", n].discrepancy for n in (64, 1024)]
    assert gains[0] > 3
    assert gains[1] > 8
    assert found["sobol", 64].ks_yaw < 0.5 * found["random", 64].ks_yaw
