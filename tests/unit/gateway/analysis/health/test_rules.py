"""A fault rule tells of its own fault only, after its dwell."""

from __future__ import annotations

from gateway.analysis.condition import Condition, Patience, Subject
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.monitor import SOUND, Health
from gateway.analysis.health.rules import FaultRule
from gateway.analysis.zones import WHOLE_PICTURE
from gateway.types import Phase, Signal
from tests.unit.gateway.analysis.making import observation, phases, seconds, told


def rule(dwell_s: float = 5.0) -> FaultRule:
    """Return a rule for a covered lens."""
    return FaultRule(Condition(Subject("cam", "r1", fault.COVERED, None), Patience(dwell_s, 3.0, 0.0)))


def watch(of: FaultRule, health: Health, start: float, end: float) -> list[Signal]:
    """Show a camera in that state once a second, without anything being looked for."""
    return told(lambda at_s: of.update(observation(at_s, health=health, looked=False)), seconds(start, end, 1))


def test_another_fault_is_not_its_business() -> None:
    """One event for one cause."""
    assert watch(rule(), Health(fault.BLACK), 0, 20) == []


def test_the_fault_lasts_and_ends() -> None:
    """Raised after the dwell, cleared when the picture is back."""
    covered = rule()
    signals = watch(covered, Health(fault.COVERED), 0, 8) + watch(covered, SOUND, 9, 13)
    assert phases(signals) == [(Phase.CANDIDATE, 0), (Phase.RAISED, 5), (Phase.CLEARED, 12)]


def test_it_began_when_the_pictures_say() -> None:
    """A frozen picture is known for frozen at its second coming."""
    signals = watch(rule(), Health(fault.COVERED, since_s=8.0), 10, 14)
    assert [(s.phase, s.since_s, s.at_s) for s in signals[:1]] == [(Phase.CANDIDATE, 8.0, 10)]
    assert (Phase.RAISED, 13) in phases(signals)


def test_switched_off_it_ends() -> None:
    """Out of its schedule."""
    covered = rule(dwell_s=0)
    watch(covered, Health(fault.COVERED), 0, 3)
    assert phases(covered.update(observation(4, armed=False))) == [(Phase.CLEARED, 4)]


def test_it_is_about_the_whole_picture() -> None:
    """No object occupies it."""
    assert rule().zone is WHOLE_PICTURE
    assert rule().objects == frozenset()
