"""What patrols keep in JSON columns comes back as the records it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.dialects import sqlite

from storage.patrol_tables import ArrivalFields, Parts
from storage.records_patrol import LIVE_TASKS, OPEN_ROUNDS, Arrival, PatrolPoint, PatrolWindow, RoundState, TaskState

DIALECT = sqlite.dialect()


POINTS = (PatrolPoint("p1", "cam-1", "河堤", 20.0), PatrolPoint("p2", "cam-2", "", 0.5, "预置位"))
WINDOWS = (PatrolWindow("22:00", "01:00"), PatrolWindow("09:00", "10:30"))


@pytest.mark.parametrize("points", [(), POINTS])
def test_points_come_back(points: tuple[PatrolPoint, ...]) -> None:
    """Order and every field, None included."""
    column = Parts(PatrolPoint)
    assert column.process_result_value(column.process_bind_param(points, DIALECT), DIALECT) == points


def test_windows_come_back() -> None:
    """As they were written, in the order they were written in."""
    column = Parts(PatrolWindow)
    assert column.process_result_value(column.process_bind_param(WINDOWS, DIALECT), DIALECT) == WINDOWS


def test_check_in_comes_back_with_its_zone() -> None:
    """An aware moment stays one; no check-in stays none."""
    column = ArrivalFields()
    here = Arrival(datetime(2026, 11, 22, 8, tzinfo=UTC), "code", "acc-li", None, point_id="cp-1")
    assert column.process_result_value(column.process_bind_param(here, DIALECT), DIALECT) == here
    assert column.process_bind_param(None, DIALECT) is None
    assert column.process_result_value(None, DIALECT) is None


def test_what_is_open_and_what_has_ended() -> None:
    """The partial indexes of the tables name these very words."""
    assert {state.value for state in OPEN_ROUNDS} == {"waiting", "running"}
    assert {state.value for state in LIVE_TASKS} == {"open", "arrived", "returned"}
    assert set(RoundState) - set(OPEN_ROUNDS) == {RoundState.DONE, RoundState.LATE, RoundState.MISSED}
    assert set(TaskState) - set(LIVE_TASKS) == {TaskState.DONE, TaskState.CANCELLED, TaskState.MISSED}
