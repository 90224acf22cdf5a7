"""Whether a camera repeats one picture: no sensor does, and every encoder shows what the sensor's noise makes of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from detectors.base import Image
from detectors.health import change_by_tile
from gateway.types import FrameOrigin

# Of what changes between two pictures in the quietest quarter of tiles, as learnt from this camera: when no tile at
# all changes more than this, nothing new was taken. A held picture, coded anew, comes to less than 0.1 of it.
REPEATED_SHARE = 0.3
# Grey levels; a camera whose pictures differ less than this between two looks cannot be told from a frozen one.
LEAST_FLICKER = 0.15
LEARNT_PAIRS = 2
REMEMBERED_PAIRS = 32
_QUIET_QUANTILE = 0.25  # of tiles, and of pairs of pictures: in the others things move, or the light changes


class Repetition:
    """Compares each sample with the one before of the same origin; keyframes and pictures between differ in noise."""

    def __init__(self) -> None:
        self._before: dict[FrameOrigin, tuple[Image, float]] = {}
        self._flicker = {origin: deque[float](maxlen=REMEMBERED_PAIRS) for origin in FrameOrigin}
        self._since_s: float | None = None

    def update(self, sample: Image, origin: FrameOrigin, at_s: float) -> float | None:
        """Take in a sample (see `HealthReading.sample`); return since when the picture has stood, None if it lives.

        What cannot be decided, because too little is known of the camera's noise, leaves the answer as it was.
        """
        before = self._before.get(origin)
        self._before[origin] = (sample, at_s)
        if before is None or before[0].shape != sample.shape:
            self._since_s = None
            return None
        change = change_by_tile(before[0], sample)
        flicker = self._flicker[origin]
        usual = _quiet(flicker) if len(flicker) >= LEARNT_PAIRS else 0.0
        if usual >= LEAST_FLICKER and float(change.max()) <= REPEATED_SHARE * usual:
            self._since_s = before[1] if self._since_s is None else self._since_s
            return self._since_s
        flicker.append(_quiet(change.ravel().tolist()))
        if usual >= LEAST_FLICKER or float(change.max()) > LEAST_FLICKER:
            self._since_s = None
        return self._since_s


def _quiet(values: Iterable[float]) -> float:
    ascending = sorted(values)
    return ascending[int(_QUIET_QUANTILE * (len(ascending) - 1))]
