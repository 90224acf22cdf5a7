"""Things that came and stay, by hand-made readings and by the real foreground over painted pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from detectors.base import Image
from detectors.foreground import ForegroundModel, ForegroundOptions
from gateway.analysis.left_behind import LeftBehindRule, Sizes
from gateway.analysis.observation import Observation
from gateway.analysis.rules import CALM_S
from gateway.analysis.zones import WHOLE_PICTURE, Zone
from gateway.types import Box, Phase, Signal
from tests.unit.gateway.analysis.making import (
    IN_ZONE,
    LEFT_HALF,
    OUTSIDE,
    Patch,
    Reading,
    condition,
    observation,
    phases,
    seconds,
    track,
)

CANDIDATE, RAISED, CLEARED = Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED
ZONE = Zone("z1", tuple(LEFT_HALF))
SUITCASE = Sizes(least=0.002, piece=0.002)
LITTER = Sizes(least=0.002, most=0.02)


def rule(dwell_s: float = 10.0, sizes: Sizes = SUITCASE) -> LeftBehindRule:
    return LeftBehindRule(condition(dwell_s), ZONE, sizes)


def watch(armed: LeftBehindRule, make: Callable[[float], Observation], start: float, end: float) -> list[Signal]:
    return [signal for at_s in seconds(start, end, 1.0) for signal in armed.update(make(at_s))]


def seen(*patches: Patch) -> Callable[[float], Observation]:
    return lambda at_s: observation(at_s, reading=Reading(still=patches))


def test_what_an_object_explains_is_not_left_behind() -> None:
    """A patch where a known person stands is that person; once he has gone, it is something left behind."""
    armed = rule()
    reading = Reading(still=(Patch(IN_ZONE, since_s=0),))

    def with_owner(at_s: float) -> Observation:
        return observation(at_s, track(at_s, IN_ZONE), reading=reading)

    assert watch(armed, with_owner, 3, 8) == []
    signals = watch(armed, seen(Patch(IN_ZONE, since_s=0)), 9, 15)
    assert phases(signals) == [(CANDIDATE, 9), (RAISED, 11)]
    assert phases(armed.update(observation(16, armed=False))) == [(CLEARED, 16)]


def test_it_waits_for_the_light_to_settle() -> None:
    """An unsteady foreground shows nothing left behind."""
    armed = rule(dwell_s=1)
    reading = Reading(still=(Patch(IN_ZONE, since_s=0),))
    assert watch(armed, lambda at_s: observation(at_s, reading=reading, steady=False), 3, 8) == []


@pytest.mark.parametrize("dwell_s", [5.0, 10.0, 300.0])
def test_somebody_who_shifts_his_weight_is_not_left_behind(dwell_s: float) -> None:
    """Still for the whole dwell as a patch, but a part of it changed four seconds ago: somebody stands there."""
    armed = rule(dwell_s)
    restless: Callable[[float], Observation] = lambda at_s: seen(  # noqa: E731
        Patch(IN_ZONE, since_s=0, settled_s=at_s - 4)
    )(at_s)
    assert watch(armed, restless, 0, 2 * dwell_s) == []


def test_a_part_cut_off_from_something_that_moves_is_no_thing() -> None:
    """Nobody has seen its outline: it may be the trunk of somebody who waves."""
    assert watch(rule(), seen(Patch(IN_ZONE, since_s=0, settled_s=None)), 0, 40) == []


def test_a_long_dwell_asks_for_no_longer_calm_than_needed() -> None:
    """Among passers-by nothing stays untouched for five minutes; half a minute shows that it is no person."""
    touched: Callable[[float], Observation] = lambda at_s: seen(  # noqa: E731
        Patch(IN_ZONE, since_s=0, settled_s=at_s // 60 * 60)
    )(at_s)
    signals = watch(rule(dwell_s=300), touched, 0, 400)
    assert RAISED in [p for p, _ in phases(signals)]


def test_what_was_found_is_not_lost_to_somebody_who_bends_over_it() -> None:
    """Once raised, the patch may be touched: one event, not two."""
    armed = rule()
    signals = watch(armed, seen(Patch(IN_ZONE, since_s=0)), 0, 15)
    signals += watch(armed, seen(Patch(IN_ZONE, since_s=0, settled_s=None)), 16, 30)
    assert [p for p, _ in phases(signals)] == [CANDIDATE, RAISED]


@pytest.mark.parametrize(
    ("area", "sizes", "raised"),
    [(0.001, SUITCASE, False), (0.03, SUITCASE, True), (0.03, LITTER, False), (0.01, LITTER, True)],
)
def test_size_tells_litter_from_what_is_larger(area: float, sizes: Sizes, raised: bool) -> None:
    """Too small is nothing, too large for litter is something else."""
    signals = watch(rule(sizes=sizes), seen(Patch(IN_ZONE, area, since_s=0)), 0, 20)
    assert (RAISED in [p for p, _ in phases(signals)]) is raised


def test_pieces_count_together_as_one_event_since_there_were_enough() -> None:
    """Three small pieces in the zone, and one outside it, are one litter event of three; it began with the last."""
    pieces = [Patch((0.1 * i, 0.5, 0.1 * i + 0.03, 0.53), 0.0008, since_s=10.0 * i) for i in range(1, 4)]
    far = Patch(OUTSIDE, 0.01, since_s=0)
    signals = watch(rule(sizes=LITTER), seen(*pieces, far), 45, 60)
    assert [p for p, _ in phases(signals)] == [CANDIDATE, RAISED]
    assert (signals[0].since_s, signals[0].count) == (31.0, 3)
    assert watch(rule(sizes=LITTER), seen(*pieces[:2], far), 45, 60) == []


def scene(*boxes: Box, sway: float = 0.0) -> Image:
    """A wall with texture, and dark things before it, a little aside when they sway."""
    picture = np.tile(np.linspace(110, 170, 240), (135, 1))
    picture += 12 * np.sin(np.arange(135) / 3)[:, None]
    for box in boxes:
        x1, x2 = (round(240 * (x + sway)) for x in (box.x1, box.x2))
        picture[round(135 * box.y1) : round(135 * box.y2), x1:x2] = 40
    noise = np.random.default_rng(round(1e4 * abs(sway))).normal(0, 1.0, picture.shape)
    return np.asarray(cv2.GaussianBlur(picture + noise, (3, 3), 0).clip(0, 255), np.uint8)


THING = Box(0.4, 0.4, 0.5, 0.8)


def told(pictures: Sequence[Callable[[float], Image]], dwell_s: float = 10.0) -> list[Signal]:
    """Show each kind of picture for a minute, at two looks a second; return the signals."""
    model = ForegroundModel(ForegroundOptions(absorb_s=900))
    armed = LeftBehindRule(condition(dwell_s), WHOLE_PICTURE, SUITCASE)
    signals: list[Signal] = []
    for i, at_s in enumerate(seconds(0, 60 * len(pictures) - 0.5, 0.5)):
        reading = model.update(pictures[i // 120](at_s), at_s)
        signals += armed.update(observation(at_s, reading=reading, modelled=False, steady=reading.ready))
    return signals


def empty(_: float) -> Image:
    return scene()


def with_thing(_: float) -> Image:
    return scene(THING)


def with_person(at_s: float) -> Image:
    return scene(THING, sway=0.02 * np.sin(at_s))


def test_something_that_came_is_raised_and_ends_when_it_is_taken() -> None:
    """One event, from when it came to when it went."""
    signals = told([empty, with_thing, empty])
    assert [p for p, _ in phases(signals)] == [CANDIDATE, RAISED, CLEARED]
    assert 59 <= signals[0].since_s <= 66


def test_something_that_has_gone_is_not_left_behind() -> None:
    """It belonged to the scene and was taken: the hole it leaves is no thing."""
    assert told([with_thing, empty]) == []


def test_somebody_who_stands_there_swaying_is_not_left_behind() -> None:
    """Without a model, only his swaying tells him from a suitcase."""
    assert told([empty, with_person], dwell_s=CALM_S) == []
