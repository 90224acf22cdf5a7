"""The views that a camera is known to have, and those it may be getting: presets, kinds of light, a knocked camera."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.health import HealthReading
from gateway.analysis.health.reference import View

MAX_VIEWS = 8  # of one camera; 100 kB each
LIKE_BEFORE = 0.5  # recall from which on a picture shows a known view, whoever stands in it
LIKE_LATELY = 0.35  # the same of a view learnt from a few pictures
CLEARLY = 1.15  # times more of a waiting view than of a known one must be found: in doubt the camera is where it was
# A view by another light, its edges partly in place, is taken for a reference after this long.
RELIT_S = 60.0
# A view from elsewhere becomes a reference when it has stayed as long as the one before it was known, within these:
# a camera that was aimed anew is soon at peace, and a knocked one is told of for hours.
LEAST_ADOPT_S = 600.0
MOST_ADOPT_S = 6 * 3_600.0
PRESET_STAYS = 3  # a camera that comes back so often is meant to
STAY_GAP_S = 15.0  # another look at a view after more than this is another stay, if other views came between


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture belongs.

    Attributes:
        view: The view it shows, or else the known one that it is most like; None before the first.
        recall: Of that view's edges.
        apart: It shows none of the views.
    """

    view: View | None
    recall: float
    apart: bool


class Gallery:
    """The views of one camera."""

    def __init__(self) -> None:
        self._views: list[View] = []
        self._current: View | None = None

    def place(self, reading: HealthReading) -> Place:
        """Find the view that a picture shows."""
        known = self._best(reading, known=True)
        if known[0] is None:
            return Place(None, 0.0, apart=False)
        waiting = self._best(reading, known=False)
        if waiting[0] is not None and waiting[1] >= max(LIKE_LATELY, CLEARLY * known[1]):
            return Place(*waiting, apart=False)
        return Place(*known, apart=known[1] < LIKE_BEFORE)

    def learn(self, view: View | None, reading: HealthReading, at_s: float) -> View:
        """Take in a sound picture of a view; of None, the camera's first."""
        if view is None:
            return self._add(View(reading, at_s, known=True))
        if view is not self._current and at_s - view.seen_s > STAY_GAP_S:
            view.stays += 1
            view.first_s = at_s
        self._current = view
        view.learn(reading, at_s)
        view.known = view.known or self._proven(view, at_s)
        return view

    def start_over(self, view: View, reading: HealthReading, at_s: float) -> View:
        """Replace a view too young to count for anything: the camera was still turning."""
        self._views.remove(view)
        # The first view is what the camera is meant to show; a short stay that was meant says nothing of this one.
        known = view.known and not any(other.known for other in self._views)
        return self._add(View(reading, at_s, known=known, moved=view.moved))

    def add_apart(self, reading: HealthReading, at_s: float, *, moved: bool) -> View:
        """Take in the first picture of what may become a view."""
        return self._add(View(reading, at_s, known=False, moved=moved))

    def _add(self, view: View) -> View:
        if len(self._views) >= MAX_VIEWS:
            self._views.remove(min(self._views, key=lambda v: (v.known, v.seen_s)))
        self._views.append(view)
        self._current = view
        return view

    def _best(self, reading: HealthReading, *, known: bool) -> tuple[View | None, float]:
        # Another stream of the camera may have another shape, and has views of its own.
        fitting = [v for v in self._views if v.known is known and v.mean.edges.shape == reading.edges.shape]
        found = [(v.recall(reading.edges), v) for v in fitting]
        recall, view = max(found, key=lambda f: f[0], default=(0.0, None))
        return view, recall

    def _proven(self, view: View, at_s: float) -> bool:
        if view.stays >= PRESET_STAYS:
            return True
        before_s = max((v.learned_s for v in self._views if v.known), default=0.0)
        wait_s = min(max(before_s, LEAST_ADOPT_S), MOST_ADOPT_S) if view.moved else RELIT_S
        return at_s - view.first_s >= wait_s
