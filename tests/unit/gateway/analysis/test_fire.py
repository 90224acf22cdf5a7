from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from gateway.analysis.condition import Sight
from gateway.analysis.fire import Change, FireEvidence, FireView, SmokeFireRule, measure, thumbnail
from gateway.analysis.zones import WHOLE_PICTURE, Zone
from gateway.types import Bgr, Box, Phase
from tests.unit.gateway.analysis.making import condition, phases

PLACE = Box(0.4, 0.4, 0.5, 0.6)
ELSEWHERE = Box(0.7, 0.1, 0.8, 0.3)
HEIGHT, WIDTH = 180, 320
Painter = Callable[[int], Bgr]


def street(look: int = 0) -> Bgr:
    """A grey scene with a camera's noise."""
    noise = np.random.default_rng(look).integers(-2, 3, (HEIGHT, WIDTH, 3))
    base = np.linspace(60, 140, WIDTH)[None, :, None]
    return np.clip(base + noise, 0, 255).astype(np.uint8)


def with_patch(picture: Bgr, patch: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], box: Box = PLACE) -> Bgr:
    x1, y1, x2, y2 = round(box.x1 * WIDTH), round(box.y1 * HEIGHT), round(box.x2 * WIDTH), round(box.y2 * HEIGHT)
    picture[y1:y2, x1:x2] = cv2.resize(patch, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
    return picture


def flames(look: int) -> Bgr:
    """Bright tongues of one colour that are elsewhere in every picture."""
    tongues = np.random.default_rng(100 + look).random((4, 3, 1)) > 0.5
    return with_patch(street(look), np.where(tongues, (60, 170, 250), (30, 80, 120)).astype(np.uint8))


# One tongue of flame, painted or printed.
FLAME = np.random.default_rng(7).permutation([(60, 170, 250), (30, 80, 120)] * 6).reshape(4, 3, 3).astype(np.uint8)


def lamp(look: int) -> Bgr:
    """As bright as fire, and always the same."""
    return with_patch(street(look), np.full((4, 3, 3), (60, 170, 250), np.uint8))


def blinker(look: int) -> Bgr:
    """On and off as a whole."""
    return with_patch(street(look), np.full((4, 3, 3), (60, 170, 250) if look % 2 else (20, 60, 90), np.uint8))


def screen(look: int) -> Bgr:
    """Patches of other colours in every picture."""
    colours = np.random.default_rng(200 + look).permutation(
        [(20, 30, 250), (250, 60, 20), (40, 240, 60), (200, 200, 200)]
    )
    return with_patch(street(look), colours.reshape(2, 2, 3).astype(np.uint8))


def smoke(look: int) -> Bgr:
    """A soft grey cloud whose texture drifts."""
    cloud = np.random.default_rng(300 + look).integers(150, 190, (4, 3, 1)).repeat(3, 2)
    return with_patch(street(look), cloud.astype(np.uint8))


def seen(*views: FireView) -> list[FireView]:
    return list(views) or [FireView("fire", PLACE, 0.8)]


def watch(
    evidence: FireEvidence,
    painter: Painter,
    views: list[FireView],
    looks: int,
    every_s: float = 0.4,
    start_s: float = 0.0,
) -> list[tuple[float, Sight | None]]:
    moments = [(i, start_s + i * every_s) for i in range(looks)]
    return [(at_s, evidence.update(views, painter(i), at_s)) for i, at_s in moments]


def first_shown(told: list[tuple[float, Sight | None]]) -> float | None:
    return next((at_s for at_s, sight in told if sight), None)


def test_a_single_frame_never_shows() -> None:
    """However sure the detector is, one look says nothing, and neither do two."""
    for every_s in (0.04, 0.4, 2.0, 30.0):
        told = watch(FireEvidence(), flames, seen(FireView("fire", PLACE, 1.0)), looks=2, every_s=every_s)
        assert first_shown(told) is None


def test_the_same_picture_over_and_over_never_shows() -> None:
    """A frozen camera, or a recording that repeats frames, adds no evidence."""
    told = watch(FireEvidence(), lambda look: flames(0), seen(), looks=200)
    assert first_shown(told) is None


@pytest.mark.parametrize("painter", [lamp, blinker, screen])
@pytest.mark.parametrize("every_s", [0.2, 2.0])
def test_what_only_looks_like_fire_never_shows(painter: Painter, every_s: float) -> None:
    """A lamp, a blinking light and a screen stay what they are, though the detector calls them fire every time."""
    assert first_shown(watch(FireEvidence(), painter, seen(), looks=100, every_s=every_s)) is None


def test_a_wall_is_not_smoke() -> None:
    """A grey surface that does not change may be called smoke for ever."""
    assert first_shown(watch(FireEvidence(), street, seen(FireView("smoke", PLACE, 0.9)), looks=100)) is None


def test_switched_light_and_shaken_camera_tell_nothing() -> None:
    """When everything changes, so does the inside of a box; that is no evidence."""

    def upheaval(look: int) -> Bgr:
        return np.asarray(np.roll(lamp(look), 40 * look, axis=1) // (1 + look % 2), np.uint8)

    assert first_shown(watch(FireEvidence(), upheaval, seen(), looks=50)) is None


def test_something_put_down_changes_once_and_is_no_fire() -> None:
    """A bright thing that comes to stand and is called fire ever after: one change is not enough."""
    evidence = FireEvidence()
    assert evidence.update([], street(), 0.0) is None
    assert evidence.update(seen(), flames(0), 2.0) is None
    assert (
        first_shown(watch(evidence, lambda look: with_patch(street(look), FLAME), seen(), 50, 2.0, start_s=4.0)) is None
    )


def test_a_passing_headlight_leaves_its_seats_behind() -> None:
    """A bright thing that is elsewhere at every look is nowhere long enough."""
    evidence = FireEvidence()
    for look in range(20):
        x = 0.05 * (look % 18)
        box = Box(x, 0.4, x + 0.04, 0.5)
        picture = with_patch(street(look), np.full((2, 2, 3), 250, np.uint8), box)
        assert evidence.update([FireView("fire", box, 0.9)], picture, look * 0.4) is None


@pytest.mark.parametrize(("every_s", "within_s"), [(0.2, 2.5), (0.4, 2.5), (2.0, 4.0)])
def test_flames_show_at_any_cadence(every_s: float, within_s: float) -> None:
    """In a burst and at slow looks alike, and the beginning reported is the first sight."""
    told = watch(FireEvidence(), flames, seen(), looks=40, every_s=every_s, start_s=50.0)
    shown_s = first_shown(told)
    assert shown_s is not None
    assert shown_s - 50.0 <= within_s
    sights = [s for _, s in told if s]
    assert {s.since_s for s in sights} == {50.0}
    assert {(s.label, s.count, s.boxes) for s in sights} == {("fire", 1, (PLACE,))}


def test_drifting_smoke_shows() -> None:
    """Soft change that would be too weak a flame is enough for smoke at the same place."""
    told = watch(FireEvidence(), smoke, seen(FireView("smoke", PLACE, 0.6)), looks=30)
    assert next(s.label for _, s in told if s) == "smoke"


def test_what_the_detector_is_unsure_of_and_other_labels_do_not_count() -> None:
    """Below the confidence asked for, outside the zone or of another kind: no seat is even opened."""
    evidence = FireEvidence(Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1))))
    views = seen(FireView("fire", PLACE, 0.2), FireView("fire", ELSEWHERE, 0.9), FireView("person", PLACE, 0.9))
    assert first_shown(watch(evidence, flames, views, looks=20)) is None
    assert evidence.seats == ()


