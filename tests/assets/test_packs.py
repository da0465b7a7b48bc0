"""What is declared: packs, members, hashes, licences."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assets.compile_proxy import load_fit_scales
from assets.packs import asset_lock, licence_table, load_packs, packs_fingerprint

PACKS = load_packs()


def test_lock_names_every_pack_with_a_sha256() -> None:
    lock = asset_lock()
    assert set(lock) == {"head", "makehuman", "hdri-pmndrs", "hdri-blender"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in lock.values())


def test_blender_pack_hash_is_that_of_its_files() -> None:
    pack = PACKS["hdri-blender"]
    entries = sorted(pack.content["hdris"].values(), key=lambda e: str(e["file"]))
    text = "".join(f"{e['sha256']}  {e['file']}\n" for e in entries)
    assert hashlib.sha256(text.encode()).hexdigest() == pack.sha256


@pytest.mark.parametrize("name", sorted(PACKS))
def test_pack_is_free_and_credited(name: str) -> None:
    pack = PACKS[name]
    assert pack.licence == "CC0-1.0"
    assert pack.attribution
    assert pack.takes
    assert pack.bytes > 0
    assert bool(pack.archive) == pack.fetched


@pytest.mark.parametrize("proxy_id", sorted(PACKS["makehuman"].content["proxies"]))
def test_proxy_has_official_scales_under_cc0(proxy_id: str) -> None:
    scale = load_fit_scales()[proxy_id]
    assert scale["licence"] == "CC0"
    for axis in "xyz":
        assert len(set(scale[axis]["vertices"])) == 2
        assert 0.01 < scale[axis]["distance_m"] < 0.5


def test_fit_scales_name_no_proxy_that_is_not_taken() -> None:
    assert set(load_fit_scales()) == set(PACKS["makehuman"].content["proxies"])


@pytest.mark.parametrize("word", ["toon", "special_suit", "alpha7", "Harvey", "beard", "glasses"])
def test_nothing_of_unclear_licence_or_use_is_taken(word: str) -> None:
    assert word not in str(PACKS["makehuman"].content)


def test_licence_table_stands_in_the_docs() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "assets.md").read_text(encoding="utf-8")
    begin, end = "<!-- licences: begin -->\n", "<!-- licences: end -->"
    assert text[text.index(begin) + len(begin) : text.index(end)] == licence_table()


def test_fingerprint_is_stable_in_one_process_and_another() -> None:
    command = "from assets.packs import packs_fingerprint; print(packs_fingerprint())"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == packs_fingerprint()
