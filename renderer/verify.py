"""``rf-render --verify``: is every sample of a dataset there, and whole?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from renderer.progress import Progress
from renderer.store import SampleState, SampleStore
from spec_schema.dataset import Dataset, sha256_file
from spec_schema.errors import DatasetError
from spec_schema.manifest import Manifest
from spec_schema.spec import spec_hash

__all__ = ["Verdict", "verify_dataset"]


@dataclass(frozen=True)
class Verdict:
    """Rows of a dataset by state."""

    done: int
    missing: tuple[int, ...]
    damaged: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing or damaged."""
        return not self.missing and not self.damaged


def verify_dataset(root: Path, stream: TextIO) -> Verdict:
    """Check every hash of a dataset against its markers, and these against its manifest.

    Args:
        root: of the dataset.
        stream: where progress is told.

    Raises:
        DatasetError: the folder is no dataset, or what all samples share is damaged.
    """
    info = Dataset(root).info
    manifest_path = root / "manifest.parquet"
    try:
        digest, settings_hash = info["manifest"]["sha256"], info["settings_hash"]
    except (KeyError, TypeError) as e:
        raise DatasetError(f"{root / 'dataset.json'}: lacks {e}") from e
    if not manifest_path.exists() or sha256_file(manifest_path) != digest:
        raise DatasetError(f"{manifest_path}: is not the manifest that dataset.json names")
    if not (root / "topology.npz").exists():
        raise DatasetError(f"{root / 'topology.npz'}: missing")
    store = SampleStore(root, settings_hash, "verify")
    missing: list[int] = []
    damaged: list[int] = []
    manifest = Manifest(manifest_path)
    progress = Progress("rf-render --verify", len(manifest), stream)
    for row, spec in manifest.specs():
        state = store.state(row, spec_hash(spec))
        if state is SampleState.ABSENT:
            missing.append(row)
        elif state is SampleState.DAMAGED:
            damaged.append(row)
        progress.count()
        progress.tick()
    progress.close()
    done = len(manifest) - len(missing) - len(damaged)
    return Verdict(done, tuple(missing), tuple(damaged))
