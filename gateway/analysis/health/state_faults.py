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
        undecodable: Keyframes so far of which no picture came.
    """

    state: CameraState
    overdue: bool
    undecodable: int = 0


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
    """Raised when a camera is connected and sends what nobody can decode, for longer than looks are due.

    Looks that this machine had no time for are no fault of the camera's.
    """

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self._undecodable = 0

    def update(self, watched: Watched, at_s: float) -> list[Signal]:
        """Take in what is known now, monotonic seconds; of a camera that is away another rule tells."""
        failed, self._undecodable = watched.undecodable > self._undecodable, watched.undecodable
        if watched.state.state is not CameraStateName.ONLINE or not watched.overdue:
            return self.condition.drop(at_s)
        return self.condition.update(Sight(), at_s) if failed else []
