"""Faults that no picture shows: a clock that is wrong, and a camera that sends what nobody can decode."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.analysis.condition import Condition, Sight
from gateway.types import Signal
from storage.records import CameraState, CameraStateName

# Evidence with a clock 30 s off is of no use to a case; 5 s are worth a technician's note, not an event.
CLOCK_FAIL_S = 30.0
CLOCK_WARN_S = 5.0


@dataclass(frozen=True, slots=True)
class Watched:
    """How a camera is being watched.

    Attributes:
        state: As it is shown.
        overdue: The last picture is older than the looks that are due allow.
    """

    state: CameraState
    overdue: bool


class ClockRule:
    """Raised from half a minute of difference on, cleared below 5 s: a clock that was put right is right."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition

    def update(self, watched: Watched, at_s: float) -> list[Signal]:
        """Take in what is known now, monotonic seconds; a camera that is away or tells no time proves nothing."""
        offset_s = watched.state.clock_offset_s
        if watched.state.state is not CameraStateName.ONLINE or offset_s is None:
            return []
        limit_s = CLOCK_WARN_S if self.condition.raised else CLOCK_FAIL_S
        return self.condition.update(Sight() if abs(offset_s) >= limit_s else None, at_s)


class LossRule:
    """Raised when a camera is connected and no picture of it comes, though looks were due and none was refused.

    A look that this machine had no time for is no fault of the camera's.
    """

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self._refused = 0

    def update(self, watched: Watched, at_s: float) -> list[Signal]:
        """Take in what is known now, monotonic seconds; of a camera that is away another rule tells."""
        state = watched.state
        refused, self._refused = state.refused_looks > self._refused, state.refused_looks
        if state.state is not CameraStateName.ONLINE or not watched.overdue:
            return self.condition.drop(at_s)
        return [] if refused else self.condition.update(Sight(), at_s)
