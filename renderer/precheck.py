"""What is checked of a manifest before the first sample is rendered."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from assets.user import is_user
from assets.user.folder import FOLDER_VARIABLE
from assets.user.head_targets import head_of_key, is_own_key
from assets.user.shelf import verify_lock
from spec_schema.arrow import leaves
from spec_schema.errors import AssetError, ManifestError
from spec_schema.manifest import Manifest
from spec_schema.spec import ARKIT_UNITS, SceneSpec

__all__ = [
    "check_assets",
    "check_keys",
    "check_lock",
    "licences_of",
    "rows_with_new_names",
    "used_of",
]


def check_lock(manifest: Manifest, here: Mapping[str, str], *, partly: bool = False) -> None:
    """Refuse a manifest that was drawn for other assets.

    Args:
        manifest: to be rendered.
        here: content hash of each pack.
        partly: whether only the packs of ``here`` matter.

    Raises:
        AssetError: naming each pack that differs or is missing here, or the file of a user's asset
            that has changed.
    """
    differing, own = [], []
    for pack, digest in sorted(manifest.info.asset_lock.items()):
        mine = here.get(pack)
        if partly and mine is None:
            continue
        if mine != digest and is_user(pack):
            own.append(f"{pack!r} is another one here" if mine else f"{pack!r} is not here")
        elif mine != digest:
            have = f"{mine[:12]} is here" if mine else "there is none here"
            differing.append(f"pack {pack!r}: {digest[:12]} was sampled for, {have}")
    if own:
        raise AssetError(_own_missing(manifest, own))
    if not partly:
        verify_lock([name for name in manifest.info.asset_lock if is_user(name)])
    if differing:
        raise AssetError(
            f"{manifest.path}: drawn for other assets ({'; '.join(differing)}); draw it again "
            "with this release's rf-sample, or install the release that wrote it"
        )


def _own_missing(manifest: Manifest, told: Iterable[str]) -> str:
    return (
        f"{manifest.path}: drawn with the user's own assets, of which {'; '.join(told)}; bring "
        "the folder that `rf-assets where` names from where it was drawn (or name it in "
        f"{FOLDER_VARIABLE}), or draw it again"
    )


def used_of(manifest: Manifest, here: Mapping[str, str]) -> dict[str, str]:
    """Of the hashes here those of packs, and of the user's assets that the manifest names.

    So one more asset of the user's changes no dataset that does not use it.
    """
    named = manifest.info.asset_lock
    return {k: v for k, v in here.items() if k in named or not is_user(k)}


def licences_of(
    lock: Mapping[str, str], licences: Iterable[Mapping[str, str]]
) -> list[Mapping[str, str]]:
    """Those of packs, and of the user's assets in a lock."""
    return [e for e in licences if e["pack"] in lock or not is_user(e["pack"])]


def check_keys(manifest: Manifest, shape_keys: Iterable[str]) -> None:
    """Refuse shape-key columns that the head model does not have.

    Those of users' heads that are not here may be there, as long as no row has such a head.

    Raises:
        AssetError: naming the users' heads that some row has, and that are not here.
        ManifestError: naming another column.
    """
    shape_keys = set(shape_keys)
    unknown = [k for k in manifest.shape_keys if k not in shape_keys and is_own_key(k)]
    used_ones = _not_zero(manifest, unknown)
    if used_ones:
        heads = sorted({head_of_key(k, manifest.info.asset_lock) for k in used_ones})
        raise AssetError(_own_missing(manifest, [f"{i!r} is not here" for i in heads]))
    known = {"identity.shape": shape_keys | set(unknown), "expression": set(ARKIT_UNITS)}
    used = {"identity.shape": manifest.shape_keys, "expression": manifest.expression_keys}
    for column, keys in known.items():
        for name in used[column]:
            if name not in keys:
                close = difflib.get_close_matches(name, keys - set(unknown), n=1)
                hint = f"; did you mean {column}.{close[0]}?" if close else ""
                raise ManifestError(
                    f"{manifest.path}: column {column}.{name}: the head model has no such "
                    f"shape key{hint}"
                )


def _not_zero(manifest: Manifest, keys: list[str]) -> list[str]:
    """Those shape keys that some row has."""
    if not keys:
        return []
    found: set[str] = set()
    for batch in manifest.batches([f"identity.shape.{key}" for key in keys]):
        shape = pc.struct_field(batch.column("identity"), "shape")
        found |= {
            key for key in keys if pc.any(pc.not_equal(pc.struct_field(shape, key), 0)).as_py()
        }
    return sorted(found)


def check_assets(manifest: Manifest, check_spec: Callable[[SceneSpec, str], None]) -> None:
    """Check each asset name of the manifest once, at the first row that uses it.

    Raises:
        AssetError: naming file, row, field and value.
    """
    for row, spec in manifest.specs(rows_with_new_names(manifest)):
        check_spec(spec, f"{manifest.path}: row {row}")


def rows_with_new_names(manifest: Manifest) -> list[int]:
    """Rows in which some text column has a value that no earlier row has there."""
    columns = [leaf.path for leaf in leaves() if leaf.kind is str]
    seen: list[set[str]] = [set() for _ in columns]
    rows: set[int] = set()
    start = 0
    for batch in manifest.batches():
        for path, known in zip(columns, seen, strict=True):
            names = _leaf(batch, path)
            for value in pc.unique(names).to_pylist():
                if value is not None and value not in known:
                    known.add(value)
                    rows.add(start + pc.index(names, value).as_py())
        start += batch.num_rows
    return sorted(rows)


def _leaf(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    column = batch.column(path[0])
    for name in path[1:]:
        column = pc.struct_field(column, name)
    return column
