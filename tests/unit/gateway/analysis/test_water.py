"""Rising water told from shadows, vehicles, people, covers and light, on painted pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.analysis.water import WaterRule
from gateway.analysis.zones import WHOLE_PICTURE, Zone
from gateway.types import Luma, Phase, Signal
from tests.unit.gateway.analysis.making import condition, observation, phases, seconds

CANDIDATE, RAISED, CLEARED = Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED
HEIGHT, WIDTH = 135, 240
LOWER_HALF = Zone("z1", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
MIDDLE = Zone("z1", ((0.3, 0.3), (0.7, 0.3), (0.6, 0.7), (0.4, 0.7)))
DWELL_S = 10.0
Picture = NDArray[np.float32]
Painter = Callable[[Picture, float], Picture]


@cache
def ground() -> Picture:
    """Grey ground with a kerb, stones and a wall."""
    rng = np.random.default_rng(3)
    stones = cv2.GaussianBlur(rng.normal(0, 40, (HEIGHT, WIDTH)).astype(np.float32), (5, 5), 0)
    picture = 120 + stones + np.linspace(-20, 20, WIDTH, dtype=np.float32)[None, :]
    picture[:40] += 50
    return np.asarray(picture, np.float32)


def street() -> Picture:
    """A copy to paint on."""
    return ground().copy()


@cache
def noise(seed: int) -> Picture:
    return np.random.default_rng(seed).normal(0, 1.5, (HEIGHT, WIDTH)).astype(np.float32)


def shown(picture: Picture, at_s: float) -> Luma:
    return np.asarray((picture + noise(round(at_s * 10) % 37)).clip(0, 255), np.uint8)


def flood(level: Callable[[float], float], tone: float = 90.0) -> Painter:
    """Even, slightly rippled water up to that share of the height."""

    def paint(picture: Picture, at_s: float) -> Picture:
        line = round(HEIGHT * (1 - level(at_s)))
        ripple = 4 * np.sin(np.arange(WIDTH) / 5 + at_s)
        picture[line:] = tone + ripple[None, :]
        return picture

    return paint


def rising(at_s: float) -> float:
    return float(np.clip((at_s - 20) * 0.01, 0, 0.4))


def box(left: float, top: float, tone: float, width: float) -> Painter:
    def paint(picture: Picture, at_s: float) -> Picture:
        if at_s >= 20:
            x, y = round(left * WIDTH), round(top * HEIGHT)
            picture[y:, x : x + round(width * WIDTH)] = tone
        return picture

    return paint


def shadow(picture: Picture, at_s: float) -> Picture:
    """A cloud's shadow that creeps up the ground."""
    picture[round(HEIGHT * (1 - rising(at_s))) :] *= 0.6
    return picture


def crowd(picture: Picture, at_s: float) -> Picture:
    """People side by side, each another tone, one more every two seconds."""
    for i in range(int(np.clip((at_s - 20) / 2, 0, 12))):
        picture[40 + i % 3 * 8 :, i * 20 : i * 20 + 17] = 40 + (i * 61) % 180
    return picture


def cover(picture: Picture, at_s: float) -> Picture:
    """A cloth that is pulled over the lens from below, slowly."""
    return flood(lambda t: float(np.clip((t - 20) * 0.03, 0, 1)))(picture, at_s)


def dusk(picture: Picture, at_s: float) -> Picture:
    """The light goes down to a quarter in half a minute."""
    return np.asarray(picture * np.clip(1 - (at_s - 20) / 40, 0.25, 1), np.float32)


def switch(picture: Picture, at_s: float) -> Picture:
    """Infrared light from one look to the next: everything has another tone."""
    return np.asarray(230 - 0.8 * picture, np.float32) if at_s >= 20 else picture


def told(painter: Painter, zone: Zone = LOWER_HALF, end_s: float = 70.0, step: float = 1.0) -> list[Signal]:
    rule = WaterRule(condition(dwell_s=DWELL_S, clear_s=5), zone)
    return [
        signal
        for at_s in seconds(0, end_s, step)
        for signal in rule.update(observation(at_s, small=shown(painter(street(), at_s), at_s)))
    ]


