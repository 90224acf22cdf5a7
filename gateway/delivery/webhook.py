"""Deliveries as signed HTTP POSTs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from gateway.clock import Clock
from gateway.delivery.channel import Answer
from gateway.delivery.signing import Signer
from gateway.errors import DeliveryRejected, DeliveryRetryable
from storage.records import Delivery

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
# A platform on a government network answers a connection within a second or is down; the whole exchange may include
# its own slow database. The outbox's lease must be longer than the total.
CONNECT_TIMEOUT_S = 5.0
TOTAL_TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 64 * 1024
EXCERPT_CHARS = 200
MAX_CASE_NUMBER_CHARS = 64
RETRYABLE_STATUS = frozenset({408, 425, 429})
# A receiver that asks for more patience than this is treated as down; the backoff takes over.
MAX_RETRY_AFTER_S = 3_600.0


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A receiver of cases. The first of `secrets` signs; put the new one first once the receiver knows it."""

    id: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)


class WebhookChannel:
    """Sends to one endpoint. Redirects are not followed: a signed case goes where it was configured to go."""

    def __init__(self, endpoint: WebhookEndpoint, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._endpoint = endpoint
        self._session = session
        self._clock = clock
        self._signer = Signer(endpoint.secrets)
        self._timeout = aiohttp.ClientTimeout(total=TOTAL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)

    async def send(self, delivery: Delivery) -> Answer:
        """POST the delivery's exact body once.

        Raises:
            DeliveryRetryable: Timeout, connection error, 408, 425, 429 or 5xx.
            DeliveryRejected: Any other answer that is not 2xx, or an address that cannot be used.
        """
        try:
            return await self._post(delivery)
        except aiohttp.InvalidURL as exc:
            raise DeliveryRejected(delivery.id, "the endpoint's address is not a valid URL") from exc
        except TimeoutError as exc:
            raise DeliveryRetryable(delivery.id, "no answer in time") from exc
        except (aiohttp.ClientError, OSError) as exc:
            # The driver's own words may hold the full address with its query; its type says enough.
            raise DeliveryRetryable(delivery.id, f"connection failed ({type(exc).__name__})") from exc

    async def _post(self, delivery: Delivery) -> Answer:
        post = self._session.post(
            self._endpoint.url,
            data=delivery.body.encode(),
            headers=self._headers(delivery),
            timeout=self._timeout,
            allow_redirects=False,
        )
        async with post as response:
            if 200 <= response.status < 300:
                return _answer(response.status, await _read_limited(response.content))
            raise self._refusal(delivery.id, response.status, response.headers)

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        signed = self._signer.sign(delivery.id, delivery.body, self._clock.now())
        return {**signed, "Content-Type": CONTENT_TYPE, "Idempotency-Key": delivery.id, "Accept": "application/json"}

    def _refusal(
        self, delivery_id: str, status: int, headers: Mapping[str, str]
    ) -> DeliveryRetryable | DeliveryRejected:
        detail = f"the receiver answered {status}"
        if status in RETRYABLE_STATUS or status >= 500:
            wait_s = retry_after_s(headers.get("Retry-After", ""), self._clock.now())
            return DeliveryRetryable(delivery_id, detail, status, wait_s)
        return DeliveryRejected(delivery_id, detail, status)


def retry_after_s(value: str, now: datetime) -> float | None:
    """Read a `Retry-After` header, seconds or an HTTP date; None when absent or unreadable."""
    try:
        wait_s = float(value) if value.strip().isdecimal() else _until(value, now)
    except (ValueError, OverflowError):
        return None
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def _until(value: str, now: datetime) -> float:
    when = parsedate_to_datetime(value)
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (aware - now).total_seconds()


async def _read_limited(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    while len(body) < MAX_ANSWER_BYTES and (chunk := await content.read(MAX_ANSWER_BYTES - len(body))):
        body += chunk
    return bytes(body)


def _answer(status: int, body: bytes) -> Answer:
    text = body.decode(errors="replace")
    return Answer(status, _case_number(text), text[:EXCERPT_CHARS])


def _case_number(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    number = value.get("case_number") if isinstance(value, dict) else None
    usable = isinstance(number, str) and 0 < len(number) <= MAX_CASE_NUMBER_CHARS and number.isprintable()
    return number if usable else None
