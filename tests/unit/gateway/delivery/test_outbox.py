"""The outbox worker on a fake clock: nothing lost, nobody hammered, one message of a case at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from gateway.clock import FakeClock
from gateway.delivery.channel import Answer
from gateway.delivery.outbox import OutboxSettings, OutboxWorker
from gateway.errors import DeliveryRejected, DeliveryRetryable
from storage.records import Delivery, DeliveryState
from tests.fakes.outbox import MemoryOutbox
from tests.unit.gateway.delivery.samples import make_delivery

TAKEN = Answer(200, "AJ-1", "{}")


class ScriptedChannel:
    """Answers as scripted, then takes everything; notes who was sent and how many at once."""

    def __init__(self, script: Sequence[Exception | Answer] = (), hold: asyncio.Event | None = None) -> None:
        self.script = list(script)
        self.sent: list[str] = []
        self.now_of_case: dict[str, int] = defaultdict(int)
        self.most_of_case = 0
        self.most = 0
        self.hold = hold

    async def send(self, delivery: Delivery) -> Answer:
        self.sent.append(delivery.id)
        self.now_of_case[delivery.case_id] += 1
        self.most_of_case = max(self.most_of_case, *self.now_of_case.values())
        self.most = max(self.most, sum(self.now_of_case.values()))
        try:
            if self.hold is not None:
                await self.hold.wait()
            step = self.script.pop(0) if self.script else TAKEN
            if isinstance(step, Exception):
                raise step
            return step
        finally:
            self.now_of_case[delivery.case_id] -= 1


class House:
    """A worker with its outbox, channel and clock."""

    def __init__(self, channel: ScriptedChannel, settings: OutboxSettings | None = None) -> None:
        self.outbox = MemoryOutbox()
        self.clock = FakeClock()
        self.wake = asyncio.Event()
        self.worker = OutboxWorker(
            self.outbox, {"plat": channel}, self.clock, self.wake, settings=settings, share=lambda: 1.0
        )

    def state(self, delivery_id: str) -> DeliveryState:
        return self.outbox.rows[delivery_id].state

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.worker.run())
            try:
                yield
            finally:
                task.cancel()


def _retryable(delivery_id: str = "dlv_001", **kwargs: float) -> DeliveryRetryable:
    return DeliveryRetryable(delivery_id, "the receiver answered 500", 500, kwargs.get("retry_after_s"))


async def test_unknown_endpoint_is_dead_with_a_clear_error() -> None:
    """A delivery to an endpoint that is no longer configured is shown to a person at once."""
    house = House(ScriptedChannel())
    house.outbox.add(make_delivery(endpoint_id="gone"))
    async with house.running():
        await house.clock.advance(0.1)
    row = house.outbox.rows["dlv_001"]
    assert row.state is DeliveryState.DEAD
    assert "gone" in row.last_error


async def test_refused_delivery_is_dead_after_one_attempt() -> None:
    """A 400 is not sent again."""
    channel = ScriptedChannel([DeliveryRejected("dlv_001", "the receiver answered 400", 400)])
    house = House(channel)
    house.outbox.add(make_delivery())
    async with house.running():
        await house.clock.advance(600)
    assert channel.sent == ["dlv_001"]
    assert house.outbox.rows["dlv_001"].last_status == 400


async def test_failures_are_retried_with_growing_pauses() -> None:
    """500, 500, then taken: attempts at 0, 5 and 15 s, same id."""
    channel = ScriptedChannel([_retryable(), _retryable()])
    house = House(channel)
    house.outbox.add(make_delivery())
    async with house.running():
        await house.clock.advance(4.9)
        assert len(channel.sent) == 1
        await house.clock.advance(5)
        assert len(channel.sent) == 2
        await house.clock.advance(7)
        assert channel.sent == ["dlv_001"] * 3
    assert house.state("dlv_001") is DeliveryState.DELIVERED
    assert house.outbox.answers["dlv_001"]["case_number"] == "AJ-1"


async def test_wait_asked_for_by_the_receiver_is_kept() -> None:
    """`Retry-After` of 100 s wins over the shorter backoff."""
    channel = ScriptedChannel([_retryable(retry_after_s=100)])
    house = House(channel)
    house.outbox.add(make_delivery())
    async with house.running():
        await house.clock.advance(99)
        assert len(channel.sent) == 1
        await house.clock.advance(3)
        assert len(channel.sent) == 2


async def test_given_up_only_when_tried_often_and_for_long() -> None:
    """The last of 3 attempts does not kill a delivery that is younger than the time we keep trying."""
    patient = House(ScriptedChannel([_retryable()]), OutboxSettings(max_attempts=3, keep_trying_s=100))
    patient.outbox.add(replace(make_delivery(), attempts=2))
    async with patient.running():
        await patient.clock.advance(0.1)
    assert patient.state("dlv_001") is DeliveryState.PENDING

    spent = House(ScriptedChannel([_retryable()]), OutboxSettings(max_attempts=3, keep_trying_s=0))
    spent.outbox.add(replace(make_delivery(), attempts=2))
    async with spent.running():
        await spent.clock.advance(0.1)
    assert spent.state("dlv_001") is DeliveryState.DEAD
    assert "given up after 3 attempts" in spent.outbox.rows["dlv_001"].last_error


async def test_bug_in_a_channel_stops_nothing_else() -> None:
    """An unexpected exception is one failed attempt; other deliveries go on."""
    channel = ScriptedChannel([KeyError("a bug")])
    house = House(channel)
    house.outbox.add(make_delivery(1, "case_1"))
    house.outbox.add(make_delivery(2, "case_2"))
    async with house.running():
        await house.clock.advance(1)
        assert house.state("dlv_002") is DeliveryState.DELIVERED
        await house.clock.advance(10)
    assert house.state("dlv_001") is DeliveryState.DELIVERED


async def test_unreachable_database_is_survived() -> None:
    """The worker keeps asking and delivers once the database is back."""
    house = House(ScriptedChannel())
    house.outbox.add(make_delivery())
    house.outbox.unavailable = True
    async with house.running():
        await house.clock.advance(10)
        assert house.worker.running
        house.outbox.unavailable = False
        await house.clock.advance(2)
    assert house.state("dlv_001") is DeliveryState.DELIVERED
    assert not house.worker.running


async def test_delivery_that_cannot_be_written_down_is_sent_again_with_the_same_id() -> None:
    """The database fails between the answer and the note of it: the lease runs out, the same id goes out again."""
    hold = asyncio.Event()
    channel = ScriptedChannel(hold=hold)
    house = House(channel)
    house.outbox.add(make_delivery())
    async with house.running():
        await house.clock.advance(1)
        house.outbox.unavailable = True
        hold.set()
        await house.clock.advance(1)
        house.outbox.unavailable = False
        await house.clock.advance(70)
    assert channel.sent == ["dlv_001", "dlv_001"]
    assert house.state("dlv_001") is DeliveryState.DELIVERED


async def test_cancelled_worker_leaves_the_delivery_to_its_lease() -> None:
    """A stopped gateway loses nothing: another run sends it after the lease."""
    house = House(ScriptedChannel(hold=asyncio.Event()))
    house.outbox.add(make_delivery())
    async with house.running():
        await house.clock.advance(1)
    assert house.state("dlv_001") is DeliveryState.LEASED
    second = House(ScriptedChannel())
    second.outbox = house.outbox
    second.worker = OutboxWorker(house.outbox, {"plat": ScriptedChannel()}, second.clock, second.wake)
    async with second.running():
        await second.clock.advance(59)
        assert second.state("dlv_001") is DeliveryState.LEASED
        await second.clock.advance(5)
    assert second.state("dlv_001") is DeliveryState.DELIVERED


async def test_deliveries_of_one_case_never_overlap_and_keep_their_order() -> None:
    """Three messages of a case go one after another; the second does not overtake a first that failed."""
    channel = ScriptedChannel([_retryable()])
    house = House(channel)
    for number in (1, 2, 3):
        house.outbox.add(make_delivery(number))
    async with house.running():
        await house.clock.advance(30)
    assert channel.most_of_case == 1
    assert channel.sent == ["dlv_001", "dlv_001", "dlv_002", "dlv_003"]


async def test_cases_go_side_by_side_within_the_bound() -> None:
    """Twelve cases, four at a time."""
    hold = asyncio.Event()
    channel = ScriptedChannel(hold=hold)
    house = House(channel, OutboxSettings(concurrent=4))
    for number in range(12):
        house.outbox.add(make_delivery(number, f"case_{number}"))
    async with house.running():
        await house.clock.advance(1)
        assert len(channel.sent) == 4
        hold.set()
        await house.clock.advance(3)
    assert len(channel.sent) == 12
    assert channel.most == 4


async def test_dead_endpoint_is_probed_not_hammered() -> None:
    """Fifty cases wait for a platform that is down: a handful of probes in five minutes, then all arrive."""
    channel = ScriptedChannel([_retryable()] * 1_000)
    house = House(channel, OutboxSettings(poll_s=20))
    for number in range(50):
        house.outbox.add(make_delivery(number, f"case_{number}"))
    async with house.running():
        await house.clock.advance(300)
        assert len(channel.sent) < 20
        channel.script.clear()
        await house.clock.advance(4_000)
    assert (await house.outbox.depth())["delivered"] == 50


async def test_new_delivery_goes_as_soon_as_the_worker_is_woken() -> None:
    """A verdict does not wait for the next poll."""
    house = House(ScriptedChannel(), OutboxSettings(poll_s=1_000))
    async with house.running():
        await house.clock.advance(1)
        house.outbox.add(make_delivery())
        house.wake.set()
        await house.clock.advance(0)
    assert house.state("dlv_001") is DeliveryState.DELIVERED


async def test_running_says_whether_the_worker_works() -> None:
    """`/readyz` asks this."""
    house = House(ScriptedChannel())
    assert not house.worker.running
    with suppress(asyncio.CancelledError):
        async with house.running():
            await house.clock.advance(0)
            assert house.worker.running
    assert not house.worker.running
