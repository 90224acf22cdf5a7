"""A camera's web server that does what it is told, on a real socket."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
USER, PASSWORD = "viewer", 'p"ss:wörd'


@dataclass
class WebCamera:
    """Answers requests by `answer`; remembers what it was asked."""

    answer: Answer
    port: int = 0
    requests: list[str | None] = field(default_factory=list)  # the Authorization header of each
    connections: set[object] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/snap.jpg?channel=1&size=%2Fbig"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request.headers.get("Authorization"))
        self.connections.add(request.transport)
        return await self.answer(request)


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[WebCamera]:
    """Serve on a free port of this machine."""
    camera = WebCamera(answer)
    app = web.Application()
    app.router.add_get("/{path:.*}", camera.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    camera.port = runner.addresses[0][1]
    try:
        yield camera
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_peer(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve what no web server would say; yields the port."""
    met: list[asyncio.StreamWriter] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer)
        await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in met:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def picture(body: bytes) -> Answer:
    """Always the same picture."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="image/jpeg")

    return answer


def status(code: int, **headers: str) -> Answer:
    """Always the same refusal."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers=headers)

    return answer


class Guarded:
    """Wants Digest; counts nonces down, so that one goes stale after `uses` requests."""

    def __init__(self, body: bytes, algorithm: str = "MD5", uses: int = 1000, offers: tuple[str, ...] = ()) -> None:
        self.body = body
        self.algorithm = algorithm
        self.uses = uses
        self.offers = offers
        self.nonce = 0
        self.used = 0
        self.refused = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if given.startswith("Digest ") and self._right(given, request.raw_path):
            return web.Response(body=self.body, content_type="image/jpeg")
        self.refused += 1
        self.nonce += 1
        self.used = 0
        response = web.Response(status=401, text="<html>who are you?</html>")
        for offer in self.offers:
            response.headers.add("WWW-Authenticate", offer)
        response.headers.add(
            "WWW-Authenticate",
            f'Digest realm="IP Camera, \\"gate\\"", nonce="{self.nonce:032x}", qop="auth,auth-int", '
            f'algorithm={self.algorithm}, opaque="x"',
        )
        return response

    def _right(self, given: str, path: str) -> bool:
        part = {m[1]: m[2] or m[3] for m in re.finditer(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', given)}
        self.used += 1
        if part["nonce"] != f"{self.nonce:032x}" or self.used > self.uses or part["uri"] != path:
            return False
        name = self.algorithm.lower().removesuffix("-sess").replace("-", "")

        def hashed(*words: str) -> str:
            return hashlib.new(name, ":".join(words).encode()).hexdigest()

        secret = hashed(USER, 'IP Camera, "gate"', PASSWORD)
        if self.algorithm.lower().endswith("-sess"):
            secret = hashed(secret, part["nonce"], part["cnonce"])
        wanted = hashed(secret, part["nonce"], part["nc"], part["cnonce"], part["qop"], hashed("GET", path))
        return part["response"] == wanted and int(part["nc"], 16) == self.used
