from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gateway.analysis.condition import Condition, Patience, Subject
from gateway.analysis.health import fault_types
from gateway.analysis.health.monitor import Health
from gateway.analysis.lamp import LEARN_S, LampRule
from gateway.analysis.zones import Zone
from gateway.types import Luma, Phase, Signal
from tests.unit.gateway.analysis.making import Reading, observation, phases

ZONE = Zone("z1", ((0.15, 0.1), (0.25, 0.1), (0.25, 0.25), (0.15, 0.25)))
BEIJING = (116.4, 39.9)
NIGHT = datetime(2026, 1, 10, 12, tzinfo=UTC)  # eight in the evening there; the sun rises after eleven hours
HOUR = 3600.0
DWELL_S = 1800.0


def street(*, lit: bool, gain: float = 1.0, headlights: bool = False, dusk: float = 0.0) -> Luma:
    """Return a street at night: houses with weak light, one lamp with a pool under it, another lamp far away."""
    rng = np.random.default_rng(4)
    picture = rng.normal(26, 5, (135, 240)).repeat(1, 0) + dusk
    picture[60:80, 150:200] += 25
    picture[18:22, 214:219] = 240
    if lit:
        picture[70:120, 20:90] += 30
        picture[22:26, 46:50] = 250
    picture = picture * gain
    if headlights:
        picture[90:135, 60:200] = 255
    return np.clip(picture, 0, 255).astype(np.uint8)


def lasting() -> Condition:
    """Return a condition as the rule gets it: looks may be a minute apart."""
    return Condition(Subject("cam", "r1", "light_out", "z1"), Patience(DWELL_S, 10.0, 0.0), gaps_matter=False)


class Nights:
    """A rule that is shown one picture a minute."""

    def __init__(self) -> None:
        self.rule = LampRule(lasting(), ZONE, BEIJING)
        self.at_s = 0.0
        self.signals: list[Signal] = []

    def show(self, picture: Luma, hours: float, **given: object) -> list[Signal]:
        """Return what was said meanwhile."""
        told: list[Signal] = []
        for _ in range(round(hours * 60)):
            moment = NIGHT + timedelta(seconds=self.at_s)
            told += self.rule.update(observation(self.at_s, small=picture, moment=moment, **given))
            self.at_s += 60
        self.signals += told
        return told


@pytest.fixture
def nights() -> Nights:
    """A lamp that has been seen lit for an hour."""
    known = Nights()
    assert known.show(street(lit=True), 1) == []
    assert known.rule.known
    return known


def raised(signals: list[Signal]) -> list[float]:
    return [s.at_s for s in signals if s.phase is Phase.RAISED]


def test_a_lamp_that_was_never_seen_lit_is_never_told() -> None:
    """Whoever drew the zone may have meant something else; and the gateway may have begun after it went out."""
    assert Nights().show(street(lit=False), 6) == []


def test_a_lamp_seen_lit_for_moments_is_not_known_yet() -> None:
    """Ten minutes are no lesson."""
    brief = Nights()
    brief.show(street(lit=True), 0.15)
    assert not brief.rule.known
    assert LEARN_S > 600
    assert brief.show(street(lit=False), 3) == []


def test_it_is_told_once_after_the_dwell_and_clears_itself(nights: Nights) -> None:
    """Out for two hours, then lit again: one event, since the minute it went out."""
    out_s = nights.at_s
    nights.show(street(lit=False), 2)
    (raised_s,) = raised(nights.signals)
    assert 0 <= raised_s - out_s - DWELL_S <= 120
    assert {s.since_s for s in nights.signals} == {out_s}
    cleared = nights.show(street(lit=True), 0.2)
    assert [p for p, _ in phases(cleared)] == [Phase.CLEARED]


def test_a_short_outage_is_none(nights: Nights) -> None:
    """A lamp that is switched off and on within the dwell, again and again."""
    for _ in range(6):
        nights.show(street(lit=False), 0.4)
        nights.show(street(lit=True), 0.2)
    assert raised(nights.signals) == []


def test_headlights_close_the_iris(nights: Nights) -> None:
    """Everything but them gets dark, the lamp too: nobody can say."""
    assert nights.show(street(lit=True, gain=0.25, headlights=True), 0.5) == []
    assert nights.show(street(lit=False, gain=0.25, headlights=True), 2) == []


def test_a_bright_sky_before_dawn_says_nothing(nights: Nights) -> None:
    """The rest is not as it was: snow, a floodlight, the morning."""
    assert nights.show(street(lit=False, dusk=90), 3) == []


def test_the_camera_may_lift_its_gain_when_the_light_is_gone(nights: Nights) -> None:
    """A little brighter everywhere else is as it was."""
    assert raised(nights.show(street(lit=False, gain=1.3), 1))


@pytest.mark.parametrize("fault", [fault_types.COVERED, fault_types.MOVED, fault_types.BLURRED, fault_types.BLACK])
def test_a_camera_at_fault_is_no_witness(nights: Nights, fault: str) -> None:
    """What a cover hides has not gone out."""
    assert nights.show(street(lit=False), 3, health=Health(fault)) == []


def test_a_light_switch_of_the_whole_picture_waits(nights: Nights) -> None:
    """The very frame of a global change is passed over."""
    assert nights.show(street(lit=False), 2, reading=Reading(global_change=True)) == []


def test_by_day_nothing_is_said_and_the_next_night_tells_anew(nights: Nights) -> None:
    """One event per night: at dawn it ends, by day no lamp burns, and what was learnt is kept."""
    nights.show(street(lit=False), 16)
    assert [p for p, _ in phases(nights.signals)] == [Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED]
    dawn_s = phases(nights.signals)[-1][1]
    assert 10 * HOUR < dawn_s < 12 * HOUR
    nights.show(street(lit=False), 10)
    first, second = raised(nights.signals)
    assert second - first > 20 * HOUR


def test_out_of_schedule_it_may_be_out(nights: Nights) -> None:
    """Every second lamp is switched off at midnight: that is what the rule's hours are for."""
    assert raised(nights.show(street(lit=False), 3, armed=False)) == []


def test_without_a_picture_or_a_time_nothing_is_known() -> None:
    """Neither is asked for where the rule is told of frames alone."""
    rule = LampRule(lasting(), ZONE, BEIJING)
    assert rule.update(observation(0)) == []
    assert rule.update(observation(60, moment=NIGHT)) == []
