"""From pixels to tracks: when the model is worth running, and what stands in for it where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from camera_configs.models import CameraConfig
from detectors.base import Detector
from detectors.coco import scene_label
from gateway.analysis.model_pass import Found, ModelPass
from gateway.analysis.observation import FOREGROUND, BlobView, ForegroundView, certainty
from gateway.analysis.tracker import Sighting, Tracker
from gateway.analysis.zones import box_area, foot_point, grown, intersection, iou
from gateway.types import Box, Frame, FrameOrigin, Track

STARTUP_LOOKS = 2  # what stood there before we began is found by looking twice
# In a burst of 5 fps every second frame is enough for dwells of a second or more, at half the price.
MODEL_GAP_S = 0.3
# Below this a sighting begins no object; it may still continue one (as ByteTrack does).
LEAST_TO_BEGIN = 0.25
# A weak sighting and a patch of foreground of the same outline are two witnesses: something came there, and it looks
# like this kind rather than any other that a rule may ask for. Worth what a rule asks for by default, and no more.
WITNESSED = 0.35
WITNESS_IOU = 0.5
SAME_OBJECT_IOU = 0.6  # one vehicle read as car and as truck
PART_INSIDE, LEAST_PART = 0.85, 0.5  # a box inside another one, and half its size: no second object
# A patch must cross this share of the picture before it is somebody and not a flickering leaf.
FOREGROUND_TRAVEL = 0.03
BLOB_JOIN = 0.02  # patches this close (of the picture) are parts of one thing
# While the model has no time to spare, what moves is looked at this often all the same.
PRESSED_GAP_S = 2.0
_MOVED_BOXES = 256  # more than any number of frames between two looks with motion in them
_EVERYWHERE = (Box(0.0, 0.0, 1.0, 1.0),)


def _always() -> bool:
    return True


class Follower:
    """Keeps the tracks of one camera up to date.

    Args:
        camera: Its zones to be ignored are.
        detector: A model; None: patches of the foreground are followed. One that has `may_hurry` is asked, where
            something moves, whether it has time for more than the looks that are due.
        least_blob: Smaller patches are none, as a share of the picture.

    Attributes:
        passes: Of the model; counted.
    """

    def __init__(self, camera: CameraConfig, detector: Detector | None, least_blob: float) -> None:
        self._may_hurry: Callable[[], bool] = getattr(detector, "may_hurry", _always)
        self._detector = detector
        self._least_blob = least_blob
        self._tracker = Tracker(min_travel=0.0 if detector else FOREGROUND_TRAVEL)
        self._modelled_s = -math.inf
        self._looks_owed = STARTUP_LOOKS
        self._moved: list[Box] = []  # places of motion since the model last ran
        self.passes = ModelPass(camera)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks alive."""
        return self._tracker.tracks

    @property
    def modelled(self) -> bool:
        """Tracks come from a model."""
        return self._detector is not None

    def due(self, at_s: float, *, near: bool, every_s: float) -> bool:
        """Say whether the model should see a frame: motion near a zone, the first looks, or `every_s` has passed."""
        passed_s = at_s - self._modelled_s
        if self._looks_owed > 0 or passed_s >= min(every_s, PRESSED_GAP_S if near else math.inf):
            return passed_s >= MODEL_GAP_S
        return near and passed_s >= MODEL_GAP_S and self._may_hurry()

    def start_over(self) -> None:
        """Look twice again for what stands there: frames were missing, or other rules are in force."""
        self._looks_owed = STARTUP_LOOKS

    def note_motion(self, reading: ForegroundView) -> None:
        """Remember where this frame moved, until the model runs: an object may leave between two of its looks."""
        self._moved = [*self._moved, *(Box(*b.box) for b in reading.moving)][-_MOVED_BOXES:]

    def lose_sight(self, at_s: float) -> None:
        """Note that nothing can be seen: the picture is black."""
        self._tracker.update((), at_s, moving=_EVERYWHERE)

    def look(self, frame: Frame, reading: ForegroundView, *, steady: bool) -> bool:
        """Find the objects of a frame; return False when that failed and nothing is known."""
        if self._detector is None:
            return steady and self._follow_blobs(frame, reading)
        sightings = self._detect(self._detector, frame)
        if sightings is None:
            return False
        moving = self._moved if steady else _EVERYWHERE
        foreground = [b for b, _ in (*joined(reading.moving), *joined(reading.still))] if steady else None
        sightings = witnessed(sightings, foreground or ())
        self._tracker.update(
            [s for s in sightings if s.confidence >= LEAST_TO_BEGIN],
            frame.at_s,
            look=frame.origin is FrameOrigin.LOOK,
            moving=moving,
            faint=[s for s in sightings if s.confidence < LEAST_TO_BEGIN],
            foreground=foreground,
        )
        self._moved = []
        return True

    def _follow_blobs(self, frame: Frame, reading: ForegroundView) -> bool:
        moving = self._sightings(reading.moving)
        boxes = [s.box for s in moving]
        self._tracker.update(moving, frame.at_s, moving=boxes)
        self._tracker.extend(self._sightings(reading.still), frame.at_s)
        return True

    def _sightings(self, blobs: Iterable[BlobView]) -> list[Sighting]:
        large = [b for b in blobs if b.area >= self._least_blob]
        return [Sighting(box, FOREGROUND, sure) for box, sure in joined(large)]

    def _detect(self, detector: Detector, frame: Frame) -> list[Sighting] | None:
        self._modelled_s = frame.at_s
        self._looks_owed -= 1
        found = self.passes.look(detector, frame)
        return None if found is None else self.passes.heeded(sightings_of(found), lambda s: foot_point(s.box))


