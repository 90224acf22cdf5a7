"""Who asks, and whether they may: before anything else is looked at."""

from __future__ import annotations

from aiohttp import web

from gateway.access.rights import principal_for, require
from gateway.access.sessions import csrf_fits
from gateway.web.context import WebContext
from gateway.web.middleware import ACCOUNT_ID
from gateway.web.problems import ProblemRaised, SignInRequired
from gateway.web.routes import Open, Route, SignedIn

COOKIE = "gp_session"
CSRF_HEADER = "X-CSRF-Token"


async def admit(request: web.Request, context: WebContext, route: Route) -> SignedIn | None:
    """Return who asks; None on endpoints that anybody may use.

    Raises:
        SignInRequired: No session.
        ProblemRaised: The page that asks is not ours.
        AccessDenied: The account lacks the right. The grid is checked by the endpoint, which knows it.
    """
    if route.access in {Open.ANYBODY, Open.SIGNATURE}:
        return None
    caller = await identify(request, context)
    _check_origin(request, caller, route)
    if not isinstance(route.access, Open):
        require(caller.principal, route.access)
    return caller


async def identify(request: web.Request, context: WebContext) -> SignedIn:
    """Return who is behind the request's cookie.

    Raises:
        SignInRequired: No cookie, or one that is worth nothing any more.
    """
    token = request.cookies.get(COOKIE)
    found = await context.sessions.resolve(token) if token else None
    if found is None:
        raise SignInRequired
    account, session = found
    request[ACCOUNT_ID] = account.id
    return SignedIn(principal_for(account, context.site), session)


def _check_origin(request: web.Request, caller: SignedIn, route: Route) -> None:
    if route.needs_csrf and not csrf_fits(caller.session, request.headers.get(CSRF_HEADER)):
        raise ProblemRaised(403, "csrf")
    # A WebSocket carries no header of ours, and other pages may open one: the browser tells which page it was.
    origin = request.headers.get("Origin")
    if route.websocket and origin is not None and origin.partition("://")[2] != request.host:
        raise ProblemRaised(403, "csrf", "opened by another page")
