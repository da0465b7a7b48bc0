"""Scenes, sheets and errors of ``rf-assets preview``."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from assets.catalog import Catalog
from assets.cli import app
from assets.preview import KINDS, RenderAsk, Setting, heads, making, tiles
from assets.preview.rendering import rendered
from assets.preview.sheet import sheet
from assets.worn import goes_with, worn_tables
from spec_schema import SceneSpec, spec_hash
from spec_schema.errors import AssetError
from spec_schema.frames import camera_from_head_rotation, camera_from_world_rotation

RUNNER = CliRunner()


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"own"}))
def test_every_entry_on_one_head(kind: str) -> None:
    made = tiles(KINDS[kind], None, None, Setting())
    assert [t.label for t in made] == list(KINDS[kind].ids())
    for tile in made:
        Catalog.load().check_spec(tile.spec, kind)
    assert len({t.spec.identity.age_years for t in made}) == 1
    assert len({spec_hash(t.spec) for t in made}) == len(made), "two entries look the same"


def test_what_is_shown_goes_with_the_clothes_below() -> None:
    garments = worn_tables("clothing")
    worn = set()
    for tile in tiles(KINDS["neckwear"], None, None, Setting()):
        clothing = tile.spec.clothing
        assert clothing is not None
        item = worn_tables("neckwear")[tile.label]
        assert goes_with("neckwear", item, "clothing", garments[clothing.id]), tile.label
        worn.add(clothing.id)
    assert len(worn) > 1  # a tie asks for a collar


def test_hair_shows_every_style() -> None:
    styles = {t.spec.hair.style for t in tiles(KINDS["hair"], None, None, Setting())}
    assert styles == {"bald", *Catalog.load().ids("hair_styles")}


def test_one_entry_on_eight_unlike_heads() -> None:
    made = tiles(KINDS["hair"], "bob", None, Setting())
    assert len(made) == len(heads()) == 8
    assert {t.spec.hair.style for t in made} == {"bob"}
    assert len({spec_hash(t.spec) for t in made}) == 8


@pytest.mark.parametrize("view", ["front", "three-quarter", "profile", "back"])
def test_the_head_is_not_turned_on_its_body(view: str) -> None:
    spec = tiles(KINDS["hair"], "bob", "anna", Setting(view=view))[0].spec
    pose, camera = spec.pose, spec.camera
    head = camera_from_head_rotation(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
    body = camera_from_world_rotation(camera.azimuth_deg, camera.elevation_deg, camera.roll_deg)
    np.testing.assert_allclose(head, body, atol=1e-9)


@pytest.mark.parametrize(
    ("setting", "entry", "head", "named"),
    [
        (Setting(view="bock"), "bob", None, "'back'"),
        (Setting(light="sof"), "bob", None, "'soft'"),
        (Setting(framing="heed"), "bob", None, "'head'"),
        (Setting(), "bobb", None, "'bob'"),
        (Setting(), "bob", "anne", "'anna'"),
    ],
)
def test_errors_name_the_nearest(
    setting: Setting, entry: str, head: str | None, named: str
) -> None:
    with pytest.raises(AssetError, match=named):
        tiles(KINDS["hair"], entry, head, setting)


def test_a_sheet_holds_each_picture_in_its_place() -> None:
    pictures = [Image.new("RGB", (40, 40), (i * 40, 0, 0)) for i in range(5)]
    page = sheet(pictures, ["a label that is far too long", "b", "c", "d", "e"], 3)
    reds = [page.getpixel((20 + 42 * (i % 3), 20 + 60 * (i // 3)))[0] for i in range(5)]
    assert reds == [0, 40, 80, 120, 160]


def test_the_command_writes_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RenderAsk] = []

    def pictures(specs: list[SceneSpec], ask: RenderAsk, folder: Path) -> list[Image.Image]:
        asked.append(ask)
        return [Image.new("RGB", (ask.size_px, ask.size_px)) for _ in specs]

    monkeypatch.setattr(making, "rendered", pictures)
    out = tmp_path / "bob.png"
    call = ["preview", "hair", "--style", "bob", "-o", str(out), "--size", "64", "--samples", "2"]
    done = RUNNER.invoke(app, call)
    assert done.exit_code == 0, done.output
    assert asked[0].arguments()[:2] == ["--size", "64"]
    assert asked[0].arguments()[-2:] == ["--samples", "2"]
    with Image.open(out) as page:
        assert page.size == (4 * 66 - 2, 2 * 84 - 2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["preview", "hare"], "did you mean 'hair'?"),
        (["preview", "hair", "-o", "sheet.gif"], "must end in .png"),
        (["preview", "hair", "-o", "no/such/folder.png"], "a folder that is not there"),
    ],
)
def test_mistakes_are_told(call: list[str], said: str) -> None:
    done = RUNNER.invoke(app, call)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_without_blender_it_says_which_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bpy" else find(name)
    )
    done = RUNNER.invoke(app, ["preview", "hair", "-o", str(tmp_path / "hair.png")])
    assert done.exit_code == 2
    assert "replicantface[render]" in done.output
    assert not (tmp_path / "hair.png").exists()


@pytest.mark.blender
def test_pictures_come_in_the_order_of_the_specs(tmp_path: Path) -> None:
    bright = tiles(KINDS["hair"], "bald", "anna", Setting())[0].spec
    night = bright.environment.model_copy(update={"exposure_ev": -6.0})
    dark = bright.model_copy(update={"environment": night})
    first, second = rendered([dark, bright], RenderAsk(32, "draft", 1), tmp_path)
    assert first.size == (32, 32)
    assert np.asarray(first).mean() < 0.3 * np.asarray(second).mean()
