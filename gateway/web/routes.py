"""One declaration per endpoint: routing, validation, rights, audit and the OpenAPI description all come from it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel

from gateway.access.rights import Principal, Right
from gateway.errors import AccessDenied, SettingsError
from gateway.web.context import WebContext
from storage.records import WebSession

API = "/api/v1"
_PARAMETER = re.compile(r"{(\w+)}")
# Our ids and configured names; anything else cannot exist, and never reaches a query or a file system.
_ID_PATTERN = r"[A-Za-z0-9_-]{1,80}"

Method = Literal["GET", "POST", "PATCH", "DELETE"]


class Open(Enum):
    """Ways in that need no right; every other endpoint names one."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"
    SIGNATURE = "signature"  # a webhook signature, checked by the endpoint itself


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, by which session."""

    principal: Principal
    session: WebSession


Q = TypeVar("Q", bound=BaseModel | None)
B = TypeVar("B", bound=BaseModel | None)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One request, checked: the rights are there, query and body are valid."""

    request: web.Request
    context: WebContext
    query: Q
    body: B
    caller: SignedIn | None = None

    @property
    def principal(self) -> Principal:
        """Who asks.

        Raises:
            AccessDenied: Nobody is signed in; cannot happen on an endpoint that needs a right.
        """
        if self.caller is None:
            raise AccessDenied
        return self.caller.principal

    @property
    def session(self) -> WebSession:
        """The session in which they ask; as `principal`."""
        if self.caller is None:
            raise AccessDenied
        return self.caller.session

    def id(self, name: str) -> str:
        """Return an id from the path."""
        return self.request.match_info[name]


Handle = Callable[[Call[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An endpoint below `/api/v1`.

    Attributes:
        path: With `{name}` for ids.
        access: The right it needs, or why it needs none. There is no default.
        answer: Type of the JSON answer; None: no body, or one of `media_type` that the endpoint makes itself.
        audit: Name of the register's entry written after success; the subject is the path's first id.
        websocket: Refusals are told by close codes 4401, 4403 and 4404 once the connection stands.
        max_body_bytes: Of a JSON body that carries a file; None: the application's limit.
    """

    method: Method
    path: str
    handle: Handle
    summary: str
    tag: str
    access: Right | Open
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: Any = None
    status: int = 200
    media_type: str = "application/json"
    audit: str | None = None
    websocket: bool = False
    max_body_bytes: int | None = None

    @property
    def needs_csrf(self) -> bool:
        """A change made in a session must prove that our own page asked for it."""
        return self.method != "GET" and self.access not in {Open.ANYBODY, Open.SIGNATURE}

    @property
    def parameters(self) -> list[str]:
        """Names of the ids in the path."""
        return _PARAMETER.findall(self.path)

    @property
    def pattern(self) -> str:
        """The path as aiohttp's router wants it."""
        return API + _PARAMETER.sub(lambda found: f"{{{found[1]}:{_ID_PATTERN}}}", self.path)

    @property
    def name(self) -> str:
        """Unique name, used as `operationId`."""
        return f"{self.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', self.path.lower()).strip('_')}"


def check_routes(routes: list[Route]) -> None:
    """Refuse to start with an endpoint that anybody could use by oversight.

    Raises:
        SettingsError: An endpoint without a declared right, or two of the same method and path.
    """
    seen: set[str] = set()
    for route in routes:
        if not isinstance(route.access, Right | Open):
            raise SettingsError(f"{route.method} {route.path} declares no right")
        if route.name in seen:
            raise SettingsError(f"{route.method} {route.path} is declared twice")
        seen.add(route.name)
