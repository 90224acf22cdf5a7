"""Tests of gateway.camera.snapshots.watch."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.camera.snapshots.client import Snapshot
from gateway.camera.snapshots.probe import Trouble, Verdict
from gateway.camera.snapshots.view import OtherView
from gateway.camera.snapshots.watch import (
    IN_A_ROW,
    LONGEST_RETRY_S,
    QUIET_S,
    RETRY_S,
    STREAM_UP_S,
    Mode,
    NextStep,
    PollWatch,
    Step,
)
from gateway.errors import CameraAuthError, CameraError, CameraSilent
from gateway.types import Outcome, Phase, Signal
from tests.unit.gateway.camera.snapshots.pictures import jpeg

CADENCE_S = 10.0
TURNED = OtherView("turned")
SOUND = Verdict(None, "", 0.2, (960, 540))
PICTURES = [jpeg(grain=n) for n in range(1, 5)]


def look(number: int = 0, *, took_s: float = 0.2, size: tuple[int, int] = (960, 540)) -> Snapshot:
    """Return a snapshot that differs from the one before and the one after."""
    return Snapshot(PICTURES[number % len(PICTURES)], 0.0, took_s, *size)


def starting(camera_id: str = "cam") -> PollWatch:
    """Return a watch just begun, without jitter."""
    return PollWatch(camera_id, CADENCE_S, 0.0, rng=lambda: 0.0)


def polling() -> PollWatch:
    """Return one that was probed at 20 s and found sound."""
    watch = starting()
    watch.note_verdict(SOUND, 20.0)
    assert (watch.mode, watch.reason) == (Mode.POLLING, "")
    return watch


def outcome(at_s: float, *, moving: bool = False, occupied: bool = False, phase: Phase | None = None) -> Outcome:
    """Return what the analysis of a look may say."""
    signals = () if phase is None else (Signal(phase, "cam", "r1", "abandoned_object", None, at_s, at_s),)
    return Outcome(at_s, moving, occupied, signals)


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_refused_probe_leaves_the_stream_and_is_repeated_later(trouble: Trouble) -> None:
    """The reason is told; after `RETRY_S` it is tried again, while the stream goes on watching."""
    watch = starting()
    watch.note_verdict(Verdict(trouble, "why"), 20.0)
    assert (watch.mode, watch.reason, watch.detail) == (Mode.STREAMING, trouble.value, "why")
    assert watch.next_step(21.0) == NextStep(Step.REST, 20.0 + RETRY_S)
    assert watch.next_step(20.0 + RETRY_S) == NextStep(Step.PROBE, 20.0 + RETRY_S)
    assert watch.mode is Mode.PROBING
    assert watch.wants_stream


def test_pauses_grow_to_an_hour_while_the_snapshots_stay_bad() -> None:
    """A camera that will never do is asked once an hour."""
    watch, now_s, pauses = starting(), 20.0, []
    for _ in range(6):
        watch.note_verdict(Verdict(Trouble.STALE, ""), now_s)
        pauses.append(watch.next_step(now_s).at_s - now_s)
        now_s += pauses[-1]
        watch.next_step(now_s)
    assert pauses == [600.0, 1200.0, 2400.0, 3600.0, 3600.0, 3600.0]
    assert pauses[-1] == LONGEST_RETRY_S


def test_retries_of_many_cameras_are_spread() -> None:
    """A recorder that comes back is not probed for all its cameras in the same second."""
    moments = set()
    for number in range(20):
        watch = PollWatch("cam", CADENCE_S, 0.0, rng=lambda n=number: n / 20)  # type: ignore[misc]
        watch.note_verdict(Verdict(Trouble.FAILED, ""), 20.0)
        moments.add(round(watch.next_step(20.0).at_s))
    assert len(moments) == 20


def test_three_failures_in_a_row_end_the_polling() -> None:
    """Not two, and not three with a good one between."""
    watch = polling()
    error = CameraSilent("cam", "says nothing")
    for number in range(IN_A_ROW - 1):
        watch.note_failure(error, 30.0 + number)
    watch.note_look(look(), 40.0)
    for number in range(IN_A_ROW - 1):
        watch.note_failure(error, 50.0 + number)
    assert watch.mode is Mode.POLLING
    watch.note_failure(error, 60.0)
    assert (watch.mode, watch.reason, watch.detail) == (Mode.STREAMING, "poll_failed", "says nothing")


def test_refused_credentials_end_the_polling_at_once() -> None:
    """Each further attempt would bring the account nearer to its lock."""
    watch = polling()
    watch.note_failure(CameraAuthError("cam", "access refused (401)"), 30.0)
    assert watch.reason == "poll_failed"


def test_the_same_picture_again_and_again_is_stale() -> None:
    """Three repetitions; two are within what a slow camera may do."""
    watch = polling()
    for number, picture in enumerate((0, 0, 0, 1, 1, 1)):
        watch.note_look(look(picture), 30.0 + 10 * number)
        assert watch.mode is Mode.POLLING
    watch.note_look(look(1), 100.0)
    assert (watch.reason, watch.detail) == ("poll_stale", "the same picture 4 times")


def test_slow_snapshots_end_the_polling() -> None:
    """Three in a row, by the limit of the probe."""
    watch = polling()
    for number in range(IN_A_ROW):
        watch.note_look(look(number, took_s=1.5), 30.0)
    assert watch.reason == "poll_slow"


def test_another_size_is_another_view() -> None:
    """Somebody changed the camera's settings; the zones may not fit any more."""
    watch = polling()
    watch.note_look(look(size=(640, 480)), 30.0)
    assert (watch.reason, watch.detail) == ("poll_different", "snapshots are now 640 x 480 px")