@pytest.mark.parametrize(
    "painter",
    [
        lambda picture, at_s: picture,
        shadow,
        crowd,
        dusk,
        switch,
        box(0.2, 0.6, 60, 0.3),
        box(0.0, 0.55, 200, 1.0),
    ],
    ids=["nothing", "shadow", "crowd", "dusk", "infrared", "car", "lorry"],
)
@pytest.mark.parametrize("step", [0.4, 2.0, 10.0])
def test_what_is_not_water_raises_nothing(painter: Painter, step: float) -> None:
    """At bursts, looks and slow looks: light, people and vehicles are not taken for water."""
    assert RAISED not in [s.phase for s in told(painter, step=step)]


def test_a_cover_that_fills_the_picture_is_not_raised_as_a_flood_for_good() -> None:
    """Once nothing of the scene is left, nothing can be said; later the new picture is taken for the ground."""
    signals = told(cover, end_s=400, step=2)
    assert not signals or signals[-1].phase is CLEARED


@pytest.mark.parametrize("step", [0.4, 2.0, 10.0])
@pytest.mark.parametrize("tone", [40.0, 90.0, 200.0])
def test_rising_water_is_raised_once(step: float, tone: float) -> None:
    """Dark, brown or mirroring the sky, at bursts and at slow looks: one event, begun soon after the water came."""
    told_of = phases(told(flood(rising, tone), step=step))
    assert [p for p, _ in told_of] == [CANDIDATE, RAISED]
    assert 20 < told_of[0][1] <= 30
    assert told_of[1][1] <= told_of[0][1] + DWELL_S + max(step, 1.2)


def test_it_ends_when_the_water_has_gone() -> None:
    """The water falls again: the event is over, and the ground is the ground."""
    tide = flood(lambda at_s: rising(at_s) if at_s < 60 else float(np.clip(0.4 - (at_s - 60) * 0.02, 0, 1)))
    assert [p for p, _ in phases(told(tide, end_s=120))] == [CANDIDATE, RAISED, CLEARED]


def test_the_lower_edge_of_the_zone_is_the_water_line() -> None:
    """A zone in the middle of the picture is flooded once the water reaches it from below."""
    signals = told(flood(lambda at_s: float(np.clip((at_s - 20) * 0.01, 0, 0.6))), MIDDLE, end_s=90)
    assert [p for p, _ in phases(signals)] == [CANDIDATE, RAISED]
    assert signals[0].since_s >= 50


def test_the_whole_picture_may_be_the_zone() -> None:
    """Without a zone the picture's lower edge is the line."""
    assert RAISED in [s.phase for s in told(flood(rising), WHOLE_PICTURE)]


def test_somebody_who_wades_does_not_end_it() -> None:
    """A person in the water sticks out above its edge."""

    def waded(picture: Picture, at_s: float) -> Picture:
        wet = flood(rising)(picture, at_s)
        if at_s > 55:
            wet[30:120, 100:112] = 30
        return wet

    assert [p for p, _ in phases(told(waded))] == [CANDIDATE, RAISED]


def test_nothing_is_decided_in_unsteady_light_or_without_a_picture() -> None:
    """Just after a switch, and where nobody kept the picture, the rule is silent; out of schedule it ends."""
    rule = WaterRule(condition(dwell_s=1), LOWER_HALF)
    painter = flood(rising)
    for at_s in seconds(0, 60, 1):
        small = shown(painter(street(), at_s), at_s)
        assert rule.update(observation(at_s, small=small, steady=False)) == []
        assert rule.update(observation(at_s)) == []
    rule = WaterRule(condition(dwell_s=5), LOWER_HALF)
    for at_s in seconds(0, 40, 1):
        rule.update(observation(at_s, small=shown(painter(street(), at_s), at_s)))
    assert rule.condition.raised
    assert [s.phase for s in rule.update(observation(41, armed=False))] == [CLEARED]
