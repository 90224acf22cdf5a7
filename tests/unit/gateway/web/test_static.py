"""The front end's files: nothing outside its folder, its page everywhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.gateway.web.house import Client, House, serve


@pytest.fixture
async def built(house: House, tmp_path: Path) -> AsyncIterator[Client]:
    """Return a browser of a town whose front end is built."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "api-docs").mkdir()
    (dist / "index.html").write_text("<title>front</title>")
    (dist / "api-docs" / "index.html").write_text("<title>docs</title>")
    (dist / "assets" / "app-1a2b.js").write_text("run()")
    (dist / "icon.svg").write_text("<svg/>")
    (dist / "link.txt").symlink_to(tmp_path / "town.db")
    house.context = replace(house.context, dist=dist)
    async with serve(house) as new_client:
        yield new_client()


@pytest.mark.parametrize(
    "path",
    [
        "/../town.db",
        "/%2e%2e/town.db",
        "/..%2ftown.db",
        "/assets/../../town.db",
        "/link.txt",
        "/a%00b.js",
        "/.//town.db",
    ],
)
async def test_nothing_outside_the_folder_is_served(built: Client, path: str) -> None:
    """Dots, encoded dots, links and NULs lead nowhere."""
    answer = await built.get(path)
    assert b"SQLite" not in await answer.read()
    assert answer.status in {400, 404} or "front" in await answer.text()


@pytest.mark.parametrize("path", ["/nothing.js", "/assets/gone-1.css", "/api", "/api/v2/review"])
async def test_missing_files_are_404_not_the_page(built: Client, path: str) -> None:
    """A missing script must not come back as HTML, nor an API address."""
    answer = await built.get(path)
    assert (answer.status, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/review/rev_1", "/cameras/cam-1", "/index.html"])
async def test_every_page_address_serves_the_front_end(built: Client, path: str) -> None:
    """Deep links survive a reload; the page itself is asked for anew each time."""
    answer = await built.get(path)
    assert "front" in await answer.text()
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_hashed_files_are_kept_for_ever(built: Client) -> None:
    """Files with a hash in their name never change; others are asked for again."""
    assert "immutable" in (await built.get("/assets/app-1a2b.js")).headers["Cache-Control"]
    assert (await built.get("/icon.svg")).headers["Cache-Control"] == "no-cache"


async def test_docs_lead_to_the_reference_page(built: Client) -> None:
    """`/api/v1/docs` is a short way to the page built with the front end."""
    answer = await built.get("/api/v1/docs")
    assert (answer.status, "docs" in await answer.text()) == (200, True)


async def test_unbuilt_front_end_says_how_to_build_it(browser: Callable[[], Client]) -> None:
    """A fresh checkout answers with words, not with an error."""
    answer = await browser().get("/review")
    assert answer.status == 200
    assert "scripts/setup" in await answer.text()