def test_another_view_is_probed_once_the_stream_is_up() -> None:
    """While polling only: a stream shows what it shows. A sound probe ends it, and the reason goes."""
    watch = starting()
    watch.note_other_view(TURNED, 15.0)
    assert watch.reason == "starting"
    watch = polling()
    watch.note_other_view(TURNED, 30.0)
    assert (watch.mode, watch.reason, watch.detail) == (Mode.PROBING, "poll_different", "turned")
    assert watch.next_step(31.0) == NextStep(Step.PROBE, 30.0 + STREAM_UP_S)
    watch.note_verdict(SOUND, 45.0)
    assert (watch.mode, watch.reason) == (Mode.POLLING, "")


def test_snapshots_that_alone_show_another_view_are_left() -> None:
    """The probe has held them against the stream."""
    watch = polling()
    watch.note_other_view(TURNED, 30.0)
    watch.note_verdict(Verdict(Trouble.DIFFERENT, "not the stream's view"), 45.0)
    assert (watch.mode, watch.reason) == (Mode.STREAMING, "poll_different")
    assert watch.next_step(46.0).step is Step.REST


def test_views_that_change_again_and_again_are_probed_ever_less() -> None:
    """Headlights, or an advertisement that fills the picture: an hour between two probes in the end."""
    watch, probes = polling(), []
    for at_s in range(30, 8 * 3600, 10):
        watch.note_other_view(TURNED, float(at_s))
        if watch.mode is Mode.PROBING:
            probes.append(at_s)
            watch.note_verdict(SOUND, float(at_s))
    gaps = [later - earlier for earlier, later in pairwise(probes)]
    assert gaps[:5] == [600, 1200, 2400, 3600, 3600]
    assert min(gaps[3:]) == LONGEST_RETRY_S


def test_dusk_and_dawn_are_probed_at_once() -> None:
    """Hours lie between them."""
    watch = polling()
    for at_s in (1_000.0, 40_000.0, 80_000.0):
        watch.note_other_view(TURNED, at_s)
        assert watch.mode is Mode.PROBING
        watch.note_verdict(SOUND, at_s + 15)


def test_a_long_good_time_makes_trouble_forgotten() -> None:
    """After hours of sound polling the first retry comes after the shortest pause again."""
    watch = starting()
    watch.note_verdict(Verdict(Trouble.STALE, ""), 20.0)
    watch.next_step(20.0 + RETRY_S)
    watch.note_verdict(SOUND, 700.0)
    watch.note_look(look(size=(640, 480)), 700.0 + 9_000.0)
    assert watch.next_step(9_700.0).at_s == 9_700.0 + RETRY_S


@pytest.mark.parametrize(
    "active",
    [
        outcome(30.0, moving=True),
        outcome(30.0, occupied=True),
        outcome(30.0, phase=Phase.CANDIDATE),
        outcome(30.0, phase=Phase.RAISED),
    ],
)
def test_anything_going_on_wants_the_stream_at_once(active: Outcome) -> None:
    """And keeps it until `quiet_s` after its end; then the snapshots are trusted as before."""
    watch = polling()
    watch.note_outcome(active)
    assert (watch.mode, watch.reason) == (Mode.STREAMING, "activity")
    assert watch.next_step(31.0) == NextStep(Step.REST, 30.0 + QUIET_S)
    watch.note_outcome(outcome(70.0, occupied=True))
    assert watch.next_step(30.0 + QUIET_S).step is Step.REST
    assert watch.next_step(70.0 + QUIET_S).step is Step.POLL
    assert watch.mode is Mode.POLLING


@pytest.mark.parametrize("still", [outcome(30.0), outcome(30.0, phase=Phase.CLEARED)])
def test_nothing_going_on_changes_nothing(still: Outcome) -> None:
    """A rule that clears needs no stream."""
    watch = polling()
    watch.note_outcome(still)
    assert watch.mode is Mode.POLLING


