"""What each pixel of a scene usually looks like, and since when it has looked as it does now.

Three memories per pixel of a thumbnail, all in grey levels of the present exposure:

- `slow`: the background, a mean over about a minute of what is not foreground;
- `recent`: what the pixel has shown since its last jump, with the time of that jump;
- `held`: what it showed before, so that somebody who walks past a parked car does not restart the car's time.

Times are float32 seconds since the model's start (exact to 0.1 s for ten days). Alphas come from elapsed seconds, never
from counted frames, so looks every 10 s and bursts at 5 fps teach alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]  # (h, w)
Mask = NDArray[np.uint8]  # (h, w), 0 or 255

SLOW_TAU_S = 60.0  # daylight drifts over minutes
RECENT_TAU_S = 5.0  # follows slow change of something that stands still
NOISE_TAU_S = 90.0  # a tree in the wind is known after two minutes
HELD_S = 90.0  # a lorry in front of a parked car at a red light
DRIFT_S = 10.0  # a difference without a jump in this time is light, not a thing: things arrive at once

_MIN_STEP = 9.0  # grey levels; below lies compression noise of surveillance video
_MAX_STEP = 40.0  # grey levels; above this a restless place would go blind
_STEP_PER_NOISE = 4.0  # mean absolute deviations
_NOISE_START = 2.0  # grey levels
_NOISE_CLIP = 30.0  # grey levels; one passing car must not teach more noise than that
_NOISE_MAX_DT_S = 2.0  # seconds one look may count for noise

_GAIN_RANGE = (0.2, 5.0)  # beyond lies a cap on the lens, not an exposure
_GAIN_DEAD = 0.01  # exposure changes smaller than this are left to the slow mean
_GAIN_GRID = 4  # every 4th pixel each way
_CONTRAST_KEPT = 0.5  # of what the gain alone would leave
_DARK = 10.0  # grey levels; ratios of darker pixels are noise
_SATURATED = 250.0
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_RIM = np.ones((5, 5), np.uint8)


def alpha(dt_s: float, tau_s: float) -> float:
    """Return the weight of a new sample after `dt_s` in an exponential mean of time constant `tau_s`."""
    return 1.0 - math.exp(-dt_s / tau_s)


def quantile(values: NDArray[Any], share: float) -> float:
    """Return the value below which that share of a non-empty array lies; ten times as fast as NumPy's."""
    index = min(int(values.size * share), values.size - 1)
    return float(np.partition(values, index, axis=None)[index])


@dataclass(frozen=True, slots=True)
class Change:
    """What one look changed, per pixel."""

    excess: Plane  # distance from the background as a multiple of the step that counts
    foreground: Mask
    jumped: Mask  # looks different from the moment before


