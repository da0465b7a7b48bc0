"""Parsers of the packs, and the compiled arrays of the real ones."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets import open_store
from assets.archives import read_members
from assets.compile_head import parse_obj, parse_target
from assets.compile_proxy import parse_faces
from assets.packs import load_packs
from assets.store import Store
from spec_schema.errors import AssetError

PROXIES = load_packs()["makehuman"].content["proxies"]


@pytest.fixture(scope="module")
def store() -> Store:
    return open_store()


def test_face_masks_with_every_part() -> None:
    stream = [0, 4, 5, 6]
    stream += [1 | 2, 0, 1, 2, 3, 99]
    stream += [1 | 2 | 8, 3, 2, 1, 0, 99, 10, 11, 12, 13]
    stream += [4 | 8 | 16 | 32 | 64 | 128, 7, 8, 9, 50, 20, 21, 22, 60, 61, 62, 63, 70, 71, 72, 73]
    faces, face_uv = parse_faces(stream)
    assert faces.tolist() == [[4, 5, 6, -1], [0, 1, 2, 3], [3, 2, 1, 0], [7, 8, 9, -1]]
    assert face_uv.tolist() == [[-1] * 4, [-1] * 4, [10, 11, 12, 13], [20, 21, 22, -1]]


@pytest.mark.parametrize("stream", [[0, 1, 2], [1, 0, 1, 2], [11, 0, 1, 2, 3, 0, 5]])
def test_face_list_that_is_cut_off_is_refused(stream: list[int]) -> None:
    with pytest.raises(AssetError, match="middle of a face"):
        parse_faces(stream)


def test_obj_is_read_in_metres_with_groups() -> None:
    text = "# c\nv 1 2 3\nv 4 5 6\nv 7 8 9\nv 1 0 0\nvt 0 .5\nvt 1 1\ng one\nf 1/1 2/2 3/1 4/2\n"
    arrays, groups = parse_obj(text + "g two\nf 4/2 3/1 2/2 1/1\n")
    np.testing.assert_allclose(arrays["head/vertices"][1], [0.4, 0.5, 0.6])
    assert arrays["head/faces"].tolist() == [[0, 1, 2, 3], [3, 2, 1, 0]]
    assert arrays["head/face_uv"].tolist() == [[0, 1, 0, 1], [1, 0, 1, 0]]
    assert groups == ["one", "two"]
    assert arrays["head/face_group"].tolist() == [0, 1]


def test_obj_with_a_triangle_is_refused() -> None:
    with pytest.raises(AssetError, match="no quad"):
        parse_obj("v 0 0 0\nvt 0 0\nf 1/1 1/1 1/1\n")


def test_target_is_read_in_metres_and_may_be_empty() -> None:
    vertex, delta = parse_target("# head\n\n3 .1 0 -1\n17 0 2 0\n")
    assert vertex.tolist() == [3, 17]
    np.testing.assert_allclose(delta, [[0.01, 0, -0.1], [0, 0.2, 0]])
    assert parse_target("# nothing\n")[1].shape == (0, 3)


def test_members_that_climb_out_are_only_ever_bytes(tmp_path: Path) -> None:
    archive = tmp_path / "box" / "a.whl"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("../climbed", b"x")
        z.writestr("fine", b"y")
    assert read_members(archive, ["fine"]) == {"fine": b"y"}
    assert not (tmp_path / "climbed").exists()


def test_missing_member_and_broken_archive_are_told(tmp_path: Path) -> None:
    archive = tmp_path / "a.whl"
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("fine", b"y")
    with pytest.raises(AssetError, match="lacks 1 files, first 'gone'"):
        read_members(archive, ["fine", "gone"])
    for name in ("b.whl", "b.tgz"):
        tmp_path.joinpath(name).write_bytes(io.BytesIO(b"no archive").read())
        with pytest.raises(AssetError, match="damaged archive"):
            read_members(tmp_path / name, ["fine"])


def test_head_has_the_facts_of_hm08(store: Store) -> None:
    vertices = store.array("head/vertices")
    assert vertices.shape == (19158, 3)
    assert store.array("head/faces").shape == (18486, 4)
    assert vertices[:13380, 1].max() == pytest.approx(0.849, abs=0.002)
    body = vertices[:13380]
    near_nose = body[(np.abs(body[:, 1] - 0.68) < 0.03) & (np.abs(body[:, 0]) < 0.01)]
    assert near_nose[:, 2].max() == pytest.approx(0.16, abs=0.015)


def test_mirror_is_an_involution_that_flips_x(store: Store) -> None:
    mirror, vertices = store.array("head/mirror"), store.array("head/vertices")
    assert (mirror[mirror] == np.arange(len(mirror))).all()
    body = np.arange(13380)
    flipped = vertices[mirror[body]] * [-1, 1, 1]
    assert np.abs(flipped - vertices[body]).max() < 2e-3


def test_targets_are_grown_ups_of_the_head(store: Store) -> None:
    names = store.json("head/targets/names")
    offsets = store.array("head/targets/offsets")
    assert names == sorted(names)
    assert len(offsets) == len(names) + 1
    assert offsets[-1] == len(store.array("head/targets/vertex"))
    count = {
        p: sum(n.startswith(f"{p}/") for n in names) for p in ("arkit", "asym", "nose", "macro")
    }
    assert count == {"arkit": 52, "asym": 58, "nose": 42, "macro": 12 + 36}
    assert not any("baby" in n or "child" in n or "breast" in n or "trunk" in n for n in names)
    at = names.index("arkit/jawOpen")
    moved = store.array("head/targets/delta")[offsets[at] : offsets[at + 1]]
    assert -0.05 < moved[:, 1].min() < -0.01


def test_rig_weights_are_of_known_vertices_and_sum_to_one_on_the_body(store: Store) -> None:
    bones = store.json("head/rig/bones")
    offsets, vertex = store.array("head/rig/offsets"), store.array("head/rig/vertex")
    assert len(offsets) == len(bones) + 1
    total = np.bincount(vertex, store.array("head/rig/weight"), 19158)
    np.testing.assert_allclose(total[:13380], 1, atol=1e-3)
    by_name = {bone["name"]: bone for bone in bones}
    assert by_name["head"]["parent"] == "neck03"
    left = by_name["eye.L"]["head"]["position_m"]
    assert left[0] > 0.02
    assert left[1] == pytest.approx(0.72, abs=0.02)
    place = by_name["eye.L"]["head"]["vertices"]
    np.testing.assert_allclose(store.array("head/vertices")[place].mean(0), left, atol=1e-6)


@pytest.mark.parametrize("region", ["face", "lips", "eyelids", "ears", "inside-mouth", "sss"])
def test_region_masks(store: Store, region: str) -> None:
    mask = store.array(f"head/mask/{region}")
    assert mask.shape == (2048, 2048)
    assert mask.dtype == np.uint8
    assert mask.max() > mask.min()


def test_lip_mask_covers_the_lips_where_uv_has_v_up(store: Store) -> None:
    mask, uv = store.array("head/mask/lips"), store.array("head/uv")
    faces, face_uv = store.array("head/faces"), store.array("head/face_uv")
    place = np.zeros((19158, 2))
    place[faces.ravel()] = uv[face_uv.ravel()]
    rows = ((1 - place[:, 1]) * 2047).astype(int)
    columns = (place[:, 0] * 2047).astype(int)
    inside = mask[rows.clip(0, 2047), columns.clip(0, 2047)] > 128
    lips = store.array("head/vertices")[:13380][inside[:13380]]
    assert 0.63 < lips[:, 1].mean() < 0.68
    assert np.abs(lips[:, 0]).max() < 0.04


def fitted(store: Store, proxy_id: str, vertices: np.ndarray) -> np.ndarray:
    """(n, 3) metres: a proxy refitted to a head, as the contract says."""
    prefix = f"proxies/{proxy_id}"
    scale = [
        abs(vertices[a, axis] - vertices[b, axis]) / distance
        for axis, (a, b, distance) in enumerate(store.json(prefix)["scale"])
    ]
    hung = vertices[store.array(f"{prefix}/refs")] * store.array(f"{prefix}/weights")[..., None]
    return np.asarray(hung.sum(axis=1) + store.array(f"{prefix}/offsets") * scale)


PLACES = {
    "clothing": ((0.57, 0.62), 0.120),
    "headwear": ((0.86, 0.88), 0.045),
    "teeth": ((0.66, 0.70), 0.025),
    "tongue": ((0.66, 0.68), 0.030),
    "eyebrows": ((0.735, 0.755), 0.006),
    "eyelashes": ((0.730, 0.745), 0.012),
}
"""By kind: metres in which the highest point lies, and the most that any point is off the body."""


@pytest.mark.parametrize("proxy_id", sorted(PROXIES))
def test_proxy_lies_on_the_head_it_is_fitted_to(store: Store, proxy_id: str) -> None:
    vertices = store.array("head/vertices").astype(np.float64)
    points = fitted(store, proxy_id, vertices)
    (low, high), far = PLACES[PROXIES[proxy_id]["kind"]]
    assert low < points[:, 1].max() < high
    distance, _ = cKDTree(vertices[:13380]).query(points)
    assert distance.max() < far
    assert abs(points[:, 0].max() + points[:, 0].min()) < 0.02
    prefix = f"proxies/{proxy_id}"
    np.testing.assert_allclose(store.array(f"{prefix}/weights").sum(1), 1, atol=1e-3)
    assert store.array(f"{prefix}/faces").max() == len(points) - 1
    document = store.json(prefix)
    assert document["licences"]["official_release"] == "CC0"
    assert "AGPL3" in document["licences"]["package"]
    assert store.array(f"{prefix}/texture/diffuse").dtype == np.uint8


def test_proxies_follow_a_bigger_head(store: Store) -> None:
    vertices = store.array("head/vertices").astype(np.float64)
    small, big = fitted(store, "fedora", vertices), fitted(store, "fedora", vertices * 1.25)
    np.testing.assert_allclose(big, small * 1.25, atol=1e-6)


def test_hdris_have_no_negative_light(store: Store) -> None:
    names = store.names("hdri/")
    assert len(names) == 18
    for name in names:
        radiance = store.array(name)
        assert radiance.shape == (256, 512, 3)
        assert radiance.dtype == np.float16
        assert radiance.min() >= 0
        assert np.isfinite(radiance).all()
    sky = store.array("hdri/park").astype(np.float32)
    assert sky[:64].mean(axis=(0, 1))[2] > sky[192:].mean(axis=(0, 1))[2]  # blue is above
