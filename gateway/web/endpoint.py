"""From a route's declaration to the function that aiohttp calls: admit, validate, handle, register, answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, get_origin

from aiohttp import WSCloseCode, web
from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway.errors import GridPatrolError
from gateway.web.context import CONTEXT, WebContext
from gateway.web.guard import admit
from gateway.web.problems import ProblemRaised, invalid, meaning_of
from gateway.web.routes import Call, Route, SignedIn
from gateway.web.uploads import read_file
from storage.errors import StorageError

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# Close codes of the live view for refusals; 1013 (try again later) for everything else.
_CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404}


def as_handler(route: Route) -> AiohttpHandler:
    """Return the function that serves this route."""
    answer = None if route.answer is None else TypeAdapter(route.answer)

    async def serve(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        caller = await admit(request, context, route)
        query = None if route.query is None else read_query(route.query, request)
        body = None if route.body is None else await read_body(route.body, request, route.max_body_bytes)
        result = await route.handle(Call(request, context, query, body, caller))
        await _register(route, request, context, caller)
        return _respond(route, answer, result)

    return _told_by_close_code(serve) if route.websocket else serve


def _respond(route: Route, answer: TypeAdapter[Any] | None, result: Any) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    if answer is None:
        return web.Response(status=route.status)
    return web.Response(
        status=route.status,
        body=answer.dump_json(result),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _register(route: Route, request: web.Request, context: WebContext, caller: SignedIn | None) -> None:
    if route.audit is None or caller is None:
        return
    subject = request.match_info[route.parameters[0]] if route.parameters else caller.principal.account.id
    actor = caller.principal.account.id
    await context.stores.audit.append(context.clock.now(), actor, route.audit, subject, {})


def _told_by_close_code(serve: AiohttpHandler) -> AiohttpHandler:
    async def serve_socket(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        try:
            return await serve(request)
        except (GridPatrolError, StorageError) as exc:
            meaning = meaning_of(exc)
            if meaning is None or not socket.can_prepare(request):
                raise
        await socket.prepare(request)
        await socket.close(code=_CLOSE_CODES.get(meaning.status, WSCloseCode.TRY_AGAIN_LATER))
        return socket

    return serve_socket


def read_query(model: type[BaseModel], request: web.Request) -> BaseModel:
    """Read the query string; fields that are lists may be repeated or separated by commas.

    Raises:
        ProblemRaised: 422, naming the field.
    """
    raw: dict[str, Any] = {}
    for field_name, field in model.model_fields.items():
        name = field.alias or field_name
        values = [value for value in request.query.getall(name, []) if value]
        if not values:
            continue
        many = get_origin(field.annotation) is list
        raw[name] = [part for value in values for part in value.split(",")] if many else values[-1]
    try:
        return model.model_validate(raw)
    except ValidationError as exc:
        raise invalid(exc) from exc


async def read_body(model: type[BaseModel], request: web.Request, limit: int | None = None) -> BaseModel:
    """Read a JSON body, of the application's size at most unless a limit is given.

    Raises:
        ProblemRaised: 415 for another content type, 413 too large, 422 naming the field.
    """
    if request.content_type != "application/json":
        raise ProblemRaised(415, "invalid", "the body must be application/json")
    try:
        return model.model_validate_json(await (request.read() if limit is None else read_file(request, limit)))
    except ValidationError as exc:
        raise invalid(exc) from exc
