"""The same row gives the same bytes: noisy and denoised, whatever the order, worker or threads."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderer.blender import session
from renderer.blender.render import Renderer
from renderer.engine import BlenderEngine
from renderer.run import RunOptions, render_manifest
from renderer.settings import RenderSettings
from renderer.shards import parse_shard
from spec_schema.arrow import spec_to_row
from spec_schema.spec import ARKIT_UNITS
from tests.make_specs import make_spec
from tests.renderer.blender.scenes import Settings, picture
from tests.renderer.blender.test_determinism import _first, _render, _second, _sky
from tests.renderer.specs import tree, write_manifest

pytestmark = pytest.mark.blender
TINY = RenderSettings(size_px=40, samples=2)


def undenoised(cycles: Any, *_: object) -> None:
    cycles.use_denoising = False


@pytest.mark.parametrize(("noisy", "samples"), [(False, 3), (False, 16), (True, 3)])
def test_pairs_in_either_order_on_one_thread_or_two(
    monkeypatch: pytest.MonkeyPatch, noisy: bool, samples: int
) -> None:
    """16 samples take the slow prefilter of the denoiser, 3 the fast one."""
    if noisy:
        monkeypatch.setattr(session, "_configure_denoiser", undenoised)
    pictures: dict[str, set[bytes]] = {"first": set(), "second": set()}
    for threads, order in ((2, "first second"), (1, "second first"), (2, "second second first")):
        renderer = Renderer(Settings(40, samples, threads=threads), _sky)
        for name in order.split():
            images = _render(renderer, _first() if name == "first" else _second())
            pictures[name].add(images.image_png + images.mask.tobytes())
    assert [len(kinds) for kinds in pictures.values()] == [1, 1]
    assert pictures["first"] != pictures["second"]


def test_noise_is_there_to_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    denoised = picture(_render(Renderer(Settings(40, 3), _sky), _second()).image_png)
    monkeypatch.setattr(session, "_configure_denoiser", undenoised)
    noisy = picture(_render(Renderer(Settings(40, 3), _sky), _second()).image_png)
    assert np.abs(np.diff(noisy, axis=0)).mean() > np.abs(np.diff(denoised, axis=0)).mean() + 1


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real faces."""
    changes: list[dict[str, Any]] = [
        {"pose": {"yaw_deg": 20.0}, "hair": {"style": "short_crop"}},
        {"pose": {"yaw_deg": -35.0}, "expression": {"jawOpen": 0.4}},
    ]

    def change(row: int, record: dict[str, Any]) -> None:
        keys = record["identity"]["shape"]
        record.update(spec_to_row(make_spec(sample={"index": row}, **changes[row])))
        record["identity"]["shape"] = dict.fromkeys(keys, 0.25)
        record["expression"] = {**dict.fromkeys(ARKIT_UNITS, 0.0), **record["expression"]}

    engine = BlenderEngine()
    path = tmp_path_factory.mktemp("faces") / "faces.parquet"
    return write_manifest(path, 2, change, asset_lock=engine.asset_lock())


def render(manifest: Path, out: Path, shard: str, workers: int, threads: int) -> None:
    options = RunOptions(parse_shard(shard), workers, threads)
    stream = io.StringIO()
    code = render_manifest(manifest, out, TINY, options, BlenderEngine(), stream)
    assert code == 0, stream.getvalue()


def test_shards_workers_threads_and_resuming_change_no_byte(manifest: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    render(manifest, whole, "1/1", workers=1, threads=2)
    render(manifest, parts, "2/2", workers=1, threads=1)
    render(manifest, parts, "1/2", workers=2, threads=1)
    assert digests(whole) == digests(parts)
    assert len(digests(whole)) == 4 + 2 * 4
    # One is lost, and rendered again by a worker that has seen nothing else.
    (parts / "00000/00000001.png").unlink()
    render(manifest, parts, "1/1", workers=1, threads=2)
    assert digests(whole) == digests(parts)


def digests(root: Path) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in tree(root).items()}
