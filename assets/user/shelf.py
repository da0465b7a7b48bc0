"""The assets in the user's folder, read once a process, and their arrays."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from assets.user.entry import (
    DATA_FILE,
    ENTRY_FILE,
    FORMAT,
    HdriAsset,
    HeadAsset,
    ItemAsset,
    SkinAsset,
    UserAsset,
    asset_id,
    checked_entry,
    content_hash,
    read_entry,
    to_toml,
)
from assets.user.folder import ID_PREFIX, user_folder
from spec_schema.dataset import sha256_file
from spec_schema.errors import AssetError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "USER_PART",
    "Shelf",
    "forget",
    "of_user",
    "put",
    "remove",
    "shelf",
    "user_array",
    "user_arrays",
    "user_licences",
    "user_lock",
    "verify_lock",
]

USER_PART: Final = f"/{ID_PREFIX}"
"""What tells a user's array from one of the packs in the names of the store."""

_COMMENT = "A user's asset of Replicantface. share may be edited; see docs/own-assets.md."


@dataclass(frozen=True, eq=False)
class Shelf:
    """What one folder holds, by id."""

    folder: Path
    assets: Mapping[str, UserAsset]

    @property
    def hdris(self) -> dict[str, HdriAsset]:
        """Light, by id."""
        return {i: a for i, a in self.assets.items() if isinstance(a, HdriAsset)}

    @property
    def skins(self) -> dict[str, SkinAsset]:
        """Skins, by id."""
        return {i: a for i, a in self.assets.items() if isinstance(a, SkinAsset)}

    @property
    def heads(self) -> dict[str, HeadAsset]:
        """Heads, by id."""
        return {i: a for i, a in self.assets.items() if isinstance(a, HeadAsset)}

    def items(self, slot: str | None = None) -> dict[str, ItemAsset]:
        """Worn things of a slot, or all, by id."""
        worn = {i: a for i, a in self.assets.items() if isinstance(a, ItemAsset)}
        return {i: a for i, a in worn.items() if slot in (None, a.slot)}

    def item(self, item_id: str) -> ItemAsset:
        """A worn thing.

        Raises:
            AssetError: there is none of that id.
        """
        worn = self.items()
        if item_id not in worn:
            hint = nearest(item_id, worn) if worn else "there are none"
            raise AssetError(f"{item_id!r}: no such worn thing in {self.folder}; {hint}")
        return worn[item_id]

    def place(self, some_id: str) -> Path:
        """Folder of an asset."""
        return self.folder / some_id.removeprefix(ID_PREFIX)


def shelf() -> Shelf:
    """The user's assets, read once for the life of the process.

    Raises:
        AssetError: an ``asset.toml`` breaks a rule, or its data is missing.
    """
    return _read(user_folder())


def forget() -> None:
    """Read the folder again when it is next asked for."""
    _read.cache_clear()
    _arrays.cache_clear()


@lru_cache(maxsize=4)
def _read(folder: Path) -> Shelf:
    found: dict[str, UserAsset] = {}
    for path in sorted(folder.glob(f"*/{ENTRY_FILE}")) if folder.is_dir() else []:
        if path.parent.name.startswith("."):
            continue  # one that is being written
        entry = read_entry(path)
        data = path.parent / DATA_FILE
        size = data.stat().st_size if data.is_file() else -1
        if size != entry.bytes:
            what = "is missing" if size < 0 else f"has {size} bytes, not {entry.bytes}"
            raise AssetError(
                f"{data}: {what}; add the asset again, or remove it with "
                f"`rf-assets remove {path.parent.name}`"
            )
        found[asset_id(path.parent)] = entry
    return Shelf(folder, MappingProxyType(found))


@lru_cache(maxsize=8)
def _arrays(path: Path, sha256: str) -> Mapping[str, NDArray[Any]]:
    from safetensors.numpy import load

    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AssetError(
            f"{path}: has changed since it was added (its SHA-256 is not that of {ENTRY_FILE}); "
            "add it again"
        )
    arrays = load(data)
    for array in arrays.values():
        array.setflags(write=False)
    return MappingProxyType(arrays)


