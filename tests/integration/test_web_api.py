"""From a verdict in the browser to the platform's last answer, over real HTTP and real files."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.casework.open_case import Terms
from gateway.receiver.command import ReceiverOptions
from tests.integration.governance import SECRET, arrived, outbox, platform, platform_process, until
from tests.unit.gateway.web.house import CALLBACK_SECRET, Client, House, found_town, open_house, serve, sign_in

pytestmark = pytest.mark.unpaced

STATES = ["opened", "accepted", "filed", "dispatched", "handling", "fed_back"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Return a town whose verdicts can be taken back for a moment only."""
    await found_town(tmp_path / "town.db")
    async with open_house(tmp_path) as opened:
        opened.context = replace(opened.context, terms=Terms(("plat",), undo_window_s=0.1))
        yield opened


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Callable[[], Client]]:
    async with serve(house) as new_client:
        yield new_client


@pytest.fixture
async def options(browser: Callable[[], Client], tmp_path: Path) -> ReceiverOptions:
    callback_url = str(browser().make_url("/api/v1/callbacks/plat"))
    return ReceiverOptions(
        tmp_path / "platform.db",
        SECRET,
        port=0,
        callback_url=callback_url,
        callback_secret=CALLBACK_SECRET,
        step_s=0.05,
    )


async def _confirm(house: House, browser: Callable[[], Client]) -> tuple[Client, str]:
    item = await house.add_event()
    client = browser()
    await sign_in(client, "grid-worker")
    answer = await client.post(f"/api/v1/review/{item.id}/verdict", json={"verdict": "confirmed"})
    case_id: str = (await answer.json())["case"]["id"]
    return client, case_id


async def _case(client: Client, case_id: str) -> dict[str, Any]:
    detail: dict[str, Any] = await (await client.get(f"/api/v1/cases/{case_id}")).json()
    return detail


async def test_verdict_travels_to_the_platform_and_back(
    house: House, browser: Callable[[], Client], options: ReceiverOptions
) -> None:
    """Answers lost, callbacks doubled: one case there, one number, every state once from its callback."""
    hostile = replace(options, answer_twice=True, lose_answer=1)
    client, case_id = await _confirm(house, browser)
    async with platform(hostile) as base_url, outbox(house, base_url):

        async def fed_back() -> bool:
            return bool((await _case(client, case_id))["state"] == "fed_back")

        await until(fed_back)
        (there,) = await arrived(base_url)
    detail = await _case(client, case_id)
    assert (there["case_id"], there["number"], there["repeats"]) == (case_id, detail["number"], 1)
    assert [d["state"] for d in detail["deliveries"]] == ["delivered"]
    tally = Counter(step["state"] for step in detail["steps"])
    assert list(tally) == STATES
    assert all(tally[state] == 1 for state in STATES if state != "accepted")


async def test_killed_platform_goes_on_where_it_was(
    house: House, browser: Callable[[], Client], options: ReceiverOptions
) -> None:
    """SIGKILL between two answers: after its restart the platform owes nothing and has told everything."""
    client, case_id = await _confirm(house, browser)
    async with platform_process(options) as (process, base_url), outbox(house, base_url):

        async def filed() -> bool:
            return (await _case(client, case_id))["state"] in STATES[2:]

        await until(filed)
        process.kill()
        await process.wait()
    async with platform_process(options) as (_, base_url):

        async def told_all() -> bool:
            (there,) = await arrived(base_url)
            return bool(there["owed"] == [])

        await until(told_all)
    detail = await _case(client, case_id)
    assert detail["state"] == "fed_back"
    tally = Counter(step["state"] for step in detail["steps"])
    assert all(tally[state] == 1 for state in STATES if state != "accepted")


async def test_undo_within_the_window_keeps_the_platform_ignorant(
    house: House, browser: Callable[[], Client], options: ReceiverOptions
) -> None:
    """A verdict taken back in time never leaves the house."""
    house.context = replace(house.context, terms=Terms(("plat",), undo_window_s=30.0))
    async with serve(house) as new_client, platform(options) as base_url, outbox(house, base_url):
        client, _ = await _confirm(house, new_client)
        assert (await client.delete(f"/api/v1/review/rev_{1:026d}/verdict")).status == 200
        await asyncio.sleep(0.3)  # several rounds of the outbox
        assert await arrived(base_url) == []
    assert (await house.stores.outbox.depth())["pending"] == 0
