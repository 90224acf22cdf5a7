"""Which state a case has after steps that come late, twice and out of order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.case_order import FINAL, state_after
from storage.records import CaseState


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ("opened filed accepted", "filed"),
        ("opened accepted accepted", "accepted"),
        ("opened declined", "declined"),
        ("opened accepted declined", "declined"),
        ("opened filed declined", "filed"),
        ("opened declined accepted filed", "declined"),
        ("opened dispatched cancelled", "cancelled"),
        ("opened cancelled closed", "cancelled"),
        ("opened closed cancelled", "closed"),
        ("opened closed rework", "closed"),
        ("opened filed rework", "filed"),
        ("opened fed_back rework", "rework"),
        ("opened verified rework", "rework"),
        ("opened fed_back rework accepted filed", "rework"),
        ("opened fed_back rework dispatched handling fed_back", "fed_back"),
        ("opened fed_back rework handling fed_back rework fed_back verified closed", "closed"),
        ("opened rework", "opened"),
    ],
)
def test_way_of_a_case(steps: str, end: str) -> None:
    """Forward only, but for rework; final is final."""
    state, *rest = (CaseState(word) for word in steps.split())
    for step in rest:
        state = state_after(state, step)
    assert state is CaseState(end)


@given(st.lists(st.sampled_from(CaseState)))
def test_a_final_state_is_never_left(steps: list[CaseState]) -> None:
    """Whatever a platform sends, nothing follows closed, declined or cancelled."""
    state = CaseState.OPENED
    for step in steps:
        before, state = state, state_after(state, step)
        assert state in {before, step}
        assert before not in FINAL or state is before


@given(st.sampled_from(CaseState), st.sampled_from(CaseState))
def test_a_repeated_step_changes_nothing(current: CaseState, step: CaseState) -> None:
    """The same step twice in a row is the same as once."""
    once = state_after(current, step)
    assert state_after(once, step) is once
