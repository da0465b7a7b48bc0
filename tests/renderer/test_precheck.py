"""Manifests that were drawn with a head of the user's that is not here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assets.head import load_head_model
from assets.store import open_store
from renderer.precheck import check_keys
from sampler.sources import open_sources
from spec_schema import Manifest
from spec_schema.errors import AssetError, ManifestError
from tests.make_specs import make_spec
from tests.renderer.specs import ASSET_LOCK, SHAPE_KEYS, write_manifest

OWN = ("own-cm_head", "own-cm_head_big_smile")


def manifest(path: Path, *, weight: float, **info: Any) -> Manifest:
    """Three rows, of which the last has the head with this weight."""

    def change(row: int, record: dict[str, Any]) -> None:
        record["identity"]["shape"] |= dict.fromkeys(OWN, weight if row == 2 else 0.0)

    return Manifest(write_manifest(path, 3, change, shape_keys=(*SHAPE_KEYS, *OWN), **info))


def test_a_head_that_no_row_has_need_not_be_here(tmp_path: Path) -> None:
    check_keys(manifest(tmp_path / "m.parquet", weight=0.0), SHAPE_KEYS)


def test_its_weight_0_changes_no_head() -> None:
    model = load_head_model(open_store())
    plain = make_spec().identity
    gone = plain.model_copy(update={"shape": {**plain.shape, "own-cm_head": 0.0}})
    assert model.targets.neutral(gone).tobytes() == model.targets.neutral(plain).tobytes()
    used = plain.model_copy(update={"shape": {"own-cm_head": 0.5}})
    with pytest.raises(AssetError, match="no such shape key"):
        model.targets.neutral(used)


@pytest.mark.parametrize(
    ("lock", "name"), [({"user/cm-head": "c" * 64, "user/cm": "d" * 64}, "cm-head"), ({}, "cm")]
)
def test_a_head_that_is_missing_is_named(tmp_path: Path, lock: dict[str, str], name: str) -> None:
    made = manifest(tmp_path / "m.parquet", weight=0.3, asset_lock={**ASSET_LOCK, **lock})
    with pytest.raises(AssetError, match=rf"of which 'user/{name}' is not here; bring the folder"):
        check_keys(made, SHAPE_KEYS)
    check_keys(made, (*SHAPE_KEYS, *OWN))


def test_other_shape_keys_must_be_there(tmp_path: Path) -> None:
    made = manifest(tmp_path / "m.parquet", weight=0.0)
    with pytest.raises(ManifestError, match=r"identity.shape.nose-hump: .*no such shape key"):
        check_keys(made, SHAPE_KEYS[:1])


def test_plots_need_no_head(tmp_path: Path) -> None:
    path = manifest(tmp_path / "m.parquet", weight=0.3).path
    (source,) = open_sources([path], SHAPE_KEYS)
    assert source.rows == 3
    with pytest.raises(ManifestError, match=r"identity.shape.nose-hump"):
        open_sources([path], SHAPE_KEYS[:1])
