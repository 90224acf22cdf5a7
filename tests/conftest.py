"""Fixtures shared by all tests: parts of the outside that may be missing on a machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.media import REQUIRE_ALL, media_dir


def require(part: str, *, present: bool) -> None:
    """Skip the test when a part of the outside is missing, or fail where all parts are demanded."""
    if present:
        return
    if REQUIRE_ALL:
        pytest.fail(f"{part} is missing, and GRIDPATROL_REQUIRE_ALL=1 demands it")
    pytest.skip(f"{part} is missing")


@pytest.fixture(scope="session")
def media() -> Path:
    """Return the folder of shared recordings."""
    require("the shared recordings", present=(media_dir() / "open" / "truth.json").exists())
    return media_dir()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require("Chromium", present=found is not None)
    return str(found)


@pytest.fixture(scope="session")
def ffprobe() -> str:
    """Return the path of ffprobe."""
    found = shutil.which("ffprobe")
    require("ffprobe", present=found is not None)
    return str(found)
