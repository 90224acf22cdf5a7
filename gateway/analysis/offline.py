"""The rule that needs no picture: a camera that cannot be watched."""

from __future__ import annotations

from gateway.analysis.condition import Condition, Patience, Sight, Subject
from gateway.types import Signal
from storage.records import CameraStateName

EVENT_TYPE = "camera_fault.offline"
# A camera that restarts is back within this time more often than not; a person need not know.
DEFAULT_DWELL_S = 30.0

# Waiting for a free place at the recorder is our doing, not the camera's: it neither begins nor ends an absence.
_UNDECIDED = frozenset({CameraStateName.WAITING})
_PRESENT = frozenset({CameraStateName.ONLINE, CameraStateName.DISABLED})


class OfflineRule:
    """Raises `camera_fault.offline` when a camera has been away for the dwell; cleared at once when it is back.

    Unlike the other rules it is told of states, not of frames: on every change, and about once a second between,
    because time passes without the camera's help.
    """

    def __init__(self, camera_id: str, dwell_s: float = DEFAULT_DWELL_S, rule_id: str = EVENT_TYPE) -> None:
        subject = Subject(camera_id, rule_id, EVENT_TYPE, None)
        self._condition = Condition(subject, Patience(dwell_s, clear_s=0.0, cool_down_s=0.0), gaps_matter=False)
        self._away_since_s: float | None = None

    @property
    def active(self) -> bool:
        """The camera is away."""
        return self._condition.active

    def update(self, state: CameraStateName, at_s: float, since_s: float | None = None) -> list[Signal]:
        """Take in the camera's state.

        Args:
            state: As the camera's watcher sees it now.
            at_s: Now, monotonic seconds.
            since_s: When it went away, if the watcher knows better than this call's time (last packet).
        """
        if state in _PRESENT:
            self._away_since_s = None
            return self._condition.drop(at_s)
        if state in _UNDECIDED and self._away_since_s is None:
            return []
        if self._away_since_s is None:
            self._away_since_s = at_s if since_s is None else since_s
        return self._condition.update(Sight(since_s=self._away_since_s), at_s)
