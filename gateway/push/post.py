"""One message to one browser: encrypted for it, signed by us, sent within a time."""

from __future__ import annotations

import asyncio
import json
from enum import Enum

import aiohttp
import structlog
from pywebpush import WebPusher, WebPushException

from gateway.clock import Clock
from gateway.push.keys import PushKeys
from gateway.push.notices import Notice
from storage.records_review import PushSubscription

logger = structlog.get_logger(__name__)

SEND_TIMEOUT_S = 10.0
# A telephone without a line for longer finds the queue itself when it is back.
TIME_TO_LIVE_S = 900
# Types told of by name; a storm of every kind is told by its number.
MAX_TYPES = 4
_GONE = (404, 410)


class Sent(Enum):
    """What became of a message."""

    DELIVERED = "delivered"
    FAILED = "failed"  # perhaps another time
    GONE = "gone"  # the browser has taken its subscription back, or its keys are none


class PushPost:
    """Sends notices. Encrypting is done in a thread: a hundred at once would hold up everything else."""

    def __init__(self, keys: PushKeys, http: aiohttp.ClientSession, clock: Clock) -> None:
        self._keys = keys
        self._http = http
        self._clock = clock

    async def send(self, subscription: PushSubscription, notice: Notice) -> Sent:
        """Send a notice; never raises for what the other side does."""
        try:
            body = await asyncio.to_thread(_encrypted, subscription, _text(notice))
        except (WebPushException, ValueError) as exc:
            logger.warning("push subscription without sound keys", account_id=subscription.account_id, error=str(exc))
            return Sent.GONE
        return await self._deliver(subscription, notice, body)

    async def _deliver(self, subscription: PushSubscription, notice: Notice, body: bytes) -> Sent:
        timeout = aiohttp.ClientTimeout(total=SEND_TIMEOUT_S)
        headers = self._headers(subscription, notice)
        try:
            async with self._http.post(
                subscription.endpoint, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            # The endpoint stays out of the log: whoever has it can write to the browser.
            logger.warning("push failed", account_id=subscription.account_id, error=type(exc).__name__)
            return Sent.FAILED
        if status in _GONE:
            return Sent.GONE
        if not 200 <= status < 300:
            logger.warning("push refused", account_id=subscription.account_id, status=status)
            return Sent.FAILED
        return Sent.DELIVERED

    def _headers(self, subscription: PushSubscription, notice: Notice) -> dict[str, str]:
        return {
            "Authorization": self._keys.authorization(subscription.endpoint, self._clock.now()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TIME_TO_LIVE_S),
            "Topic": "review",  # one that was not delivered yet gives way to the next
            "Urgency": "high" if notice.severity == "S1" else "normal",
        }


def _text(notice: Notice) -> bytes:
    message = {
        "kind": "review",
        "severity": notice.severity,
        "count": notice.count,
        "event_types": [event_type for event_type, _ in notice.types[:MAX_TYPES]],
    }
    return json.dumps(message, separators=(",", ":")).encode()


def _encrypted(subscription: PushSubscription, text: bytes) -> bytes:
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    encoded = WebPusher({"endpoint": subscription.endpoint, "keys": keys}).encode(text, "aes128gcm")
    return bytes(encoded["body"])
