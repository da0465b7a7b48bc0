"""``rf-render --verify``: is every sample of a dataset there, and whole?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from renderer.progress import Progress
from renderer.storage import local_copy, open_storage
from renderer.store import SampleState, SampleStore
from spec_schema.dataset import dataset_info
from spec_schema.errors import DatasetError
from spec_schema.manifest import Manifest
from spec_schema.spec import spec_hash

__all__ = ["ROWS_TOLD", "Verdict", "verify_dataset"]

ROWS_TOLD: Final = 20
"""Rows of a kind that a message names."""


@dataclass(frozen=True)
class Verdict:
    """Rows of a dataset by state."""

    done: int
    missing: tuple[int, ...]
    damaged: tuple[int, ...]
    reasons: tuple[str, ...] = ()
    """Of what all samples share, then of the first damaged rows: which file, and what of it."""
    shared_whole: bool = True

    @property
    def whole(self) -> bool:
        """Whether nothing is missing or damaged."""
        return self.shared_whole and not self.missing and not self.damaged


def verify_dataset(place: Path | str, stream: TextIO) -> Verdict:
    """Check every hash of a dataset against its markers, and these against its manifest.

    Args:
        place: folder or URL of the dataset.
        stream: where progress is told.

    Raises:
        DatasetError: the folder is no dataset, or its manifest is damaged.
    """
    storage = open_storage(place, "verify")
    info = dataset_info(storage.read(["dataset.json"]).get("dataset.json"), storage.where())
    try:
        settings_hash = info["settings_hash"]
        shared = {"manifest.parquet": info["manifest"]["sha256"], **info["shared_sha256"]}
    except (KeyError, TypeError) as e:
        raise DatasetError(f"{storage.where('dataset.json')}: lacks {e}") from e
    found = storage.sha256(shared)
    wrong = [
        f"{storage.where(name)}: {'differs from dataset.json' if name in found else 'is missing'}"
        for name, digest in shared.items()
        if found.get(name) != digest
    ]
    if found.get("manifest.parquet") != shared["manifest.parquet"]:
        raise DatasetError(
            f"{wrong[0]}; rf-render with the manifest that it was begun with writes it again"
        )
    with local_copy(storage.where("manifest.parquet")) as manifest_path:
        return _verify_samples(
            Manifest(manifest_path),
            SampleStore(storage, settings_hash, reread=True),
            wrong,
            stream,
        )


def _verify_samples(
    manifest: Manifest, store: SampleStore, wrong: list[str], stream: TextIO
) -> Verdict:
    missing: list[int] = []
    damaged: list[int] = []
    reasons = list(wrong)
    progress = Progress("rf-render --verify", len(manifest), stream)
    for row, digest, state in store.states(
        (row, spec_hash(spec)) for row, spec in manifest.specs()
    ):
        if state is SampleState.ABSENT:
            missing.append(row)
        elif state is SampleState.DAMAGED:
            damaged.append(row)
            if len(damaged) <= ROWS_TOLD:
                reasons.append(f"row {row}: {store.what_is_wrong(row, digest)}")
        progress.count()
        progress.tick()
    progress.close()
    done = len(manifest) - len(missing) - len(damaged)
    return Verdict(done, tuple(missing), tuple(damaged), tuple(reasons), not wrong)
