"""Signing in and out over HTTP, and the first start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gateway.web.context import WebSettings
from tests.unit.gateway.web.house import PASSWORD, Client, House, SignedIn, serve, sign_in

URL = "/api/v1/session"


async def test_wrong_password_and_unknown_name_look_alike(browser: Callable[[], Client]) -> None:
    """Which of the two was wrong is not told."""
    client = browser()
    answers = [
        await client.post(URL, json={"name": name, "password": "wrong-password"}) for name in ("grid-worker", "nobody")
    ]
    problems = [await answer.json() for answer in answers]
    assert problems[0] == problems[1]
    assert (answers[0].status, problems[0]["code"]) == (401, "wrong_credentials")
    assert "Set-Cookie" not in answers[0].headers


async def test_guessing_is_slowed_down(browser: Callable[[], Client]) -> None:
    """After five wrong passwords even the right one must wait, and is told how long."""
    client = browser()
    for _ in range(5):
        await client.post(URL, json={"name": "grid-worker", "password": "wrong-password"})
    answer = await client.post(URL, json={"name": "grid-worker", "password": PASSWORD})
    assert (answer.status, (await answer.json())["code"]) == (429, "too_many_tries")
    assert int(answer.headers["Retry-After"]) > 0


async def test_expired_session_is_no_session(house: House, signed_in: SignedIn) -> None:
    """After its time a cookie is worth nothing."""
    client = await signed_in("grid-worker")
    house.clock.ahead = timedelta(days=2)
    assert (await client.get(URL)).status == 401


async def test_session_says_who_may_do_what(signed_in: SignedIn) -> None:
    """Account, rights, token and undo window; no hash of anything."""
    session = await (await (await signed_in("grid-worker")).get(URL)).json()
    assert session["account"] == {
        "id": "acc_grid-worker",
        "name": "grid-worker",
        "display_name": "grid-worker 同志",
        "role": "grid_worker",
        "grid_ids": ["east"],
        "locale": "zh-CN",
    }
    assert session["rights"] == [
        "camera.read",
        "case.read",
        "footage.view",
        "numbers.read",
        "patrol.do",
        "review.judge",
        "review.read",
        "task.do",
    ]
    assert session["undo_window_s"] == 10
    assert set(session) == {"account", "rights", "csrf_token", "expires_at", "undo_window_s"}


async def test_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    """HttpOnly, SameSite=Strict, and Secure where people come by https."""
    for https in (False, True):
        house.context = replace(house.context, settings=WebSettings(https=https))
        async with serve(house) as new_client:
            answer = await new_client().post(URL, json={"name": "grid-worker", "password": PASSWORD})
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert ("Secure" in cookie) == https
            assert ("Strict-Transport-Security" in answer.headers) == https


async def test_signed_out_cookie_is_worth_nothing(browser: Callable[[], Client]) -> None:
    """Signing out closes the session on the server, not only in the browser."""
    client = browser()
    await sign_in(client, "grid-worker")
    token = client.session.cookie_jar.filter_cookies(client.make_url("/"))["gp_session"].value
    assert (await client.delete(URL)).status == 204
    assert (await browser().get(URL, headers={"Cookie": f"gp_session={token}"})).status == 401


async def test_language_is_kept_with_the_account(signed_in: SignedIn) -> None:
    """The choice is there at the next sign-in; other languages are refused."""
    client = await signed_in("grid-worker")
    assert (await client.patch(URL, json={"locale": "fr"})).status == 422
    assert (await (await client.patch(URL, json={"locale": "en"})).json())["account"]["locale"] == "en"
    assert (await (await client.get(URL)).json())["account"]["locale"] == "en"


async def test_setup_is_not_there_without_a_token(browser: Callable[[], Client]) -> None:
    """With an administrator in place nobody can make another this way."""
    client = browser()
    assert await (await client.get("/api/v1/setup")).json() == {"needed": False}
    form = {"token": "guess", "name": "boss", "display_name": "Boss", "password": "tavoki-lerumo-52"}
    assert (await client.post("/api/v1/setup", json=form)).status == 404


async def test_setup_makes_one_administrator(house: House, browser: Callable[[], Client], tmp_path: Path) -> None:
    """A weak password does not use the token up; the right one signs in at once; then the token is spent."""
    client = browser()
    token = house.setup_token.issue()
    form = {"token": token, "name": "boss", "display_name": "局长", "password": "1234567890"}
    weak = await client.post("/api/v1/setup", json=form)
    assert (weak.status, (await weak.json())["errors"][0]["field"]) == (422, "password")
    made = await client.post("/api/v1/setup", json=form | {"password": PASSWORD})
    assert (made.status, (await made.json())["account"]["role"]) == (201, "admin")
    assert (await client.get(URL)).status == 200
    assert (await client.post("/api/v1/setup", json=form | {"password": PASSWORD})).status == 404
