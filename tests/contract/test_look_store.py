"""Handled cases on each backend: one look per answer, checked once, the platform told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.errors import RecordConflict
from storage.records import Case, CaseState, CaseStep, EvidenceKind
from storage.records_patrol import CaseLook, LookResult, TaskKind, TaskResult, TaskState
from storage.stores import Stores
from tests.contract.patrol_samples import a_task
from tests.contract.store_samples import T0, a_delivery, a_file, a_step, after, fresh, opened


async def _fed_back(stores: Stores) -> tuple[Case, CaseStep]:
    _, (case, _, _) = await opened(stores)
    return case, await _answer(stores, case, CaseState.FED_BACK, 200)


async def _answer(stores: Stores, case: Case, state: CaseState, at_s: float) -> CaseStep:
    step = a_step(case, state, at=after(at_s), source_id=fresh("hook"))
    await stores.cases.advance(step)
    return step


def _look(case: Case, step: CaseStep, **changes: object) -> CaseLook:
    look = CaseLook(fresh("look"), case.id, step.id, after(210), LookResult.CANNOT_TELL, None, detail="no_picture")
    return replace(look, **changes)  # type: ignore[arg-type]


async def test_each_answer_waits_for_one_look(stores: Stores) -> None:
    """Only cases in fed_back wait, each newest answer once."""
    await opened(stores)
    case, step = await _fed_back(stores)
    (found,) = await stores.looks.waiting(T0, 10)
    assert (found.case.id, found.step, found.event.id) == (case.id, step, case.event_id)
    assert await stores.looks.save_look(_look(case, step), None, None)
    assert not await stores.looks.save_look(_look(case, step), None, a_task(case_id=case.id))
    assert await stores.looks.waiting(T0, 10) == []
    await _answer(stores, case, CaseState.REWORK, 300)
    assert await stores.looks.waiting(T0, 10) == []
    again = await _answer(stores, case, CaseState.FED_BACK, 400)
    assert [found.step.id for found in await stores.looks.waiting(T0, 10)] == [again.id]
    assert await stores.looks.waiting(after(401), 10) == []


async def test_look_is_saved_with_picture_and_task(stores: Stores) -> None:
    """One transaction; while somebody is asked already, nobody is asked again."""
    case, step = await _fed_back(stores)
    event = await stores.events.get(case.event_id)
    file = a_file(event, kind=EvidenceKind.AFTER)
    task = a_task(kind=TaskKind.VERIFY, case_id=case.id)
    look = _look(case, step, evidence_id=file.id, result=LookResult.GONE)
    assert await stores.looks.save_look(look, file, task)
    assert await stores.looks.of_case(case.id) == [look]
    assert file in await stores.events.evidence(event.id)
    assert await stores.tasks.get(task.id) == task
    later = await _answer(stores, case, CaseState.FED_BACK, 300)
    assert await stores.looks.save_look(_look(case, later), None, a_task(kind=TaskKind.VERIFY, case_id=case.id))
    assert await stores.tasks.load("grid-1") == {}


@pytest.mark.parametrize("state", [CaseState.VERIFIED, CaseState.REWORK])
async def test_case_is_checked_once(stores: Stores, state: CaseState) -> None:
    """Step, state, message and the end of its task together; said again it changes nothing, otherwise is refused."""
    case, step = await _fed_back(stores)
    task = a_task(kind=TaskKind.VERIFY, case_id=case.id)
    await stores.looks.save_look(_look(case, step), None, task)
    said = a_step(case, state, at=after(500), actor="acc-li", note="看过")
    told = a_delivery(case, message_type="cn.gridpatrol.case.checked")
    assert await stores.looks.check(said, [told])
    assert not await stores.looks.check(replace(said, id=fresh("step")), [a_delivery(case)])
    with pytest.raises(RecordConflict):
        await stores.looks.check(a_step(case, CaseState.REWORK, actor="acc-wang"), [])
    assert (await stores.cases.get(case.id)).state is state
    assert [d.id for d in await stores.outbox.for_case(case.id)][-1:] == [told.id]
    assert (await stores.tasks.get(task.id)).state is TaskState.CANCELLED


async def test_check_by_a_task_ends_it(stores: Stores) -> None:
    """The finished task is kept as it is, not cancelled; one that is somebody else's is refused whole."""
    case, step = await _fed_back(stores)
    task = a_task(kind=TaskKind.VERIFY, case_id=case.id, assignee="acc-li")
    await stores.looks.save_look(_look(case, step), None, task)
    said = a_step(case, CaseState.VERIFIED, at=after(500), actor="acc-li")
    ended = replace(task, state=TaskState.DONE, finished_by="acc-li", finished_at=after(500), result=TaskResult.HANDLED)
    with pytest.raises(RecordConflict):
        await stores.looks.check(said, [], replace(ended, finished_by="acc-wang"))
    assert (await stores.cases.get(case.id)).state is CaseState.FED_BACK
    assert await stores.looks.check(said, [], ended)
    assert await stores.tasks.get(task.id) == ended


async def test_platform_that_goes_on_cancels_the_task(stores: Stores) -> None:
    """What the platform closes itself needs nobody on site."""
    case, step = await _fed_back(stores)
    task = a_task(kind=TaskKind.VERIFY, case_id=case.id)
    await stores.looks.save_look(_look(case, step), None, task)
    await _answer(stores, case, CaseState.HANDLING, 300)  # late: changes nothing
    assert (await stores.tasks.get(task.id)).state is TaskState.OPEN
    closed = await _answer(stores, case, CaseState.CLOSED, 400)
    assert (await stores.tasks.get(task.id)).state is TaskState.CANCELLED
    assert await stores.looks.waiting(T0, 10) == []
    assert await stores.looks.save_look(_look(case, closed), None, a_task(case_id=case.id))
    assert (await stores.looks.of_case(case.id))[-1].step_id == closed.id
