"""Plans and rounds on each backend: made once, run by one, counted once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from storage.errors import InvalidCursor, RecordConflict, RecordNotFound
from storage.protocols import Scope
from storage.protocols_patrol import RoundFilter
from storage.records_patrol import PatrolRound, RoundState, ViewVerdict
from storage.stores import Stores
from tests.contract.patrol_samples import a_finding, a_plan, a_round, a_view, planned
from tests.contract.store_samples import EVERYTHING, T0, after

LONG_AGO = after(-86_400)
DAY = RoundFilter(T0, after(86_400))


async def _running(stores: Stores) -> PatrolRound:
    (found,) = await planned(stores, 0)
    return await stores.patrol.start(found.id, "acc-li", after(1), LONG_AGO)


async def test_plan_comes_back_as_it_was(stores: Stores) -> None:
    """Points with and without a preset, windows, weekdays: all of it."""
    plan = a_plan(assignees=("acc-li",))
    await stores.patrol.save_plan(plan)
    assert await stores.patrol.plan(plan.id) == plan
    assert await stores.patrol.plans(EVERYTHING) == [plan]
    assert await stores.patrol.plans(Scope(frozenset({"grid-2"}))) == []


async def test_second_editor_of_a_version_is_refused(stores: Stores) -> None:
    """Of two who changed version 1, the first made version 2."""
    plan = a_plan()
    await stores.patrol.save_plan(plan)
    await stores.patrol.save_plan(replace(plan, version=2, name="晚巡"))
    with pytest.raises(RecordConflict):
        await stores.patrol.save_plan(replace(plan, version=2, name="夜巡"))
    with pytest.raises(RecordNotFound):
        await stores.patrol.save_plan(replace(plan, id="plan-gone", version=2))
    assert (await stores.patrol.plan(plan.id)).name == "晚巡"


async def test_rounds_are_made_once(stores: Stores, other_stores: Stores) -> None:
    """Two services that make the same rounds at once make them once."""
    plan = a_plan()
    await stores.patrol.save_plan(plan)
    made = await asyncio.gather(
        *(s.patrol.add_rounds(plan, [a_round(plan, 0), a_round(plan, 9000)], after(60)) for s in (stores, other_stores))
    )
    assert sorted(made) == [0, 2]
    assert len((await stores.patrol.rounds(EVERYTHING, DAY)).items) == 2


async def test_rounds_of_an_old_version_are_not_made(stores: Stores) -> None:
    """What was planned with the former version comes too late, also when the plan is gone."""
    plan = a_plan()
    await stores.patrol.save_plan(plan)
    await stores.patrol.save_plan(replace(plan, version=2))
    assert await stores.patrol.add_rounds(plan, [a_round(plan)], after(60)) == 0
    await stores.patrol.remove_plan(plan.id, T0)
    assert await stores.patrol.add_rounds(replace(plan, version=2), [a_round(plan)], after(60)) == 0


async def test_plans_wait_for_their_rounds(stores: Stores) -> None:
    """A new plan waits, one whose rounds are made does not, an edited one waits again, a disabled one never."""
    plan, idle = a_plan(), a_plan(enabled=False)
    for each in (plan, idle):
        await stores.patrol.save_plan(each)
    assert await stores.patrol.plans_to_round(after(100), 10) == [(plan, None)]
    await stores.patrol.add_rounds(plan, [], after(200))
    assert await stores.patrol.plans_to_round(after(100), 10) == []
    assert await stores.patrol.plans_to_round(after(300), 10) == [(plan, after(200))]
    await stores.patrol.save_plan(replace(plan, version=2))
    assert await stores.patrol.plans_to_round(after(100), 10) == [(replace(plan, version=2), None)]


@pytest.mark.parametrize("edit", [True, False])
async def test_only_rounds_that_have_not_opened_go_with_their_plan(stores: Stores, edit: bool) -> None:
    """Editing and removing leave what has begun or could have."""
    opened, later = await planned(stores, 0, 9000)
    if edit:
        plan = await stores.patrol.plan(opened.plan_id)
        await stores.patrol.save_plan(replace(plan, version=2, updated_at=after(10)))
    else:
        await stores.patrol.remove_plan(opened.plan_id, after(10))
    left = await stores.patrol.rounds(EVERYTHING, DAY)
    assert [found.id for found in left.items] == [opened.id]
    assert later.id not in {found.id for found in left.items}


async def test_one_of_two_workers_gets_the_round(stores: Stores, other_stores: Stores) -> None:
    """Both ask at once in two processes: one runs it, the other is told."""
    (found,) = await planned(stores, 0)
    asked = [(stores, "acc-li"), (other_stores, "acc-wang")]
    answers = await asyncio.gather(
        *(s.patrol.start(found.id, who, after(1), LONG_AGO) for s, who in asked), return_exceptions=True
    )
    won = [a for a in answers if isinstance(a, PatrolRound)]
    lost = [a for a in answers if isinstance(a, RecordConflict)]
    assert (len(won), len(lost)) == (1, 1)
    assert (await stores.patrol.round(found.id)).assignee == won[0].assignee


async def test_starting_again_goes_on(stores: Stores) -> None:
    """A reloaded page finds its round as it left it; a round left alone may be taken over, not one in use."""
    running = await _running(stores)
    assert await stores.patrol.start(running.id, "acc-li", after(500), LONG_AGO) == running
    with pytest.raises(RecordConflict):
        await stores.patrol.start(running.id, "acc-wang", after(600), LONG_AGO)
    taken = await stores.patrol.start(running.id, "acc-wang", after(2000), after(200))
    assert (taken.assignee, taken.started_at, taken.marked_at) == ("acc-wang", after(1), after(2000))


async def test_view_is_judged_once(stores: Stores) -> None:
    """The same request again changes nothing; another verdict, another person, another moment are refused."""
    running = await _running(stores)
    view = a_view(running)
    assert await stores.patrol.judge_view(view, (after(1), after(30))) == view
    assert await stores.patrol.judge_view(replace(view, judged_at=after(40)), (after(1), after(40))) == view
    for other in (a_view(running), a_view(running, "p2", judged_by="acc-wang")):
        with pytest.raises(RecordConflict):
            await stores.patrol.judge_view(other, (after(30), after(30)))
    with pytest.raises(RecordConflict):  # somebody said something since
        await stores.patrol.judge_view(a_view(running, "p2"), (after(1), after(30)))
    assert await stores.patrol.views([running.id]) == [view]
    kept = await stores.patrol.round(running.id)
    assert (kept.seen, kept.short, kept.marked_at) == (1, 0, after(30))


async def test_what_was_seen_is_counted(stores: Stores) -> None:
    """A look cut short counts as short, an unviewable camera does not."""
    running = await _running(stores)
    await stores.patrol.judge_view(a_view(running, dwell_s=5.0), (after(1), after(30)))
    dark = a_view(running, "p2", verdict=ViewVerdict.NOT_VIEWABLE, dwell_s=2.0, shown="none", judged_at=after(50))
    await stores.patrol.judge_view(dark, (after(30), after(50)))
    kept = await stores.patrol.round(running.id)
    assert (kept.seen, kept.not_viewable, kept.findings, kept.short) == (2, 1, 0, 1)


async def test_finding_is_saved_whole(stores: Stores) -> None:
    """Event, picture, confirmed item, case and delivery, in the transaction of the view."""
    running, finding = await _running(stores), a_finding()
    view = a_view(running, verdict=ViewVerdict.FINDING, event_id=finding.event.id)
    await stores.patrol.judge_view(view, (after(1), after(30)), finding)
    assert await stores.events.get(finding.event.id) == finding.event
    assert await stores.events.evidence(finding.event.id) == list(finding.evidence)
    assert await stores.reviews.by_event(finding.event.id) == finding.item
    assert await stores.cases.get(finding.case[0].id) == finding.case[0]
    assert len(await stores.outbox.for_case(finding.case[0].id)) == 1
    assert [e.id for e in await stores.events.recent(EVERYTHING)] == [finding.event.id]
    assert await stores.reviews.counts(EVERYTHING) == {}
    assert {c.kind for c in await stores.changes.since(0)} == {"patrol", "review", "case"}


async def test_finding_that_cannot_be_saved_leaves_nothing(stores: Stores) -> None:
    """A verdict that comes too late opens no case."""
    running, finding = await _running(stores), a_finding()
    with pytest.raises(RecordConflict):
        await stores.patrol.judge_view(a_view(running, verdict=ViewVerdict.FINDING), (after(2), after(30)), finding)
    with pytest.raises(RecordNotFound):
        await stores.events.get(finding.event.id)
    with pytest.raises(RecordNotFound):
        await stores.cases.get(finding.case[0].id)


@pytest.mark.parametrize(("at_s", "state"), [(3600, RoundState.DONE), (3601, RoundState.LATE)])
async def test_round_ends_in_time_or_late(stores: Stores, at_s: float, state: RoundState) -> None:
    """Ended twice is ended once; nobody else ends it."""
    running = await _running(stores)
    with pytest.raises(RecordConflict):
        await stores.patrol.finish(running.id, "acc-wang", after(at_s))
    ended = await stores.patrol.finish(running.id, "acc-li", after(at_s))
    assert (ended.state, ended.finished_at) == (state, after(at_s))
    assert await stores.patrol.finish(running.id, "acc-li", after(at_s + 9)) == ended
    with pytest.raises(RecordConflict):
        await stores.patrol.start(running.id, "acc-li", after(at_s + 9), LONG_AGO)


async def test_rounds_are_missed_by_time(stores: Stores) -> None:
    """Nobody came, or nobody came to the end: missed when it closes; one that was ended is left alone."""
    waiting, running, done = await planned(stores, 0, 10, 20)
    for found in (running, done):
        await stores.patrol.start(found.id, "acc-li", after(60), LONG_AGO)
    await stores.patrol.finish(done.id, "acc-li", after(100))
    assert await stores.patrol.miss(after(7199)) == []
    assert [found.id for found in await stores.patrol.miss(after(7220))] == [waiting.id, running.id]
    assert await stores.patrol.miss(after(9999)) == []
    with pytest.raises(RecordConflict):
        await stores.patrol.finish(running.id, "acc-li", after(8000))


async def test_rounds_are_listed_by_what_was_asked(stores: Stores) -> None:
    """By grid, state, day and person; scope always; pages go on."""
    mine, free = await planned(stores, 0, 100)
    (named,) = await planned(stores, 50, assignees=("acc-wang",))
    (west,) = await planned(stores, 70, grid_id="grid-2")
    await stores.patrol.start(mine.id, "acc-li", after(1), LONG_AGO)

    async def ids(query: RoundFilter, scope: Scope = EVERYTHING) -> list[str]:
        return [found.id for found in (await stores.patrol.rounds(scope, query)).items]

    assert await ids(DAY) == [mine.id, named.id, west.id, free.id]
    assert await ids(DAY, Scope(frozenset({"grid-2"}))) == [west.id]
    assert await ids(replace(DAY, grid_id="grid-1", states=(RoundState.WAITING,))) == [named.id, free.id]
    assert await ids(replace(DAY, account_id="acc-li")) == [mine.id, west.id, free.id]
    assert await ids(replace(DAY, account_id="acc-wang")) == [named.id, west.id, free.id]
    assert await ids(replace(DAY, account_id="acc_wang")) == [west.id, free.id]
    assert await ids(RoundFilter(after(60), after(100))) == [west.id]
    first = await stores.patrol.rounds(EVERYTHING, DAY, limit=3)
    rest = await stores.patrol.rounds(EVERYTHING, DAY, first.next_cursor, 3)
    assert ([f.id for f in rest.items], rest.next_cursor) == ([free.id], None)
    with pytest.raises(InvalidCursor):
        await stores.patrol.rounds(EVERYTHING, DAY, "rubbish")
