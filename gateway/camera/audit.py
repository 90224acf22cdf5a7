"""What the gate would have missed: a few GOPs are decoded in full, whatever it says, and its looks judged by them."""

from __future__ import annotations

from dataclasses import dataclass

# A picture this close after the keyframe is what a look at the keyframe would have shown.
_SAME_LOOK_S = 0.05
# Pictures are analysed some 0.2 s apart, and come out of their lane late: the last of a GOP is this close to its end.
_LAST_PICTURE_S = 0.3


@dataclass(slots=True)
class Audit:
    """One GOP decoded in full, and the looks that would have had to find what it shows.

    Attributes:
        start_s: Moment of its keyframe.
        next_look_s: When the gate would next have looked.
        due: It would have looked at this very keyframe, too.
    """

    start_s: float
    next_look_s: float
    due: bool
    active: bool = False
    caught: bool = False
    end_s: float | None = None  # of the GOP, once all of it was handed over

    def see(self, at_s: float, *, moving: bool) -> None:
        """Take in one analysed picture."""
        if not moving or at_s < self.start_s:
            return
        self.active = True
        looked_at = at_s >= self.next_look_s or (self.due and at_s <= self.start_s + _SAME_LOOK_S)
        self.caught = self.caught or looked_at

    def waits(self, at_s: float) -> bool:
        """Say whether pictures of the GOP after this moment are still to come."""
        return self.end_s is not None and at_s < self.end_s - _LAST_PICTURE_S

    def decided(self, at_s: float) -> bool:
        """Say whether nothing that comes after this moment changes the judgement."""
        return self.caught or at_s > self.next_look_s


@dataclass(slots=True)
class AuditCounts:
    """The sample so far; `missed` GOPs showed movement that was over before the next look."""

    audited: int = 0
    active: int = 0
    missed: int = 0

    def add(self, audit: Audit) -> None:
        """Count a finished audit."""
        self.audited += 1
        self.active += audit.active
        self.missed += audit.active and not audit.caught
