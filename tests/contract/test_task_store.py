"""Tasks on each backend: with the verdict that asks for them, ended once, judged together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage.errors import InvalidCursor, RecordConflict, RecordNotFound
from storage.protocols import Scope
from storage.protocols_patrol import TaskFilter
from storage.records import ReviewItem, Verdict
from storage.records_patrol import Arrival, CheckPoint, Task, TaskKind, TaskPhoto, TaskResult, TaskState
from storage.stores import Stores
from tests.contract.patrol_samples import a_task
from tests.contract.store_samples import EVERYTHING, T0, a_case, after, fresh, judged, shown

HERE = Arrival(after(60), "position", "acc-li", 12.5, 118.86, 35.58, 8.0)


def _photo(task: Task, **changes: Any) -> TaskPhoto:
    number = fresh("pho")
    made = TaskPhoto(number, task.id, "before", f"tasks/{number}.jpg", "image/jpeg", 9, "0" * 64, 8, 6, "acc-li", T0)
    return replace(made, **changes)


def _done(task: Task, result: TaskResult = TaskResult.CONFIRMED) -> Task:
    ended: dict[str, Any] = {
        "state": TaskState.DONE,
        "finished_at": after(90),
        "finished_by": "acc-li",
        "client_id": "client-1",
    }
    return replace(task, **ended, assignee="acc-li", result=result, note="看过")


async def _asked(stores: Stores) -> tuple[ReviewItem, Task]:
    """Send somebody to look at an event."""
    _, item = await shown(stores)
    task = a_task(kind=TaskKind.CHECK, item_id=item.id, event_id=item.event_id)
    await stores.reviews.judge(judged(item, verdict=Verdict.ON_SITE), None, task=task)
    return await stores.reviews.get(item.id), task


async def test_verdict_on_site_makes_its_task(stores: Stores) -> None:
    """Both or none of it; a second judge makes no second task."""
    item, task = await _asked(stores)
    assert await stores.tasks.get(task.id) == task
    with pytest.raises(RecordConflict):
        await stores.reviews.judge(judged(item, judged_by="acc-wang"), None, task=a_task(item_id=item.id))
    assert len((await stores.tasks.page(EVERYTHING, TaskFilter())).items) == 1
    await stores.tasks.add(a_task(kind=TaskKind.CHECK, item_id=item.id))
    assert len((await stores.tasks.page(EVERYTHING, TaskFilter())).items) == 1


async def test_undone_verdict_cancels_its_task(stores: Stores) -> None:
    """Nobody goes for a verdict that was taken back; asked again, there is a new task."""
    item, task = await _asked(stores)
    await stores.reviews.undo(item.id, "acc-li", after(105))
    assert (await stores.tasks.get(task.id)).state is TaskState.CANCELLED
    with pytest.raises(RecordConflict):
        await stores.tasks.arrive(task.id, HERE)
    again = a_task(kind=TaskKind.CHECK, item_id=item.id)
    await stores.reviews.judge(judged(item, verdict=Verdict.ON_SITE), None, task=again)
    assert (await stores.tasks.get(again.id)).state is TaskState.OPEN


async def test_first_check_in_is_kept(stores: Stores) -> None:
    """Who arrives has the task; others are refused; a second check-in changes nothing."""
    task = a_task()
    await stores.tasks.add(task)
    arrived = await stores.tasks.arrive(task.id, HERE)
    assert (arrived.state, arrived.assignee, arrived.arrival, arrived.arrived_at) == (
        TaskState.ARRIVED,
        "acc-li",
        HERE,
        HERE.at,
    )
    assert await stores.tasks.arrive(task.id, replace(HERE, at=after(70))) == arrived
    with pytest.raises(RecordConflict):
        await stores.tasks.arrive(task.id, replace(HERE, account_id="acc-wang"))


async def test_one_of_two_arrivals_has_the_task(stores: Stores, other_stores: Stores) -> None:
    """Two workers check in at once in two processes: it is one's."""
    task = a_task()
    await stores.tasks.add(task)
    answers = await asyncio.gather(
        stores.tasks.arrive(task.id, HERE),
        other_stores.tasks.arrive(task.id, replace(HERE, account_id="acc-wang")),
        return_exceptions=True,
    )
    assert sorted(type(a).__name__ for a in answers) == ["RecordConflict", "Task"]


async def test_task_given_back_is_open_to_others(stores: Stores) -> None:
    """Its check-in is gone, its words stay; nobody else can give it back."""
    task = a_task(assignee="acc-li")
    await stores.tasks.add(task)
    with pytest.raises(RecordConflict):
        await stores.tasks.give_back(task.id, "acc-wang", "不是我")
    await stores.tasks.arrive(task.id, HERE)
    returned = await stores.tasks.give_back(task.id, "acc-li", "进不去")
    assert (returned.state, returned.assignee, returned.arrival, returned.note) == (
        TaskState.RETURNED,
        None,
        None,
        "进不去",
    )
    assert (await stores.tasks.assign(task.id, "acc-wang")).assignee == "acc-wang"


