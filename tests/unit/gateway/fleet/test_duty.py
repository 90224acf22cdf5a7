"""What schedules ask for as the day goes."""

from __future__ import annotations

from datetime import datetime, time
from math import inf
from zoneinfo import ZoneInfo

from camera_configs.models import RuleConfig, ScheduleConfig
from gateway.analysis.health.fault_types import ALWAYS_FROM_PICTURES, BLACK
from gateway.analysis.ruleset import make_rules
from gateway.fleet.duty import FAULT_CADENCE_S, Duties, Duty
from tests.unit.gateway.fleet.cameras import camera, site

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = ScheduleConfig(start=time(22), end=time(6))
NO_FAULTS = tuple(RuleConfig(id=f"f{n}", type=kind, enabled=False) for n, kind in enumerate(ALWAYS_FROM_PICTURES))


def duty_at(hour: int, *rules: RuleConfig) -> Duty:
    watched = camera("gate", rules=rules)
    duties = Duties(make_rules(watched), site(watched).event_type, ZONE)
    return duties.at(datetime(2026, 11, 20, hour, tzinfo=ZONE))


def test_without_a_rule_in_force_nothing_is_asked_for() -> None:
    """By day a rule of the night asks for nothing, and a fault that is switched off does not either."""
    night = RuleConfig(id="enter", type="zone_intrusion", zone="yard", schedule=NIGHT)
    assert not duty_at(12, night, *NO_FAULTS).armed
    assert not duty_at(12, *NO_FAULTS).armed
    assert duty_at(23, night, *NO_FAULTS).armed


def test_shortest_rule_in_force_sets_the_cadence() -> None:
    """A quick rule of the night makes the camera quick at night only."""
    quick = RuleConfig(id="enter", type="zone_intrusion", zone="yard", cadence_s=2, schedule=NIGHT)
    parking = RuleConfig(id="park", type="illegal_parking", zone="yard", cadence_s=30)
    assert duty_at(12, quick, parking, *NO_FAULTS) == Duty(armed=True, cadence_s=30, dwell_s=300)
    assert duty_at(12, quick, parking).slow
    assert duty_at(2, quick, parking) == Duty(armed=True, cadence_s=2, dwell_s=5)
    assert not duty_at(2, quick, parking).slow


def test_faults_that_nobody_asked_for_are_content_with_little() -> None:
    """A camera with nothing but its default faults is slow; a cadence that somebody wrote down holds."""
    assert duty_at(12) == Duty(armed=True, cadence_s=FAULT_CADENCE_S, dwell_s=inf)
    asked = RuleConfig(id="black", type=BLACK, cadence_s=3)
    assert duty_at(12, asked).cadence_s == 3


def test_types_have_a_cadence_of_their_own() -> None:
    """A rule without a cadence uses its event type's."""
    rule = RuleConfig(id="enter", type="zone_intrusion", zone="yard")
    assert duty_at(12, rule).cadence_s == min(FAULT_CADENCE_S, site().event_type("zone_intrusion").cadence_s)