def user_array(some_id: str, name: str) -> NDArray[Any]:
    """One read-only array of an asset. The file's hash is checked when it is first opened.

    Raises:
        AssetError: there is no such asset or array, or the file has changed.
    """
    arrays = user_arrays(some_id)
    if name not in arrays:
        raise AssetError(f"{some_id!r}: its data has no array {name!r}; {nearest(name, arrays)}")
    return arrays[name]


def user_arrays(some_id: str) -> Mapping[str, NDArray[Any]]:
    """All arrays of an asset, by name.

    Raises:
        AssetError: there is no such asset, or the file has changed.
    """
    here = shelf()
    if some_id not in here.assets:
        hint = nearest(some_id, here.assets) if here.assets else "there are none"
        raise AssetError(f"{some_id!r}: no such asset in {here.folder}; {hint}")
    return _arrays(here.place(some_id) / DATA_FILE, here.assets[some_id].sha256)


def of_user(name: str) -> tuple[str, str]:
    """Id and array of a name in the store: ``hdri/user/x`` is array ``hdri`` of ``user/x``."""
    array, _, rest = name.partition(USER_PART)
    return ID_PREFIX + rest, array


def user_lock() -> dict[str, str]:
    """Content hash of every asset by id."""
    return {i: content_hash(a) for i, a in shelf().assets.items()}


def user_licences() -> list[dict[str, str]]:
    """Licence and author of every asset, in the words of the packs' table."""
    return [
        {"pack": i, "licence": a.licence, "attribution": a.author or "not stated", "takes": a.kind}
        for i, a in shelf().assets.items()
    ]


def verify_lock(ids: Iterable[str]) -> None:
    """Hash the data of each of these assets that is here.

    Raises:
        AssetError: one has changed since it was added.
    """
    for some_id in sorted(ids):
        here = shelf()
        if some_id in here.assets:
            path = here.place(some_id) / DATA_FILE
            if sha256_file(path) != here.assets[some_id].sha256:
                raise AssetError(f"{path}: has changed since it was added; add it again")


def put(
    name: str, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], replace: bool
) -> str:
    """Write an asset, whole or not at all, and return its id.

    Args:
        name: of its folder, from :func:`assets.user.folder.checked_name`.
        fields: of ``asset.toml``, without hash and size.
        arrays: to compile.
        replace: whether one of that name may be replaced.

    Raises:
        AssetError: there is one already, a field breaks a rule, or the disk can't be written.
    """
    from safetensors.numpy import save_file

    home = user_folder() / name
    if home.exists() and not replace:
        raise AssetError(
            f"{ID_PREFIX}{name}: is there already; --replace to add it anew, or --name"
        )
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=home.parent))
    except OSError as e:
        raise AssetError(f"{home.parent}: can't be written: {e.strerror}") from e
    try:
        import numpy as np

        data = work / DATA_FILE
        save_file({k: np.ascontiguousarray(v) for k, v in sorted(arrays.items())}, data)
        data.chmod(0o644)
        whole = {
            "format": FORMAT,
            **fields,
            "sha256": sha256_file(data),
            "bytes": data.stat().st_size,
        }
        entry = checked_entry(whole, f"{ID_PREFIX}{name}")
        (work / ENTRY_FILE).write_text(to_toml(entry, _COMMENT), "utf-8")
        work.chmod(0o755)
        if home.exists():
            shutil.rmtree(home)
        work.replace(home)
    except OSError as e:
        raise AssetError(f"{home}: can't be written: {e.strerror or e}") from e
    finally:
        shutil.rmtree(work, ignore_errors=True)
    forget()
    return ID_PREFIX + name


def remove(some_id: str) -> Path:
    """Delete an asset, even a damaged one; returns the folder that it was in.

    Raises:
        AssetError: there is none of that id.
    """
    name = some_id.removeprefix(ID_PREFIX)
    folder = user_folder()
    names = [p.parent.name for p in folder.glob(f"*/{ENTRY_FILE}")] if folder.is_dir() else []
    if name not in names:
        hint = nearest(name, names) if names else "there are none"
        raise AssetError(f"{some_id!r}: no such asset in {folder}; {hint}")
    shutil.rmtree(folder / name)
    forget()
    return folder / name
