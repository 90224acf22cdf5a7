"""What lies between the scene and the record: smoke, rain, light, the sensor's noise, a covered lens, the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import cv2
import numpy as np

from gateway.simulator.scenery.figures import Cutout
from gateway.simulator.scenery.lens import Picture, Plane, picture_of, plane
from gateway.simulator.scenery.texture import Colour, blend, cloud, matter

_NOISE_PICTURES = 7  # no divisor of a usual frame rate, so that no pattern repeats every second
_PUFF_PX = 96


@dataclass(frozen=True, slots=True)
class Plume:
    """Smoke rising from a place in the picture (pixels), from a time on, growing for `grows_s`."""

    foot: tuple[float, float]
    begins_s: float
    grows_s: float
    scale_px: float  # radius of a young puff
    wind: float = 0.5  # pixels sideways per pixel upwards
    ends_s: float = math.inf


class Smoke:
    """Puffs of blurred noise that rise, spread and thin out."""

    _RATE_HZ = 5.0
    _LIFE_S = 16.0

    def __init__(self, rng: np.random.Generator, plume: Plume) -> None:
        self._plume = plume
        self._puffs = [_puff(rng) for _ in range(6)]
        self._wander = rng.normal(0, 1, (512, 3))

    def distance_m(self, at_s: float) -> float:  # noqa: ARG002
        """Before the landscape, behind anything near."""
        return 1e5

    def draw(self, picture: Picture, at_s: float) -> None:
        """Draw all puffs alive."""
        plume = self._plume
        first = max(math.ceil((at_s - self._LIFE_S - plume.begins_s) * self._RATE_HZ), 0)
        last = math.floor((min(at_s, plume.ends_s) - plume.begins_s) * self._RATE_HZ)
        for number in range(first, last + 1):
            born_s = plume.begins_s + number / self._RATE_HZ
            self._draw_puff(picture, number, at_s - born_s, min((born_s - plume.begins_s) / plume.grows_s, 1.0))

    def _draw_puff(self, picture: Picture, number: int, age_s: float, strength: float) -> None:
        plume, wander = self._plume, self._wander[number % len(self._wander)]
        size = plume.scale_px * (0.45 + 0.55 * strength)
        rise = size * (2.1 * age_s - 0.055 * age_s * age_s)
        sway = size * (0.35 * wander[0] + 0.25 * math.sin(age_s * 0.8 + number * 0.3)) * (0.3 + age_s / 6)
        x = plume.foot[0] + plume.wind * rise * (0.35 + 0.05 * age_s) + sway
        y = plume.foot[1] - rise
        radius = size * (0.7 + 0.42 * age_s) * (1 + 0.15 * wander[1])
        fade = min(age_s / 0.8, 1.0) * (1 - age_s / self._LIFE_S) ** 1.3
        tone = 142 + 66 * min(age_s / 8, 1) + 8 * wander[2]
        self._lay(picture, (x, y, radius), number, (fade * (0.34 + 0.42 * strength), tone))

    def _lay(self, picture: Picture, disc: tuple[float, float, float], number: int, look: tuple[float, float]) -> None:
        x, y, radius = disc
        side = max(int(radius * 2), 2)
        left, top = int(x - radius), int(y - radius)
        x1, y1, x2, y2 = (
            max(left, 0),
            max(top, 0),
            min(left + side, picture.shape[1]),
            min(top + side, picture.shape[0]),
        )
        if x1 >= x2 or y1 >= y2:
            return
        puff = cv2.resize(self._puffs[number % len(self._puffs)], (side, side), interpolation=cv2.INTER_LINEAR)
        puff = puff[y1 - top : y2 - top, x1 - left : x2 - left]
        light = look[1] + 26 * (0.5 - (np.arange(y1, y2) - top) / side)  # lit from above
        colour = np.repeat(light[:, None], x2 - x1, axis=1)[..., None] * np.array([1.02, 1.0, 0.98])
        blend(picture[y1:y2, x1:x2], picture_of(colour), np.asarray(puff * look[0], np.float32))


def _puff(rng: np.random.Generator) -> Plane:
    across = np.linspace(-1, 1, _PUFF_PX)
    reach = np.hypot(across[None, :], across[:, None])
    ragged = reach + 0.16 * cloud(rng, _PUFF_PX, _PUFF_PX, 36, 4)
    body = np.clip(1.12 - ragged * 1.25, 0, 1) ** 1.1 * np.clip((1 - reach) * 4, 0, 1)
    return plane(body * np.clip(0.85 + 0.22 * cloud(rng, _PUFF_PX, _PUFF_PX, 18, 4), 0, 1))


class Rain:
    """Streaks that fall anew in every picture, and a grey veil."""

    def __init__(self, seed: int, strength: float) -> None:
        self._seed = seed
        self._strength = strength

    def fall(self, picture: Picture, number: int) -> None:
        """Rain on the picture of this number."""
        rng = np.random.default_rng((self._seed, number))
        height, width = picture.shape[:2]
        streaks = np.zeros((height, width), np.uint8)
        for x, y, size in rng.uniform((0, -40, 9), (width, height, 26), (int(260 * self._strength), 3)):
            tip = (int((x + size * 0.12) * 16), int((y + size) * 16))
            cv2.line(streaks, (int(x * 16), int(y * 16)), tip, int(60 + size * 2), 1, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(streaks, (0, 0), 0.7).astype(np.float32) / 255
        blend(picture, (206, 202, 200), np.asarray(soft * 0.75 + 0.10 * self._strength, np.float32))


class Sensor:
    """The noise of the sensor and the drift of exposure and daylight."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], noise: float, drift: float) -> None:
        """`size` is (width, height); `noise` is a standard deviation in grey levels; `drift` a share of the light."""
        self._drift = drift
        self._bank = [_grain(rng, size, noise) for _ in range(_NOISE_PICTURES)]

    def expose(self, picture: Picture, number: int, at_s: float) -> Picture:
        """Return the picture as the sensor reads it."""
        gain = 1 + self._drift * (0.7 * math.sin(at_s * 0.105) + 0.3 * math.sin(at_s * 0.29 + 1.0))
        grain = self._bank[number * 5 % _NOISE_PICTURES]
        if number // _NOISE_PICTURES % 2:
            grain = grain[::-1]
        return np.asarray(cv2.addWeighted(picture, gain, grain, 1.0, -128.0), np.uint8)


