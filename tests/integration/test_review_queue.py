"""Two people at one queue of five hundred items, over real HTTP and a bad line.

Requests are lost on their way, and so are answers to requests that arrived. Telephones judge without a line and send
later, in any order, whatever they do not know to have arrived, some of it twice. In the end every item has one verdict
and one case, by one person, and everybody knows which were theirs.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from storage.protocols import ReviewFilter, Scope
from storage.records import ReviewItem, Verdict
from tests.contract.store_samples import fill_queue
from tests.unit.gateway.web.house import Client, House, event, found_town, open_house, serve, sign_in

pytestmark = pytest.mark.unpaced

ITEMS = 500
OFFLINE = 80  # judged by each without a line, many of them by both
LOST_REQUESTS = 0.1
LOST_ANSWERS = 0.15
SENT_TWICE = 0.1
ALONE = 0.25  # of the items judged online; the others together with what is like them
TOGETHER = 25


class LineLost(Exception):
    """No answer came: whether the request arrived is not known."""


@dataclass
class BadLine:
    """A browser whose requests and answers get lost, at random but the same each time."""

    client: Client
    dice: random.Random
    lost: Counter[str] = field(default_factory=Counter)

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        if self.dice.random() < LOST_REQUESTS:
            self.lost["request"] += 1
            raise LineLost
        async with self.client.request(method, f"/api/v1{path}", json=body) as answer:
            found = await answer.json() if answer.status != 204 else None
        if self.dice.random() < LOST_ANSWERS:
            self.lost["answer"] += 1
            raise LineLost
        return answer.status, found

    async def insist(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Ask again until an answer comes."""
        while True:
            try:
                return await self.ask(method, path, body)
            except LineLost:
                continue


@dataclass(frozen=True)
class Letter:
    """A verdict waiting in a telephone to be sent."""

    item_id: str
    verdict: str
    client_id: str


@dataclass
class Worker:
    """Somebody judging; `mine` are the items of which the gateway has told them that theirs is the verdict."""

    name: str
    line: BadLine
    mine: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def letter(self, item_id: str) -> Letter:
        verdict = self.line.dice.choice(["confirmed", "rejected", "unclear"])
        return Letter(item_id, verdict, f"{self.name}-{item_id}")

    async def send(self, letter: Letter) -> None:
        """Send a letter until it is known what became of it; now and then once more."""
        body = {"verdict": letter.verdict, "client_id": letter.client_id}
        for _ in range(1 + (self.line.dice.random() < SENT_TWICE)):
            status, answer = await self.line.insist("POST", f"/review/{letter.item_id}/verdict", body)
            while (status, answer.get("code")) == (409, "held"):
                await asyncio.sleep(0.01)  # the other looks at it just now
                status, answer = await self.line.insist("POST", f"/review/{letter.item_id}/verdict", body)
            if status == 200:
                self.mine[letter.item_id] = letter.verdict
            else:
                assert (status, answer["code"]) == (409, "already_judged")
                self.taken.add(letter.item_id)

    async def work_off(self) -> None:
        """Take the head of the queue, with all that is like it, until nothing waits."""
        while (page := (await self.line.insist("GET", "/review?limit=20"))[1])["items"]:
            entry = self.line.dice.choice(page["items"])
            if entry["held_by_name"] is None:
                await self._judge_group(entry["item"]["id"])

    async def _judge_group(self, item_id: str) -> None:
        status, answer = await self.line.insist("POST", f"/review/{item_id}/hold")
        if status != 200:
            assert answer["code"] in {"held", "already_judged"}
            return
        if self.line.dice.random() < ALONE:
            await self.send(self.letter(item_id))
            return
        similar = (await self.line.insist("GET", f"/review/{item_id}/similar"))[1]["items"]
        others = [e["item"]["id"] for e in similar if e["held_by_name"] is None][:TOGETHER]
        wanted = {"item_ids": [item_id, *others], "verdict": "confirmed", "client_id": f"{self.name}-group-{item_id}"}
        _, answer = await self.line.insist("POST", "/review/batch", wanted)
        for one in answer["items"]:
            if one["ok"]:
                self.mine[one["id"]] = "confirmed"
            else:
                assert one["code"] in {"held", "already_judged"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A town with a full queue in the east."""
    await found_town(tmp_path / "town.db")
    events = [event(n, camera_id="cam-east", severity=f"S{1 + n % 4}") for n in range(ITEMS)]
    await fill_queue(f"sqlite:///{tmp_path / 'town.db'}", events)
    async with open_house(tmp_path) as opened:
        yield opened


async def test_two_workers_one_queue_no_double_verdict_none_lost(house: House) -> None:
    """Offline verdicts arrive once; of two people's verdicts on one item the first counts, and the other is told."""
    asyncio.get_running_loop().set_debug(
        False
    )  # thousands of requests: noting where each callback came from costs half
    async with serve(house) as new_client:
        workers = [await _worker(new_client(), name, seed) for seed, name in enumerate(("grid-worker", "grid-leader"))]
        letters = [await _judge_offline(worker) for worker in workers]
        async with asyncio.TaskGroup() as group:
            for worker, kept in zip(workers, letters, strict=True):
                group.create_task(_come_online(worker, kept))
    await _expect_one_verdict_each(house, workers)
    for worker, kept in zip(workers, letters, strict=True):
        assert {letter.item_id for letter in kept} <= set(worker.mine) | worker.taken, "what was sent was answered"
        assert min(worker.line.lost["request"], worker.line.lost["answer"]) > 10, "the line was not bad enough"
    assert workers[0].taken | workers[1].taken, "they never met"


async def _worker(client: Client, name: str, seed: int) -> Worker:
    await sign_in(client, name)
    return Worker(name, BadLine(client, random.Random(seed)))


async def _judge_offline(worker: Worker) -> list[Letter]:
    """Load the head of the queue, lose the line, judge in any order."""
    _, page = await worker.line.insist("GET", f"/review?limit={OFFLINE}")
    ids = [entry["item"]["id"] for entry in page["items"]]
    return [worker.letter(item_id) for item_id in worker.line.dice.sample(ids, len(ids))]


async def _come_online(worker: Worker, letters: Sequence[Letter]) -> None:
    for letter in letters:
        await worker.send(letter)
    await worker.work_off()


async def _expect_one_verdict_each(house: House, workers: Sequence[Worker]) -> None:
    one, other = workers
    assert not set(one.mine) & set(other.mine), "both were told that theirs is the verdict"
    assert len(one.mine) + len(other.mine) == ITEMS
    everything = Scope(None)
    found: list[ReviewItem] = []
    cursor: str | None = None
    while True:
        page = await house.stores.reviews.page(everything, ReviewFilter(waiting=False), cursor, 200)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == ITEMS
    assert await house.stores.reviews.counts(everything) == {}
    for item in found:
        (owner,) = [worker for worker in workers if item.id in worker.mine]
        assert (item.judged_by, item.verdict) == (f"acc_{owner.name}", owner.mine[item.id])
        assert (item.case_id is not None) == (item.verdict is Verdict.CONFIRMED)
    cases = await house.stores.cases.page(everything, (), None, ITEMS)
    confirmed = [item for item in found if item.verdict is Verdict.CONFIRMED]
    assert {case.id for case in cases.items} == {item.case_id for item in confirmed}
    assert {n for n in (await house.stores.outbox.depth()).values() if n} == {len(confirmed)}
