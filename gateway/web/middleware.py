"""Around every request: an id, typed errors as problem documents, security headers, one line in the log."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter

import structlog
from aiohttp import web

from gateway.supervise import leaves
from gateway.web.context import CONTEXT
from gateway.web.problems import ProblemRaised, meaning_of, respond

logger = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
ACCOUNT_ID: web.RequestKey[str] = web.RequestKey("account_id", str)
# The hash of the file that is served: what `ETag` must say whatever the file system thinks.
FILE_TAG: web.ResponseKey[str] = web.ResponseKey("file_tag", str)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
        "style-src 'self' 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what every answer carries; runs just before the head of an answer is sent."""
    response.headers.update(SECURITY_HEADERS)
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    if request.app[CONTEXT].settings.https:
        response.headers["Strict-Transport-Security"] = HSTS
    if (tag := response.get(FILE_TAG)) is not None:
        response.headers["ETag"] = f'"{tag}"'


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id; count and log it. The query string, cookies and bodies are never logged."""
    request[REQUEST_ID] = secrets.token_hex(8)
    started_s = perf_counter()
    response = await handler(request)
    seconds = perf_counter() - started_s
    route = _route_of(request)
    metrics = request.app[CONTEXT].metrics
    metrics.requests.labels(request.method, route, str(response.status)).inc()
    metrics.seconds.labels(route).observe(seconds)
    logger.info(
        "request",
        request_id=request[REQUEST_ID],
        method=request.method,
        path=request.path,
        status=response.status,
        ms=round(seconds * 1000, 1),
        account_id=request.get(ACCOUNT_ID),
        remote=request.remote,
    )
    return response


def _route_of(request: web.Request) -> str:
    """The declared path, not the one asked for: a scanner must not fill the metrics."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into problem documents; what nobody foresaw is logged with its trace and told as 500."""
    try:
        return await handler(request)
    except web.HTTPException as exc:
        if exc.status < 400:
            raise
        return respond(meaning_of(exc) or ProblemRaised(exc.status, "invalid"))
    except Exception as exc:
        cause = next(leaves(exc)) if isinstance(exc, ExceptionGroup) else exc
        meaning = meaning_of(cause) if isinstance(cause, Exception) else None
        if meaning is None:
            logger.exception("request crashed", request_id=request[REQUEST_ID], path=request.path)
            meaning = ProblemRaised(500, "internal", f"request {request[REQUEST_ID]}")
        return respond(meaning)
