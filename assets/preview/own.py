"""What a user added, for :mod:`assets.preview.kinds`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.user.entry import HdriAsset, HeadAsset, PlateAsset, SkinAsset
from assets.user.head_targets import head_key
from assets.user.shelf import shelf
from spec_schema.errors import AssetError
from spec_schema.spec import PLAIN_PRINT

__all__ = ["own_changes", "own_ids"]

_TONES = {"african": 9.0, "asian": 4.0, "european": 2.5}
"""Monk tone at which a skin is shown, by its ancestry."""
_SEX = {"female": 0.0, "male": 1.0}


def own_ids() -> list[str]:
    """Every asset of the user's.

    Raises:
        AssetError: there is none.
    """
    ids = [i for i, asset in shelf().assets.items() if not isinstance(asset, PlateAsset)]
    if not ids:
        raise AssetError(f"{shelf().folder}: holds no assets yet; see rf-assets add --help")
    return ids


def own_changes(some_id: str) -> Mapping[str, Any]:
    """What one of them changes in a scene."""
    asset = shelf().assets[some_id]
    if isinstance(asset, HdriAsset):
        # As bright as the sampler would meter it, near enough for a look.
        return {"environment": {"hdri": some_id, "strength": 0.5 / asset.sphere_luminance}}
    if isinstance(asset, SkinAsset):
        return {
            "skin": {"texture": some_id, "monk_tone": _TONES[asset.ancestry]},
            "identity": {"sex": _SEX[asset.sex], "age_years": max(asset.age_years, 18.0)},
            "hair": {"style": "bald"},
        }
    if isinstance(asset, HeadAsset):
        groups = dict.fromkeys(("african", "asian", "european"), 0.0) | {asset.ancestry: 1.0}
        whole = {"sex": asset.sex, "age_years": asset.age_years, "weight": 0.5, "muscle": 0.5}
        shape = {head_key(some_id): 1.0}
        return {
            "identity": {**whole, **groups, "shape": shape},
            "skin": {"monk_tone": _TONES[asset.ancestry]},
            "hair": {"style": "bald"},
        }
    if isinstance(asset, PlateAsset):
        raise AssetError(f"{some_id!r} is a background, which has no preview")
    item = {
        "id": some_id,
        **dict.fromkeys(("red", "green", "blue"), 0.2),
        **dict.fromkeys(("second_red", "second_green", "second_blue"), 0.5),
        **dict.fromkeys(("size", "thickness"), 1.0),
        **dict.fromkeys(("metallic", "tilt_deg", "pattern", "height"), 0.0),
        "roughness": 0.5,
        "print": PLAIN_PRINT,
        "seed": 1,
    }
    return {asset.slot: item}