class Background:
    """The memories of one scene; made from its first thumbnail."""

    def __init__(self, thumb: Plane, now_s: float) -> None:
        self.slow = thumb.copy()
        self._recent = thumb.copy()
        self._noise = np.full_like(thumb, _NOISE_START)
        self._held = np.full_like(thumb, -1e3)
        self._since = np.full_like(thumb, now_s)
        self._held_since = np.zeros_like(thumb)
        self._held_until = np.full_like(thumb, -1e9)
        self._foreground_since = np.full_like(thumb, now_s)
        self._was_foreground = np.zeros(thumb.shape, np.uint8)

    def learn(self, thumb: Plane, weight: float) -> None:
        """Take a picture of the warm-up into the mean, whatever it shows."""
        cv2.accumulateWeighted(thumb, self.slow, weight)
        np.copyto(self._recent, thumb)

    def resume(self, thumb: Plane, now_s: float) -> None:
        """Take up again after another scene was shown: the background holds, times start anew."""
        np.copyto(self._recent, thumb)
        self._since.fill(now_s)
        self._held_until.fill(-1e9)
        self._foreground_since.fill(now_s)
        self._was_foreground.fill(0)

    def follow_exposure(self, thumb: Plane) -> float:
        """Scale all memories by the gain of this look when that explains more of the picture; return the gain."""
        now, then = thumb[::_GAIN_GRID, ::_GAIN_GRID], self.slow[::_GAIN_GRID, ::_GAIN_GRID]
        usable = (then > _DARK) & (then < _SATURATED) & (now < _SATURATED) & (now > 1)
        if np.count_nonzero(usable) < usable.size // 10:
            usable = then > _DARK
        if not usable.any():
            return 1.0
        gain = min(max(quantile(now[usable] / then[usable], 0.5), _GAIN_RANGE[0]), _GAIN_RANGE[1])
        if abs(gain - 1) < _GAIN_DEAD or not _explains(gain, now, then):
            return 1.0
        for plane in (self.slow, self._recent, self._held):
            np.minimum(plane * np.float32(gain), 255, out=plane)
        return gain

    def compare(self, thumb: Plane, now_s: float, active: Mask) -> Change:
        """Tell what differs from the background and what has just jumped; drifting light is taken in at once.

        Args:
            thumb: The look.
            now_s: Seconds since the model's start.
            active: Where something may be foreground.
        """
        step = np.clip(self._noise * _STEP_PER_NOISE, _MIN_STEP, _MAX_STEP)
        excess = _distance(thumb, self.slow) / step
        jumped = np.asarray(cv2.compare(cv2.absdiff(thumb, self._recent), step, cv2.CMP_GT), np.uint8)
        foreground = np.asarray(cv2.bitwise_and((excess > 1).view(np.uint8) * np.uint8(255), active), np.uint8)
        drifted = (foreground > _grown(self._was_foreground)) & (jumped == 0) & (now_s - self._since > DRIFT_S)
        if drifted.any():
            self.slow[drifted] = thumb[drifted]
            foreground[drifted] = 0
        return Change(excess, foreground, jumped)

    def update(self, thumb: Plane, change: Change, now_s: float, dt_s: float, restless_tau_s: float) -> None:
        """Learn from a look: fully where nothing is, hardly where something moves, not at all where it stands."""
        self._learn_noise(thumb, dt_s)
        self._foreground_since[change.foreground > self._was_foreground] = now_s
        self._was_foreground = change.foreground
        self._remember_jumps(thumb, change.jumped, now_s)
        cv2.accumulateWeighted(thumb, self._recent, alpha(dt_s, RECENT_TAU_S), mask=cv2.bitwise_not(change.jumped))
        # The rim of a thing is half background by nature: learnt, it would eat the thing from the edge inwards.
        empty = cv2.bitwise_not(_grown(change.foreground))
        cv2.accumulateWeighted(thumb, self.slow, alpha(dt_s, SLOW_TAU_S), mask=empty)
        moving = cv2.bitwise_and(change.foreground, change.jumped)
        cv2.accumulateWeighted(thumb, self.slow, alpha(dt_s, restless_tau_s), mask=moving)

    def still_since(self) -> Plane:
        """Return since when each pixel has been foreground without a jump; meaningless where it is background."""
        return np.maximum(self._since, self._foreground_since)

    def absorb(self, where: NDArray[np.bool_], region: tuple[slice, slice], thumb: Plane) -> None:
        """Take what a part of the picture shows now for its background."""
        self.slow[region][where] = thumb[region][where]
        self._was_foreground[region][where] = 0

    def share_changed(self, thumb: Plane) -> float:
        """Return the share of pixels that differ, exposure left as it is."""
        return float(np.count_nonzero(cv2.absdiff(thumb, self.slow) > _MIN_STEP) / thumb.size)

    def share_explained(self, thumb: Plane) -> float:
        """Return the share of pixels that this background, at the best gain, would call unchanged."""
        then = np.maximum(self.slow[::_GAIN_GRID, ::_GAIN_GRID], 1)
        now = thumb[::_GAIN_GRID, ::_GAIN_GRID]
        gain = min(max(quantile(now / then, 0.5), _GAIN_RANGE[0]), _GAIN_RANGE[1])
        return float(np.mean(np.abs(now - gain * then) <= _MIN_STEP))

    def _learn_noise(self, thumb: Plane, dt_s: float) -> None:
        seen = np.minimum(cv2.absdiff(thumb, self._recent), _NOISE_CLIP)
        cv2.accumulateWeighted(seen, self._noise, alpha(min(dt_s, _NOISE_MAX_DT_S), NOISE_TAU_S))

    def _remember_jumps(self, thumb: Plane, jumped: Mask, now_s: float) -> None:
        """Start a new `recent` where a pixel jumped, or go back to the held one that it shows again."""
        at = np.flatnonzero(jumped)
        if not len(at):
            return
        value = thumb.ravel()[at]
        recent, since, held = self._recent.reshape(-1), self._since.reshape(-1), self._held.reshape(-1)
        held_since, held_until = self._held_since.reshape(-1), self._held_until.reshape(-1)
        foreground_since = self._foreground_since.reshape(-1)
        back = (np.abs(held[at] - value) <= _MIN_STEP) & (now_s <= held_until[at])
        kept = at[~back & (now_s - since[at] >= DRIFT_S)]
        held[kept], held_until[kept] = recent[kept], now_s + HELD_S
        held_since[kept] = np.maximum(since[kept], foreground_since[kept])
        since[at] = np.where(back, held_since[at], now_s)
        foreground_since[at[back]] = held_since[at[back]]
        recent[at] = value


def _grown(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask, _RIM), np.uint8)


def _distance(thumb: Plane, background: Plane) -> Plane:
    """Return how far each pixel is from anything the background shows within one pixel: poles sway in the wind."""
    above = cv2.subtract(thumb, cv2.dilate(background, _NEIGHBOURS))
    below = cv2.subtract(cv2.erode(background, _NEIGHBOURS), thumb)
    return np.asarray(np.maximum(cv2.max(above, below), 0), np.float32)


def _explains(gain: float, now: Plane, then: Plane) -> bool:
    """True when the gain leaves clearly fewer pixels changed than no gain does."""
    if float(now.std()) < _CONTRAST_KEPT * gain * float(then.std()):
        return False  # the scene is gone, not darker: a cap, a black frame
    without = np.count_nonzero(np.abs(now - then) > _MIN_STEP / 2)
    with_gain = np.count_nonzero(np.abs(now - np.minimum(then * gain, 255)) > _MIN_STEP / 2)
    return bool(with_gain < without)
