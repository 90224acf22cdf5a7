"""Who gets in: no session, no token, no entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.web.app import api_routes
from gateway.web.routes import API, Open, Route
from tests.unit.gateway.web.house import Client, SignedIn

GUARDED = [route for route in api_routes() if route.access not in {Open.ANYBODY, Open.SIGNATURE}]


CHANGING = [route for route in GUARDED if route.method != "GET"]


IDS = [f"{route.method} {route.path}" for route in GUARDED]


BODIES: dict[str, Any] = {"/review/{item_id}/verdict": {"verdict": "rejected"}, "/session": {"locale": "en"}}


def path_of(route: Route, **ids: str) -> str:
    """Return an address of the route, with ids that exist nowhere unless given."""
    return API + route.path.format(**{name: ids.get(name, "nowhere") for name in route.parameters})


async def ask(client: Client, route: Route, **ids: str) -> tuple[int, str]:
    """Ask as plainly as possible; return status and problem code."""
    answer = await client.request(route.method, path_of(route, **ids), json=BODIES.get(route.path))
    code = (await answer.json()).get("code", "") if answer.content_type == "application/problem+json" else ""
    return answer.status, code


async def test_nobody_gets_in_without_a_session(browser: Callable[[], Client]) -> None:
    """Every endpoint that is not public answers 401, with or without a worthless cookie."""
    client = browser()
    for cookie in ({}, {"Cookie": "gp_session=rubbish"}):
        client.session.headers.update(cookie)
        answers = {f"{r.method} {r.path}": await ask(client, r) for r in GUARDED}
        assert answers == dict.fromkeys(IDS, (401, "sign_in_required"))


async def test_changes_need_the_csrf_token(signed_in: SignedIn) -> None:
    """A cookie alone changes nothing; a wrong token neither."""
    client = await signed_in("admin")
    for token in ("", "wrong"):
        client.session.headers["X-CSRF-Token"] = token
        for route in CHANGING:
            assert await ask(client, route) == (403, "csrf"), route.path
