"""Takes deliveries from the outbox to their endpoints, at least once, until they are taken or given up.

A delivery is claimed under a lease, so that a crash releases it by itself. The receiver sees the same `webhook-id`
on every attempt and so acts on it once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import structlog
from prometheus_client import CollectorRegistry, Counter

from gateway.clock import Clock
from gateway.delivery.backoff import Backoff, Circuit
from gateway.delivery.channel import Answer, Channel
from gateway.errors import DeliveryRejected, DeliveryRetryable
from storage.errors import StorageError, StoreUnavailable
from storage.protocols import OutboxStore
from storage.records import Delivery, DeliveryState

logger = structlog.get_logger(__name__)

# Between two rounds while more is due: lets the sends proceed instead of asking the database in a tight loop.
MIN_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """How patiently the outbox works."""

    # Four times the longest exchange (15 s): a delivery may wait for another of its case, and be written down after.
    lease_s: float = 60.0
    concurrent: int = 8  # deliveries under way at once, over all endpoints
    # A worker process that opens a case by itself (auto_report) cannot wake this loop: the longest it may take.
    poll_s: float = 2.0
    max_attempts: int = 20
    # Dead only when this old as well: 20 attempts last about 6 hours, a platform may be down for a weekend.
    keep_trying_s: float = 3 * 86_400.0
    backoff: Backoff = field(default_factory=Backoff)
    store_pause_s: float = 1.0  # before asking a database again that could not be reached


class OutboxMetrics:
    """Counters of what came of every attempt."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = Counter(
            "gridpatrol_delivery_attempts", "Delivery attempts by outcome", ["endpoint", "outcome"], registry=registry
        )
        self.store_failures = Counter(
            "gridpatrol_outbox_store_failures", "Times the outbox could not reach its database", registry=registry
        )


