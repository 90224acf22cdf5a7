from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.analysis.condition import CANDIDATE_GAP_S, MAX_GAP_S, Condition, Sight
from gateway.types import Phase, Signal
from tests.unit.gateway.analysis.making import condition, phases, seconds, told

SEEN = Sight(confidence=0.7, label="person", count=1)
CANDIDATE, RAISED, CLEARED = Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED


def present(subject: Condition, start: float, end: float, step: float = 0.2) -> list[Signal]:
    return told(lambda at_s: subject.update(SEEN, at_s), seconds(start, end, step))


def absent(subject: Condition, start: float, end: float, step: float = 0.2) -> list[Signal]:
    return told(lambda at_s: subject.update(None, at_s), seconds(start, end, step))


def test_nothing_says_nothing() -> None:
    """Without a sight there is no signal, and dropping what is not there is silent."""
    subject = condition()
    assert absent(subject, 0, 10) == []
    assert subject.drop(11) == []


def test_too_short_a_stay_comes_to_nothing() -> None:
    """A candidate that leaves before its dwell is cleared and never raised."""
    subject = condition(dwell_s=5)
    assert phases(present(subject, 0, 3) + absent(subject, 3.2, 10)) == [(CANDIDATE, 0), (CLEARED, 6.2)]


def test_one_missed_detection_at_a_slow_look_closes_nothing() -> None:
    """At a look every 4 s, one look without it is longer than clear_s, and still does not end the event."""
    subject = condition(dwell_s=0, clear_s=3)
    signals = subject.update(SEEN, 0) + subject.update(None, 4) + subject.update(SEEN, 8)
    assert phases(signals) == [(CANDIDATE, 0), (RAISED, 0)]
    assert phases(subject.update(None, 12) + subject.update(None, 16)) == [(CLEARED, 16)]


def test_flicker_within_clear_s_closes_nothing() -> None:
    """Many frames without it, but not for long enough."""
    subject = condition(dwell_s=0, clear_s=3)
    signals = present(subject, 0, 1) + absent(subject, 1.2, 3.8) + present(subject, 4, 5)
    assert phases(signals) == [(CANDIDATE, 0), (RAISED, 0)]


def test_raised_once_and_ongoing_once_a_second() -> None:
    """Ten seconds at 5 fps: one candidate, one raise with the true beginning, then at most one word a second."""
    signals = present(condition(dwell_s=5), 0, 10)
    assert phases(signals) == [(CANDIDATE, 0), (RAISED, 5)]
    assert all(s.since_s == 0 for s in signals)
    assert [s.at_s for s in signals if s.phase is Phase.ONGOING] == [6, 7, 8, 9, 10]


def test_signals_carry_what_was_seen() -> None:
    """Subject and sight are copied; the end carries the last sight."""
    subject = condition(dwell_s=0)
    raised = subject.update(SEEN, 1)[-1]
    assert (raised.camera_id, raised.rule_id, raised.zone_id) == ("cam", "r1", "z1")
    assert (raised.confidence, raised.label, raised.count) == (0.7, "person", 1)
    assert subject.drop(2)[0].label == "person"


def test_cool_down_holds_back_the_next_event() -> None:
    """Coming back within the silence makes a candidate with its true beginning, raised when the silence is over."""
    subject = condition(dwell_s=0, clear_s=1, cool_down_s=60)
    present(subject, 0, 2)
    absent(subject, 2.2, 4)  # cleared at 3.2
    signals = present(subject, 10, 70, 1)
    assert phases(signals) == [(CANDIDATE, 10), (RAISED, 64)]
    assert signals[-1].since_s == 10


def test_a_come_and_go_within_the_silence_stays_silent() -> None:
    """A short visit in the cool-down is no event."""
    subject = condition(dwell_s=0, clear_s=1, cool_down_s=60)
    present(subject, 0, 2)
    absent(subject, 2.2, 4)
    assert [p for p, _ in phases(present(subject, 10, 12) + absent(subject, 12.2, 100))] == [CANDIDATE, CLEARED]


