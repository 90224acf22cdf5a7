from __future__ import annotations

import itertools

import pytest

from gateway.analysis.tracker import COVER_S, FORGET_S, HOLD_S, Sighting, Tracker
from gateway.types import Box, Track
from tests.unit.gateway.analysis.making import seconds

CAR = Box(0.3, 0.4, 0.5, 0.6)


def moved(box: Box, dx: float, dy: float = 0.0) -> Box:
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)


def car(box: Box = CAR, confidence: float = 0.7, label: str = "vehicle") -> list[Sighting]:
    return [Sighting(box, label, confidence)]


def test_a_single_flash_is_no_object() -> None:
    """One detection in a burst is not believed, however often something else is seen elsewhere."""
    tracker = Tracker()
    assert tracker.update(car(), 0.0) == ()
    assert tracker.update([], 0.2) == ()
    assert tracker.update([], 2.2) == ()


def test_two_sightings_make_a_track() -> None:
    """The second sighting confirms it, with the time of the first."""
    tracker = Tracker()
    tracker.update(car(), 0.0)
    (track,) = tracker.update(car(), 0.2)
    assert (track.label, track.first_seen_s, track.last_seen_s) == ("vehicle", 0.0, 0.2)


@pytest.mark.parametrize(("confidence", "count"), [(0.7, 1), (0.5, 0)])
def test_a_sure_sighting_on_a_look_is_enough(confidence: float, count: int) -> None:
    """Two seconds pass before the next look: what is seen clearly need not wait for it."""
    assert len(Tracker().update(car(confidence=confidence), 0.0, look=True)) == count


@pytest.mark.parametrize(("step_s", "speed"), [(0.2, 0.25), (2.0, 0.12)])
def test_a_moving_object_keeps_its_id(step_s: float, speed: float) -> None:
    """Across the picture in a burst, or from look to look, it stays one object."""
    tracker = Tracker()
    tracks: tuple[Track, ...] = ()
    for at_s in seconds(0, 4, step_s):
        tracks = tracker.update(car(moved(Box(0.0, 0.4, 0.2, 0.6), at_s * speed)), at_s)
    assert [t.id for t in tracks] == [1]
    assert tracks[0].still_since_s is None


def test_two_objects_that_pass_each_other_stay_two() -> None:
    """Two people who walk towards and past each other are never one, and never three."""
    tracker = Tracker()
    tall = Box(0.1, 0.3, 0.16, 0.6)
    ids = set()
    for at_s in seconds(0, 4):
        there, back = moved(tall, 0.15 * at_s), moved(tall, 0.6 - 0.15 * at_s, 0.1)
        ids |= {t.id for t in tracker.update(car(there, label="person") + car(back, label="person"), at_s)}
    assert len(ids) == 2


def test_missed_detections_do_not_end_a_track() -> None:
    """A moving object seen in every third frame only stays one object."""
    tracker = Tracker()
    tracks: tuple[Track, ...] = ()
    for i, at_s in enumerate(seconds(0, 6)):
        tracks = tracker.update(car(moved(CAR, 0.02 * at_s)) if i % 3 == 0 else [], at_s)
    assert [t.id for t in tracks] == [1]


def test_gone_after_the_gap_and_two_frames() -> None:
    """A slow look without it does not end a moving object; the second does."""
    tracker = Tracker(max_gap_s=3)
    for at_s in (0.0, 2.0):
        tracker.update(car(moved(CAR, 0.1 * at_s)), at_s)
    assert len(tracker.update([], 6.0)) == 1
    assert tracker.update([], 8.0) == ()


def test_parked_before_the_start_is_still_since_the_start() -> None:
    """A car that stood there when we began has stood since the first look."""
    tracker = Tracker()
    tracks: tuple[Track, ...] = ()
    for at_s in (10.0, 12.0, 14.0):
        tracks = tracker.update(car(), at_s, look=True)
    assert tracks[0].still_since_s == 10.0


def test_stillness_tolerates_a_jittering_box() -> None:
    """A detector's box wobbles by a percent; the car does not."""
    tracker, wobble = Tracker(), itertools.cycle([0.0, 0.008, -0.006, 0.004, -0.01])
    tracks: tuple[Track, ...] = ()
    for at_s in seconds(0, 20):
        tracks = tracker.update(car(moved(CAR, next(wobble), next(wobble))), at_s)
    assert tracks[0].still_since_s == 0.0


def test_somebody_walking_past_does_not_move_a_parked_car() -> None:
    """Half a second of a halved box leaves the car standing since it stopped."""
    tracker = Tracker()
    half = Box(CAR.x1, CAR.y1, 0.38, CAR.y2)
    tracks: tuple[Track, ...] = ()
    for at_s in seconds(0, 10):
        tracks = tracker.update(car(half if 5 <= at_s <= 5.6 else CAR), at_s)
    assert tracks[0].still_since_s == 0.0


