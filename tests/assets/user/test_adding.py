"""What is taken, what is refused, and what each of the files becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.catalog import Catalog
from assets.hdri import irradiance_harmonics
from assets.store import Store, open_store
from assets.user.adding import Outcome, Stated, add
from assets.user.entry import HdriAsset, ItemAsset, SkinAsset
from assets.user.makehuman import guess_slot
from assets.user.mhclo import Header, parse_header
from assets.user.radiance import read_hdr
from assets.user.shelf import shelf, user_array
from spec_schema.errors import AssetError
from tests.assets.user.making import (
    clown_nose,
    garment_files,
    skin_files,
    write_files,
    write_hdr,
    write_zip,
)


def added(path: Path, **stated: Any) -> list[Outcome]:
    outcomes: list[Outcome] = []
    add(path, Stated(**stated), open_store, outcomes.append)
    return outcomes


def test_hdr_is_read_with_run_lengths(tmp_path: Path) -> None:
    wanted = np.full((4, 8, 3), 0.5, np.float32)
    wanted[1, 3] = (100.0, 2.0, 0.25)
    got = read_hdr(write_hdr(tmp_path / "a.hdr", wanted))
    # Shared exponents: within half a step of the brightest channel's mantissa.
    assert np.abs(got - wanted).max() <= 100 / 256
    assert np.allclose(got[0], 0.5, rtol=0.01)


def test_light_is_measured_and_drawn(own: Path, hdr: Path, store: Store) -> None:
    made = added(hdr, licence="CC0-1.0", setting="outdoor")
    assert [o.id for o in made] == ["user/sunny-day"]
    entry = Catalog.load().hdris["user/sunny-day"]
    radiance = store.array("hdri/user/sunny-day")
    assert radiance.shape == (8, 16, 3)
    assert entry.irradiance == pytest.approx(irradiance_harmonics(radiance), rel=1e-6)
    # The sun stands right of the picture's middle: at world +x.
    assert entry.irradiance[3] > 0.5
    assert entry.share == 1.0
    assert entry.licence == "CC0-1.0"


def test_light_without_licence_is_refused(own: Path, hdr: Path) -> None:
    with pytest.raises(AssetError, match="--licence"):
        added(hdr)
    assert not own.exists()


def test_light_of_another_shape_is_refused(own: Path, tmp_path: Path) -> None:
    square = write_hdr(tmp_path / "b.hdr", np.ones((8, 8, 3), np.float32))
    with pytest.raises(AssetError, match="twice as wide"):
        added(square, licence="CC0-1.0")


def test_cut_off_light_is_refused(own: Path, hdr: Path) -> None:
    hdr.write_bytes(hdr.read_bytes()[:-20])
    with pytest.raises(AssetError, match="cut off"):
        added(hdr, licence="CC0-1.0")


@pytest.mark.parametrize("packed", [False, True])
def test_a_pack_of_makehuman(own: Path, tmp_path: Path, packed: bool) -> None:
    files = {f"clothes/cape/{k}": v for k, v in garment_files().items()} | skin_files()
    files["hair/wig/wig.mhclo"] = garment_files()["cape.mhclo"]
    pack = write_zip(tmp_path / "p.zip", files) if packed else write_files(tmp_path / "p", files)
    made = {o.file: o for o in added(pack)}
    assert made["clothes/cape/cape.mhclo"].id == "user/little-cape"
    assert made["hair/wig/wig.mhclo"].id is None
    assert "polygon hair" in made["hair/wig/wig.mhclo"].notes[0]
    cape, skin = shelf().assets["user/little-cape"], shelf().assets["user/young_asian_female"]
    assert isinstance(cape, ItemAsset)
    assert isinstance(skin, SkinAsset)
    assert (cape.slot, cape.licence, cape.author) == ("clothing", "CC0-1.0", "A. Tailor")
    assert cape.parts[0].colour[0] == pytest.approx(0.604, abs=0.01)  # 0.8 sRGB, linear
    assert (skin.sex, skin.age_years, skin.ancestry) == ("female", 25.0, "asian")
    assert (skin.licence, skin.replaces) == ("CC-BY-4.0", "young_asian_female")


def test_a_skin_replaces_its_small_copy(own: Path, tmp_path: Path, store: Store) -> None:
    added(write_files(tmp_path / "p", skin_files()))
    skins = Catalog.load().skins
    assert skins["young_asian_female"].share == 0
    assert skins["user/young_asian_female"].share == 1
    assert store.has("skins/user/young_asian_female")
    assert not store.has("skins/user/nobody")
    assert store.array("skins/user/young_asian_female")[0, 0].tolist() == [214, 170, 140]
    assert Catalog.shipped().skins["young_asian_female"].share == 1


def test_one_file_of_a_pack(own: Path, tmp_path: Path) -> None:
    pack = write_files(tmp_path / "p", skin_files("old_african_male"))
    made = added(pack / "skins/old_african_male/old_african_male.mhmat", name="Grandpa")
    assert [o.id for o in made] == ["user/grandpa"]


def test_a_skin_of_nobody_needs_words(own: Path, tmp_path: Path) -> None:
    pack = write_files(tmp_path / "p", skin_files("greenish"))
    with pytest.raises(AssetError, match="--sex"):
        added(pack)
    added(pack, sex="male", age_years=40.0, ancestry="european")
    assert "user/greenish" in Catalog.load().skins


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"licence": ""}, "no licence"),
        ({"base": "alpha7"}, "base mesh 'alpha7'"),
    ],
)
def test_a_garment_is_refused(
    own: Path, tmp_path: Path, changes: dict[str, str], rule: str
) -> None:
    pack = write_files(tmp_path / "p", garment_files(**changes))  # type: ignore[arg-type]
    with pytest.raises(AssetError, match=rule):
        added(pack)
    assert not own.exists()


def test_a_stated_licence_helps(own: Path, tmp_path: Path) -> None:
    added(write_files(tmp_path / "p", garment_files(licence="")), licence="CC-BY-4.0")
    assert shelf().assets["user/little-cape"].licence == "CC-BY-4.0"


@pytest.mark.parametrize("name", ["../evil.mhclo", "/evil.mhclo", "a/../../evil.mhclo", "c:\\e"])
def test_names_that_lead_out_of_an_archive(own: Path, tmp_path: Path, name: str) -> None:
    pack = write_zip(tmp_path / "p.zip", {**garment_files(), name: b"x"})
    with pytest.raises(AssetError, match="leads out"):
        added(pack)


def test_references_that_lead_out_of_a_pack(own: Path, tmp_path: Path) -> None:
    files = garment_files()
    files["cape.mhclo"] = files["cape.mhclo"].replace(b"cape.obj", b"../../secret.obj")
    with pytest.raises(AssetError, match=r"outside of what is added.*one folder higher"):
        added(write_zip(tmp_path / "p.zip", files))


def test_links_out_of_a_folder_are_refused(own: Path, tmp_path: Path) -> None:
    pack = write_files(tmp_path / "p", garment_files())
    (tmp_path / "secret.png").write_bytes(b"x")
    (pack / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(AssetError, match="leads out"):
        added(pack)


def test_there_must_be_something(own: Path, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    with pytest.raises(AssetError, match="nothing here"):
        added(tmp_path / "p")


def test_twice_needs_replace(own: Path, hdr: Path) -> None:
    added(hdr, licence="CC0-1.0")
    with pytest.raises(AssetError, match="--replace"):
        added(hdr, licence="CC0-1.0")
    added(hdr, licence="CC0-1.0", replace=True, share=3.0)
    entry = shelf().assets["user/sunny-day"]
    assert isinstance(entry, HdriAsset)
    assert entry.share == 3


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("Mary Janes Sunglasses", "glasses"),
        ("BaseballCap", "headwear"),
        ("cape", "clothing"),
        ("Surgical mask", "facewear"),
        ("bow_tie", "neckwear"),
        ("hoop earrings", "jewellery"),
        ("T-shirt", "clothing"),
    ],
)
def test_the_slot_is_guessed_by_words(name: str, slot: str) -> None:
    assert guess_slot(Header(name, "", "", ()), "x.mhclo") == slot


@pytest.mark.parametrize(
    ("line", "licence"),
    [
        ("# license CC0", "CC0-1.0"),
        ("# License: CC-BY", "CC-BY-4.0"),
        ("license CC BY-SA 3.0", "CC-BY-SA-3.0"),
        ("// licence AGPL3", "AGPL3"),
        ("# This asset was explicitly released as CC0 in september 2020.", "CC0-1.0"),
        ("# nothing", ""),
    ],
)
def test_licences_are_read_from_headers(line: str, licence: str) -> None:
    assert parse_header(f"{line}\nname x\nverts 0\n", "").licence == licence


def test_a_model_has_its_entry(own: Path, tmp_path: Path) -> None:
    made = added(clown_nose(tmp_path / "m"))
    assert made[0].id == "user/clown-nose"
    item = shelf().item("user/clown-nose")
    assert (item.slot, item.fit, item.author) == ("facewear", "soft", "A. Clown")
    # The head that it was placed on is left out.
    points = user_array("user/clown-nose", "points")
    assert np.ptp(points, axis=0).max() == pytest.approx(0.024, abs=0.002)


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        ({"scale": 100.0}, 'unit = "cm" would make it fit'),
        ({"shift_m": -0.03}, "deep in the reference head"),
        ({"shift_m": 0.2}, "floats"),
        ({"entry": "shine = 1\n"}, "shine: Extra inputs"),
        ({"entry": '[attachment]\nmode = "landmark"\nframe = "nose"\n'}, "did you mean 'nose_tip'"),
        ({"entry": '[attachment]\nmode = "landmark"\n'}, "attachment.frame: is missing"),
    ],
)
def test_a_model_is_refused(own: Path, tmp_path: Path, model: dict[str, Any], rule: str) -> None:
    with pytest.raises(AssetError, match=rule):
        added(clown_nose(tmp_path / "m", **model))
    assert not own.exists()


def test_a_model_without_entry_is_refused(own: Path, tmp_path: Path) -> None:
    path = clown_nose(tmp_path / "m")
    path.with_suffix(".toml").unlink()
    with pytest.raises(AssetError, match="needs a TOML file"):
        added(path)


def test_a_damaged_model_is_refused(own: Path, tmp_path: Path) -> None:
    path = clown_nose(tmp_path / "m")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(AssetError, match=r"can't be read as \.glb"):
        added(path)


def test_overlap_that_is_meant_is_allowed(own: Path, tmp_path: Path) -> None:
    added(clown_nose(tmp_path / "m", shift_m=-0.03, entry="allow_overlap_mm = 60\n"))
    assert "user/clown-nose" in Catalog.load().facewear