def test_a_raised_event_survives_a_gap_in_the_stream() -> None:
    """A camera that is away for less than two minutes neither closes nor doubles the event."""
    subject = condition(dwell_s=1)
    present(subject, 0, 2)
    assert phases(present(subject, 2 + MAX_GAP_S - 1, 2 + MAX_GAP_S)) == []


def test_a_longer_gap_ends_it_and_the_dwell_begins_anew() -> None:
    """After more than two minutes nobody can say it is the same."""
    subject = condition(dwell_s=1)
    present(subject, 0, 2)
    assert phases(present(subject, 200, 202)) == [(CLEARED, 200), (CANDIDATE, 200), (RAISED, 201)]


def test_a_dwell_does_not_run_through_a_gap() -> None:
    """Seen before and after half a minute of nothing is not seen for half a minute."""
    subject = condition(dwell_s=20)
    present(subject, 0, 2)
    late_s = 3 + CANDIDATE_GAP_S
    assert phases(subject.update(SEEN, late_s)) == [(CLEARED, late_s), (CANDIDATE, late_s)]


def test_waiting_one_after_another_does_not_add_up() -> None:
    """A later beginning told by the sight starts the dwell anew."""
    subject = condition(dwell_s=10)
    first = told(lambda at_s: subject.update(Sight(since_s=0), at_s), seconds(2, 8, 1))
    second = told(lambda at_s: subject.update(Sight(since_s=8), at_s), seconds(10, 19, 1))
    assert phases(first + second) == [(CANDIDATE, 2), (CLEARED, 10), (CANDIDATE, 10), (RAISED, 18)]


def test_a_wobbling_beginning_changes_nothing() -> None:
    """A second more or less in the reported beginning is the same condition."""
    subject = condition(dwell_s=10)
    signals = told(lambda at_s: subject.update(Sight(since_s=at_s % 2 / 2), at_s), seconds(2, 12, 1))
    assert [p for p, _ in phases(signals)] == [CANDIDATE, RAISED]


def test_a_newcomer_does_not_carry_on_the_event_of_another() -> None:
    """The car that was flagged leaves while another has just stopped: the event ends, the other's dwell runs."""
    subject = condition(dwell_s=10, clear_s=2)
    told(lambda at_s: subject.update(Sight(since_s=0), at_s), seconds(2, 12, 1))
    signals = told(lambda at_s: subject.update(Sight(since_s=13), at_s), seconds(14, 24, 1))
    assert phases(signals) == [(CLEARED, 15), (CANDIDATE, 16), (RAISED, 23)]


def test_in_doubt_from_the_first_miss() -> None:
    """Whoever decides what to look at learns that the condition was missing."""
    subject = condition(dwell_s=0)
    subject.update(SEEN, 0)
    assert (subject.active, subject.raised, subject.in_doubt) == (True, True, False)
    subject.update(None, 1)
    assert subject.in_doubt


@given(st.lists(st.tuples(st.floats(0.05, 200), st.booleans()), max_size=80))
def test_signals_always_make_sense_in_order(steps: list[tuple[float, bool]]) -> None:
    """Whatever is seen when: candidate, raised, ongoing and cleared follow one another as they must."""
    subject, at_s, last = condition(dwell_s=2, clear_s=1, cool_down_s=5), 0.0, CLEARED
    before = {CANDIDATE: {CLEARED}, RAISED: {CANDIDATE}, Phase.ONGOING: {RAISED, Phase.ONGOING}}
    for step, there in steps:
        at_s += step
        for signal in subject.update(SEEN if there else None, at_s):
            assert last in before.get(signal.phase, {CANDIDATE, RAISED, Phase.ONGOING})
            assert signal.since_s <= signal.at_s == at_s
            last = signal.phase
    assert subject.active == (last is not CLEARED)
