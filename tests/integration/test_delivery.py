"""Outbox to platform over real HTTP, with everything that goes wrong on the way: once in effect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.delivery import webhook
from gateway.receiver.command import ReceiverOptions
from storage.records import CaseState
from tests.integration.governance import SECRET, arrived, confirm, depth_is, outbox, platform, until
from tests.unit.gateway.web.house import House, found_town, open_house

CASES = 5


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Return a town with its own database."""
    await found_town(tmp_path / "town.db")
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def options(tmp_path: Path) -> ReceiverOptions:
    return ReceiverOptions(tmp_path / "platform.db", SECRET, port=0)


@pytest.mark.parametrize("trouble", ["none", "fail", "lose_answer", "stall"])
async def test_every_case_arrives_once(
    house: House, options: ReceiverOptions, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500s, lost answers and answers that come too late: each case has one number there, and the same one here."""
    monkeypatch.setattr(webhook, "TOTAL_TIMEOUT_S", 1.0)
    misbehaving = {
        "none": options,
        "fail": replace(options, fail=2),
        "lose_answer": replace(options, lose_answer=2),
        "stall": replace(options, stall=1.5),
    }[trouble]
    opened = [await confirm(house, number) for number in range(1, CASES + 1)]
    async with platform(misbehaving) as base_url, outbox(house, base_url):
        await depth_is(house, {"delivered": CASES})
        there = {case["case_id"]: case for case in await arrived(base_url)}
    assert set(there) == {case.id for case, _ in opened}
    for case, delivery in opened:
        kept = await house.stores.cases.get(case.id)
        assert (kept.number, kept.state) == (there[case.id]["number"], CaseState.ACCEPTED)
        assert there[case.id]["webhook_id"] == delivery.id
    assert len({case["number"] for case in there.values()}) == CASES
    repeats = sum(case["repeats"] for case in there.values())
    assert repeats >= {"none": 0, "fail": 0, "lose_answer": 2, "stall": CASES}[trouble]
    if trouble in {"none", "fail"}:
        assert repeats == 0


async def test_cases_wait_for_a_platform_that_is_down(house: House, options: ReceiverOptions) -> None:
    """Nothing listens; nothing is lost; everything arrives once it does."""
    opened = [await confirm(house, number) for number in range(1, CASES + 1)]
    async with platform(options) as base_url:
        pass

    async def all_failed() -> bool:
        tried = [(await house.stores.outbox.for_case(case.id))[0] for case, _ in opened]
        return all(delivery.last_error for delivery in tried)

    async with outbox(house, base_url):
        await until(all_failed)
    port = int(base_url.rsplit(":", 1)[1])
    async with platform(replace(options, port=port)) as again, outbox(house, again):
        await depth_is(house, {"delivered": CASES})
        assert len(await arrived(again)) == CASES


async def test_wrong_secret_is_a_dead_letter(house: House, options: ReceiverOptions) -> None:
    """401 will not mend itself: shown to a person, who replays it once the secret is right."""
    _, delivery = await confirm(house)
    other = "whsec_" + "b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGU="
    async with platform(replace(options, secret=other)) as base_url, outbox(house, base_url):
        await depth_is(house, {"dead": 1})
    await house.stores.outbox.replay(delivery.id, house.clock.now())
    async with platform(options) as base_url, outbox(house, base_url):
        await depth_is(house, {"delivered": 1})
        assert [case["webhook_id"] for case in await arrived(base_url)] == [delivery.id]


async def test_two_outboxes_send_each_case_once(house: House, options: ReceiverOptions, tmp_path: Path) -> None:
    """Two processes on one database share the work without sending anything twice."""
    async with platform(options) as base_url, open_house(tmp_path) as second:
        async with outbox(house, base_url), outbox(second, base_url):
            for number in range(1, CASES * 3 + 1):
                await confirm(house, number)
            await depth_is(house, {"delivered": CASES * 3})
        assert [case["repeats"] for case in await arrived(base_url)] == [0] * CASES * 3
