"""What ``rf-plot`` looks at: manifests, and datasets that were rendered from them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets.user.head_targets import is_own_key
from spec_schema.arrow import validate_table
from spec_schema.dataset import Dataset, sha256_file
from spec_schema.errors import DatasetError, ManifestError, nearest
from spec_schema.manifest import Manifest
from spec_schema.spec import ARKIT_UNITS

__all__ = ["Source", "open_sources"]

_MANIFEST_NAME: Final = "manifest.parquet"
_DEEPEST_NAME: Final = 4
"""Parts of a path that may tell apart sets of the same name."""


@dataclass(frozen=True)
class Source:
    """Rows that are plotted as one set."""

    path: Path
    """Manifest file, or dataset folder."""
    name: str
    manifest: Manifest
    rendered: NDArray[np.int64] | None
    """Rows ``(n,)`` of the manifest whose samples are complete, ascending; None: all rows."""
    broken: int = 0
    """Completion markers that can't be read, and were passed over."""

    @property
    def rows(self) -> int:
        return len(self.manifest) if self.rendered is None else len(self.rendered)

    @property
    def title(self) -> str:
        """Name and size for a legend."""
        if self.rendered is None:
            return f"{self.name} ({self.rows:,} scenes)"
        return f"{self.name} ({self.rows:,} of {len(self.manifest):,} rendered)"

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in order, checked as ``rf-render`` checks them.

        Raises:
            SpecError: naming file, row, field, value and rule of the first offence.
        """
        first = 0
        for batch in self.manifest.batches():
            validate_table(batch, str(self.manifest.path), first)
            rows = batch.num_rows
            if self.rendered is not None:
                low, high = np.searchsorted(self.rendered, [first, first + rows])
                batch = batch.take(pa.array(self.rendered[low:high] - first))
            first += rows
            if batch.num_rows:
                yield batch


def open_sources(paths: Sequence[Path], shape_keys: Collection[str] | None) -> list[Source]:
    """Open all of them before anything takes time, with names that tell them apart.

    Args:
        paths: manifest files and dataset folders.
        shape_keys: those of the head model; a manifest that names others is refused, but for
            those of users' own heads, which need not be here. None: not checked.

    Raises:
        ManifestError: a file is no manifest, or it has no rows.
        DatasetError: a folder is no dataset, or nothing in it is complete.
    """
    opened = [_dataset(path) if path.is_dir() else _manifest(path, path) for path in paths]
    for source in opened:
        _check_keys(source.manifest, "expression", source.manifest.expression_keys, ARKIT_UNITS)
        if shape_keys is not None:
            keys = [k for k in source.manifest.shape_keys if not is_own_key(k)]
            _check_keys(source.manifest, "identity.shape", keys, shape_keys)
    names = _told_apart([path.absolute() for path in paths])
    return [replace(source, name=name) for source, name in zip(opened, names, strict=True)]


def _manifest(path: Path, shown: Path) -> Source:
    manifest = Manifest(path)
    if len(manifest) == 0:
        raise ManifestError(f"{path}: has no rows, so there is nothing to plot")
    return Source(shown, "", manifest, None)


def _dataset(root: Path) -> Source:
    dataset = Dataset(root)
    path = root / _MANIFEST_NAME
    source = _manifest(path, root)
    recorded = dataset.info.get("manifest")
    digest = recorded.get("sha256") if isinstance(recorded, dict) else None
    if digest is not None and sha256_file(path) != digest:
        raise DatasetError(f"{path}: not the manifest that dataset.json says was rendered")
    broken: list[int] = []
    rows = [sample.row for sample in dataset.samples(lambda row, _: broken.append(row))]
    if not rows:
        raise DatasetError(f"{root}: holds no complete sample, so there is nothing to plot")
    if rows[-1] >= len(source.manifest):
        raise DatasetError(
            f"{root}: row {rows[-1]} is marked as complete, and its manifest has "
            f"{len(source.manifest):,} rows"
        )
    return replace(source, rendered=np.array(rows, np.int64), broken=len(broken))


def _check_keys(manifest: Manifest, column: str, used: list[str], known: Collection[str]) -> None:
    for key in used:
        if key not in known:
            raise ManifestError(
                f"{manifest.path}: column '{column}.{key}': the head model has no such shape key; "
                + nearest(key, known)
            )


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """File names, with as many folders before them as it takes to tell them apart."""
    for depth in range(1, _DEEPEST_NAME + 1):
        for stem in (True, False):
            names = [
                "/".join((*p.parts[-depth:-1], p.stem if stem and p.is_file() else p.name))
                for p in paths
            ]
            if len(set(names)) == len(names):
                return names
    return [f"{p.stem} [{k}]" for k, p in enumerate(paths, 1)]