def test_looks_that_repeat_one_picture_are_in_trouble_not_busy() -> None:
    """The analysis may notice before the snapshots were the same three times: else poll and stream would alternate."""
    watch = polling()
    frozen = Signal(Phase.CANDIDATE, "cam", "r1", "camera_fault.frozen", None, 30.0, 30.0)
    watch.note_outcome(Outcome(30.0, False, True, (frozen,)))
    assert (watch.mode, watch.reason) == (Mode.STREAMING, "poll_stale")
    assert watch.next_step(30.0 + QUIET_S + 1).step is Step.REST
    watch.note_outcome(Outcome(40.0, False, True, (frozen,)))
    assert watch.reason == "poll_stale"


def test_activity_during_the_probe_keeps_the_stream() -> None:
    """A sound verdict does not close it on somebody."""
    watch = starting()
    watch.note_outcome(outcome(19.0, moving=True))
    watch.note_verdict(SOUND, 20.0)
    assert (watch.mode, watch.reason) == (Mode.STREAMING, "activity")


def test_a_viewer_wants_the_stream_while_watching() -> None:
    """The last of them lets it go."""
    watch = polling()
    watch.add_viewer()
    watch.add_viewer()
    watch.remove_viewer()
    assert (watch.mode, watch.reason) == (Mode.STREAMING, "viewer")
    assert watch.next_step(500.0) == NextStep(Step.REST, 500.0 + CADENCE_S)
    watch.remove_viewer()
    watch.remove_viewer()
    assert watch.next_step(510.0).step is Step.POLL


def test_trouble_outlasts_activity() -> None:
    """Neither a viewer nor quiet make bad snapshots good."""
    watch = polling()
    watch.note_look(look(size=(640, 480)), 30.0)
    watch.note_outcome(outcome(40.0, moving=True))
    watch.add_viewer()
    assert watch.next_step(300.0) == NextStep(Step.REST, 30.0 + RETRY_S)
    assert watch.reason == "poll_different"


def test_late_words_do_not_count() -> None:
    """What was under way when the mode changed says nothing about the new one."""
    watch = polling()
    watch.note_outcome(outcome(30.0, moving=True))
    for number in range(5):
        watch.note_look(look(0), 31.0 + number)
        watch.note_failure(CameraError("cam"), 31.0)
    watch.note_verdict(Verdict(Trouble.STALE, ""), 32.0)
    assert watch.reason == "activity"


def test_the_first_probe_waits_for_the_stream() -> None:
    """So that there is a keyframe to compare with."""
    watch = starting()
    step = watch.next_step(0.0)
    assert step.step is Step.PROBE
    assert STREAM_UP_S <= step.at_s < STREAM_UP_S + CADENCE_S
    assert watch.next_step(100.0).at_s == 100.0


def test_polls_keep_their_phase_whatever_happens_between() -> None:
    """One per cadence, never two, never one made up for."""
    watch = polling()
    moments = [watch.next_step(now_s).at_s for now_s in (20.0, 25.5, 61.0, 61.1, 333.3)]
    phase_s = moments[0] % CADENCE_S
    assert [m % CADENCE_S for m in moments] == pytest.approx([phase_s] * 5)
    assert all(0 < m - now_s <= CADENCE_S for m, now_s in zip(moments, (20.0, 25.5, 61.0, 61.1, 333.3), strict=True))
    following = [watch.next_poll_s(moments[0])]
    for _ in range(50):
        following.append(watch.next_poll_s(following[-1]))
    assert all(later - now_s == pytest.approx(CADENCE_S) for now_s, later in pairwise(following))


def test_the_first_poll_comes_a_cadence_after_the_last_look_at_the_stream() -> None:
    """The phase of the polls begins afterwards, or nobody would have looked for two cadences."""
    watch = starting()
    watch.note_outcome(outcome(12.0))
    watch.note_verdict(SOUND, 20.0)
    own_s = watch.next_poll_s(20.0)
    assert own_s > 12.0 + CADENCE_S
    assert watch.next_step(20.0).at_s == 12.0 + CADENCE_S
    assert watch.next_step(23.0).at_s == 23.0
    watch.note_look(look(), 23.0)
    assert watch.next_step(23.0).at_s == watch.next_poll_s(23.0)


def test_a_first_poll_that_fails_is_not_repeated_at_once() -> None:
    """The phase is kept from then on."""
    watch = starting()
    watch.note_outcome(outcome(12.0))
    watch.note_verdict(SOUND, 20.0)
    watch.note_failure(CameraSilent("cam"), 23.0)
    assert watch.next_step(23.0).at_s == watch.next_poll_s(23.0) > 23.0


def test_a_thousand_cameras_are_spread_over_the_cadence() -> None:
    """In no tenth of it are twice as many as there should be."""
    tenths = [0] * 10
    for number in range(1000):
        watch = PollWatch(f"camera-{number}", CADENCE_S, 0.0)
        watch.note_verdict(SOUND, 20.0)
        tenths[int(watch.next_poll_s(20.0) % CADENCE_S)] += 1
    assert max(tenths) < 200
    assert min(tenths) > 50
