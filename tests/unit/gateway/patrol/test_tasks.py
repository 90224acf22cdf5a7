"""Who is sent, what a check-in says, what a result means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.patrol.tasks import (
    Ending,
    Order,
    Place,
    WrongCode,
    WrongResult,
    arrival_by_code,
    arrival_by_position,
    case_state_after,
    check_task,
    finished,
    is_live,
    judged_on_site,
    right_worker,
    routine_task,
    verify_task,
)
from storage.records import CaseState, Verdict
from storage.records_patrol import CheckPoint, TaskKind, TaskResult, TaskState
from tests.unit.gateway.patrol.samples import NOON, a_case, a_task, an_event, an_item

PLACE = Place("东街", "东街 3 号", 117.0, 36.6)
ORDER = Order("acc-li", None, NOON, NOON, "看看")
POINT = CheckPoint("cp-1", "east", "水闸", 117.0, 36.601, "abc", NOON)
ENDING = Ending(TaskResult.CONFIRMED, "还在", "acc-li", NOON, "client-1")


@pytest.mark.parametrize(
    ("workers", "load", "sent"),
    [
        ([], {}, None),
        (["a", "b"], {}, "a"),
        (["a", "b"], {"a": 1}, "b"),
        (["a", "b"], {"a": 2, "b": 2}, "a"),
        (["a"], {"a": 99, "c": 0}, "a"),
    ],
)
def test_right_worker_has_the_fewest_tasks(workers: list[str], load: dict[str, int], sent: str | None) -> None:
    """Only workers of the grid are sent; of equals the first named."""
    assert right_worker(workers, load) == sent


def test_tasks_say_what_they_are_about() -> None:
    """A check names item and event, a verification the case, a routine look its point."""
    item, case = an_item(), a_case()
    check = check_task(item, PLACE, ORDER)
    assert (check.kind, check.item_id, check.event_id, check.what) == (
        TaskKind.CHECK,
        item.id,
        "evt-1",
        "fire_lane_blocked",
    )
    verify = verify_task(case, an_event(), PLACE, ORDER)
    assert (verify.kind, verify.case_id, verify.item_id, verify.grid_id) == (TaskKind.VERIFY, "case-1", None, "east")
    routine = routine_task("west", PLACE, ORDER, "cp-1")
    assert (routine.grid_id, routine.point_id, routine.what, routine.note) == ("west", "cp-1", "", "看看")


def test_check_in_by_position_keeps_distance_and_accuracy() -> None:
    """A hundred metres north; a place without a position has no distance."""
    here = arrival_by_position(a_task(), "acc-li", (117.0, 36.6009), 9.0, NOON)
    assert here.distance_m == pytest.approx(100, abs=1)
    assert (here.accuracy_m, here.by) == (9.0, "position")
    assert arrival_by_position(a_task(lon=None), "acc-li", (117.0, 36.6), 9.0, NOON).distance_m is None


@pytest.mark.parametrize("point", [None, replace(POINT, grid_id="west"), replace(POINT, id="cp-2")])
def test_code_of_another_place_is_refused(point: CheckPoint | None) -> None:
    """Unknown, of another grid, of another point."""
    with pytest.raises(WrongCode):
        arrival_by_code(a_task(point_id="cp-1"), "acc-li", point, NOON)


def test_check_in_by_code_is_where_the_code_is() -> None:
    """A task without a point takes any code of its grid and says how far off that is."""
    assert arrival_by_code(a_task(point_id="cp-1"), "acc-li", POINT, NOON).point_id == "cp-1"
    assert arrival_by_code(a_task(), "acc-li", POINT, NOON).distance_m == pytest.approx(111, abs=1)


def test_finished_task_is_somebodys() -> None:
    """Who ended what nobody had, has it; live no more."""
    ended = finished(a_task(), ENDING)
    assert (ended.state, ended.assignee, ended.finished_by, ended.client_id) == (
        TaskState.DONE,
        "acc-li",
        "acc-li",
        "client-1",
    )
    assert finished(a_task(assignee="acc-wang"), ENDING).assignee == "acc-wang"
    assert [is_live(task) for task in (a_task(), ended, a_task(state=TaskState.RETURNED))] == [True, False, True]


@pytest.mark.parametrize(
    ("result", "verdict", "reason"),
    [
        (TaskResult.CONFIRMED, Verdict.CONFIRMED, ""),
        (TaskResult.HANDLED, Verdict.CONFIRMED, ""),
        (TaskResult.REJECTED, Verdict.REJECTED, "other"),
    ],
)
def test_result_judges_the_item(result: TaskResult, verdict: Verdict, reason: str) -> None:
    """What was dealt with at once had been there: no false alarm."""
    item = judged_on_site(an_item(verdict=Verdict.ON_SITE), replace(ENDING, result=result))
    assert (item.verdict, item.reason, item.note, item.judged_by) == (verdict, reason, "还在", "acc-li")


def test_result_checks_the_case() -> None:
    """Handled is verified, still there goes back; that it never was there is no answer."""
    assert case_state_after(TaskResult.HANDLED) is CaseState.VERIFIED
    assert case_state_after(TaskResult.CONFIRMED) is CaseState.REWORK
    with pytest.raises(WrongResult):
        case_state_after(TaskResult.REJECTED)
