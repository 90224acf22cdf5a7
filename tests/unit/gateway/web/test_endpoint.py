"""Bodies and queries are checked before anything is done."""

from __future__ import annotations

from collections.abc import Callable

from gateway.web.routes import API
from tests.unit.gateway.web.house import Client


async def test_body_must_be_json_of_a_sound_size(browser: Callable[[], Client]) -> None:
    """Forms, broken JSON, nested rubbish and floods are refused before anything is done."""
    client = browser()
    url = f"{API}/session"
    assert (await client.post(url, data={"name": "a"})).status == 415
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[" * 10_000, b"\xff", b"null", b'{"name": 1, "password": []}'):
        answer = await client.post(url, data=body, headers=headers)
        assert (answer.status, (await answer.json())["code"]) == (422, "invalid"), body[:10]
    assert (await client.post(url, data=b'"' + b"x" * 300_000, headers=headers)).status == 413