class OutboxWorker:
    """Claims due deliveries and sends them: endpoints side by side, the deliveries of one case one after another.

    Args:
        channels: By endpoint id; a delivery to an endpoint that is not here is dead at once.
        wake: Set by whoever has just written a delivery; cleared here.
        share: Random number in 0-1 for the jitter.
    """

    def __init__(
        self,
        store: OutboxStore,
        channels: Mapping[str, Channel],
        clock: Clock,
        wake: asyncio.Event,
        *,
        settings: OutboxSettings | None = None,
        metrics: OutboxMetrics | None = None,
        share: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._wake = wake
        self._settings = settings or OutboxSettings()
        self._metrics = metrics or OutboxMetrics(CollectorRegistry())
        self._share = share
        self._circuits = {endpoint_id: Circuit() for endpoint_id in channels}
        self._lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[str] = set()
        self._running = False

    @property
    def running(self) -> bool:
        """True while `run` is under way."""
        return self._running

    async def run(self) -> None:
        """Work until cancelled. What is under way is left to its lease and sent again by the next run."""
        self._running = True
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._wake.clear()
                    await self._round(group)
        finally:
            self._running = False

    async def _round(self, group: asyncio.TaskGroup) -> None:
        try:
            await self._start_due(group)
            pause_s = await self._pause_s()
        except StoreUnavailable:
            self._metrics.store_failures.inc()
            logger.warning("outbox cannot reach its database")
            pause_s = self._settings.store_pause_s
        await self._wait(pause_s)

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        free = self._settings.concurrent - len(self._under_way)
        if free <= 0:
            return
        for delivery in await self._store.claim(self._clock.now(), self._settings.lease_s, free):
            if delivery.id in self._under_way:  # its lease ran out while it waited here: it is still being sent
                continue
            self._under_way.add(delivery.id)
            group.create_task(self._deliver(delivery), name=f"delivery:{delivery.id}")

    async def _pause_s(self) -> float:
        if len(self._under_way) >= self._settings.concurrent:
            return self._settings.poll_s
        due = await self._store.next_due()
        if due is None:
            return self._settings.poll_s
        return min(max((due - self._clock.now()).total_seconds(), MIN_PAUSE_S), self._settings.poll_s)

    async def _wait(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            waits = {group.create_task(self._wake.wait()), group.create_task(self._sleep(seconds))}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _sleep(self, seconds: float) -> bool:
        await self._clock.sleep(seconds)
        return True

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            async with self._lane(delivery.case_id):
                await self._attempt(delivery)
        except StorageError as exc:
            # Not written down: the lease runs out and the delivery is sent again, which changes nothing there.
            self._metrics.store_failures.inc()
            logger.warning("delivery not written down", delivery_id=delivery.id, error=type(exc).__name__)
        finally:
            self._under_way.discard(delivery.id)
            self._wake.set()

    def _lane(self, case_id: str) -> asyncio.Lock:
        """Return the lock of a case: first come, first served, and gone when nobody holds or awaits it."""
        return self._lanes.setdefault(case_id, asyncio.Lock())

    async def _attempt(self, delivery: Delivery) -> None:
        channel = self._channels.get(delivery.endpoint_id)
        if channel is None:
            await self._dead(delivery, None, f"no endpoint named {delivery.endpoint_id} is configured")
            return
        if earlier := await self._earlier(delivery):
            await self._postpone(delivery, earlier.not_before, "an earlier message of this case is not delivered yet")
            return
        circuit = self._circuits[delivery.endpoint_id]
        if not circuit.admit(self._clock.monotonic()):
            await self._leave_alone(delivery, circuit)
            return
        await self._send(delivery, channel, circuit)

    async def _earlier(self, delivery: Delivery) -> Delivery | None:
        """Return an unfinished delivery to the same endpoint that must arrive first."""
        siblings = await self._store.for_case(delivery.case_id)
        ahead = [s for s in siblings if s.endpoint_id == delivery.endpoint_id and s.id < delivery.id]
        waiting = {DeliveryState.PENDING, DeliveryState.LEASED}
        return next((s for s in ahead if s.state in waiting), None)

    async def _send(self, delivery: Delivery, channel: Channel, circuit: Circuit) -> None:
        try:
            answer = await channel.send(delivery)
        except DeliveryRejected as exc:
            circuit.passed()
            await self._dead(delivery, exc.status, exc.detail)
        except DeliveryRetryable as exc:
            circuit.failed(self._clock.monotonic(), exc.retry_after_s or 0.0)
            await self._again(delivery, exc.status, exc.detail, exc.retry_after_s or 0.0)
        except Exception as exc:  # a bug in one attempt must not stop the other deliveries
            circuit.left()
            logger.exception("delivery attempt crashed", delivery_id=delivery.id)
            await self._again(delivery, None, f"internal error ({type(exc).__name__})")
        except asyncio.CancelledError:
            circuit.left()
            raise
        else:
            circuit.passed()
            await self._taken(delivery, answer)

    async def _taken(self, delivery: Delivery, answer: Answer) -> None:
        self._count(delivery, "delivered")
        number = {"case_number": answer.case_number} if answer.case_number else {}
        await self._store.succeeded(
            delivery.id, self._clock.now(), answer.status, {"excerpt": answer.excerpt, **number}
        )
        logger.info("delivered", delivery_id=delivery.id, status=answer.status, attempts=delivery.attempts)

    async def _again(self, delivery: Delivery, status: int | None, error: str, least_s: float = 0.0) -> None:
        if self._exhausted(delivery):
            await self._dead(delivery, status, f"given up after {delivery.attempts} attempts: {error}")
            return
        self._count(delivery, "retry")
        pause_s = max(self._settings.backoff.pause_s(delivery.attempts, self._share()), least_s)
        await self._store.retry(delivery.id, self._clock.now() + timedelta(seconds=pause_s), status, error)
        logger.info("delivery postponed", delivery_id=delivery.id, error=error, pause_s=round(pause_s, 1))

    def _exhausted(self, delivery: Delivery) -> bool:
        age_s = (self._clock.now() - delivery.created_at).total_seconds()
        return delivery.attempts >= self._settings.max_attempts and age_s >= self._settings.keep_trying_s

    async def _leave_alone(self, delivery: Delivery, circuit: Circuit) -> None:
        own_s = self._settings.backoff.pause_s(delivery.attempts, self._share())
        pause_s = max(own_s, circuit.wait_s(self._clock.monotonic()), self._settings.backoff.first_s)
        until = self._clock.now() + timedelta(seconds=pause_s)
        await self._postpone(delivery, until, "the endpoint is down; another delivery is probing it")

    async def _postpone(self, delivery: Delivery, until: datetime, why: str) -> None:
        self._count(delivery, "postponed")
        # Not at once: an earlier delivery that is leased by another process has a `not_before` in the past.
        least = self._clock.now() + timedelta(seconds=self._settings.poll_s)
        await self._store.retry(delivery.id, max(until, least), delivery.last_status, why)

    async def _dead(self, delivery: Delivery, status: int | None, error: str) -> None:
        self._count(delivery, "dead")
        await self._store.dead(delivery.id, status, error)
        logger.error("delivery dead", delivery_id=delivery.id, endpoint=delivery.endpoint_id, error=error)

    def _count(self, delivery: Delivery, outcome: str) -> None:
        self._metrics.attempts.labels(delivery.endpoint_id, outcome).inc()
