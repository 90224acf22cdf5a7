"""The OpenAPI 3.1 description, made from the same declarations as the routing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from gateway.web import models
from gateway.web.problems import CONTENT_TYPE
from gateway.web.routes import API, Open, Route

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"
_PROBLEM = {"content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_SESSION = "session"
_Wanted = tuple[str, JsonSchemaMode, TypeAdapter[Any]]
_CSRF = {
    "name": "X-CSRF-Token",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "`csrf_token` of the session.",
}


def describe(routes: list[Route]) -> dict[str, Any]:
    """Return the description as a JSON-like dictionary."""
    shapes = _shapes(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(API + route.path, {})[route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "GridPatrol",
            "version": VERSION,
            "description": "Scene events of public cameras: review, evidence, cases. Times are UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({route.tag for route in routes})],
        "paths": paths,
        "components": {"schemas": shapes.definitions, "securitySchemes": _SECURITY},
    }


_SECURITY: dict[str, Any] = {
    _SESSION: {"type": "apiKey", "in": "cookie", "name": "gp_session"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`.",
    },
}


@dataclass(frozen=True, slots=True)
class Shapes:
    """JSON Schemas of the endpoints by route name, and the definitions they refer to."""

    answers: dict[str, Any]
    bodies: dict[str, Any]
    definitions: dict[str, Any]


def _shapes(routes: list[Route]) -> Shapes:
    wanted: list[_Wanted] = [("problem", "serialization", TypeAdapter(models.Problem))]
    wanted += [(f"answer {r.name}", "serialization", TypeAdapter(r.answer)) for r in routes if r.answer is not None]
    wanted += [(f"body {r.name}", "validation", TypeAdapter(r.body)) for r in routes if r.body is not None]
    found, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REF)
    named = {str(key[0]): schema for key, schema in found.items()}
    return Shapes(
        answers={r.name: named[f"answer {r.name}"] for r in routes if r.answer is not None},
        bodies={r.name: named[f"body {r.name}"] for r in routes if r.body is not None},
        definitions=definitions["$defs"],
    )


def _operation(route: Route, shapes: Shapes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": {str(route.status): _answer(route, shapes), **_problems(route)},
        "security": _security(route),
    }
    if route.body is not None:
        content = {"application/json": {"schema": shapes.bodies[route.name]}}
        operation["requestBody"] = {"required": True, "content": content}
    if not isinstance(route.access, Open):
        operation["x-right"] = route.access.value
    return operation


def _answer(route: Route, shapes: Shapes) -> dict[str, Any]:
    if route.answer is None and (route.status == 204 or route.media_type == "application/json"):
        return {"description": "Done."}
    schema = shapes.answers[route.name] if route.answer is not None else {"type": "string", "format": "binary"}
    return {"description": route.summary, "content": {route.media_type: {"schema": schema}}}


def _problems(route: Route) -> dict[str, Any]:
    statuses = {"422": "A field is wrong.", "503": "The database cannot be reached."}
    if route.access is not Open.ANYBODY:
        statuses |= {"401": "Not signed in."}
    if route.access is not Open.ANYBODY and route.access is not Open.SIGNATURE:
        statuses |= {"403": "No right."}
    if route.parameters:
        statuses |= {"404": "Not there, or outside the scope."}
    if route.method != "GET":
        statuses |= {"409": "Somebody else was first."}
    return {status: {"description": words, **_PROBLEM} for status, words in sorted(statuses.items())}


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.access is Open.ANYBODY:
        return []
    return [{"signature": []}] if route.access is Open.SIGNATURE else [{_SESSION: []}]


def _parameters(route: Route) -> list[dict[str, Any]]:
    path: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.parameters
    ]
    csrf = [_CSRF] if route.needs_csrf else []
    return path + csrf + (_query(route.query) if route.query else [])


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _inlined(field, definitions)}
        for name, field in schema["properties"].items()
    ]


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Replace references to definitions (enums only) by what they stand for."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return definitions[schema["$ref"].rsplit("/", 1)[-1]]
    return {key: _inlined(part, definitions) for key, part in schema.items()}
