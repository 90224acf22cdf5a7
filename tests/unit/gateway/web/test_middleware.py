"""What surrounds every request: headers, and errors that tell no more than they should."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.web.routes import API
from storage.errors import StoreUnavailable
from tests.unit.gateway.web.house import PASSWORD, Client, House, SignedIn


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/review", "/api/v1/nothing", "/nothing.js"])
async def test_every_answer_carries_security_headers(browser: Callable[[], Client], path: str) -> None:
    """Pages, answers and errors alike."""
    answer = await browser().get(path)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Request-Id"]


async def test_unreachable_database_is_told_as_503(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from inside a group of queries; no trace leaves the house."""
    await house.add_event()
    client = await signed_in("grid-worker")

    async def gone(*_: object) -> None:
        raise StoreUnavailable("host db.internal is down")

    monkeypatch.setattr(house.stores.events, "first_files", gone)
    answer = await client.get(f"{API}/review")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert "db.internal" not in await answer.text()


async def test_bug_is_told_as_500_without_its_trace(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client learns the request's id, nothing else."""
    client = await signed_in("grid-worker")

    async def broken(*_: object) -> None:
        raise KeyError("a secret detail")

    monkeypatch.setattr(house.stores.reviews, "counts", broken)
    answer = await client.get(f"{API}/review")
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (500, "internal")
    assert "secret" not in await answer.text()
    assert answer.headers["X-Request-Id"] in problem["detail"]


async def test_wrong_method_says_which_are_right(browser: Callable[[], Client]) -> None:
    """405 with `Allow`, as a problem document."""
    answer = await browser().put(f"{API}/session")
    assert (answer.status, answer.content_type) == (405, "application/problem+json")
    assert "POST" in answer.headers["Allow"]


async def test_log_holds_no_query_and_no_cookie(signed_in: SignedIn, capsys: pytest.CaptureFixture[str]) -> None:
    """What people look for, and what proves who they are, is in no log."""
    client = await signed_in("grid-worker")
    token = client.session.cookie_jar.filter_cookies(client.make_url("/"))["gp_session"].value
    await client.get(f"{API}/cameras?q=looked-for-this")
    written = "".join(capsys.readouterr())
    assert f"{API}/cameras" in written
    assert "looked-for-this" not in written
    assert token not in written
    assert PASSWORD not in written
