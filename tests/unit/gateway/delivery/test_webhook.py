"""One webhook over real HTTP on the loopback: what is sent and how each answer is taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from gateway.clock import SystemClock
from gateway.delivery import webhook
from gateway.delivery.signing import Signer
from gateway.delivery.webhook import WebhookChannel, WebhookEndpoint, retry_after_s
from gateway.errors import DeliveryRejected, DeliveryRetryable
from tests.unit.gateway.delivery.samples import SECRET, make_delivery

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _channel(answer: Answering) -> AsyncIterator[WebhookChannel]:
    app = web.Application()
    app.router.add_post("/hook", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield WebhookChannel(WebhookEndpoint("plat", str(server.make_url("/hook")), (SECRET,)), session, SystemClock())


def _says(status: int, body: str = "", headers: dict[str, str] | None = None) -> Answering:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return answer


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_passing_trouble_is_worth_another_try(status: int) -> None:
    """Timeouts, overload and server errors are tried again."""
    async with _channel(_says(status)) as channel:
        with pytest.raises(DeliveryRetryable) as caught:
            await channel.send(make_delivery())
    assert caught.value.status == status


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 413, 422])
async def test_refusal_is_final(status: int) -> None:
    """Other 4xx are refused for good, and a redirect is never followed with a signed case."""
    async with _channel(_says(status, headers={"Location": "/elsewhere"})) as channel:
        with pytest.raises(DeliveryRejected) as caught:
            await channel.send(make_delivery())
    assert caught.value.status == status


async def test_closed_port_is_worth_another_try() -> None:
    """Nobody listens: try again, and the error names no address."""
    async with aiohttp.ClientSession() as session:
        endpoint = WebhookEndpoint("plat", f"http://127.0.0.1:{unused_port()}/hook?token=hidden", (SECRET,))
        with pytest.raises(DeliveryRetryable) as caught:
            await WebhookChannel(endpoint, session, SystemClock()).send(make_delivery())
    assert "hidden" not in str(caught.value)


async def test_no_answer_in_time_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that accepts and stays silent does not hold the delivery for ever."""
    monkeypatch.setattr(webhook, "TOTAL_TIMEOUT_S", 0.05)
    over = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    async with _channel(silent) as channel:
        with pytest.raises(DeliveryRetryable, match="no answer in time"):
            await channel.send(make_delivery())
        over.set()


async def test_dropped_connection_is_worth_another_try() -> None:
    """The connection is cut instead of an answer: whether it was taken is unknown."""

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with _channel(cut) as channel:
        with pytest.raises(DeliveryRetryable):
            await channel.send(make_delivery())


async def test_unusable_address_is_final() -> None:
    """A typing error in the address will not mend itself."""
    async with aiohttp.ClientSession() as session:
        channel = WebhookChannel(WebhookEndpoint("plat", "http://", (SECRET,)), session, SystemClock())
        with pytest.raises(DeliveryRejected):
            await channel.send(make_delivery())


async def test_message_is_signed_and_unchanged() -> None:
    """The receiver can verify the signature over exactly the stored body."""
    seen: list[tuple[dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.StreamResponse:
        seen.append((dict(request.headers), await request.read()))
        return web.json_response({"case_number": "AJ-1"})

    delivery = make_delivery()
    async with _channel(take) as channel:
        answer = await channel.send(delivery)
    headers, body = seen[0]
    assert answer.case_number == "AJ-1"
    assert body.decode() == delivery.body
    assert headers["Content-Type"].startswith("application/cloudevents+json")
    assert headers["Idempotency-Key"] == delivery.id
    assert Signer([SECRET]).verify(headers, body) == delivery.id


@pytest.mark.parametrize(
    "body",
    ["", "thanks", "[]", "{", '{"case_number": 7}', '{"case_number": ""}', json.dumps({"case_number": "x" * 65})],
)
async def test_answer_without_a_usable_number_still_counts(body: str) -> None:
    """2xx means taken, whatever the body says."""
    async with _channel(_says(202, body)) as channel:
        answer = await channel.send(make_delivery())
    assert (answer.status, answer.case_number) == (202, None)


async def test_huge_answer_is_not_read_to_its_end() -> None:
    """A receiver that answers with megabytes costs 64 KB."""
    async with _channel(_says(200, '{"case_number": "' + "x" * 4_000_000 + '"}')) as channel:
        answer = await channel.send(make_delivery())
    assert answer.case_number is None
    assert len(answer.excerpt) == webhook.EXCERPT_CHARS


async def test_wait_asked_for_is_passed_on() -> None:
    """`Retry-After: 120` reaches the outbox."""
    async with _channel(_says(429, headers={"Retry-After": "120"})) as channel:
        with pytest.raises(DeliveryRetryable) as caught:
            await channel.send(make_delivery())
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0.0),
        ("99999999", 3600.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, expected_s: float | None) -> None:
    """Both forms of the header, bounded to an hour; rubbish is no wish."""
    assert retry_after_s(value, datetime(2026, 1, 1, tzinfo=UTC)) == expected_s