def test_a_flame_that_ducks_keeps_showing_for_a_moment() -> None:
    """Once it has shown it is waited for, through dense smoke; at last it does not show, and is forgotten."""
    evidence = FireEvidence()
    watch(evidence, flames, seen(), looks=20)
    assert evidence.update([], flames(20), 15.0) is not None
    assert evidence.update([], street(21), 16.0) is None
    assert evidence.update([], street(22), 30.0) is None
    assert evidence.seats == ()


def test_weak_sights_are_remembered_and_suspected_once_seen_again() -> None:
    """A place seen weakly once is not worth a closer look, seen twice it is; weak sights alone never show."""
    evidence = FireEvidence()
    weak = seen(FireView("fire", PLACE, 0.3))
    told = watch(evidence, flames, weak, looks=1)
    assert evidence.suspected_s == -math.inf
    told += watch(evidence, flames, weak, looks=40, start_s=0.4)
    assert evidence.suspected_s == pytest.approx(16.0)
    assert first_shown(told) is None


def test_rare_mistakes_do_not_add_up() -> None:
    """One sight every 20 s opens a new seat each time."""
    evidence = FireEvidence()
    told = [evidence.update(seen(), flames(i), 20.0 * i) for i in range(20)]
    assert told == [None] * 20


def test_two_fires_are_counted_and_the_older_tells_since_when() -> None:
    """Fire in two windows is one sight of two seats."""
    evidence = FireEvidence()
    watch(evidence, flames, seen(), looks=10)

    def both(look: int) -> Bgr:
        tongues = np.random.default_rng(look).random((4, 3, 1)) > 0.5
        return with_patch(flames(look), np.where(tongues, (60, 170, 250), (30, 80, 120)).astype(np.uint8), ELSEWHERE)

    views = seen(FireView("fire", PLACE, 0.7), FireView("fire", ELSEWHERE, 0.9))
    _, sight = watch(evidence, both, views, looks=20, start_s=4.0)[-1]
    assert sight is not None
    assert (sight.since_s, sight.count) == (0.0, 2)
    assert sight.confidence == pytest.approx(0.9)


