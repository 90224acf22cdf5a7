"""Fire and smoke over time: what a detector sees in single frames counts only once it behaves like fire or smoke.

Flames flicker within themselves, smoke drifts and grows, both stay where they are. A lamp, a sign and a wall do not
change; a blinking light changes as a whole; an advertising screen changes to other colours. So a seat of fire collects
evidence look by look from change inside its box, and shows only when enough of it came together over some seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.analysis.condition import Condition, Sight
from gateway.analysis.observation import Observation
from gateway.analysis.zones import WHOLE_PICTURE, Zone, box_area, box_centre, intersection, iou
from gateway.types import Bgr, Box, Signal

FIRE, SMOKE = "fire", "smoke"

_WIDTH_PX = 320  # change is measured on a thumbnail of this width; noise averages out, a small flame is still seen
_LEAST_PX = 4  # of a measured patch's side

# Change inside the box, root mean square of grey levels, beyond twice the picture's own noise.
_LIFE_LEAST = 1.5  # H.264 leaves this much in a still scene
_LIFE_FULL = 8.0  # flames at a look's distance: 9-40; drifting smoke: 8-18
_NOISE_MOST = 2.5  # grey levels; where half of the picture changes by more, it is smoke or weather, not noise
# A look counts for the time since the seat last changed, but for no more than this: one great change is a thing that
# was put there, and fire goes on changing.
_WEIGHT_MOST_S = 0.5
# Of a change, the share that goes one way. A switched lamp: 0.9-1; flames, whose parts come and go: below 0.7.
_AS_ONE_FREE, _AS_ONE_FULL = 0.75, 0.97
# Of what became brighter, the share that is blue or green, on average over the looks. Flames: 0 as good as always,
# whatever they light up; a screen with other colours than red and orange: 0.1-0.6.
_COOL_MOST = 0.15
_COOL_LEVELS = 12.0  # grey levels by which red is exceeded
# The whole picture changed: a switched light, a shaken camera. Nothing inside a box can be told from it.
_UPHEAVAL = 14.0  # grey levels, median

_MOST = 4.0  # times enough: what was certain for long is given up as soon as what was just certain
_SAME_SEAT_IOU = 0.15  # flames change shape from look to look
_EASE = 0.35  # share of a new box in a seat's remembered one


@dataclass(frozen=True, slots=True)
class FireOptions:
    """When evidence is enough.

    Attributes:
        least_confidence: By label; a seat of which the detector never was surer is no reason to look closely.
        opening_confidence: Share of that which is enough to remember the place.
        kept_confidence: Share of that which is enough at a seat already known; small flames come and go.
        least_sights: Looks in which the seat was seen; never one.
        clear_confidence: Times that which must have been reached once; a floor that looks a little like fire never is.
        least_share: Of the looks since the first sight, in how many the seat was seen; a lorry is seen in a few.
        least_span_s: Between the first and the latest of them.
        enough: Evidence: seconds of full change times confidence.
        memory_s: Evidence halves in this time; a seat unseen for twice as long is forgotten.
        steady_s: How long ago it may have been seen last to show: flames duck.
        lasting_s: The same once it has shown, and then nothing else is asked any more: in dense smoke the detector is
            blind for seconds, and a fire that is told of twice is one alarm too many.
    """

    least_confidence: tuple[tuple[str, float], ...] = ((FIRE, 0.35), (SMOKE, 0.35))
    opening_confidence: float = 0.75
    kept_confidence: float = 0.6
    clear_confidence: float = 1.3
    least_sights: int = 3
    least_share: float = 0.5
    least_span_s: float = 1.5
    enough: float = 0.5
    memory_s: float = 8.0
    steady_s: float = 1.2
    lasting_s: float = 8.0

    def opens(self, view: FireView) -> bool:
        """Say whether the detector is sure enough of what it saw to look at it from now on."""
        return view.confidence >= self.opening_confidence * dict(self.least_confidence).get(view.label, math.inf)

    def suspects(self, seat: Seat) -> bool:
        """Say whether a seat is worth a closer look: seen well, or seen again."""
        return seat.sights > 1 or seat.surest >= dict(self.least_confidence)[seat.label]

    def keeps(self, view: FireView) -> bool:
        """Say whether it is sure enough of it where something was seen before."""
        return view.confidence >= self.kept_confidence * dict(self.least_confidence).get(view.label, math.inf)


@dataclass(frozen=True, slots=True)
class FireView:
    """What a detector saw in one frame: label "fire" or "smoke", box in 0-1 of the picture, confidence 0-1."""

    label: str
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Change:
    """What happened inside a box between two pictures.

    Attributes:
        level: Root mean square of the change in grey levels, less what the picture changed as a whole.
        noise: What the rest of the picture changes by anyway, in the same unit.
        as_one: Share of the change that goes one way, 0-1.
        cool: Share of what became brighter that is blue or green, 0-1.
    """

    level: float
    noise: float
    as_one: float
    cool: float

    def life(self, label: str) -> float:
        """Return how much this looks like burning or drifting, 0-1."""
        moved = _ramp(self.level - 2 * min(self.noise, _NOISE_MOST), _LIFE_LEAST, _LIFE_FULL)
        if label == SMOKE:
            return moved
        return moved * (1 - _ramp(self.as_one, _AS_ONE_FREE, _AS_ONE_FULL))


@dataclass(slots=True)
class Seat:
    """A place where fire or smoke was seen, and the evidence that it is."""

    label: str
    box: Box
    first_seen_s: float
    last_seen_s: float
    confidence: float
    surest: float = 0.0
    sights: int = 1
    looks: int = 1  # since the first sight
    evidence: float = 0.0
    cool: float = 0.0  # of the changes, on average (see Change)
    changed_s: float = -math.inf
    shown: bool = False  # it has been evidence enough
    boxes: tuple[Box, ...] = field(default=())

    def see(self, views: Sequence[FireView], at_s: float) -> None:
        """Take in what was seen here in one frame."""
        around = _hull(v.box for v in views)
        self.box = Box(*(old + _EASE * (new - old) for old, new in zip(self.box, around, strict=True)))
        best = max(v.confidence for v in views)
        self.confidence += _EASE * (best - self.confidence)
        self.boxes = tuple(v.box for v in views)
        self.sights, self.last_seen_s = self.sights + 1, at_s
        self.surest = max(self.surest, best)

    def weigh(self, change: Change, at_s: float) -> None:
        """Take in what changed here since the frame before."""
        life = change.life(self.label)
        if life <= 0:
            return
        weight = min(_WEIGHT_MOST_S, at_s - max(self.first_seen_s, self.changed_s))
        self.evidence += weight * self.confidence * life
        self.cool += _EASE * (change.cool - self.cool)
        self.changed_s = at_s

    def holds(self, view: FireView) -> bool:
        """Say whether a view belongs here: it overlaps, or one lies in the middle of the other."""
        if view.label != self.label:
            return False
        return iou(self.box, view.box) >= _SAME_SEAT_IOU or _inside(self.box, view.box) or _inside(view.box, self.box)


class FireEvidence:
    """Collects evidence for one camera and zone. Frames must come in order of time; their distance may vary."""

    def __init__(self, zone: Zone = WHOLE_PICTURE, options: FireOptions | None = None) -> None:
        self._zone = zone
        self._options = options or FireOptions()
        self._seats: list[Seat] = []
        self._earlier: NDArray[np.float32] | None = None
        self._earlier_s = -math.inf

    @property
    def seats(self) -> tuple[Seat, ...]:
        """All places under observation, shown or not."""
        return tuple(self._seats)

    @property
    def suspected_s(self) -> float:
        """When a seat that is worth a closer look was last seen; minus infinity for never."""
        return max((s.last_seen_s for s in self._seats if self._options.suspects(s)), default=-math.inf)

    def update(self, found: Iterable[FireView], picture: Bgr, at_s: float) -> Sight | None:
        """Take in one frame in which fire and smoke were looked for; return what shows, None for nothing.

        Args:
            found: All that the detector saw, sure or not, anywhere in the picture.
            picture: That frame, uint8 BGR (h, w, 3), of any size.
            at_s: When it was taken.
        """
        now = thumbnail(picture)
        views = [v for v in found if self._options.keeps(v) and self._zone.touches(v.box)]
        self._forget(at_s)
        seen = self._place(views, at_s)
        self._fade(at_s)
        self._weigh(seen, now, at_s)
        self._earlier, self._earlier_s = now, at_s
        return self._sight(at_s)

    def _place(self, views: Iterable[FireView], at_s: float) -> list[Seat]:
        """Give every view to its seat, or open one; return the seats seen in this frame."""
        known = list(self._seats)
        opened: list[Seat] = []
        groups: dict[int, list[FireView]] = {}
        for view in sorted(views, key=lambda v: -v.confidence):
            index = next((i for i, seat in enumerate([*known, *opened]) if seat.holds(view)), None)
            if index is None and not self._options.opens(view):
                continue
            if index is None:
                opened.append(
                    Seat(view.label, view.box, at_s, at_s, view.confidence, view.confidence, boxes=(view.box,))
                )
            elif index < len(known):
                groups.setdefault(index, []).append(view)
        for seat in known:
            seat.looks += 1
        for index, together in groups.items():
            known[index].see(together, at_s)
        self._seats += opened
        return [known[i] for i in groups] + opened

    def _weigh(self, seen: Iterable[Seat], now: NDArray[np.float32], at_s: float) -> None:
        """Add to each seat seen what changed in it since the frame before; the first frame tells nothing."""
        if self._earlier is None or self._earlier.shape != now.shape:
            return
        difference = now.sum(2) / 3 - self._earlier.sum(2) / 3
        shift = float(np.median(difference))
        noise = float(np.median(np.abs(difference - shift)))
        if abs(shift) > _UPHEAVAL or noise > _UPHEAVAL:
            return
        for seat in seen:
            change = measure(now, difference - shift, noise, seat.box)
            seat.weigh(change, at_s)
            seat.evidence = min(seat.evidence, _MOST * self._options.enough)

    def _fade(self, at_s: float) -> None:
        left = 0.5 ** ((at_s - self._earlier_s) / self._options.memory_s)
        for seat in self._seats:
            seat.evidence *= left

    def _forget(self, at_s: float) -> None:
        self._seats = [s for s in self._seats if at_s - s.last_seen_s <= 2 * self._options.memory_s]

    def _sight(self, at_s: float) -> Sight | None:
        shown = [s for s in self._seats if self._shows(s, at_s)]
        if not shown:
            return None
        for seat in shown:
            seat.shown = True
        best = max(shown, key=lambda s: s.confidence)
        boxes = tuple(b for s in shown for b in s.boxes)
        return Sight(min(s.first_seen_s for s in shown), best.confidence, best.label, len(shown), boxes)

    def _shows(self, seat: Seat, at_s: float) -> bool:
        options = self._options
        if seat.shown:
            return at_s - seat.last_seen_s <= options.lasting_s
        return (
            seat.sights >= max(options.least_sights, options.least_share * seat.looks)
            and seat.surest >= options.clear_confidence * dict(options.least_confidence)[seat.label]
            and seat.last_seen_s - seat.first_seen_s >= options.least_span_s
            and seat.evidence >= options.enough
            and (seat.label == SMOKE or seat.cool <= _COOL_MOST)
            and at_s - seat.last_seen_s <= options.steady_s
        )


class SmokeFireRule:
    """Smoke or fire shows in the zone: first evidence, then the patience of the rule.

    Attributes:
        cadence_s: How often it wants fire and smoke to be looked for while nothing is suspicious.
    """

    def __init__(
        self, condition: Condition, zone: Zone, options: FireOptions | None = None, cadence_s: float = 1.0
    ) -> None:
        self.condition = condition
        self.zone = zone
        self.objects: frozenset[str] = frozenset()
        self.cadence_s = cadence_s
        self._options = options
        self._evidence = FireEvidence(zone, options)

    @property
    def suspected_s(self) -> float:
        """When something was last seen that may become an event; minus infinity for never."""
        return self._evidence.suspected_s

    def look(self, found: Iterable[FireView], picture: Bgr, at_s: float) -> list[Signal]:
        """Take in one frame in which fire and smoke were looked for; arguments as for `FireEvidence.update`."""
        return self.condition.update(self._evidence.update(found, picture, at_s), at_s)

    def update(self, observation: Observation) -> list[Signal]:
        """Take note of a frame in which nobody looked for fire: only the schedule matters."""
        return [] if observation.armed else self.disarm(observation.at_s)

    def disarm(self, at_s: float) -> list[Signal]:
        """End what is under way and forget the evidence: the schedule is no longer in force."""
        self._evidence = FireEvidence(self.zone, self._options)
        return self.condition.drop(at_s)


def thumbnail(picture: Bgr) -> NDArray[np.float32]:
    """Return the picture at no more than 320 px of width, slightly blurred, as float32 BGR."""
    height, width = picture.shape[:2]
    scale = min(1.0, _WIDTH_PX / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    return np.asarray(cv2.blur(small, (3, 3)), np.float32)


def measure(now: NDArray[np.float32], difference: NDArray[np.float32], noise: float, box: Box) -> Change:
    """Return what changed inside a box.

    Args:
        now: The present thumbnail, float32 (h, w, 3).
        difference: Of its grey levels to an earlier one (h, w), without what the picture changed as a whole.
        noise: Median of its absolute values.
        box: In 0-1.
    """
    rows, columns = _window(box, now.shape[0], now.shape[1])
    patch, colours = difference[rows, columns], now[rows, columns]
    amount = float(np.abs(patch).mean())
    brighter = np.clip(patch, 0, None)
    cool = colours[..., :2].max(2) > colours[..., 2] + _COOL_LEVELS
    return Change(
        level=float(np.sqrt((patch**2).mean())),
        noise=noise,
        as_one=abs(float(patch.mean())) / max(amount, 1e-6),
        cool=float(brighter[cool].sum()) / max(float(brighter.sum()), 1e-6),
    )


def _window(box: Box, height: int, width: int) -> tuple[slice, slice]:
    x, y = box_centre(box)
    half_w = max(_LEAST_PX, (box.x2 - box.x1) * width) / 2
    half_h = max(_LEAST_PX, (box.y2 - box.y1) * height) / 2
    return _span(y * height, half_h, height), _span(x * width, half_w, width)


def _span(middle: float, half: float, end: int) -> slice:
    start = min(max(0, round(middle - half)), max(0, end - _LEAST_PX))
    return slice(start, max(start + 1, min(end, round(middle + half))))


def _hull(boxes: Iterable[Box]) -> Box:
    corners = np.array(list(boxes))
    return Box(*(float(x) for x in (*corners[:, :2].min(0), *corners[:, 2:].max(0))))


def _inside(outer: Box, inner: Box) -> bool:
    return intersection(outer, inner) >= 0.7 * box_area(inner) > 0


def _ramp(value: float, start: float, end: float) -> float:
    return min(1.0, max(0.0, (value - start) / (end - start)))
