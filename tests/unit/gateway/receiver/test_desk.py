"""The platform's desk over real HTTP: bad messages, repeats, misbehaviour."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize(
    ("result", "owed"),
    [("verified", ["closed"]), ("rework", ["dispatched", "handling", "fed_back"]), ("perhaps", []), (7, [])],
)
async def test_check_of_a_handled_case_goes_on_with_it(
    options: ReceiverOptions, result: object, owed: list[str]
) -> None:
    """Under the number it has: closed when verified, worked on again when sent back."""
    event = {"subject": "case_1", "type": "cn.gridpatrol.case.checked", "data": {"result": result}}
    url = "http://127.0.0.1:9/api/v1/callbacks/platform"  # not called within this test
    async with receiver(replace(options, callback_url=url, step_s=600.0)) as base_url:
        _, opened = await post(base_url)
        _, checked = await post(base_url, "msg_2", json.dumps(event))
        found = {case["webhook_id"]: case for case in await cases(base_url)}
    assert checked == opened
    assert (found["msg_2"]["number"], found["msg_2"]["owed"]) == (found["msg_1"]["number"], owed)
