"""One small set of skin fields for all tests of the skin."""

from __future__ import annotations

import pytest

from assets.skin import SkinFields
from assets.store import Store, open_store


@pytest.fixture(scope="session")
def store() -> Store:
    return open_store()


@pytest.fixture(scope="session")
def fields(store: Store, tmp_path_factory: pytest.TempPathFactory) -> SkinFields:
    return SkinFields.load(store, 256, tmp_path_factory.mktemp("fields"))