def sightings_of(found: Sequence[Found]) -> list[Sighting]:
    """Return what a model found by scene label, best first; one per object and label, others left out."""
    sightings: list[Sighting] = []
    for one in sorted(found, key=lambda f: f.confidence)[::-1]:
        label = scene_label(one.label)
        if label is None or any(s.label == label and _same_object(s.box, one.box) for s in sightings):
            continue
        sightings.append(Sighting(one.box, label, one.confidence))
    return sightings


def _same_object(sure: Box, box: Box) -> bool:
    """Say whether a less sure box is the same object: read twice, or a large part of it (a person without legs)."""
    area = box_area(box)
    part = area >= LEAST_PART * box_area(sure) and intersection(sure, box) >= PART_INSIDE * area
    return part or iou(sure, box) > SAME_OBJECT_IOU


def witnessed(sightings: Sequence[Sighting], foreground: Sequence[Box]) -> list[Sighting]:
    """Return the sightings, best first, those that the foreground bears out at `WITNESSED` at least."""
    believed: list[Sighting] = []
    for sighting in sightings:
        rival = any(iou(s.box, sighting.box) > WITNESS_IOU for s in believed)
        borne_out = any(iou(box, sighting.box) >= WITNESS_IOU for box in foreground)
        lifted = borne_out and not rival and sighting.confidence < WITNESSED
        believed.append(replace(sighting, confidence=WITNESSED, witnessed=True) if lifted else sighting)
    return sorted(believed, key=lambda s: -s.confidence)


def joined(blobs: Sequence[BlobView]) -> list[tuple[Box, float]]:
    """Return boxes around patches that lie close together, each with its surest patch's confidence."""
    groups: list[tuple[Box, float]] = []
    for blob in sorted(blobs, key=lambda b: b.area, reverse=True):
        box, sure = Box(*blob.box), certainty(blob)
        near = [g for g in groups if intersection(grown(g[0], BLOB_JOIN), box) > 0]
        groups = [g for g in groups if g not in near]
        for other, other_sure in near:
            box, sure = _around(box, other), max(sure, other_sure)
        groups.append((box, sure))
    return [g for g in groups if box_area(g[0]) > 0]


def _around(a: Box, b: Box) -> Box:
    return Box(min(a.x1, b.x1), min(a.y1, b.y1), max(a.x2, b.x2), max(a.y2, b.y2))
