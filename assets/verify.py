"""Check every byte of what is in the cache, and take what is damaged out of use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from assets.cache import Cache
from assets.compile import receipt_path, store_path
from assets.fetch import archive_problem
from assets.hdri import blender_hdri_path
from assets.packs import Pack, load_packs
from assets.progress import Progress
from assets.store import store_problem
from spec_schema.dataset import sha256_file

__all__ = ["Finding", "verify_cache"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing."""

    name: str
    state: Literal["whole", "absent", "damaged"]
    detail: str


def verify_cache(cache: Cache, progress: Progress) -> list[Finding]:
    """Hash archives, Blender's environments and the compiled store.

    A damaged compiled store loses its receipt and a damaged archive is removed, so that neither
    is used again.
    """
    with cache.exclusive(progress):
        findings = []
        for pack in load_packs().values():
            progress(f"checking {pack.name}")
            findings.append(
                _check_archive(pack, cache) if pack.fetched else _check_blender_files(pack)
            )
        progress("checking the compiled store")
        findings.append(_check_store(cache))
    return findings


def _check_archive(pack: Pack, cache: Cache) -> Finding:
    path = cache.archives / pack.archive
    if not path.exists():
        return Finding(pack.name, "absent", "archive not in the cache")
    problem = archive_problem(pack, cache)
    if problem is None:
        return Finding(pack.name, "whole", f"{path.name}: hash as declared")
    path.unlink()
    return Finding(pack.name, "damaged", f"{path.name} {problem}; removed")


def _check_blender_files(pack: Pack) -> Finding:
    declared = {entry["file"]: entry["sha256"] for entry in pack.content["hdris"].values()}
    found = {file: blender_hdri_path(file) for file in declared}
    if not any(found.values()):
        return Finding(pack.name, "absent", "bpy is not installed (the render extra brings it)")
    wrong = [f for f, path in found.items() if path is None or sha256_file(path) != declared[f]]
    if wrong:
        detail = f"{', '.join(wrong)}: missing or not as declared; install {pack.package} "
        return Finding(pack.name, "damaged", detail + f"{pack.version} again")
    return Finding(pack.name, "whole", f"{len(declared)} files: hashes as declared")


def _check_store(cache: Cache) -> Finding:
    path = store_path(cache)
    receipt = receipt_path(path)
    if not receipt.exists():
        return Finding("compiled store", "absent", "not compiled yet")
    problem = store_problem(path)
    if problem is None:
        declared = json.loads(receipt.read_text(encoding="utf-8"))["sha256"]
        if sha256_file(path) == declared:
            return Finding("compiled store", "whole", f"{path.name}: hash as in its receipt")
        problem = f"{path.name} does not have the hash of its receipt"
    receipt.unlink(missing_ok=True)
    return Finding("compiled store", "damaged", f"{problem}; it will not be used")
