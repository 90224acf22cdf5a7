"""The platform's desk over real HTTP: bad messages, repeats, misbehaviour."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest

from gateway.receiver.command import ReceiverOptions
from tests.unit.gateway.receiver.peers import cases, post, receiver


async def test_unsigned_message_is_refused(options: ReceiverOptions) -> None:
    """Nothing is stored without a genuine signature."""
    async with receiver(options) as base_url:
        async with aiohttp.ClientSession() as session:
            answer = await session.post(f"{base_url}/webhook", json={"subject": "case_1"})
            assert answer.status == 401
        assert await cases(base_url) == []


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"subject": 7}', "[" * 100_000])
async def test_body_that_is_no_cloud_event_is_refused(options: ReceiverOptions, body: str) -> None:
    """A signed message still has to name its case."""
    async with receiver(options) as base_url:
        assert (await post(base_url, body=body))[0] == 422


async def test_repeat_gets_the_same_answer(options: ReceiverOptions) -> None:
    """Idempotent by webhook id, and the repeat is counted."""
    async with receiver(options) as base_url:
        assert await post(base_url) == await post(base_url)
        assert [case["repeats"] for case in await cases(base_url)] == [1]


async def test_first_messages_fail_on_demand(options: ReceiverOptions) -> None:
    """`--fail 2`: two 500s, nothing stored by them, then 200."""
    async with receiver(replace(options, fail=2)) as base_url:
        assert [(await post(base_url))[0] for _ in range(3)] == [500, 500, 200]
        assert [case["repeats"] for case in await cases(base_url)] == [0]


async def test_answer_is_lost_once_on_demand(options: ReceiverOptions) -> None:
    """`--lose-answer 1`: stored, connection cut; the repeat is answered."""
    async with receiver(replace(options, lose_answer=1)) as base_url:
        with pytest.raises(aiohttp.ClientError):
            await post(base_url)
        assert (await post(base_url))[0] == 200
        assert [case["repeats"] for case in await cases(base_url)] == [1]


async def test_page_is_served_without_script(options: ReceiverOptions) -> None:
    """The page lists the case and forbids scripts."""
    async with receiver(options) as base_url, aiohttp.ClientSession() as session:
        await post(base_url)
        async with session.get(base_url) as answer:
            page = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "东街" in page
