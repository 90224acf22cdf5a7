"""Do the looks still show the view that was probed? A camera that has turned away looks quiet, whatever goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gateway.camera.snapshots.likeness import Structure, likeness, structure_of
from gateway.camera.snapshots.probe import LEAST_LIKENESS
from gateway.types import Luma

# A comparison takes 2 ms, as much as the analysis of the look: one a minute while nothing is wrong.
CHECK_EVERY_S = 60.0
# So many comparisons in a row: a lorry before the lens or a lamp that flickers is no other view.
IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class OtherView:
    """The looks have shown another view for a while."""

    detail: str  # for people


class ViewWatch:
    """Remembers the view of a camera's first look after a probe; one look at a time, in order.

    Structure is compared, not light: a lamp that is switched changes little. Between day and night it may change as
    much as between two places, which is why the answer is a probe, and a rare one (see `PollWatch`).
    """

    def __init__(self) -> None:
        self._known: Structure | None = None
        self._due_s = -math.inf
        self._unlike = 0  # in a row

    def look(self, luma: Luma, at_s: float) -> OtherView | None:
        """Compare a look's luma, masks painted, of any size; None: the same view, or none that can be told."""
        if at_s < self._due_s:
            return None
        self._due_s = at_s + CHECK_EVERY_S
        here = structure_of(luma)
        if here is None:  # night without a lamp, or fog: neither the same nor another
            return None
        if self._known is None:
            self._known = here
        like = likeness(self._known, here)
        self._unlike = 0 if like >= LEAST_LIKENESS else self._unlike + 1
        if 0 < self._unlike < IN_A_ROW:
            self._due_s = at_s  # the next look tells more
        if self._unlike < IN_A_ROW:
            return None
        return OtherView(f"the last {self._unlike} looks show another view than before (likeness {like:.2f})")
