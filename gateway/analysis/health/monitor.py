"""Watches over one camera's own health: names the fault that explains what a picture has become, if any does.

One fault at a time: a lens that is covered is also dark, smooth and elsewhere. They are asked in the order in which
they explain one another away. How long a fault must last is the rules' business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from detectors.health import HealthReading, read_health, tile_means
from detectors.picture import PictureReading, is_black
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.gallery import LIKE_BEFORE, LIKE_LATELY, Gallery, Place
from gateway.analysis.health.reference import Mask, View, similarity
from gateway.analysis.health.repetition import Repetition
from gateway.analysis.health.stripes import stripes
from gateway.analysis.health.tint import Tint
from gateway.types import Bgr, Frame, FrameOrigin

# A fault that is there keeps being there down to this share of what it took to be seen: no flicker at the limit.
HOLD = 0.85

SATURATED_SHARE = 0.7  # of tiles white and empty, whatever the camera usually shows
SATURATED_MORE = 0.35  # of tiles, beyond what the camera usually shows
# Grey levels behind the noise kernel, in the flattest blocks. A gained-up night picture keeps below 6 after coding.
NOISE_LEVELS = 9.0
NOISE_TIMES = 4.0  # of the camera's own
UNKNOWN_NOISE_LEVELS = 16.0  # of a camera of which nothing is known yet
STRIPE_LEVELS = 4.0
UNSURE_STRIPE_LEVELS = 10.0  # where the view is not made out behind them: other scenes have bars of their own
# What a tile out of focus keeps of its fineness at most, and the share of tiles in which it must be so.
BLURRED_FINENESS = 0.55
BLURRED_TILES = 0.6
BLURRED_KEPT = 0.3  # of the tiles with edges, in which they are found again
SAME_SHADES = 0.7  # likeness at large below which it is another scene, not the same one out of focus
BLURRED_RECALL = 0.1  # of edges: even broad ones keep their place
# Share of the tiles that had edges and lost them: half the view behind something smooth or in one piece, or nearly all.
COVERED_TILES = 0.55
UNHIDDEN = 0.9  # recall that leaves no room for it
ALL_TILES = 0.85
SMOOTH = 0.6  # of the tile's usual gradient
IN_ONE_PIECE = 0.85  # of the lost tiles
# Of the usual outlines, or times the mean gradient, in a picture without one edge in place: cloth and fog have none.
NO_OUTLINE = 0.4
NO_OUTLINE_TIMES = 3.0
REST_RECALL = 0.6  # of the edges that something has left to be seen
UNCHANGED_GAIN = (0.65, 1.5)  # of the rest of the picture: otherwise it is the light that took the edges
DARK_LEVELS = 40.0
DARKENED = 0.6  # of the usual mean
ELSEWHERE = 0.2  # recall below which not even the light can explain the picture
ASTRAY = 0.85  # recall below which it is worth trying whether the picture fits better elsewhere
SHIFT_RECALL = 0.3
SHIFT_TIMES = 1.3  # better than in place
SWAY = 0.035  # of the width; poles bend in the wind by less, and a view that still fits so well is the same
# After a fault, a picture that shows none of the views is one more of it rather than a new view; three slow looks.
AFTERMATH_S = 30.0
BURST_EVERY_S = 0.9
REFERENCE_WIDTH_PX = 640
REFERENCE_EVERY_S = 600.0  # converting a picture costs as much as ten looks at it
_UNREADABLE = frozenset({fault.BLACK, fault.COVERED, fault.FROZEN, fault.TOO_BRIGHT, fault.NOISE})


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong with the camera in one picture.

    Attributes:
        fault: Event type; None: nothing, or nothing that could be told.
        since_s: When it began, if the pictures tell.
    """

    fault: str | None = None
    since_s: float | None = None

    @property
    def unreadable(self) -> bool:
        """The scene cannot be seen: nothing in it may begin, and what is missing need not be gone."""
        return self.fault in _UNREADABLE


SOUND = Health()


