from __future__ import annotations

import pytest

from gateway.analysis.offline import OfflineRule
from gateway.types import Phase, Signal
from storage.records import CameraStateName as State
from tests.unit.gateway.analysis.making import phases, seconds

CANDIDATE, RAISED, CLEARED = Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED


def tell(rule: OfflineRule, state: State, start: float, end: float) -> list[Signal]:
    return [signal for at_s in seconds(start, end, 1.0) for signal in rule.update(state, at_s)]


def test_a_short_absence_is_no_fault() -> None:
    """A camera that is back within the dwell is not reported."""
    rule = OfflineRule("cam", dwell_s=30)
    signals = tell(rule, State.UNREACHABLE, 0, 20) + tell(rule, State.ONLINE, 21, 60)
    assert phases(signals) == [(CANDIDATE, 0), (CLEARED, 21)]


def test_raised_after_the_dwell_since_it_went_away() -> None:
    """The moment it went away counts, not the moment that was noticed; back means over."""
    rule = OfflineRule("cam", dwell_s=30)
    signals = rule.update(State.STALLED, 12, since_s=10)
    signals += tell(rule, State.UNREACHABLE, 13, 60) + rule.update(State.ONLINE, 61)
    assert phases(signals) == [(CANDIDATE, 12), (RAISED, 40), (CLEARED, 61)]
    assert {s.since_s for s in signals} == {10}
    assert signals[-1].event_type == "camera_fault.offline"


def test_trying_again_does_not_start_the_absence_anew() -> None:
    """Between two failed tries the camera is connecting; it has been away all the while."""
    rule = OfflineRule("cam", dwell_s=30)
    states = [State.CONNECTING, State.UNREACHABLE, State.RESET, State.CONNECTING, State.SILENT]
    signals = [s for at_s in range(60) for s in rule.update(states[at_s % 5], float(at_s))]
    assert phases(signals) == [(CANDIDATE, 0), (RAISED, 30)]


@pytest.mark.parametrize("state", [State.WAITING, State.DISABLED, State.ONLINE])
def test_what_is_not_the_cameras_fault(state: State) -> None:
    """Waiting for a place, being switched off and being there are no absence."""
    rule = OfflineRule("cam", dwell_s=5)
    assert tell(rule, state, 0, 60) == []
    assert not rule.active


def test_waiting_does_not_end_an_absence() -> None:
    """A camera that is away and has to wait for its next try is still away."""
    rule = OfflineRule("cam", dwell_s=30)
    signals = tell(rule, State.UNREACHABLE, 0, 10) + tell(rule, State.WAITING, 11, 40)
    assert phases(signals) == [(CANDIDATE, 0), (RAISED, 30)]


def test_a_quiet_watcher_does_not_lose_the_absence() -> None:
    """Told only now and then, it still counts from the beginning."""
    rule = OfflineRule("cam", dwell_s=30)
    rule.update(State.UNREACHABLE, 0)
    late = rule.update(State.UNREACHABLE, 500)
    assert [s.phase for s in late] == [RAISED]
    assert late[0].since_s == 0
