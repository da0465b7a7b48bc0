"""Fixtures of the renderer's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.renderer.runner import Runner


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Seven rows and a fake engine."""
    return Runner(tmp_path, monkeypatch)
