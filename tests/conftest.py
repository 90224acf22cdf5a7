"""Fixtures shared by all tests: parts of the outside that may be missing on a machine."""

from __future__ import annotations

import asyncio.constants
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.media import REQUIRE_ALL, media_dir

# Debug mode notes for each callback and future where it came from. All its checks stay; of the way there one frame is
# kept instead of ten, which took a third of the time of tests that talk to databases and servers.
asyncio.constants.DEBUG_STACK_DEPTH = 1  # type: ignore[misc]  # read at each use


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Commands set up logging for a whole process; here the next test is in the same one."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    if root.handlers != handlers:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


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