def test_stop_and_go_counts_from_the_last_stop() -> None:
    """A car that rolls on and stops again has stood only since then."""
    tracker = Tracker()
    tracks: tuple[Track, ...] = ()
    for at_s in seconds(0, 20):
        tracks = tracker.update(car(moved(CAR, min(max(at_s - 8, 0), 2) * 0.1)), at_s)
    assert tracks[0].still_since_s == pytest.approx(10.0, abs=0.4)


def test_creeping_is_not_standing() -> None:
    """A car that creeps on by a percent a second never stands for long."""
    tracker = Tracker()
    longest_s = 0.0
    for at_s in seconds(0, 30):
        for t in tracker.update(car(moved(Box(0.1, 0.4, 0.3, 0.6), 0.015 * at_s)), at_s):
            longest_s = max(longest_s, at_s - (at_s if t.still_since_s is None else t.still_since_s))
    assert longest_s < 5


def standing(tracker: Tracker, until_s: float = 6.0) -> None:
    for at_s in seconds(0, until_s, 1.0):
        tracker.update(car(), at_s)


def test_a_still_object_overlooked_stays_while_nothing_moves_there() -> None:
    """The detector misses a parked car for ten seconds: it is still there, since before."""
    tracker = Tracker()
    standing(tracker)
    for at_s in seconds(7, 16, 1.0):
        tracker.update([], at_s, moving=[Box(0.8, 0.1, 0.9, 0.2)])
    (track,) = tracker.tracks
    assert (track.last_seen_s, track.still_since_s) == (16.0, 0.0)


def test_a_still_object_is_gone_once_something_moved_there() -> None:
    """Motion at its place and then nothing: it has driven off."""
    tracker = Tracker()
    standing(tracker)
    tracker.update([], 6.5, moving=[moved(CAR, 0.05)])
    for at_s in seconds(7, 10, 0.5):
        tracker.update([], at_s)
    assert tracker.tracks == ()


def test_a_still_object_is_not_believed_in_for_ever() -> None:
    """After a while without a single detection it is given up."""
    tracker = Tracker()
    standing(tracker)
    for at_s in seconds(7, 6 + HOLD_S + 6, 1.0):
        tracker.update([], at_s)
    assert tracker.tracks == ()


def test_a_slip_of_the_model_does_not_rename_an_object() -> None:
    """One frame of another label on the same box is outvoted; a lasting change is followed."""
    tracker = Tracker()
    for at_s in seconds(0, 2):
        tracker.update(car(), at_s)
    (track,) = tracker.update(car(label="nonmotor"), 2.2)
    assert track.label == "vehicle"
    for at_s in seconds(2.4, 8):
        (track,) = tracker.update(car(label="nonmotor"), at_s)
    assert (track.id, track.label) == (1, "nonmotor")


def test_a_person_before_a_car_is_another_object() -> None:
    """Boxes of different kinds that merely overlap are not one object."""
    tracker = Tracker()
    person = Sighting(Box(0.38, 0.4, 0.42, 0.6), "person", 0.8)
    for at_s in (0.0, 0.2, 0.4):
        tracker.update([*car(), person], at_s)
    assert sorted(t.label for t in tracker.tracks) == ["person", "vehicle"]


def test_nothing_is_carried_over_a_long_gap() -> None:
    """After two minutes without a frame, the car at the same place is another."""
    tracker = Tracker()
    standing(tracker)
    tracks = tracker.update(car(), 7 + FORGET_S, look=True)
    assert [t.id for t in tracks] == [2]


def test_flicker_on_the_spot_is_not_reported_where_travel_is_asked_for() -> None:
    """Without a model a patch must cross some of the picture to be somebody."""
    tracker = Tracker(min_travel=0.03)
    for at_s in seconds(0, 2):
        assert tracker.update(car(label="foreground"), at_s) == ()
    tracker.update(car(moved(CAR, 0.04), label="foreground"), 2.2)
    assert len(tracker.tracks) == 1


def test_extend_continues_but_never_begins() -> None:
    """Still patches keep known tracks alive; unknown ones are ignored."""
    tracker = Tracker()
    for at_s in (0.0, 0.2):
        tracker.update(car(moved(CAR, at_s / 10)), at_s)
    tracker.update([], 0.4)
    (track,) = tracker.extend([*car(), *car(Box(0.8, 0.8, 0.9, 0.9))], 0.4)
    assert track.last_seen_s == 0.4


def faint(box: Box = CAR, label: str = "vehicle") -> list[Sighting]:
    return [Sighting(box, label, 0.15)]


def followed(box: Box = CAR, until_s: float = 2.0) -> Tracker:
    """Return a tracker that has seen a car all the time."""
    tracker = Tracker()
    for at_s in seconds(0, until_s, 0.4):
        tracker.update(car(box), at_s)
    return tracker


def seen(tracks: tuple[Track, ...], at_s: float) -> list[int]:
    return [t.id for t in tracks if t.last_seen_s >= at_s]


