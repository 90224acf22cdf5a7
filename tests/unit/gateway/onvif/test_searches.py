"""Searches run beside everything else, one per person, and can be asked about for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from gateway.clock import FakeClock
from gateway.onvif import searches as module
from gateway.onvif.discovery import Found
from gateway.onvif.searches import KEEP_S, MAX_KEPT, Search, Searches, SearchRunning
from tests.unit.gateway.onvif.rig import until

FOUND = Found("urn:uuid:1", "http://10.0.0.1/d", "10.0.0.1")


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Searches, FakeClock, asyncio.Event]]:
    """Give searches that run; a sweep of them ends when the event is set."""
    clock, gate = FakeClock(), asyncio.Event()

    async def sweep(
        addresses: object, ports: object, tell: Callable[[Found], object], asked: Callable[[], object]
    ) -> None:
        tell(FOUND)
        tell(FOUND)
        asked()
        await gate.wait()
        if addresses == ("10.0.0.9",):
            raise OSError("network gone")

    monkeypatch.setattr(module, "sweep", sweep)
    searches = Searches(clock)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(searches.run())
        yield searches, clock, gate
        task.cancel()


async def over(search: Search) -> None:
    await until(lambda: not search.running)


async def test_a_search_tells_what_it_has_found_so_far(
    running: tuple[Searches, FakeClock, asyncio.Event],
) -> None:
    """While it runs, and when it is over; a device is found once."""
    searches, _, gate = running
    search = searches.start("acc", ["10.0.0.1", "10.0.0.2"], [80, 8000])
    await until(lambda: search.found)
    assert (search.running, search.asked, search.total, list(search.found.values())) == (True, 1, 4, [FOUND])
    gate.set()
    await over(search)
    assert searches.get(search.id, "acc") is search


async def test_one_at_a_time_for_each(running: tuple[Searches, FakeClock, asyncio.Event]) -> None:
    """Others may search meanwhile, and see nothing of it."""
    searches, _, gate = running
    mine = searches.start("me", ["10.0.0.1"])
    with pytest.raises(SearchRunning):
        searches.start("me", ["10.0.0.2"])
    theirs = searches.start("them", ["10.0.0.1"])
    assert searches.get(mine.id, "them") is None
    gate.set()
    await over(mine)
    await over(theirs)
    searches.start("me", ["10.0.0.2"])


async def test_a_search_that_fails_is_over(running: tuple[Searches, FakeClock, asyncio.Event]) -> None:
    """What it had found stays; others are untouched."""
    searches, _, gate = running
    failing, sound = searches.start("a", ["10.0.0.9"]), searches.start("b", ["10.0.0.1"])
    gate.set()
    await over(failing)
    await over(sound)
    assert list(failing.found.values()) == [FOUND]


async def test_old_searches_are_forgotten(running: tuple[Searches, FakeClock, asyncio.Event]) -> None:
    """After a while, or when there are too many."""
    searches, clock, gate = running
    gate.set()
    first = searches.start("me", ["10.0.0.1"])
    await over(first)
    for number in range(MAX_KEPT):
        await over(searches.start(f"acc{number}", ["10.0.0.1"]))
    assert searches.get(first.id, "me") is None
    last = searches.start("me", ["10.0.0.1"])
    await over(last)
    await clock.advance(KEEP_S + 1)
    assert searches.get(last.id, "me") is None
    assert searches.get("srch_unknown", "me") is None


async def test_too_many_at_once_are_refused(running: tuple[Searches, FakeClock, asyncio.Event]) -> None:
    """A bound on what runs."""
    searches, _, gate = running
    for number in range(MAX_KEPT):
        searches.start(f"acc{number}", ["10.0.0.1"])
    with pytest.raises(SearchRunning):
        searches.start("one-more", ["10.0.0.1"])
    gate.set()
