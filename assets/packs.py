"""The declared asset packs: source, version, hash, licence, and what is taken from them."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

__all__ = ["Pack", "asset_lock", "licence_table", "load_packs", "packs_fingerprint"]

_DECLARATION_FILES: Final = ("packs.toml", "fit_scales.toml")
_VERSION_SIGN: Final = {"pypi": "==", "npm": "@", "bpy": " "}


@dataclass(frozen=True)
class Pack:
    """One pack, as ``assets/data/packs.toml`` declares it."""

    name: str
    source: Literal["pypi", "npm", "bpy"]
    package: str
    version: str
    archive: str
    """File name of the archive; empty where nothing is fetched (``bpy``)."""
    bytes: int
    sha256: str
    licence: str
    attribution: str
    takes: str
    """What is taken, in words."""
    note: str
    content: Mapping[str, Any]
    """What is taken, as tables of members; its shape is known to the pack's compiler."""

    @property
    def fetched(self) -> bool:
        """Whether there is an archive to fetch."""
        return self.source != "bpy"

    @property
    def requirement(self) -> str:
        """The package and version as its own client spells it."""
        return f"{self.package}{_VERSION_SIGN[self.source]}{self.version}"


@lru_cache(maxsize=1)
def load_packs() -> dict[str, Pack]:
    """All packs by name, in the file's order."""
    raw = tomllib.loads(_read("packs.toml"))
    packs = {}
    for name, table in raw.items():
        fields = {k: v for k, v in table.items() if not isinstance(v, dict) and k != "prefix"}
        content = {k: v for k, v in table.items() if isinstance(v, dict) or k == "prefix"}
        packs[name] = Pack(name=name, content=content, **fields)
    return packs


def asset_lock() -> dict[str, str]:
    """SHA-256 of every declared pack by name, without needing any of them fetched."""
    return {name: pack.sha256 for name, pack in load_packs().items()}


def packs_fingerprint() -> str:
    """SHA-256 over all that is declared: hashes, members and fit scales."""
    digest = hashlib.sha256()
    for name in _DECLARATION_FILES:
        digest.update(_read(name).encode())
    return digest.hexdigest()


def licence_table() -> str:
    """Markdown table of packs, versions, licences and attributions."""
    lines = [
        "| Pack | Package | Taken from it | Licence | Attribution |",
        "|---|---|---|---|---|",
    ]
    where = {"pypi": "PyPI", "npm": "npm", "bpy": "inside"}
    for pack in load_packs().values():
        takes = pack.takes + (f". {pack.note}" if pack.note else "")
        lines.append(
            f"| {pack.name} | {where[pack.source]} `{pack.package}` {pack.version} | {takes} "
            f"| {pack.licence} | {pack.attribution} |"
        )
    return "\n".join(lines) + "\n"


def _read(name: str) -> str:
    return files("assets").joinpath("data", name).read_text(encoding="utf-8")
