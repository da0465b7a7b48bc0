"""Where users' own assets lie, and what their ids look like."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from platformdirs import user_data_dir

from spec_schema.errors import AssetError

__all__ = ["FOLDER_VARIABLE", "ID_PREFIX", "checked_name", "is_user", "user_folder"]

FOLDER_VARIABLE: Final = "RF_USER_ASSETS"
"""Environment variable that names the folder; worker processes inherit it."""
ID_PREFIX: Final = "user/"

_NAME: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}$")


def user_folder() -> Path:
    """The folder that ``RF_USER_ASSETS`` names.

    Otherwise one beside the asset cache, where ``RF_ASSETS_DIR`` places that
    (``/data/assets`` gives ``/data/assets-user``), else the platform's folder for data: never
    inside the cache, which may be deleted.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).expanduser()
    cache = os.environ.get("RF_ASSETS_DIR")
    if cache:
        beside = Path(cache).expanduser()
        return beside.with_name(f"{beside.name}-user")
    return Path(user_data_dir("replicantface")) / "assets"


def is_user(asset_id: str) -> bool:
    """Whether an id names an asset that a user added."""
    return asset_id.startswith(ID_PREFIX)


def checked_name(name: str) -> str:
    """A valid folder name made from any name.

    Raises:
        AssetError: nothing usable is left of it.
    """
    made = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:64]
    if not _NAME.match(made):
        raise AssetError(f"{name!r}: no usable name; give one with --name (a-z, 0-9, - and _)")
    return made
