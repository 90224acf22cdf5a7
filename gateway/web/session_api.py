"""Signing in and out, and the first administrator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from gateway.access.accounts import InvalidAccount
from gateway.access.first_start import SetupForm, set_up
from gateway.access.passwords import WeakPassword
from gateway.access.rights import principal_for
from gateway.access.sessions import ABSOLUTE_TIMEOUT, WrongCredentials
from gateway.access.throttle import TooManyTries
from gateway.web import models
from gateway.web.guard import COOKIE
from gateway.web.problems import ProblemRaised, wrong_field
from gateway.web.routes import Call, Open, Route
from storage.records import Account, WebSession


async def _sign_in(call: Call[None, models.SignIn]) -> web.StreamResponse:
    try:
        opened = await call.context.sessions.sign_in(call.body.name, call.body.password, call.request.remote or "")
    except TooManyTries as exc:
        wait = str(int(exc.retry_after_s) + 1)
        raise ProblemRaised(429, "too_many_tries", headers={"Retry-After": wait}) from exc
    except WrongCredentials as exc:
        raise ProblemRaised(401, "wrong_credentials") from exc
    return _with_cookie(call, *opened)


def _with_cookie(
    call: Call[Any, Any], token: str, session: WebSession, account: Account, status: int = 200
) -> web.StreamResponse:
    response = web.Response(
        status=status,
        text=_session(call, account, session).model_dump_json(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(ABSOLUTE_TIMEOUT.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=call.context.settings.https,
        path="/",
    )
    return response


def _session(call: Call[Any, Any], account: Account, session: WebSession) -> models.Session:
    rights = principal_for(account, call.context.site).rights
    return models.Session(
        account=models.AccountView.model_validate(account),
        rights=sorted(right.value for right in rights),
        csrf_token=session.csrf_token,
        expires_at=session.expires_at,
        undo_window_s=call.context.terms.undo_window_s,
    )


async def _show(call: Call[None, None]) -> BaseModel:
    return _session(call, call.principal.account, call.session)


async def _change(call: Call[None, models.SessionChange]) -> BaseModel:
    account = replace(call.principal.account, locale=call.body.locale)
    await call.context.stores.accounts.update(account)
    return _session(call, account, call.session)


async def _sign_out(call: Call[None, None]) -> web.StreamResponse:
    await call.context.sessions.sign_out(call.request.cookies[COOKIE])
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/")
    return response


async def _setup_state(call: Call[None, None]) -> models.SetupState:
    return models.SetupState(needed=call.context.setup_token.needed)


async def _set_up(call: Call[None, models.Setup]) -> web.StreamResponse:
    context, body = call.context, call.body
    form = SetupForm(body.token, body.name, body.display_name or body.name, body.password)
    try:
        account = await set_up(context.desk, context.setup_token, form, context.clock.now())
    except InvalidAccount as exc:
        raise wrong_field(exc.field, "cannot be used") from exc
    except WeakPassword as exc:
        raise wrong_field("password", exc.reason) from exc
    opened = await context.sessions.open_for(account, call.request.remote or "")
    return _with_cookie(call, *opened, status=201)


ROUTES = [
    Route(
        method="POST",
        path="/session",
        handle=_sign_in,
        summary="Sign in; sets the session cookie",
        tag="session",
        access=Open.ANYBODY,
        body=models.SignIn,
        answer=models.Session,
    ),
    Route(
        method="GET",
        path="/session",
        handle=_show,
        summary="Show who is signed in",
        tag="session",
        access=Open.SIGNED_IN,
        answer=models.Session,
    ),
    Route(
        method="PATCH",
        path="/session",
        handle=_change,
        summary="Change the language of the account",
        tag="session",
        access=Open.SIGNED_IN,
        body=models.SessionChange,
        answer=models.Session,
    ),
    Route(
        method="DELETE",
        path="/session",
        handle=_sign_out,
        summary="Sign out",
        tag="session",
        access=Open.SIGNED_IN,
        status=204,
    ),
    Route(
        method="GET",
        path="/setup",
        handle=_setup_state,
        summary="Tell whether the first administrator is still to be made",
        tag="session",
        access=Open.ANYBODY,
        answer=models.SetupState,
    ),
    Route(
        method="POST",
        path="/setup",
        handle=_set_up,
        summary="Make the first administrator, by the one-time token printed at the first start",
        tag="session",
        access=Open.ANYBODY,
        body=models.Setup,
        answer=models.Session,
        status=201,
    ),
]
