"""Fixtures of the tests that run whole processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app import UI_DIST
from tests.conftest import require
from tests.integration.gateway_rig import Rig, deployment


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Give a deployment that is stopped, and whose logs are shown, with the test."""
    async with deployment(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def built_pages() -> None:
    """Demand the built front end."""
    require("the built front end", present=(UI_DIST / "index.html").exists())