def _grain(rng: np.random.Generator, size: tuple[int, int], noise: float) -> Picture:
    width, height = size
    luma = rng.standard_normal((height, width, 1), dtype=np.float32) * noise
    blotches = rng.standard_normal((height // 3, width // 3, 3), dtype=np.float32) * noise * 0.9
    chroma = cv2.resize(blotches, (width, height)).reshape(height, width, 3)
    return picture_of(128 + luma + chroma)


class LensCover:
    """A cloth that is pushed over the lens between two times, each way within a second."""

    SLIDE_S = 1.0

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], span_s: tuple[float, float]) -> None:
        width, height = size
        cloth = matter(rng, (height, width), (30, 36, 44), 2.5, 7)
        self._cloth = np.asarray(cv2.GaussianBlur(cloth, (0, 0), 9), np.uint8)
        self._edge = plane(cloud(rng, height, 2, 120, 3)[:, :1] * 12)
        self._span_s = span_s
        self._columns = np.arange(width, dtype=np.float32)[None, :]

    def draw(self, picture: Picture, at_s: float) -> None:
        """Cover as much as is covered now."""
        share = min((at_s - self._span_s[0]) / self.SLIDE_S, (self._span_s[1] - at_s) / self.SLIDE_S)
        if share <= 0:
            return
        width = picture.shape[1]
        reach = min(share, 1.0) * (width + 240) - 120
        alpha = np.clip((reach - self._columns + self._edge) / 70 + 0.5, 0, 1)
        blend(picture, self._cloth, plane(alpha * 0.99))


class Caption:
    """The camera's own lettering: date, running clock, name. Drawn in white with a dark edge, as cameras do."""

    def __init__(self, name: str, begins: datetime, height_px: int) -> None:
        self._name = name
        self._begins = begins
        self._scale = height_px / 760
        self._now = ""
        self._lines: list[Cutout] = []

    def draw(self, picture: Picture, at_s: float) -> None:
        """Write the time at the top left and the name at the bottom right."""
        now = (self._begins + timedelta(seconds=at_s)).strftime("%Y-%m-%d %H:%M:%S")
        if now != self._now:  # lettering costs as much as a walker, and changes once a second
            self._now, self._lines = now, self._letter(picture.shape, now)
        for line in self._lines:
            line.lay_on(picture)

    def _letter(self, shape: tuple[int, ...], now: str) -> list[Cutout]:
        margin = int(24 * self._scale)
        above, below = self._line(now), self._line(self._name)
        height, width = below.matte.shape
        return [
            replace(above, left=margin, top=margin),
            replace(below, left=shape[1] - width - margin, top=shape[0] - height - margin),
        ]

    def _line(self, text: str) -> Cutout:
        """Write into a strip of its own: white on a dark edge."""
        (wide, tall), drop = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, self._scale, 1)
        strip = np.zeros((tall + drop + 6, wide + 6), np.uint8)
        where = (3, tall + 3)
        cv2.putText(strip, text, where, cv2.FONT_HERSHEY_SIMPLEX, self._scale, 255, 1, cv2.LINE_AA)
        edge = cv2.dilate(strip, np.ones((3, 3), np.uint8))
        colour = np.repeat((30 + strip.astype(np.float32) * 0.85)[..., None], 3, axis=2)
        matte = plane(np.maximum(strip, edge * 0.8) / 255)
        return Cutout(0, 0, picture_of(colour), matte)


def glow(size: tuple[int, int], lamps: list[tuple[float, float, float, float]], ambient: Colour) -> Plane:
    """Return the light of a night, (h, w, 3), 1 for daylight: lamps as (x, y, reach, strength), and the rest."""
    width, height = size
    rows, columns = np.ogrid[:height, :width]
    light = np.ones((height, width, 3), np.float32) * np.array(ambient, np.float32)
    for x, y, reach, strength in lamps:
        fall = np.exp(-(((columns - x) / reach) ** 2 + ((rows - y) / (reach * 0.55)) ** 2))
        light += (strength * fall)[..., None].astype(np.float32) * np.array([0.52, 0.80, 1.0], np.float32)
    return np.asarray(light, np.float32)
