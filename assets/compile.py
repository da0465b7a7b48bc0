"""Compile the fetched packs into one memory-mappable file.

The file is written under a temporary name and renamed; its receipt, with its size and hashes,
is written last. A file without a matching receipt is never opened.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from assets.archives import read_members
from assets.cache import Cache
from assets.compile_head import compile_head
from assets.compile_images import decode_hdri, decode_image
from assets.compile_proxy import compile_proxy, load_fit_scales
from assets.packs import Pack, asset_lock, load_packs, packs_fingerprint
from assets.progress import Progress
from spec_schema.dataset import sha256_file
from spec_schema.errors import AssetError

__all__ = [
    "COMPILER_VERSION",
    "METADATA_KEY",
    "compile_store",
    "header_bytes",
    "receipt_path",
    "store_name",
    "store_path",
]

COMPILER_VERSION: Final = 1
"""Raised whenever the same packs give other arrays."""

METADATA_KEY: Final = "replicantface"
_SKIN_SIZE_PX: Final = 512
_OTHER_STORES_KEPT: Final = 1

Arrays = dict[str, NDArray[Any]]
Documents = dict[str, Any]


def store_name() -> str:
    """Name of the compiled file: what is declared, and how it is compiled."""
    text = f"{COMPILER_VERSION}/{packs_fingerprint()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def store_path(cache: Cache) -> Path:
    """Where the compiled store lies."""
    return cache.compiled / f"{store_name()}.safetensors"


def receipt_path(store: Path) -> Path:
    """Where the receipt of a compiled store lies."""
    return store.with_suffix(".json")


def compile_store(cache: Cache, progress: Progress) -> Path:
    """Compile all packs from their verified archives. The caller holds the cache's lock."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    packs = load_packs()
    arrays: Arrays = {}
    documents: Documents = {}
    for name, compiler in _COMPILERS.items():
        progress(f"compiling {name}")
        archive = cache.archives / packs[name].archive
        part_arrays, part_documents = compiler(packs[name], archive)
        arrays |= part_arrays
        documents |= part_documents
    target = store_path(cache)
    partial = target.with_suffix(".partial")
    metadata = {"lock": asset_lock(), "compiler": COMPILER_VERSION, "documents": documents}
    try:
        cache.compiled.mkdir(parents=True, exist_ok=True)
        receipt_path(target).unlink(missing_ok=True)
        _drop_old_stores(cache, target)
        save_file(arrays, partial, {METADATA_KEY: json.dumps(metadata, sort_keys=True)})
        _publish(partial, target)
        receipt = _receipt(target)
        _write_durably(receipt_path(target), json.dumps(receipt, indent=1) + "\n")
    except (OSError, SafetensorError) as e:
        raise AssetError(
            f"{target}: can't be written: {_why(e)}; make room, or set RF_ASSETS_DIR to a folder "
            "on another disk"
        ) from e
    finally:
        partial.unlink(missing_ok=True)
    progress(f"compiled {len(arrays)} arrays, {target.stat().st_size / 1e6:.0f} MB")
    return target


def header_bytes(path: Path) -> bytes:
    """The header of a safetensors file, with its length field."""
    with path.open("rb") as f:
        length = f.read(8)
        # A damaged length may be larger than any file.
        return length + f.read(min(int.from_bytes(length, "little"), path.stat().st_size))


def _why(error: Exception) -> str:
    """The cause in words; safetensors hands the system's error on as text."""
    no_space = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
    return "no disk space is left" if no_space else str(error)


def _receipt(store: Path) -> dict[str, Any]:
    return {
        "bytes": store.stat().st_size,
        "sha256": sha256_file(store),
        "header_sha256": hashlib.sha256(header_bytes(store)).hexdigest(),
        "lock": asset_lock(),
        "compiler": COMPILER_VERSION,
    }


def _drop_old_stores(cache: Cache, keep: Path) -> None:
    """Remove the leavings of interrupted runs, and all but the newest stores of other versions.

    A process that has a removed one mapped keeps its pages.
    """
    for path in cache.compiled.glob("*.partial"):
        path.unlink(missing_ok=True)
    others = [p for p in cache.compiled.glob("*.safetensors") if p != keep]
    others.sort(key=lambda p: p.stat().st_mtime)
    for path in others[:-_OTHER_STORES_KEPT]:
        receipt_path(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _publish(partial: Path, target: Path) -> None:
    with partial.open("rb+") as f:
        os.fsync(f.fileno())
    umask = os.umask(0)
    os.umask(umask)
    partial.chmod(0o666 & ~umask)  # safetensors makes it private; a shared cache must be readable
    partial.replace(target)


def _write_durably(path: Path, text: str) -> None:
    partial = path.with_suffix(".json.partial")
    with partial.open("w", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    partial.replace(path)


def _compile_makehuman(pack: Pack, archive: Path) -> tuple[Arrays, Documents]:
    prefix = pack.content["prefix"]
    proxies = pack.content["proxies"]
    images: dict[str, tuple[str, str | None]] = {}
    images |= {f"skins/{k}": (v, "RGB") for k, v in pack.content["skins"].items()}
    images |= {f"irises/{k}": (v, "RGBA") for k, v in pack.content["irises"].items()}
    for proxy_id, proxy in proxies.items():
        for use, member in proxy["textures"].items():
            images[f"proxies/{proxy_id}/texture/{use}"] = (member, None)
    wanted = [m for m, _ in images.values()] + [p["mesh"] for p in proxies.values()]
    raw = read_members(archive, [prefix + member for member in wanted])
    arrays: Arrays = {}
    documents: Documents = {}
    for name, (member, mode) in images.items():
        arrays[name] = decode_image(raw[prefix + member], mode)
    for skin in pack.content["skins"]:
        if arrays[f"skins/{skin}"].shape != (_SKIN_SIZE_PX, _SKIN_SIZE_PX, 3):
            raise AssetError(f"skin {skin}: is not {_SKIN_SIZE_PX} pixels square")
    scales = load_fit_scales()
    for proxy_id, proxy in proxies.items():
        part, document = compile_proxy(
            proxy_id, proxy["kind"], raw[prefix + proxy["mesh"]], HM08_VERTICES, scales
        )
        arrays |= part
        documents[f"proxies/{proxy_id}"] = document
    return arrays, documents


def _compile_hdris(pack: Pack, archive: Path) -> tuple[Arrays, Documents]:
    prefix = pack.content["prefix"]
    members = pack.content["hdris"]
    raw = read_members(archive, [prefix + member for member in members.values()])
    return {f"hdri/{k}": decode_hdri(raw[prefix + m]) for k, m in members.items()}, {}


HM08_VERTICES: Final = 19158

_COMPILERS: Final[dict[str, Callable[[Pack, Path], tuple[Arrays, Documents]]]] = {
    "head": compile_head,
    "makehuman": _compile_makehuman,
    "hdri-pmndrs": _compile_hdris,
}