def test_a_weak_sighting_begins_nothing() -> None:
    """However often it comes, and whatever changes there."""
    tracker = Tracker()
    for at_s in seconds(0, 4, 0.4):
        assert tracker.update([], at_s, faint=faint(), foreground=[CAR]) == ()


@pytest.mark.parametrize(
    ("sighting", "foreground"),
    [
        (faint(moved(CAR, 0.3)), [moved(CAR, 0.3)]),  # elsewhere
        (faint(label="person"), [CAR]),  # something else
        (faint(), []),  # on the scene as it always was
        (faint(), None),  # nobody can say
    ],
)
def test_a_weak_sighting_of_something_else_continues_nothing(
    sighting: list[Sighting], foreground: list[Box] | None
) -> None:
    """A model's slip is not taken for the object that it has lost."""
    tracker = followed()
    tracks = tracker.update([], 3.0, faint=sighting, foreground=foreground, moving=[CAR])
    assert [t.confidence for t in tracks] == [0.7]


def test_a_weak_sighting_continues_what_is_known() -> None:
    """Seen less clearly for a while it stays the same object, and is less sure."""
    tracker = followed()
    for at_s in seconds(2, 12, 0.4):
        tracks = tracker.update([], at_s, faint=faint(), foreground=[CAR], moving=[CAR])
        assert seen(tracks, at_s) == [1]
    assert tracks[0].confidence == pytest.approx(0.15)


@pytest.mark.parametrize("where", ["behind another", "in the foreground"])
def test_a_lost_object_that_is_covered_is_still_there(where: str) -> None:
    """Somebody stands before it, or the model overlooks what still differs from the background: for a while."""
    tracker = followed()
    other = [Sighting(moved(CAR, 0.1), "person", 0.9)] if where == "behind another" else []
    tracker.update([*car(), *other], 2.0)
    foreground = [] if other else [CAR]
    for at_s in seconds(2.4, 2.0 + COVER_S, 0.4):
        assert 1 in seen(tracker.update(other, at_s, foreground=foreground, moving=[CAR]), at_s)
    at_s = 2.4 + COVER_S
    assert 1 not in seen(tracker.update(other, at_s, foreground=foreground, moving=[CAR]), at_s)


def test_a_lost_object_is_followed_to_where_the_foreground_goes() -> None:
    """A walker whom the model does not make out for some steps."""
    tracker = followed()
    for step in range(1, 5):
        place, at_s = moved(CAR, step * 0.12), 2.0 + step * 0.4
        (track,) = tracker.update([], at_s, foreground=[place], moving=[place])
        assert (track.box, track.last_seen_s) == (place, at_s)


@pytest.mark.parametrize(
    "foreground",
    [
        None,  # nobody can say
        [],
        [Box(0.0, 0.0, 0.1, 0.1)],  # far away
        [Box(0.48, 0.58, 0.55, 0.65)],  # near, but a scrap of it
    ],
)
def test_what_has_left_is_not_believed_in(foreground: list[Box] | None) -> None:
    """Where nothing like it shows any more, a lost object is missing at once."""
    tracker = followed()
    assert seen(tracker.update([], 2.4, foreground=foreground, moving=[CAR]), 2.4) == []


def test_what_was_driving_fast_is_elsewhere() -> None:
    """Other cars cover the place where one was lost: it is not there."""
    tracker = Tracker()
    for at_s in seconds(0, 1.6, 0.4):
        tracker.update(car(moved(Box(0.0, 0.4, 0.1, 0.5), at_s * 0.4)), at_s)
    lost = moved(Box(0.0, 0.4, 0.1, 0.5), 1.6 * 0.4)
    assert seen(tracker.update([], 2.0, foreground=[lost], moving=[lost]), 2.0) == []


def test_one_object_under_a_new_id_is_not_counted_twice() -> None:
    """Where another begins beside the place of the one that was lost, it may be the same one."""
    tracker = followed()
    elsewhere = Box(0.36, 0.2, 0.66, 0.62)  # too large to be matched, and around it
    for at_s in (2.4, 2.8):
        tracks = tracker.update([Sighting(elsewhere, "person", 0.9)], at_s, foreground=[CAR], moving=[CAR])
    assert seen(tracks, 2.8) == [2]


@pytest.mark.parametrize(("step", "count"), [(0.0, 0), (0.01, 0), (0.08, 1)])
def test_what_is_only_borne_out_by_the_foreground_must_have_come(step: float, count: int) -> None:
    """A chair in the light of a fire stays where it is; a car seen badly drives in."""
    tracker = Tracker()
    for n, at_s in enumerate(seconds(0, 0.8, 0.4)):
        tracks = tracker.update([Sighting(moved(CAR, n * step), "vehicle", 0.35, witnessed=True)], at_s)
    assert len(tracks) == count


def test_a_clear_sighting_needs_no_witness_any_more() -> None:
    """Once it has been seen by itself, an object need not have moved."""
    tracker = Tracker()
    tracker.update([Sighting(CAR, "vehicle", 0.35, witnessed=True)], 0.0)
    assert len(tracker.update(car(), 0.4)) == 1
