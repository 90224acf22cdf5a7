"""The colours of one camera, read rarely: where the decoder has no colour planes to offer, conversion costs a lot."""

from __future__ import annotations

import math

import numpy as np

from detectors.health import Plane, chroma_of, read_chroma, tile_means
from gateway.analysis.health.reference import View, is_grey
from gateway.types import Frame, FrameOrigin

READ_EVERY_S = 60.0
DOUBT_EVERY_S = 10.0  # while a cast shows, or the view's own colours are not known yet
# Levels of the colour differences by which everything leans; white balance wanders by 5.
CAST_LEVELS = 10.0
CAST_TILES = 0.75  # that lean the same way
_SAME_WAY = 0.6  # of the lean, in a tile that is near it
_LIT_LEVELS = 40.0  # mean grey level of a tile that can have a colour
_LIT_TILES = 0.25  # share of tiles that must be so
HOLD = 0.85  # of the above, once it is there


class Tint:
    """Compares the colours of pictures with those of the view that they show."""

    def __init__(self) -> None:
        self._chroma: Plane | None = None
        self._unlearnt = False
        self._read_s = -math.inf
        self.since_s: float | None = None  # since when everything leans towards one colour

    def casts(self, frame: Frame, view: View, coarse: Plane) -> bool:
        """Say whether everything leans towards one colour; reads the picture's colours when that is due."""
        doubtful = self.since_s is not None or view.chroma is None
        due = frame.at_s - self._read_s >= (DOUBT_EVERY_S if doubtful else READ_EVERY_S)
        if frame.origin is FrameOrigin.LOOK and due:
            chroma = self._read(frame)
            leans = view.chroma is not None and self._leans(chroma, view.chroma, tile_means(coarse))
            self.since_s = (frame.at_s if self.since_s is None else self.since_s) if leans else None
        return self.since_s is not None

    def teach(self, view: View) -> None:
        """Let the view learn what was read last; to be called where the picture is sound."""
        if self._unlearnt and self._chroma is not None:
            view.learn_chroma(self._chroma)
            self._unlearnt = False

    def other_light(self, frame: Frame, view: View) -> bool:
        """Say whether the picture has gained or lost all colour since the view was learnt: by infrared light."""
        return view.chroma is not None and is_grey(self._read(frame)) != is_grey(view.chroma)

    def _read(self, frame: Frame) -> Plane:
        self._chroma = read_chroma(chroma_of(frame.bgr) if frame.to_chroma is None else frame.to_chroma())
        self._read_s, self._unlearnt = frame.at_s, True
        return self._chroma

    def _leans(self, chroma: Plane, usual: Plane, light: Plane) -> bool:
        lit = light >= _LIT_LEVELS
        if float(lit.mean()) < _LIT_TILES:
            return False
        least = CAST_LEVELS * (1.0 if self.since_s is None else HOLD)
        difference = (chroma - usual)[lit]
        lean = np.median(difference, axis=0)
        size = float(np.hypot(*lean))
        # Towards grey is infrared light, or fog; what is left must have a colour.
        if size < least or float(np.hypot(*np.median(chroma[lit], axis=0))) < least:
            return False
        near = np.hypot(*(difference - lean).T) < _SAME_WAY * size
        return float(near.mean()) >= CAST_TILES * (1.0 if self.since_s is None else HOLD)
