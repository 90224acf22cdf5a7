"""Sums on each backend, against what was put in."""

from __future__ import annotations

import pytest

from storage.protocols import Scope
from storage.records import Verdict
from storage.records_patrol import DeskNumbers, RoundNumbers, TaskNumbers, TaskState
from storage.stores import Stores
from tests.contract.patrol_samples import a_finding, a_task, a_view, planned
from tests.contract.store_samples import EVERYTHING, T0, after, judged, shown

SPAN = (T0, after(86_400))


async def _judged(stores: Stores, waited_s: float, verdict: Verdict, **changes: str) -> None:
    who = changes.pop("judged_by", "acc-li")
    _, item = await shown(stores, raised_at=T0, **changes)
    await stores.reviews.judge(judged(item, verdict=verdict, judged_by=who, judged_at=after(waited_s)), None)


async def test_nothing_is_no_number(stores: Stores) -> None:
    """Empty tables give no rows, for grids and for an account."""
    for account_id in (None, "acc-li"):
        assert await stores.numbers.desk(EVERYTHING, *SPAN, account_id) == {}
        assert await stores.numbers.rounds(EVERYTHING, *SPAN, account_id) == {}
        found = await stores.numbers.tasks(EVERYTHING, *SPAN, after(0), account_id)
        assert set(found.values()) <= {TaskNumbers()}


async def test_desk_counts_verdicts_and_their_median(stores: Stores) -> None:
    """The middle one of three, the mean of two; the span, the scope and the person hold."""
    for waited_s, verdict in ((10, Verdict.CONFIRMED), (20, Verdict.REJECTED), (600, Verdict.ON_SITE)):
        await _judged(stores, waited_s, verdict)
    await _judged(stores, 40, Verdict.REJECTED, grid_id="grid-2", judged_by="acc-wang")
    await _judged(stores, 50, Verdict.CONFIRMED, grid_id="grid-2")
    await _judged(stores, 90_000, Verdict.CONFIRMED)
    grids = await stores.numbers.desk(EVERYTHING, *SPAN)
    assert (grids["grid-1"].judged, grids["grid-1"].confirmed, grids["grid-1"].rejected) == (3, 1, 1)
    assert grids["grid-1"].median_s == pytest.approx(20, abs=0.01)
    assert grids["grid-2"].median_s == pytest.approx(45, abs=0.01)
    assert set(await stores.numbers.desk(Scope(frozenset({"grid-2"})), *SPAN)) == {"grid-2"}
    mine = await stores.numbers.desk(EVERYTHING, *SPAN, "acc-li")
    assert (mine[""].judged, mine[""].confirmed, mine[""].rejected) == (4, 2, 1)
    assert mine[""].median_s == pytest.approx(35, abs=0.01)


async def test_findings_of_patrols_are_no_verdicts_on_detections(stores: Stores) -> None:
    """What a person saw first can be no false alarm and waited for nobody."""
    (found,) = await planned(stores, 0)
    await stores.patrol.start(found.id, "acc-li", after(1), T0)
    await stores.patrol.judge_view(a_view(found), (after(1), after(30)), a_finding())
    assert await stores.numbers.desk(EVERYTHING, *SPAN) == {}
    assert await stores.numbers.desk(EVERYTHING, *SPAN, "acc-li") in ({}, {"": DeskNumbers()})


async def test_rounds_count_by_their_due_time(stores: Stores) -> None:
    """Done, late, missed and still open ones, and one ended before its time; views seen in a missed round count."""
    done, late, missed, _ = await planned(stores, 0, 10, 20, 30)
    _, early = await planned(stores, 90_000, 95_000)
    for found in (done, late, missed, early):
        await stores.patrol.start(found.id, "acc-li", after(40), T0)
        await stores.patrol.judge_view(a_view(found, judged_at=after(50)), (after(40), after(50)))
    await stores.patrol.finish(done.id, "acc-li", after(100))
    await stores.patrol.finish(early.id, "acc-li", after(100))
    await stores.patrol.finish(late.id, "acc-li", after(4000))
    await stores.patrol.miss(after(7225))
    assert await stores.numbers.rounds(EVERYTHING, *SPAN) == {"grid-1": RoundNumbers(5, 2, 1, 1, 10, 4)}


async def test_rounds_of_an_account_are_those_for_it(stores: Stores) -> None:
    """Run by me, missed by all of my grid or by me by name; not what others ran or were to run."""
    (mine,) = await planned(stores, 0)
    await planned(stores, 10)
    await planned(stores, 20, assignees=("acc-wang",))
    (theirs,) = await planned(stores, 30)
    await planned(stores, 40, grid_id="grid-2")
    await stores.patrol.start(mine.id, "acc-li", after(50), T0)
    await stores.patrol.start(theirs.id, "acc-wang", after(50), T0)
    here = Scope(frozenset({"grid-1"}))
    found = await stores.numbers.rounds(here, *SPAN, "acc-li")
    assert (found[""].due, found[""].planned_views) == (2, 4)
    assert (await stores.numbers.rounds(here, *SPAN, "acc-wang"))[""].due == 3


async def test_tasks_count_open_and_done(stores: Stores) -> None:
    """Open now whatever the span, done within it; in time and overdue by their due time."""
    for due_s in (100, 3600):
        await stores.tasks.add(a_task(assignee="acc-li", due_at=after(due_s)))
    for finished_s in (50, 200, 90_000):
        ended = {"state": TaskState.DONE, "finished_by": "acc-li", "finished_at": after(finished_s)}
        await stores.tasks.add(a_task(due_at=after(100), **ended))
    await stores.tasks.add(a_task(grid_id="grid-2", state=TaskState.CANCELLED, finished_at=after(50)))
    found = await stores.numbers.tasks(EVERYTHING, *SPAN, after(500))
    assert found == {"grid-1": TaskNumbers(open=2, overdue=1, done=2, done_in_time=1)}
    assert (await stores.numbers.tasks(EVERYTHING, *SPAN, after(500), "acc-li"))[""] == found["grid-1"]
