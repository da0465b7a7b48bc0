"""What is stated on the command line, and what is told of files that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assets.cli import app
from assets.store import open_store
from assets.user.adding import Outcome, Stated, add
from assets.user.excludes import unknown_excludes
from assets.user.gltf import read_glb
from assets.user.shelf import shelf
from spec_schema.errors import AssetError
from tests.assets.user.making import clown_nose, garment_files, skin_files, write_files

RUNNER = CliRunner()


def added(path: Path, **stated: Any) -> list[Outcome]:
    outcomes: list[Outcome] = []
    add(path, Stated(**stated), open_store, outcomes.append)
    return outcomes


def entry(path: Path, old: str, new: str) -> Path:
    toml = path.with_suffix(".toml")
    text = toml.read_text("utf-8")
    assert old in text
    toml.write_text(text.replace(old, new), "utf-8")
    return path


@pytest.mark.parametrize("there", ["CC0-1.0", "", None])
def test_a_models_licence_may_be_stated(own: Path, tmp_path: Path, there: str | None) -> None:
    line = "" if there is None else f'licence = "{there}"\n'
    path = entry(clown_nose(tmp_path / "m"), 'licence = "CC0-1.0"\n', line)
    added(path, licence="CC-BY-4.0", author="B. Clown", share=3.0)
    item = shelf().item("user/clown-nose")
    assert (item.licence, item.author, item.share) == ("CC-BY-4.0", "B. Clown", 3.0)


def test_a_models_slot_and_shares_may_be_stated(own: Path, tmp_path: Path) -> None:
    path = clown_nose(tmp_path / "m", entry="share_female = 9.0\nshare_male = 0.0\n")
    added(path, slot="jewellery", share=2.0)
    item = shelf().item("user/clown-nose")
    assert (item.slot, item.fit, item.share) == ("jewellery", "rigid", 2.0)
    assert (item.share_female, item.share_male) == (None, None)


@pytest.mark.parametrize(
    ("stated", "rule"),
    [
        ({"sex": "male"}, r"--sex is for skin, and this is model"),
        ({"age_years": 30.0}, r"--age is for skin"),
        ({"ancestry": "asian"}, r"--ancestry is for skin"),
        ({"setting": "night"}, r"--setting is for light, and this is model"),
        ({"slot": "hedwear"}, r"--slot 'hedwear': did you mean 'headwear'"),
        ({"sex": "man"}, r"--sex 'man': valid: female, male|did you mean"),
        ({"setting": "nigth"}, r"--setting 'nigth': did you mean 'night'"),
        ({"licence": " "}, r"--licence: is empty.*SPDX"),
    ],
)
def test_what_does_not_apply_is_refused(
    own: Path, tmp_path: Path, stated: dict[str, Any], rule: str
) -> None:
    with pytest.raises(AssetError, match=rule):
        added(clown_nose(tmp_path / "m"), **stated)
    assert not own.exists()


def test_light_has_no_slot(own: Path, hdr: Path) -> None:
    with pytest.raises(AssetError, match=r"--slot is for garment or model, and this is light"):
        added(hdr, licence="CC0-1.0", slot="headwear")


def test_of_a_pack_some_things_may_take_an_option(own: Path, tmp_path: Path) -> None:
    files = {f"clothes/cape/{k}": v for k, v in garment_files().items()} | skin_files()
    made = added(write_files(tmp_path / "p", files), sex="male", licence="CC-BY-4.0")
    notes = {o.id: "; ".join(o.notes) for o in made}
    assert "its own licence CC0-1.0 stands" in notes["user/little-cape"]
    assert "male" in notes["user/young_asian_female"]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('slot = "facewear"\n', "", r"slot: is missing; one of .*headwear, facewear"),
        ("licence", "license", r"license: Extra inputs are not permitted; did you mean 'licence'"),
        ('"CC0-1.0"', '""', r"licence: is empty; write its SPDX name, such as CC0-1.0"),
        ("author", "[attachment]\nfraem", r"attachment.fraem: .*did you mean 'frame'"),
    ],
)
def test_a_models_file_is_explained(
    own: Path, tmp_path: Path, old: str, new: str, rule: str
) -> None:
    with pytest.raises(AssetError, match=rule):
        added(entry(clown_nose(tmp_path / "m"), old, new))


def test_excludes_of_nothing_are_told(own: Path, tmp_path: Path) -> None:
    path = clown_nose(tmp_path / "m", entry='tags = ["red"]\nexcludes = ["headwaer", "red"]\n')
    (made,) = added(path)
    assert (
        "'headwaer' is no slot and no tag of anything; did you mean 'headwear'?" in made.notes[-1]
    )
    assert "'red'" not in " ".join(made.notes)
    done = RUNNER.invoke(app, ["check"])
    assert done.exit_code == 0
    assert "warning: user/clown-nose: excludes: 'headwaer'" in done.stderr
    assert unknown_excludes({"x": ("headwear", "no_collar")}) == []


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "the file is empty"),
        (b"hello, this is text", "no binary glTF file"),
        (b"glTF\x02\x00\x00\x00\xff\x00\x00\x00", "it is cut off: 12 of 255 bytes"),
        (b"glTF\x02\x00\x00\x00\x18\x00\x00\x00" + b"\xff" * 12, "it is damaged"),
    ],
)
def test_broken_glb_files_in_plain_words(data: bytes, rule: str) -> None:
    with pytest.raises(AssetError, match=rf"x\.glb: can't be read as \.glb: .*{rule}") as told:
        read_glb(data, "x.glb")
    assert "Error" not in str(told.value)


def test_options_that_a_suggestion_has_no_use_for(tmp_path: Path) -> None:
    call = ["add-head", str(tmp_path / "x.blend"), "--suggest", "--name", "y"]
    done = RUNNER.invoke(app, call)
    assert done.exit_code == 2
    assert "not with --suggest" in done.stderr