def test_a_picture_of_another_size_starts_the_comparison_anew() -> None:
    """A camera that changes its resolution raises nothing and breaks nothing."""
    evidence = FireEvidence()
    for look in range(20):
        picture = flames(look) if look % 2 else np.asarray(cv2.resize(flames(look), (160, 120)), np.uint8)
        assert evidence.update(seen(), picture, look * 0.4) is None


def test_measures_tell_flames_from_lamps_and_screens() -> None:
    """Flames: much change, both ways, one colour. A blinker: one way. A screen: other colours."""

    def change(painter: Painter) -> Change:
        before, now = thumbnail(painter(0)), thumbnail(painter(1))
        difference = now.mean(2) - before.mean(2)
        return measure(now, difference, 1.0, PLACE)

    assert change(flames).life("fire") > 0.8
    assert change(lamp).life("fire") == 0.0
    assert change(blinker).as_one > 0.95
    assert change(screen).cool > 0.2


def test_boxes_at_the_edge_and_without_size_can_be_measured() -> None:
    """A detector may clip a box to nothing at the border."""
    picture = thumbnail(street())
    nothing = np.zeros(picture.shape[:2], np.float32)
    for box in (Box(1, 1, 1, 1), Box(0, 0, 0, 0), Box(0.999, 0.2, 1, 0.2001), Box(-0.1, -0.1, 1.1, 1.1)):
        assert measure(picture, nothing, 0.0, box).level == 0.0


def test_a_rule_waits_for_evidence_and_then_for_its_dwell() -> None:
    """The event dates from the first sight and is raised once when evidence and dwell are there."""
    rule = SmokeFireRule(condition(dwell_s=3, clear_s=3), WHOLE_PICTURE)
    signals = [s for i in range(60) for s in rule.look(seen(), flames(i), i * 0.4)]
    told = [s for s in signals if s.phase is not Phase.ONGOING]
    assert [s.phase for s in told] == [Phase.CANDIDATE, Phase.RAISED]
    assert told[1].since_s == 0.0
    assert 3.0 <= told[1].at_s <= 4.0
    assert told[1].label == "fire"


def test_the_event_ends_when_the_fire_does() -> None:
    """Gone for longer than clear_s: cleared, and nothing is suspicious any more some time later."""
    rule = SmokeFireRule(condition(dwell_s=3, clear_s=3), WHOLE_PICTURE)
    for i in range(20):
        rule.look(seen(), flames(i), i * 0.4)
    assert rule.suspected_s == pytest.approx(19 * 0.4)
    signals = [s for i in range(20, 80) for s in rule.look([], street(i), i * 0.4)]
    assert [p for p, _ in phases(signals) if p is not Phase.ONGOING] == [Phase.CLEARED]
    assert rule.suspected_s == -math.inf


def test_a_disarmed_rule_forgets() -> None:
    """What was gathered before the schedule ended does not count when it begins again."""
    rule = SmokeFireRule(condition(dwell_s=3), WHOLE_PICTURE)
    for i in range(20):
        rule.look(seen(), flames(i), i * 0.4)
    assert phases(rule.disarm(8.0)) == [(Phase.CLEARED, 8.0)]
    assert rule.suspected_s == -math.inf
    assert rule.disarm(9.0) == []
    assert rule.look(seen(), flames(20), 10.0) == []
