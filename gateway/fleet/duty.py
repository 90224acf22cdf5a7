"""What the rules of a camera ask for at a moment: nothing, or a look every so many seconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from camera_configs.taxonomy import EventTypeSpec
from gateway.analysis.ruleset import ArmedRule, RuleSet
from gateway.analysis.schedule import Local

# Faults that are armed on every camera are content with this; where nothing else is in force it is the cadence.
FAULT_CADENCE_S = 10.0
# From this cadence on a camera may be watched by its snapshots.
SLOW_CADENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Duty:
    """What is asked for now."""

    armed: bool  # False: no rule is in force
    cadence_s: float  # the shortest of the rules in force
    dwell_s: float = math.inf  # likewise; infinite where only faults of the camera are armed

    @property
    def slow(self) -> bool:
        """Every rule in force is content with a look now and then."""
        return self.cadence_s >= SLOW_CADENCE_S


class Duties:
    """The duty of one camera as its schedules go.

    Args:
        rules: The camera's.
        spec_of: The site's event types by id, for cadences that rules leave open.
        time_zone: In which schedules are meant, with calendar and place where these are known.
    """

    def __init__(self, rules: RuleSet, spec_of: Callable[[str], EventTypeSpec], time_zone: ZoneInfo | Local) -> None:
        self._rules = [(armed, _cadence_s(armed, spec_of), _dwell_s(armed)) for armed in rules.armed]
        self._time_zone = time_zone

    def at(self, moment: datetime) -> Duty:
        """Return what is asked for at a moment (aware)."""
        asked = [(c, d) for armed, c, d in self._rules if armed.in_force(moment, self._time_zone)]
        return Duty(
            armed=bool(asked),
            cadence_s=min((cadence_s for cadence_s, _ in asked), default=FAULT_CADENCE_S),
            dwell_s=min((dwell_s for _, dwell_s in asked), default=math.inf),
        )


def _dwell_s(armed: ArmedRule) -> float:
    """Return how soon a rule must have made up its mind; a fault is read from single pictures, without bursts."""
    return math.inf if armed.is_fault else armed.rule.condition.patience.dwell_s


def _cadence_s(armed: ArmedRule, spec_of: Callable[[str], EventTypeSpec]) -> float:
    config = armed.config
    if config is None:
        return max(FAULT_CADENCE_S, spec_of(armed.rule.condition.subject.event_type).cadence_s)
    if config.cadence_s is not None:
        return config.cadence_s
    return spec_of(config.type).cadence_s
