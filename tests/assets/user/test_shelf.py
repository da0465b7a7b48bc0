"""The user's folder in the catalogue, the draw, the manifest and the check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assets.catalog import Catalog
from assets.checking import check_shipped, check_user
from assets.cli import app
from assets.packs import asset_lock
from assets.store import open_store
from assets.user.adding import Stated, add
from assets.user.folder import user_folder
from assets.user.shelf import forget, remove, shelf, user_array, user_lock
from renderer.engine import BlenderEngine
from renderer.precheck import check_lock, licences_of, used_of
from sampler import Inputs, Sampler, load_config
from sampler.inputs import load_inputs
from spec_schema import Manifest
from spec_schema.errors import AssetError
from tests.assets.user.making import clown_nose, skin_files, write_files
from tests.renderer.specs import write_manifest

RUNNER = CliRunner()


def put(path: Path, **stated: Any) -> None:
    add(path, Stated(**stated), open_store, lambda outcome: None)


def edited(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name / "asset.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    forget()


def test_no_folder_changes_nothing(own: Path) -> None:
    assert Catalog.load() is Catalog.shipped()
    assert load_inputs().asset_lock == asset_lock()
    assert BlenderEngine().asset_lock() == asset_lock()


@pytest.mark.parametrize(
    ("user", "cache", "expected"),
    [
        ("/mine", "/cache", Path("/mine")),
        (None, "/data/assets", Path("/data/assets-user")),
    ],
)
def test_where_the_folder_is(
    monkeypatch: pytest.MonkeyPatch, user: str | None, cache: str, expected: Path
) -> None:
    monkeypatch.delenv("RF_USER_ASSETS")
    monkeypatch.setenv("RF_ASSETS_DIR", cache)
    if user:
        monkeypatch.setenv("RF_USER_ASSETS", user)
    assert user_folder() == expected


def drawn(**sets: Any) -> Sampler:
    config = load_config("facesynthetics", [f"{k}={v}" for k, v in sets.items()])
    inputs = load_inputs()
    return Sampler(config, Inputs(inputs.catalog, inputs.landmarks, inputs.asset_lock), 3, "train")


def test_the_sampler_draws_by_share_and_records_hashes(own: Path, hdr: Path) -> None:
    before = drawn().draw(0, 2000)["environment"].combine_chunks().field("hdri").to_pylist()
    put(hdr, licence="CC0-1.0", share=26.0)
    sampler = drawn()
    ids = sampler.draw(0, 2000)["environment"].combine_chunks().field("hdri").to_pylist()
    assert "user/sunny-day" not in before
    assert 0.4 < ids.count("user/sunny-day") / len(ids) < 0.6  # 26 shipped ones of share 1
    lock = sampler.asset_lock()
    assert lock["user/sunny-day"] == user_lock()["user/sunny-day"]
    assert set(lock) - {"user/sunny-day"} == set(asset_lock())


def test_what_is_never_drawn_is_not_in_the_lock(own: Path, hdr: Path) -> None:
    put(hdr, licence="CC0-1.0", share=0.0)
    assert set(drawn().asset_lock()) == set(asset_lock())


def test_things_and_skins_are_drawn(own: Path, tmp_path: Path) -> None:
    put(clown_nose(tmp_path / "m"), share=None)
    put(write_files(tmp_path / "p", skin_files()), share=1000.0)
    table = drawn(**{"facewear.share": 1.0}).draw(0, 300)
    faces = table["facewear"].combine_chunks().field("id").to_pylist()
    skins = table["skin"].combine_chunks().field("texture").to_pylist()
    assert "user/clown-nose" in faces
    assert "user/young_asian_female" in skins


def manifest_with(path: Path, lock: dict[str, str]) -> Manifest:
    return Manifest(write_manifest(path, 1, asset_lock={**asset_lock(), **lock}))


def test_rendering_refuses_what_is_missing_or_changed(own: Path, tmp_path: Path, hdr: Path) -> None:
    put(hdr, licence="CC0-1.0")
    lock = user_lock()
    manifest = manifest_with(tmp_path / "m.parquet", lock)
    engine = BlenderEngine()
    check_lock(manifest, engine.asset_lock())

    edited(own, "sunny-day", "share = 1.0", "share = 5.0")  # what pictures don't depend on
    check_lock(manifest, engine.asset_lock())

    data = own / "sunny-day/data.safetensors"
    whole = data.read_bytes()
    data.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(AssetError, match="has changed since it was added"):
        check_lock(manifest, engine.asset_lock())
    with pytest.raises(AssetError, match="has changed since it was added"):
        user_array("user/sunny-day", "hdri")
    data.write_bytes(whole)

    edited(own, "sunny-day", 'setting = "outdoor"', 'setting = "night"')
    with pytest.raises(AssetError, match="'user/sunny-day' is another one here"):
        check_lock(manifest, engine.asset_lock())
    remove("user/sunny-day")
    with pytest.raises(AssetError, match="'user/sunny-day' is not here"):
        check_lock(manifest, engine.asset_lock())
    check_lock(manifest, {"head": asset_lock()["head"]}, partly=True)


def test_other_assets_of_the_user_do_not_matter(own: Path, tmp_path: Path, hdr: Path) -> None:
    manifest = manifest_with(tmp_path / "m.parquet", {})
    put(hdr, licence="CC0-1.0", author="M. Sun")
    engine = BlenderEngine()
    assert used_of(manifest, engine.asset_lock()) == asset_lock()
    assert len(licences_of(asset_lock(), engine.licences())) == len(asset_lock())
    with_it = licences_of(engine.asset_lock(), engine.licences())
    assert with_it[-1] == {
        "pack": "user/sunny-day", "licence": "CC0-1.0", "attribution": "M. Sun", "takes": "hdri",
    }  # fmt: skip


def test_the_shipped_catalogue_has_no_problem() -> None:
    count, problems = check_shipped()
    assert problems == []
    assert count > 100


def test_check_finds_what_a_shipped_entry_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    from assets import checking, worn

    tables = {k: dict(v) for k, v in worn.worn_tables("glasses").items()}
    tables["round"]["lens_mm"] = [47, -1]
    tables["oval"]["excludes"] = ["headwaer"]
    whole = worn.worn_tables
    monkeypatch.setattr(worn, "worn_tables", lambda s: tables if s == "glasses" else whole(s))
    found = {str(p) for p in checking.check_shipped()[1]}
    assert any("accessories.toml: glasses.round: " in p and "lens_mm.1: " in p for p in found)
    assert any("glasses.oval: excludes: 'headwaer' is no slot" in p for p in found)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('kind = "hdri"', 'kind = "hdry"', "hdry"),
        ("share = 1.0", "share = -1.0", "share: input should be greater than or equal to 0"),
        ('licence = "CC0-1.0"', 'licence = ""', "licence: string should have at least 1"),
        ('source = "', 'sauce = "', "sauce: extra inputs are not permitted"),
        ("bytes = ", "bytes = 1", "add the asset again"),
        ("format = 1", "format = = 1", "can't be read"),
        ('setting = "outdoor"', 'setting = "outdoor"\nreplaces = "ctiy"', "did you mean 'city'"),
    ],
)
def test_check_names_file_entry_field_and_rule(
    own: Path, hdr: Path, old: str, new: str, rule: str
) -> None:
    put(hdr, licence="CC0-1.0")
    assert check_user(own, hash_data=True) == (1, [])
    edited(own, "sunny-day", old, new)
    _, problems = check_user(own, hash_data=True)
    assert len(problems) == 1
    assert str(own / "sunny-day") in str(problems[0])
    assert "user/sunny-day" in str(problems[0])
    assert rule in str(problems[0])
    with pytest.raises(AssetError):
        Catalog.load()


def test_check_hashes_unless_told_not_to(own: Path, hdr: Path) -> None:
    put(hdr, licence="CC0-1.0")
    data = own / "sunny-day/data.safetensors"
    data.write_bytes(bytes(data.stat().st_size))
    assert [p.field for p in check_user(own, hash_data=True)[1]] == ["sha256"]
    assert check_user(own, hash_data=False)[1] == []


def test_the_commands(own: Path, tmp_path: Path, hdr: Path) -> None:
    done = RUNNER.invoke(app, ["add", str(hdr)])
    assert done.exit_code == 2
    assert "--licence" in done.stderr
    done = RUNNER.invoke(app, ["add", str(hdr), "--licence", "CC0-1.0"])
    assert done.exit_code == 0, done.stderr
    assert "user/sunny-day" in done.stdout
    done = RUNNER.invoke(app, ["list"])
    assert "user/sunny-day" in done.stdout
    assert "CC0-1.0" in done.stdout
    assert RUNNER.invoke(app, ["check"]).exit_code == 0
    edited(own, "sunny-day", "share = 1.0", "share = -1.0")
    done = RUNNER.invoke(app, ["check"])
    assert done.exit_code == 2
    assert "share" in done.stdout
    assert RUNNER.invoke(app, ["remove", "user/sunny-day"]).exit_code == 0
    assert "nothing yet" in RUNNER.invoke(app, ["list"]).stdout
    done = RUNNER.invoke(app, ["remove", "user/sunny-day"])
    assert done.exit_code == 2
    assert "no such asset" in done.stderr
    assert shelf().assets == {}


def test_of_many_some_may_fail(own: Path, tmp_path: Path) -> None:
    files = skin_files() | {"skins/x/x.mhmat": b"name x\ndiffuseTexture missing.png\n"}
    pack = write_files(tmp_path / "p", files)
    done = RUNNER.invoke(app, ["add", str(pack)])
    assert done.exit_code == 1
    assert "1 added" in done.stdout
    assert "'missing.png' is missing" in done.stderr
