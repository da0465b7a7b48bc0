"""``rf-render --verify``: is every sample of a dataset there, and whole?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from renderer.progress import Progress
from renderer.storage import local_copy, open_storage
from renderer.store import SampleState, SampleStore
from spec_schema.dataset import dataset_info
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


def verify_dataset(place: Path | str, stream: TextIO) -> Verdict:
    """Check every hash of a dataset against its markers, and these against its manifest.

    Args:
        place: folder or URL of the dataset.
        stream: where progress is told.

    Raises:
        DatasetError: the folder is no dataset, or what all samples share is damaged.
    """
    storage = open_storage(place, "verify")
    info = dataset_info(storage.read(["dataset.json"]).get("dataset.json"), storage.where())
    try:
        settings_hash = info["settings_hash"]
        shared = {"manifest.parquet": info["manifest"]["sha256"], **info["shared_sha256"]}
    except (KeyError, TypeError) as e:
        raise DatasetError(f"{storage.where('dataset.json')}: lacks {e}") from e
    found = storage.sha256(shared)
    for name, digest in shared.items():
        if found.get(name) != digest:
            state = "is not the one that dataset.json names" if name in found else "is missing"
            raise DatasetError(f"{storage.where(name)}: {state}; rf-render writes it again")
    with local_copy(storage.where("manifest.parquet")) as manifest_path:
        return _verify_samples(
            Manifest(manifest_path), SampleStore(storage, settings_hash, reread=True), stream
        )


def _verify_samples(manifest: Manifest, store: SampleStore, stream: TextIO) -> Verdict:
    missing: list[int] = []
    damaged: list[int] = []
    progress = Progress("rf-render --verify", len(manifest), stream)
    for row, _, state in store.states((row, spec_hash(spec)) for row, spec in manifest.specs()):
        if state is SampleState.ABSENT:
            missing.append(row)
        elif state is SampleState.DAMAGED:
            damaged.append(row)
        progress.count()
        progress.tick()
    progress.close()
    done = len(manifest) - len(missing) - len(damaged)
    return Verdict(done, tuple(missing), tuple(damaged))
