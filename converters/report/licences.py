"""What whoever passes a dataset on must say: licences of the packs and of single assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from assets.catalog import Catalog

__all__ = ["asset_uses", "licence_facts"]

_KINDS: Final = {
    "skin.texture": "skins",
    "eyes.iris": "irises",
    "hair.style": "hair_styles",
    "facial_hair.style": "facial_hair_styles",
    "environment.hdri": "hdris",
}
_FREE: Final = ("CC0", "PUBLIC DOMAIN", "MIT", "UNLICENSE")


def _kind_of(field: str) -> str | None:
    """Kind of the catalogue whose ids a field of the spec holds."""
    if field in _KINDS:
        return _KINDS[field]
    stem, _, last = field.rpartition(".")
    return stem if last == "id" else None


def asset_uses(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Uses by asset id, by kind of the catalogue, from counts by field and value."""
    out: dict[str, dict[str, int]] = {}
    for field, names in counts.items():
        kind = _kind_of(field)
        if kind is None:
            continue
        table = out.setdefault(kind, {})
        for name, uses in names.items():
            if name not in ("none", "bald", "shaved"):
                table[name] = table.get(name, 0) + uses
    return out


def _own_licence(entry: object) -> tuple[str, str]:
    """Licence and attribution that an entry has of its own."""
    attributes = getattr(entry, "attributes", {})
    found = []
    for key in ("licence", "attribution"):
        found.append(str(getattr(entry, key, "") or attributes.get(key, "") or ""))
    return found[0], found[1]


def licence_facts(
    info: Mapping[str, Any], counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """Packs as ``dataset.json`` names them, assets with a licence of their own, and duties.

    Args:
        info: content of ``dataset.json``.
        counts: how often each text value stands in the specs, by field.
    """
    uses = asset_uses(counts)
    catalog = Catalog.load()
    assets, unknown = [], []
    for kind, names in sorted(uses.items()):
        entries: Mapping[str, object] = getattr(catalog, kind, {})
        for name, count in sorted(names.items()):
            if name not in entries:
                unknown.append(f"{kind}/{name}")
                continue
            licence, attribution = _own_licence(entries[name])
            if licence:
                assets.append(
                    {"asset": f"{kind}/{name}", "licence": licence,
                     "attribution": attribution, "uses": count}
                )  # fmt: skip
    packs = [dict(p) for p in info.get("licences", [])]
    duties = [
        {"of": p.get("pack") or p.get("asset"), "licence": p["licence"],
         "attribution": p.get("attribution", "")}
        for p in [*packs, *assets]
        if not str(p.get("licence", "")).upper().startswith(_FREE)
    ]  # fmt: skip
    return {
        "packs": packs,
        "assets": assets,
        "duties": duties,
        "unknown": unknown,
        "uses": {kind: len(names) for kind, names in sorted(uses.items())},
    }
