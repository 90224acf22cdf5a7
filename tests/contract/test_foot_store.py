"""Plans of tasks on foot on each backend, the tasks made from them, and the points they go to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage.errors import RecordConflict, RecordNotFound
from storage.protocols import Scope
from storage.protocols_patrol import TaskFilter
from storage.records_patrol import CheckPoint, FootPlan, PatrolWindow, TaskKind, TaskResult, TaskState
from storage.stores import Stores
from tests.contract.patrol_samples import a_task
from tests.contract.store_samples import EVERYTHING, T0, after, fresh

HERE = Scope(frozenset({"grid-1"}))


def a_point(**changes: Any) -> CheckPoint:
    return replace(CheckPoint(fresh("cp"), "grid-1", "水闸", 118.86, 35.58, fresh("code"), T0), **changes)


def a_foot_plan(**changes: Any) -> FootPlan:
    plan = FootPlan(
        id=fresh("foot"),
        name="早巡",
        grid_id="grid-1",
        point_ids=("cp-1", "cp-2"),
        windows=(PatrolWindow("08:30", "10:00"),),
        weekdays=("mon",),
        workdays=True,
        assignee="acc-li",
        note="看水位",
        enabled=True,
        version=1,
        updated_by="acc-leader",
        updated_at=T0,
    )
    return replace(plan, **changes)


def of_plan(plan: FootPlan, point_id: str = "cp-1", opens_s: float = 0, **changes: Any) -> Any:
    closes = after(opens_s + 7200)
    return a_task(plan_id=plan.id, point_id=point_id, created_at=after(opens_s), closes_at=closes, **changes)


async def test_plan_comes_back_and_is_changed_by_versions(stores: Stores) -> None:
    """Every field; of two that change it at once the second is told; removed, it is gone."""
    plan = a_foot_plan()
    await stores.foot.save_plan(plan)
    assert await stores.foot.plan(plan.id) == plan
    changed = replace(plan, version=2, assignee=None, workdays=False)
    await stores.foot.save_plan(changed)
    with pytest.raises(RecordConflict):
        await stores.foot.save_plan(replace(changed, name="晚巡"))
    await stores.foot.save_plan(a_foot_plan(grid_id="grid-2"))
    assert await stores.foot.plans(HERE) == [changed]
    assert len(await stores.foot.plans(EVERYTHING)) == 2
    assert len(await stores.foot.plans(EVERYTHING, "grid-2")) == 1
    await stores.foot.remove_plan(plan.id)
    with pytest.raises(RecordNotFound):
        await stores.foot.plan(plan.id)


async def test_plans_are_due_when_something_has_opened(stores: Stores) -> None:
    """New and changed ones at once, others at the moment they were made up to, disabled ones never."""
    plan = a_foot_plan()
    await stores.foot.save_plan(plan)
    await stores.foot.save_plan(a_foot_plan(enabled=False))
    assert await stores.foot.plans_due(T0, 10) == [(plan, None)]
    await stores.foot.add_tasks(plan, [], after(100))
    assert await stores.foot.plans_due(after(99), 10) == []
    assert await stores.foot.plans_due(after(100), 10) == [(plan, after(100))]
    changed = replace(plan, version=2)
    await stores.foot.save_plan(changed)
    assert await stores.foot.plans_due(T0, 10) == [(changed, None)]


async def test_tasks_are_made_once(stores: Stores) -> None:
    """Per plan, point and opening; none for a version that is no longer there."""
    plan = a_foot_plan()
    await stores.foot.save_plan(plan)
    assert await stores.foot.add_tasks(plan, [of_plan(plan), of_plan(plan, "cp-2")], after(100)) == 2
    assert await stores.foot.add_tasks(plan, [of_plan(plan), of_plan(plan, opens_s=86_400)], after(200)) == 1
    assert await stores.foot.add_tasks(replace(plan, version=9), [of_plan(plan, "cp-3")], after(300)) == 0
    found = await stores.tasks.page(EVERYTHING, TaskFilter())
    assert sorted(task.point_id or "" for task in found.items) == ["cp-1", "cp-1", "cp-2"]
    assert {task.plan_id for task in found.items} == {plan.id}


async def test_live_tasks_of_plans_are_missed_as_they_close(stores: Stores) -> None:
    """Not those that were done, not those by hand; each once."""
    plan = a_foot_plan()
    await stores.foot.save_plan(plan)
    left, done = of_plan(plan), of_plan(plan, "cp-2")
    await stores.foot.add_tasks(plan, [left, done], after(100))
    by_hand = a_task(due_at=after(10))
    await stores.tasks.add(by_hand)
    ended = replace(done, state=TaskState.DONE, finished_at=after(60), finished_by="acc-li", client_id="c")
    await stores.tasks.finish(ended)
    assert await stores.foot.miss(after(7199)) == 0
    assert await stores.foot.miss(after(7200)) == 1
    assert await stores.foot.miss(after(9000)) == 0
    missed = await stores.tasks.get(left.id)
    assert (missed.state, missed.finished_at) == (TaskState.MISSED, after(7200))
    assert (await stores.tasks.get(by_hand.id)).state is TaskState.OPEN
    with pytest.raises(RecordConflict):
        await stores.tasks.finish(replace(ended, id=left.id))


async def test_day_has_what_happened_in_it_and_what_is_left(stores: Stores) -> None:
    """Made or ended within the span, and live ones from before that are due; of the kinds asked for."""
    day = (after(86_400), after(2 * 86_400))
    old = a_task(due_at=after(50))
    today = a_task(created_at=after(90_000), due_at=after(95_000))
    check = a_task(created_at=after(90_000), kind=TaskKind.CHECK)
    later = a_task(due_at=after(3 * 86_400))
    for task in (old, today, check, later):
        await stores.tasks.add(task)
    wanted = TaskFilter(kinds=(TaskKind.ROUTINE,), start=day[0], end=day[1], due_before=day[1])
    assert {task.id for task in (await stores.tasks.page(EVERYTHING, wanted)).items} == {old.id, today.id}


async def test_points_are_found_changed_and_removed(stores: Stores) -> None:
    """By words of their names and by their ids; with a point go its live tasks, not those that were done."""
    gate, bridge = a_point(), a_point(name="东桥 A_1")
    for point in (gate, bridge):
        await stores.tasks.add_point(point)
    assert await stores.tasks.points(HERE, "grid-1", "a_1") == [bridge]
    assert await stores.tasks.points(HERE, None, "%") == []
    assert await stores.tasks.points_by_id(["cp-none", bridge.id, gate.id]) == [bridge, gate]
    moved = replace(gate, name="新水闸", lon=118.9, grid_id="grid-2")
    await stores.tasks.save_point(replace(moved, code="other", created_at=after(5)))
    assert await stores.tasks.point(gate.id) == moved
    live = a_task(point_id=gate.id)
    done = a_task(point_id=gate.id, state=TaskState.DONE, finished_at=after(9), finished_by="acc-li")
    for task in (live, done):
        await stores.tasks.add(task)
    await stores.tasks.remove_point(gate.id, after(10))
    assert (await stores.tasks.get(live.id)).state is TaskState.CANCELLED
    assert (await stores.tasks.get(done.id)).state is TaskState.DONE
    for change in (stores.tasks.save_point(gate), stores.tasks.remove_point(gate.id, T0)):
        with pytest.raises(RecordNotFound):
            await change


async def test_last_check_is_the_newest_done(stores: Stores) -> None:
    """Not an open one, not a missed one, not one of another point."""
    gate, bridge, quiet = a_point(), a_point(), a_point()
    for point in (gate, bridge, quiet):
        await stores.tasks.add_point(point)
    for finished_s in (50, 200, 100):
        ended = {"state": TaskState.DONE, "finished_at": after(finished_s), "finished_by": "acc-li"}
        await stores.tasks.add(a_task(point_id=gate.id, result=TaskResult.HANDLED, **ended))
    await stores.tasks.add(a_task(point_id=bridge.id, state=TaskState.MISSED, finished_at=after(300)))
    await stores.tasks.add(a_task(point_id=quiet.id))
    found = await stores.tasks.last_checks([gate.id, bridge.id, quiet.id])
    assert {point_id: task.finished_at for point_id, task in found.items()} == {gate.id: after(200)}
    assert await stores.tasks.last_checks([]) == {}
