"""A push service and its browsers, on a real port: takes messages as the real ones do, and decrypts them."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import http_ece
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import jwt

from storage.records_review import PushSubscription


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Browser:
    """One that has subscribed; only it can read what is sent."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> str:
        form = serialization.PublicFormat.UncompressedPoint
        return text_of(self.key.public_key().public_bytes(serialization.Encoding.X962, form))

    def read(self, body: bytes) -> dict[str, Any]:
        text = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        found: dict[str, Any] = json.loads(text)
        return found


@dataclass
class PushService:
    """Keeps what arrives; `answers` says with which status a browser's messages are answered (201)."""

    browsers: dict[str, Browser] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    arrived: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    origin: str = ""

    def subscribe(self, account_id: str, name: str) -> PushSubscription:
        """Return the subscription of a new browser."""
        browser = self.browsers[name] = Browser(name)
        at = datetime(2026, 11, 22, tzinfo=UTC)
        return PushSubscription(f"{self.origin}/to/{name}", account_id, browser.p256dh, text_of(browser.auth), at)

    async def take(self, request: web.Request) -> web.Response:
        """Check who writes, as RFC 8292 demands, and decrypt as the browser will."""
        name, body = request.match_info["name"], await request.read()
        scheme, _, rest = request.headers["Authorization"].partition(" ")
        said = dict(part.strip().split("=", 1) for part in rest.split(","))
        claims = jwt.decode(said["t"], said["k"])
        assert (scheme, claims["aud"]) == ("vapid", self.origin)
        status = self.answers.get(name, 201)
        if status == 201:
            self.headers.append(dict(request.headers))
            self.arrived.append((name, self.browsers[name].read(body)))
        return web.Response(status=status)


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """Run one for the length of the block."""
    service = PushService()
    app = web.Application()
    app.router.add_post("/to/{name}", service.take)
    server = TestServer(app)
    await server.start_server()
    service.origin = f"http://{server.host}:{server.port}"
    try:
        yield service
    finally:
        await server.close()
