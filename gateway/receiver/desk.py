"""The platform's desk: takes signed cases, answers with a number, shows what arrived."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from gateway.clock import Clock
from gateway.receiver.ledger import Arrival, Ledger, Message
from gateway.receiver.page import render_page
from gateway.receiver.signing import Seal

logger = structlog.get_logger(__name__)

STATES = ("accepted", "filed", "dispatched", "handling", "fed_back")
# What the platform does once somebody has checked its work: the case is closed, or the work done again.
STATES_AFTER_CHECK = {"verified": ("closed",), "rework": ("dispatched", "handling", "fed_back")}
CHECKED_TYPE = "cn.gridpatrol.case.checked"
MAX_BODY_BYTES = 1024 * 1024
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How badly the platform behaves; see `ReceiverOptions`."""

    fail: int = 0
    stall_s: float = 0.0
    lose_answer: int = 0
    step_s: float = 5.0
    calls_back: bool = True


class Desk:
    """Takes messages by their webhook id: a repeat is counted, answered alike and has no other effect."""

    def __init__(
        self, ledger: Ledger, seal: Seal, clock: Clock, wake: asyncio.Event, behaviour: Behaviour | None = None
    ) -> None:
        self._ledger = ledger
        self._seal = seal
        self._clock = clock
        self._wake = wake
        self._behaviour = behaviour or Behaviour()
        self._failures_left = self._behaviour.fail
        self._losses_left = self._behaviour.lose_answer

    async def take(self, request: web.Request) -> web.StreamResponse:
        """`POST /webhook`: 200 with a case number, 401 for a bad signature, 422 for a body that is no CloudEvent."""
        body = await request.read()
        if not self._seal.fits(request.headers, body):
            return web.json_response({"error": "signature"}, status=401)
        message = _read(request.headers["webhook-id"], body)
        if message is None:
            return web.json_response({"error": "not a CloudEvent with a subject"}, status=422)
        if self._failures_left > 0:
            self._failures_left -= 1
            return web.json_response({"error": "out of order, on purpose"}, status=500)
        return await self._store(request, message)

    async def _store(self, request: web.Request, message: Message) -> web.StreamResponse:
        step_s = self._behaviour.step_s
        states = _states_after(message) if self._behaviour.calls_back else ()
        owed = [(state, step_s * (n + 1)) for n, state in enumerate(states)]
        arrival, new = await self._ledger.take(message, self._clock.now(), owed)
        logger.info("case arrived", case_id=arrival.case_id, number=arrival.number, repeats=arrival.repeats)
        self._wake.set()
        if self._losses_left > 0 and request.transport is not None:
            self._losses_left -= 1
            request.transport.abort()
        if new and self._behaviour.stall_s > 0:
            await self._clock.sleep(self._behaviour.stall_s)
        return web.json_response({"case_number": arrival.number})

    async def show(self, _: web.Request) -> web.StreamResponse:
        """`GET /`: what arrived, for people."""
        page = render_page(await self._ledger.arrivals(), self._clock.now())
        return web.Response(text=page, content_type="text/html", headers=PAGE_HEADERS)

    async def list(self, _: web.Request) -> web.StreamResponse:
        """`GET /cases.json`: what arrived, for tests."""
        return web.json_response([_as_json(arrival) for arrival in await self._ledger.arrivals()])


def make_receiver_app(desk: Desk) -> web.Application:
    """Build the platform's web application."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_post("/webhook", desk.take)
    app.router.add_get("/", desk.show)
    app.router.add_get("/cases.json", desk.list)
    return app


def _read(webhook_id: str, body: bytes) -> Message | None:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    subject = event.get("subject") if isinstance(event, dict) else None
    if not isinstance(subject, str) or not subject:
        return None
    return Message(webhook_id, subject, body.decode())


def _states_after(message: Message) -> tuple[str, ...]:
    event = json.loads(message.body)
    if event.get("type") != CHECKED_TYPE:
        return STATES
    data = event.get("data")
    result = data.get("result") if isinstance(data, dict) else None
    return STATES_AFTER_CHECK.get(result, ()) if isinstance(result, str) else ()


def _as_json(arrival: Arrival) -> dict[str, Any]:
    return {
        "webhook_id": arrival.webhook_id,
        "case_id": arrival.case_id,
        "number": arrival.number,
        "arrived_at": arrival.arrived_at.isoformat(),
        "verified": True,  # nothing else is stored
        "repeats": arrival.repeats,
        "states": [state for state, step in arrival.states if step == "done"],
        "owed": [state for state, step in arrival.states if step == "due"],
        "message": json.loads(arrival.body),
    }
