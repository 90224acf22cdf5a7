"""Plans, rounds, views and tasks to be kept, with everything filled in that a test does not care for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from storage.records import EvidenceKind, Verdict
from storage.records_patrol import (
    FindingRecords,
    PatrolPlan,
    PatrolPoint,
    PatrolRound,
    PatrolView,
    PatrolWindow,
    Task,
    TaskKind,
    ViewVerdict,
)
from storage.stores import Stores
from tests.contract.store_samples import T0, a_case, a_file, after, an_event, an_item, fresh

POINTS = (PatrolPoint("p1", "cam-1", "河堤", 20.0), PatrolPoint("p2", "cam-2", "桥头", 30.0, "预置位 2"))


def a_plan(**changes: Any) -> PatrolPlan:
    plan = PatrolPlan(
        id=fresh("plan"),
        name="早巡",
        grid_id="grid-1",
        points=POINTS,
        windows=(PatrolWindow("08:30", "10:00"), PatrolWindow("22:00", "01:00")),
        weekdays=("mon", "tue"),
        assignees=(),
        enabled=True,
        version=1,
        updated_by="acc-leader",
        updated_at=T0,
    )
    return replace(plan, **changes)


def a_round(plan: PatrolPlan | None = None, opens_s: float = 0, **changes: Any) -> PatrolRound:
    """Return a round that opens so many seconds after `T0`, is due an hour later and closes after another."""
    plan = plan or a_plan()
    made = PatrolRound(
        id=fresh("rnd"),
        plan_id=plan.id,
        name=plan.name,
        grid_id=plan.grid_id,
        day=date(2026, 11, 22),
        opens_at=after(opens_s),
        due_at=after(opens_s + 3600),
        closes_at=after(opens_s + 7200),
        views=plan.points,
        planned=len(plan.points),
        assignees=plan.assignees,
    )
    return replace(made, **changes)


async def planned(stores: Stores, *openings_s: float, **changes: Any) -> list[PatrolRound]:
    """Save a plan with rounds that open so many seconds after `T0`."""
    plan = a_plan(**changes)
    rounds = [a_round(plan, opens_s) for opens_s in openings_s]
    await stores.patrol.save_plan(plan)
    assert await stores.patrol.add_rounds(plan, rounds, after(86_400)) == len(rounds)
    return rounds


def a_view(found: PatrolRound, point_id: str = "p1", **changes: Any) -> PatrolView:
    view = PatrolView(
        round_id=found.id,
        point_id=point_id,
        camera_id="cam-1",
        grid_id=found.grid_id,
        verdict=ViewVerdict.NORMAL,
        shown="live",
        dwell_s=21.5,
        dwell_due_s=20.0,
        judged_at=after(30),
        judged_by="acc-li",
        client_id=fresh("client"),
    )
    return replace(view, **changes)


def a_finding(**changes: Any) -> FindingRecords:
    event = an_event(detector="patrol", **changes)
    case = a_case(event)
    item = an_item(event, verdict=Verdict.CONFIRMED, judged_by="acc-li", judged_at=event.raised_at, case_id=case[0].id)
    return FindingRecords(event, (a_file(event, kind=EvidenceKind.SNAPSHOT),), item, case)


def a_task(**changes: Any) -> Task:
    task = Task(
        id=fresh("task"),
        kind=TaskKind.ROUTINE,
        grid_id="grid-1",
        title="河堤",
        what="",
        place="河堤东段",
        lon=118.86,
        lat=35.58,
        created_at=T0,
        created_by="acc-leader",
        due_at=after(3600),
    )
    return replace(task, **changes)
