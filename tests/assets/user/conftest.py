"""A folder of the user's own for each test, and files such as users add."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assets.store import Store, open_store
from assets.user.folder import FOLDER_VARIABLE
from assets.user.shelf import forget
from tests.assets.user.making import write_hdr


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's folder, not there yet."""
    folder = tmp_path / "own"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    forget()
    yield folder
    forget()


@pytest.fixture(scope="session")
def store() -> Store:
    return open_store()


@pytest.fixture
def hdr(tmp_path: Path) -> Path:
    """A bright sun on the right over a dim sky."""
    radiance = np.full((8, 16, 3), 0.25, np.float32)
    radiance[2, 12] = (40.0, 30.0, 20.0)
    return write_hdr(tmp_path / "Sunny Day.hdr", radiance)
