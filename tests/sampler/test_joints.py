from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sampler import Sampler, SamplerConfig
from sampler.joints import JointTable, expression_families, joint_tables
from tests.sampler.tables import values

N = 20_480


@pytest.fixture(scope="module")
def many(sampler: Sampler) -> pa.Table:
    return sampler.draw(0, N)


@pytest.fixture(scope="module")
def tables(many: pa.Table) -> dict[str, JointTable]:
    return {t.title: t for t in joint_tables(many)}


def share(table: JointTable, row: str, column: str) -> float:
    return float(table.shares[table.rows.index(row), table.columns.index(column)])


def test_shares_are_shares_and_rows_partition(tables: dict[str, JointTable]) -> None:
    for table in tables.values():
        assert table.shares.shape == (len(table.rows), len(table.columns))
        known = table.shares[table.scenes > 0]
        assert ((known >= 0) & (known <= 1)).all()
        assert np.isnan(table.shares[table.scenes == 0]).all()
        everyone = [n for r, n in zip(table.rows, table.scenes, strict=True) if r == "everyone"]
        assert table.scenes.sum() - sum(everyone) == N, table.title


def test_hair_goes_with_age_and_sex(tables: dict[str, JointTable]) -> None:
    hair = tables["Hair by sex and age"]
    for who in ("women", "men"):
        grey = [
            share(hair, f"{who}, {band}", "grey") for band in ("30 to 40", "50 to 60", "70 to 91")
        ]
        assert grey[0] < grey[1] < grey[2]
    assert share(hair, "men, 70 to 91", "bald") > 2 * share(hair, "men, 18 to 30", "bald")
    assert share(hair, "men, 70 to 91", "bald") > 5 * share(hair, "women, 70 to 91", "bald")
    assert share(hair, "men, 50 to 60", "receding") > share(hair, "women, 50 to 60", "receding")
    assert share(hair, "women, 40 to 50", "bearded") == 0
    assert share(hair, "men, 18 to 30", "bearded") > share(hair, "men, 70 to 91", "bearded") + 0.05


def test_dyed_hair_is_what_the_config_says(
    many: pa.Table, tables: dict[str, JointTable], config: SamplerConfig
) -> None:
    hair, dyes = tables["Hair by sex and age"], config.hair.dyes
    age, grey = values(many, "identity.age_years"), values(many, "hair.grey")
    band = (age >= 60) & (age < 70)
    young = np.clip((80 - age[band]) / 60, 0, 1)
    fading = dyes.old_factor + (1 - dyes.old_factor) * young
    for who, sex in (("women", "female"), ("men", "male")):
        covered, toned, pale, vivid = (
            getattr(dyes, f"{kind}_{sex}") for kind in ("covered", "toned", "bleached", "vivid")
        )
        natural = np.where(grey[band] > 0.08, covered, toned)
        expected = (natural + fading * (pale + vivid)).mean()
        assert share(hair, f"{who}, 60 to 70", "dyed") == pytest.approx(expected, abs=0.04)
        assert share(hair, f"{who}, 60 to 70", "highlights") > 0
    assert share(hair, "women, 60 to 70", "dyed") > 3 * share(hair, "men, 60 to 70", "dyed")


def test_tone_is_even_over_everyone_and_leans_with_ancestry(tables: dict[str, JointTable]) -> None:
    tone = tables["Monk skin tone by ancestry"]
    everyone = tone.shares[tone.rows.index("everyone")]
    # The last band is half as wide: the scale ends at 10.
    assert everyone == pytest.approx(np.array([2, 2, 2, 2, 1]) / 9, abs=0.015)
    assert share(tone, "mostly european", "1 to 3") > 2 * share(tone, "mostly asian", "1 to 3")
    assert share(tone, "mostly african", "9 to 10") > 2 * share(tone, "mostly asian", "9 to 10")
    assert share(tone, "mostly european", "5 to 7") > 0.02, "related, not tied"


def test_faces_show_what_they_are_said_to(tables: dict[str, JointTable], many: pa.Table) -> None:
    faces = tables["Expressions, as far as they are seen"]
    assert (faces.shares[faces.rows.index("everyone")] > 0.004).all()
    families = expression_families(many)
    assert not (families["neutral"] & families["smile"]).any()
    assert not (families["wink"] & families["eyes shut"]).any()


def test_the_lens_is_looked_at_less_from_aside(tables: dict[str, JointTable]) -> None:
    gaze = tables["Gaze by head yaw"]
    lens = gaze.shares[:, gaze.columns.index("into the lens")]
    assert lens[0] > 0.4, "55 % of those whose pitch lets them"
    assert (np.diff(lens[:4]) < 0).all()
    assert lens[3] < 0.01
    assert gaze.scenes[gaze.rows.index("90 to 180°")] == 0


def test_hats_decide_hair(tables: dict[str, JointTable]) -> None:
    styles = tables["Hair style with and without headwear"]
    assert share(styles, "bare-headed", "bun") > 0.01
    assert share(styles, "with headwear", "bun") == 0


def test_worn_things_have_their_shares(tables: dict[str, JointTable]) -> None:
    worn = tables["Worn things and make-up by sex"]
    for who in ("women", "men"):
        assert share(worn, who, "glasses") == pytest.approx(0.2, abs=0.015)
    assert share(worn, "women", "make-up") > 0.4 > 0.05 > share(worn, "men", "make-up")