@dataclass(frozen=True, slots=True)
class SoundPicture:
    """What the camera showed when it was last known to be well: to be seen beside a fault."""

    picture: Bgr  # at most 640 px wide
    at_s: float


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture lies on the view that it is most like: in place, a little beside it, or clearly elsewhere."""

    recall: float
    good: bool
    moved: bool


class HealthMonitor:
    """Judges the pictures of one camera, in order, called from one thread at a time.

    Attributes:
        reference: A picture from when all was well, up to ten minutes before it was not; None until there was one.
    """

    def __init__(self) -> None:
        self.reference: SoundPicture | None = None
        self._gallery = Gallery()
        self._repetition = Repetition()
        self._tint = Tint()
        self._health = SOUND
        self._meant = False
        self._judged_s = -math.inf
        self._faulty_s = -math.inf  # when signal or lens were last at fault

    def update(self, frame: Frame, picture: PictureReading, *, meant: bool = False) -> Health:
        """Take in a picture and its reading; in a burst, one a second is enough.

        Args:
            meant: It shows a preset: wherever the camera looks now, it has not been knocked.
        """
        self._meant = meant
        if frame.origin is FrameOrigin.BURST and 0 <= frame.at_s - self._judged_s < BURST_EVERY_S:
            return self._health
        self._judged_s = frame.at_s
        reading = read_health(frame.luma, frame.small)
        repeated_since_s = self._repetition.update(reading.sample, frame.origin, frame.at_s)
        if is_black(picture):
            self._health = Health(fault.BLACK)
        elif reading.saturated >= SATURATED_SHARE * self._hold(fault.TOO_BRIGHT):  # all white, it cannot but repeat
            self._health = Health(fault.TOO_BRIGHT)
        elif repeated_since_s is not None:
            self._health = Health(fault.FROZEN, repeated_since_s)
        else:
            self._health = self._judge(frame, reading)
        return self._health

    def _judge(self, frame: Frame, reading: HealthReading) -> Health:
        place = self._gallery.place(reading)
        view = place.view
        if view is None or not view.mature:
            found = self._at_sight(reading)
            return self._begin(view, place.recall, reading, frame.at_s) if found is None else Health(found)
        fit = _fit(view, place, reading)
        found = self._of_the_signal(view, fit, reading) or (
            None if fit.moved else self._of_the_lens(view, fit, reading)
        )
        if found is not None:
            self._faulty_s = frame.at_s
            return Health(found)
        if fit.moved or not fit.good:
            return self._elsewhere(frame, view, fit, reading)
        return self._in_place(frame, view, reading)

    def _hold(self, kind: str) -> float:
        """Return what thresholds of a fault are multiplied with: less while it is there."""
        return HOLD if self._health.fault == kind else 1.0

    def _at_sight(self, reading: HealthReading) -> str | None:
        """Judge by nothing but the picture."""
        return fault.NOISE if reading.noise >= UNKNOWN_NOISE_LEVELS * self._hold(fault.NOISE) else None

    def _begin(self, view: View | None, recall: float, reading: HealthReading, at_s: float) -> Health:
        """Learn a view that nothing can be measured against yet."""
        if view is not None and recall < LIKE_LATELY:
            view = self._gallery.start_over(view, reading, at_s)
        else:
            view = self._gallery.learn(view, reading, at_s)
        return self._standing(view)

    def _of_the_signal(self, view: View, fit: Fit, reading: HealthReading) -> str | None:
        """Judge by what no scene does, against what this view is usually like."""
        more = reading.saturated - view.mean.saturated
        if more >= SATURATED_MORE * self._hold(fault.TOO_BRIGHT):
            return fault.TOO_BRIGHT
        if reading.noise >= max(NOISE_LEVELS, NOISE_TIMES * view.mean.noise) * self._hold(fault.NOISE):
            return fault.NOISE
        least = STRIPE_LEVELS if fit.recall >= LIKE_BEFORE else UNSURE_STRIPE_LEVELS
        return fault.STREAK if stripes(reading, view.mean) >= least * self._hold(fault.STREAK) else None

    def _of_the_lens(self, view: View, fit: Fit, reading: HealthReading) -> str | None:
        """Judge whether the view is out of focus, hidden, or without light."""
        if self._blurred(view, fit.recall, reading):
            return fault.BLURRED
        return self._hidden(view, fit.recall, reading)

    def _hidden(self, view: View, recall: float, reading: HealthReading) -> str | None:
        if recall >= UNHIDDEN:
            return None
        hold = self._hold(fault.COVERED)
        lost = view.lost(reading.edges)
        share = _share(lost, view.telling)
        blank = recall < ELSEWHERE and _without_outline(reading, view, hold)
        if share < COVERED_TILES * hold and not blank:
            return None
        if _darkened(reading, view):
            return fault.TOO_DARK
        smooth = _share(lost & (reading.texture < SMOOTH / hold * view.mean.texture), view.telling)
        if blank or smooth >= ALL_TILES * hold:
            return fault.COVERED
        behind = smooth >= COVERED_TILES * hold or _in_one_piece(lost, view.telling)
        return fault.COVERED if behind and _rest_unchanged(reading, view, lost) else None

    def _blurred(self, view: View, recall: float, reading: HealthReading) -> bool:
        hold = self._hold(fault.BLURRED)
        alike = similarity(reading.coarse, view.mean.coarse)
        if recall < BLURRED_RECALL or (recall < LIKE_BEFORE and alike < SAME_SHADES * hold):
            return False
        soft = reading.fineness < BLURRED_FINENESS / hold * view.mean.fineness
        if _share(soft, view.telling) < BLURRED_KEPT * BLURRED_TILES * hold * hold:
            return False
        # Of a thing that has gone the edges are lost, not soft.
        kept = view.telling & ~view.lost(reading.edges)
        return _share(kept, view.telling) >= BLURRED_KEPT * hold and _share(soft, kept) >= BLURRED_TILES * hold

    def _elsewhere(self, frame: Frame, view: View, fit: Fit, reading: HealthReading) -> Health:
        """Take a picture that shows none of the views for the first of a new one."""
        if frame.at_s - self._faulty_s < AFTERMATH_S:
            return SOUND
        lost = fit.recall < ELSEWHERE and not self._tint.other_light(frame, view)
        return self._standing(self._gallery.add_apart(reading, frame.at_s, moved=fit.moved or lost))

    def _in_place(self, frame: Frame, view: View, reading: HealthReading) -> Health:
        """Judge a view by its colours, and learn it where all is well."""
        if self._tint.casts(frame, view, reading.coarse):
            return Health(fault.COLOUR_CAST, self._tint.since_s)
        standing = self._standing(self._gallery.learn(view, reading, frame.at_s))
        self._tint.teach(view)
        if standing is SOUND:
            self._keep(frame)
        return standing

    def _standing(self, view: View) -> Health:
        view.known = view.known or self._meant
        return Health(fault.MOVED, view.first_s) if view.moved and not view.known else SOUND

    def _keep(self, frame: Frame) -> None:
        before = self.reference
        if frame.origin is FrameOrigin.LOOK and (before is None or frame.at_s - before.at_s >= REFERENCE_EVERY_S):
            self.reference = SoundPicture(_small(frame.bgr), frame.at_s)


def _small(picture: Bgr) -> Bgr:
    height, width = picture.shape[:2]
    scale = min(1.0, REFERENCE_WIDTH_PX / width)
    size = (round(width * scale), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _share(of: Mask, among: Mask) -> float:
    return float(np.count_nonzero(of & among)) / max(int(np.count_nonzero(among)), 1)


def _fit(view: View, place: Place, reading: HealthReading) -> Fit:
    if place.recall >= ASTRAY:
        return Fit(place.recall, good=True, moved=False)
    best, shift = view.shift_of(reading.edges)
    better = best >= max(SHIFT_RECALL, SHIFT_TIMES * place.recall)
    swayed = best >= LIKE_BEFORE and shift < SWAY
    return Fit(place.recall, good=swayed or not place.apart, moved=better and shift >= SWAY)


def _without_outline(reading: HealthReading, view: View, hold: float) -> bool:
    weak = reading.outline < NO_OUTLINE / hold * view.mean.outline
    return weak or reading.outline < NO_OUTLINE_TIMES / hold * float(reading.texture.mean())


def _in_one_piece(lost: Mask, telling: Mask) -> bool:
    """Say whether the lost tiles hang together; tiles that tell nothing may lie between them."""
    _, parts = cv2.connectedComponents((lost | ~telling).astype(np.uint8), connectivity=4)
    return int(np.bincount(parts[lost]).max(initial=0)) >= IN_ONE_PIECE * int(np.count_nonzero(lost))


def _darkened(reading: HealthReading, view: View) -> bool:
    mean = float(reading.coarse.mean())
    return mean < DARK_LEVELS and mean < DARKENED * float(view.mean.coarse.mean())


def _rest_unchanged(reading: HealthReading, view: View, lost: Mask) -> bool:
    """Say whether some of the view is still in its place, and as bright as ever: no move and no lamp took the rest."""
    kept = view.telling & ~lost
    if view.recall_within(reading.edges, kept) < REST_RECALL:
        return False
    now, usual = (tile_means(coarse)[kept].mean() for coarse in (reading.coarse, view.mean.coarse))
    low, high = UNCHANGED_GAIN
    return bool(low * usual <= now <= high * usual)