async def test_result_judges_its_item_and_opens_the_case(stores: Stores) -> None:
    """Task, verdict, case and delivery in one transaction; the same result again changes nothing."""
    item, task = await _asked(stores)
    case = a_case(await stores.events.get(item.event_id))
    confirmed = replace(item, verdict=Verdict.CONFIRMED, note="看过", judged_by="acc-li", judged_at=after(90))
    ended = await stores.tasks.finish(_done(task), confirmed, case)
    assert ended == _done(task)
    kept = await stores.reviews.get(item.id)
    assert (kept.verdict, kept.case_id, kept.judged_at) == (Verdict.CONFIRMED, case[0].id, after(90))
    assert await stores.tasks.finish(_done(task), confirmed, a_case(await stores.events.get(item.event_id))) == ended
    with pytest.raises(RecordConflict):
        await stores.tasks.finish(replace(_done(task), client_id="client-2"), confirmed)
    assert len((await stores.cases.page(EVERYTHING)).items) == 1


async def test_item_judged_otherwise_keeps_its_verdict(stores: Stores) -> None:
    """A result for an item that no longer waits for somebody on site is refused whole."""
    _, item = await shown(stores)
    task = a_task(kind=TaskKind.CHECK, item_id=item.id)
    await stores.tasks.add(task)
    await stores.reviews.judge(judged(item, verdict=Verdict.REJECTED), None)
    with pytest.raises(RecordConflict):
        await stores.tasks.finish(_done(task), replace(item, verdict=Verdict.CONFIRMED))
    assert (await stores.tasks.get(task.id)).state is TaskState.OPEN
    assert (await stores.reviews.get(item.id)).verdict is Verdict.REJECTED


async def test_photos_are_bounded_and_of_live_tasks(stores: Stores) -> None:
    """So many and no more; none once the task is done; the sweep of files knows them."""
    task = a_task()
    await stores.tasks.add(task)
    first, second = _photo(task), _photo(task, moment="after")
    await stores.tasks.add_photo(first, 2)
    await stores.tasks.add_photo(second, 2)
    with pytest.raises(RecordConflict):
        await stores.tasks.add_photo(_photo(task), 2)
    await stores.tasks.finish(_done(task))
    with pytest.raises(RecordConflict):
        await stores.tasks.add_photo(_photo(task), 9)
    assert await stores.tasks.photos(task.id) == [first, second]
    assert await stores.events.known_media_keys([first.media_key, "nobody.jpg"]) == {first.media_key}


async def test_tasks_are_listed_by_what_was_asked(stores: Stores) -> None:
    """Newest first; by person with what nobody has; by state, grid, day; scope always."""
    free, mine = a_task(), a_task(created_at=after(10), assignee="acc-li")
    west, others = a_task(grid_id="grid-2", created_at=after(20)), a_task(created_at=after(30), assignee="acc-wang")
    for task in (free, mine, west, others):
        await stores.tasks.add(task)
    await stores.tasks.finish(replace(_done(mine), finished_at=after(90_000)))

    async def ids(query: TaskFilter, scope: Scope = EVERYTHING) -> list[str]:
        return [task.id for task in (await stores.tasks.page(scope, query)).items]

    assert await ids(TaskFilter()) == [others.id, west.id, mine.id, free.id]
    assert await ids(TaskFilter(account_id="acc-li"), Scope(frozenset({"grid-1"}))) == [mine.id, free.id]
    assert await ids(TaskFilter(states=(TaskState.DONE,))) == [mine.id]
    assert await ids(TaskFilter(grid_id="grid-2")) == [west.id]
    assert await ids(TaskFilter(start=after(80_000), end=after(99_000))) == [mine.id]
    assert await stores.tasks.load("grid-1") == {"acc-wang": 1}
    first = await stores.tasks.page(EVERYTHING, TaskFilter(), limit=3)
    rest = await stores.tasks.page(EVERYTHING, TaskFilter(), first.next_cursor, 3)
    assert [task.id for task in rest.items] == [free.id]
    with pytest.raises(InvalidCursor):
        await stores.tasks.page(EVERYTHING, TaskFilter(), "rubbish")


async def test_points_are_found_by_their_code(stores: Stores) -> None:
    """A code is one point's."""
    point = CheckPoint("cp-1", "grid-1", "水闸", 118.8, 35.5, "abc123", T0)
    await stores.tasks.add_point(point)
    with pytest.raises(RecordConflict):
        await stores.tasks.add_point(replace(point, id="cp-2"))
    assert await stores.tasks.point_of_code("abc123") == point == await stores.tasks.point("cp-1")
    assert await stores.tasks.point_of_code("nothing") is None
    assert await stores.tasks.points(Scope(frozenset({"grid-2"}))) == []
    with pytest.raises(RecordNotFound):
        await stores.tasks.point("cp-2")
