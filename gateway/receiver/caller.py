"""Calls the gateway back about the states a case goes through; what is owed is kept in the ledger."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import structlog

from gateway.clock import Clock
from gateway.receiver.ledger import Ledger, OwedCallback
from gateway.receiver.signing import Seal

logger = structlog.get_logger(__name__)

CALL_TIMEOUT_S = 10.0
IDLE_S = 5.0  # asks the ledger at least this often, even if nobody wakes it
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 30.0
# 401: the gateway's secret may be mended meanwhile; the others pass by themselves.
RETRYABLE_STATUS = frozenset({401, 408, 425, 429})


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """Where to call, and whether every call is made twice to see that the second changes nothing."""

    url: str | None
    twice: bool = False


class Caller:
    """Makes one owed callback after another, in order within a case, until each is taken or refused."""

    def __init__(
        self, ledger: Ledger, seal: Seal, session: aiohttp.ClientSession, clock: Clock, settings: CallerSettings
    ) -> None:
        self._ledger = ledger
        self._seal = seal
        self._session = session
        self._clock = clock
        self._settings = settings
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Call until cancelled; without an address there is nothing to do."""
        if self._settings.url is None:
            return
        while True:
            self.wake.clear()
            owed = await self._ledger.next_callback()
            wait_s = IDLE_S if owed is None else owed.due_s - self._clock.now().timestamp()
            if owed is None or wait_s > 0:
                await self._wait(min(wait_s, IDLE_S))
            else:
                await self._call(self._settings.url, owed)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _call(self, url: str, owed: OwedCallback) -> None:
        status = await self._post(url, owed)
        if self._settings.twice and status is not None:
            await self._post(url, owed)
        now = self._clock.now()
        if status is None or status in RETRYABLE_STATUS or status >= 500:
            pause_s = min(FIRST_RETRY_S * 2.0 ** min(owed.attempts, 10), LONGEST_RETRY_S)
            await self._ledger.postpone(owed.id, now.timestamp() + pause_s, status)
            logger.warning("callback postponed", callback_id=owed.id, status=status, pause_s=pause_s)
        else:
            await self._ledger.called(owed.id, now, status, refused=status >= 300)
            logger.info("callback made", callback_id=owed.id, state=owed.state, status=status)

    async def _post(self, url: str, owed: OwedCallback) -> int | None:
        now = self._clock.now()
        body = _cloud_event(owed, now)
        headers = {**self._seal.headers(owed.id, body, now), "Content-Type": "application/cloudevents+json"}
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        try:
            async with self._session.post(
                url, data=body.encode(), headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status
        except (TimeoutError, aiohttp.ClientError, OSError):
            return None


def _cloud_event(owed: OwedCallback, now: datetime) -> str:
    event = {
        "specversion": "1.0",
        "id": owed.id,
        "source": "urn:gridpatrol:receiver",
        "type": "cn.gridpatrol.case.state",
        "subject": owed.case_id,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": {"state": owed.state, "case_number": owed.number, "at": now.isoformat()},
    }
    return json.dumps(event, ensure_ascii=False)
