from __future__ import annotations

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
for folder in (REPOSITORY, Path(__file__).parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from tests.factories import write_dataset  # noqa: E402


@pytest.fixture(scope="session")
def dataset_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound dataset; tests that break one make their own copy."""
    return write_dataset(tmp_path_factory.mktemp("rendered") / "dataset", index_offset=1000)
