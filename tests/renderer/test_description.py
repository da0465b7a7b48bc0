"""What decides a sample's bytes is in its marker."""

from __future__ import annotations

import pytest

from renderer.description import settings_hash
from renderer.settings import RenderSettings

PLAIN = RenderSettings()
VERSIONS = {"replicantface": "1", "bpy": "4.5.15"}
LOCK = {"head": "a" * 64}


def test_equal_runs_have_equal_hashes() -> None:
    backwards = dict(reversed(VERSIONS.items()))
    elsewhere = RenderSettings(device="cuda", threads=3)
    assert settings_hash(PLAIN, VERSIONS, LOCK) == settings_hash(elsewhere, backwards, LOCK)


@pytest.mark.parametrize(
    ("settings", "versions", "lock"),
    [
        (RenderSettings(samples=17), VERSIONS, LOCK),
        (PLAIN, {**VERSIONS, "replicantface": "2"}, LOCK),
        (PLAIN, {**VERSIONS, "bpy": "4.5.16"}, LOCK),
        (PLAIN, VERSIONS, {"head": "b" * 64}),
        (PLAIN, VERSIONS, {**LOCK, "hdri": "a" * 64}),
    ],
)
def test_samples_of_another_release_are_told_apart(
    settings: RenderSettings, versions: dict[str, str], lock: dict[str, str]
) -> None:
    assert settings_hash(settings, versions, lock) != settings_hash(PLAIN, VERSIONS, LOCK)
