"""Tasks as other things' transactions make and cancel them."""

from __future__ import annotations

from dataclasses import replace

from storage.engine import open_database
from storage.protocols_patrol import TaskFilter
from storage.records_patrol import TaskState
from storage.stores import Stores
from storage.task_rows import cancel_case_tasks, cancel_item_task, has_live_task, insert_task
from tests.contract.patrol_samples import a_task
from tests.contract.store_samples import EVERYTHING, T0, after


async def test_item_has_one_live_task(stores: Stores, database_url: str) -> None:
    """A second one is left out without a word; once the first has ended there may be another."""
    first, second = a_task(item_id="rev-1"), a_task(item_id="rev-1")
    database = open_database(database_url)
    async with database.write() as conn:
        assert len(await insert_task(conn, first)) == 1
        assert await insert_task(conn, second) == []
        assert len(await cancel_item_task(conn, "rev-1", after(9))) == 1
        assert len(await insert_task(conn, second)) == 1
    await database.engine.dispose()
    cancelled = replace(first, state=TaskState.CANCELLED, finished_at=after(9))
    found = await stores.tasks.page(EVERYTHING, TaskFilter())
    assert {task.id: task for task in found.items} == {first.id: cancelled, second.id: second}


async def test_only_live_tasks_of_the_case_are_cancelled(stores: Stores, database_url: str) -> None:
    """What was done stays done, other cases' tasks stay."""
    live, done, other = a_task(case_id="case-1"), a_task(case_id="case-1", state=TaskState.DONE), a_task(case_id="c-2")
    for task in (live, done, other):
        await stores.tasks.add(task)
    database = open_database(database_url)
    async with database.write() as conn:
        assert await has_live_task(conn, "case-1")
        assert [n.ref_id for n in await cancel_case_tasks(conn, "case-1", T0)] == [live.id]
        assert not await has_live_task(conn, "case-1")
        assert await has_live_task(conn, "c-2")
    await database.engine.dispose()
    assert (await stores.tasks.get(done.id)).state is TaskState.DONE
