from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import write_dataset


@pytest.fixture(scope="session")
def dataset_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound dataset; tests that break one make their own copy."""
    return write_dataset(tmp_path_factory.mktemp("rendered") / "dataset", index_offset=1000)
