"""Tests of gateway.evaluation.scoring: the rules of the manifest, one by one, and what holds for any events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.evaluation.scoring import (
    Ignored,
    Raised,
    Tally,
    Terms,
    TruthEvent,
    judge,
    known_type,
    quiet_s,
    tally,
    together,
)

TERMS = Terms({"r1": 1.0, "r2": 1.0}, frozenset({"r1", "r2"}), frozenset({"crowding"}), tolerance_s=0.5)


def true(start_s: float, end_s: float, rule: str = "r1", kind: str = "zone_intrusion") -> TruthEvent:
    return TruthEvent(rule, kind, start_s, end_s)


def flagged(start_s: float, rule: str = "r1", kind: str = "zone_intrusion", raised_s: float | None = None) -> Raised:
    raised = start_s + 1 if raised_s is None else raised_s
    return Raised(rule, kind, start_s, raised, raised + 1)


def counts(truth: Sequence[TruthEvent], raised: Sequence[Raised], terms: Terms = TERMS) -> tuple[int, int, int]:
    made = judge(truth, raised, terms)
    return len(made.hits), len(made.misses), len(made.false_alarms)


@pytest.mark.parametrize(
    ("start_s", "expected"), [(9.4, (0, 1, 1)), (9.5, (1, 0, 0)), (16.0, (1, 0, 0)), (16.1, (0, 1, 1))]
)
def test_an_event_may_begin_a_little_early_and_up_to_five_seconds_after_it_was_due(
    start_s: float, expected: tuple[int, int, int]
) -> None:
    """Truth begins at 10 s and is due at 11 s."""
    assert counts([true(10, 30)], [flagged(start_s)]) == expected


def test_an_event_may_not_begin_after_the_truth_is_over() -> None:
    """The end comes before the five seconds are up."""
    assert counts([true(10, 13)], [flagged(13.1)]) == (0, 1, 1)


def test_one_raised_event_answers_one_true_event() -> None:
    """Two true events with one answer leave a miss; two answers to one leave a false alarm."""
    assert counts([true(10, 14), true(12, 16)], [flagged(12)]) == (1, 1, 0)
    assert counts([true(10, 20)], [flagged(10), flagged(12)]) == (1, 0, 1)


def test_as_many_are_answered_as_can_be() -> None:
    """The nearest answer of the first event is the only one of the second."""
    assert counts([true(10, 30), true(15, 40)], [flagged(11), flagged(16)]) == (2, 0, 0)
    assert counts([true(10, 30), true(10.4, 16)], [flagged(10.1), flagged(9.6)]) == (2, 0, 0)


def test_another_rule_answers_nothing() -> None:
    """Two rules on one place are two statements."""
    assert counts([true(10, 20)], [flagged(10, "r2")]) == (0, 1, 1)


def test_a_true_event_too_short_for_its_dwell_counts_neither_way() -> None:
    """1.9 s with a dwell of 1 s: who flags it is not wrong, who does not is not either."""
    assert counts([true(10, 11.9)], []) == (0, 0, 0)
    assert counts([true(10, 11.9)], [flagged(10)]) == (0, 0, 0)
    assert counts([true(10, 12)], []) == (0, 1, 0)


def test_what_nobody_annotated_is_not_counted() -> None:
    """Neither armed by the clip nor known not to occur."""
    assert counts([], [flagged(10, "camera_fault.moved", "camera_fault.moved")]) == (0, 0, 0)


def test_a_type_that_does_not_occur_is_a_false_alarm() -> None:
    """`negative_for` names it, whichever rule raised it."""
    assert counts([], [flagged(10, "r9", "crowding")]) == (0, 0, 1)


def test_what_a_clip_wants_ignored_is_neither_right_nor_wrong() -> None:
    """From 25 s on; before that it is a false alarm."""
    terms = replace(TERMS, ignored=(Ignored("zone_intrusion", from_s=25.0),))
    assert counts([], [flagged(24.0), flagged(26.0)], terms) == (0, 0, 1)


@pytest.mark.parametrize("kind", ["camera_fault.black", "camera_fault.covered", "camera_fault.frozen"])
def test_black_covered_and_frozen_stand_for_one_another(kind: str) -> None:
    """The hit counts for what is true."""
    truth = true(10, 30, "camera_fault.covered", "camera_fault.covered")
    made = judge([truth], [flagged(10, kind, kind)], TERMS)
    assert list(tally([made])) == ["camera_fault.covered"]
    assert len(made.hits) == 1


def test_the_very_fault_answers_before_one_that_is_alike() -> None:
    """Though the other begins nearer to the truth."""
    truth = true(10, 30, "camera_fault.black", "camera_fault.black")
    alike = flagged(10, "camera_fault.frozen", "camera_fault.frozen")
    very = flagged(11, "camera_fault.black", "camera_fault.black")
    assert judge([truth], [alike, very], TERMS).hits[0].raised is very


def test_moved_does_not_stand_for_covered() -> None:
    """Only three faults are alike."""
    truth = true(10, 30, "camera_fault.covered", "camera_fault.covered")
    assert counts([truth], [flagged(10, "camera_fault.moved", "camera_fault.moved")]) == (0, 1, 0)


def test_the_delay_counts_from_when_an_event_was_due() -> None:
    """Raised at 12.5 s, due at 11 s."""
    made = judge([true(10, 30)], [flagged(10, raised_s=12.5)], TERMS)
    assert made.hits[0].delay_s == pytest.approx(1.5)


def test_words_of_truth_files_are_known() -> None:
    """Defocused is what the taxonomy calls blurred; what nobody knows stays as it is."""
    assert known_type("camera_fault.defocused") == "camera_fault.blurred"
    assert known_type("camera_fault.black") == "camera_fault.black"
    assert known_type("rain_of_frogs") == "rain_of_frogs"


def test_figures_of_nothing_are_no_figures() -> None:
    """No F1 where there was nothing to find and nothing was flagged; 0 where all was wrong."""
    assert Tally().f1 is None
    assert Tally().median_delay_s is None
    assert Tally(misses=2).f1 == 0
    assert Tally(hits=2, misses=1, false_alarms=1).f1 == pytest.approx(2 / 3)


def test_types_are_added_up() -> None:
    """A type appears by a miss, a hit or a false alarm alone."""
    made = judge([true(10, 20), true(40, 50)], [flagged(10), flagged(70, "r9", "crowding")], TERMS)
    found = tally([made, made])
    assert {name: (t.hits, t.misses, t.false_alarms) for name, t in found.items()} == {
        "crowding": (0, 0, 2),
        "zone_intrusion": (2, 2, 0),
    }
    whole = together(found.values())
    assert (whole.truth, whole.false_alarms, len(whole.delays_s)) == (4, 2, 2)


def test_quiet_is_what_no_event_covers() -> None:
    """Events that overlap are busy once; one may outlast the recording."""
    assert quiet_s([true(10, 20), true(15, 25), true(50, 99)], 60) == pytest.approx(35)
    assert quiet_s([], 60) == 60


_MOMENTS = st.integers(0, 40).map(lambda n: n / 2)
_TRUTH = st.lists(
    st.builds(lambda s, n, rule: true(s, s + n, rule), _MOMENTS, st.integers(1, 12), st.sampled_from(["r1", "r2"])),
    max_size=4,
)
_RAISED = st.lists(st.builds(flagged, _MOMENTS, st.sampled_from(["r1", "r2", "r9"])), max_size=4)


@settings(deadline=None)
@given(_TRUTH, _RAISED)
def test_every_event_is_accounted_for_once(truth: list[TruthEvent], raised: list[Raised]) -> None:
    """Hits and misses are the events that count; no raised event is used twice."""
    made = judge(truth, raised, TERMS)
    assert len(made.hits) + len(made.misses) == sum(TERMS.counts(e) for e in truth)
    used = [id(hit.raised) for hit in made.hits] + [id(alarm) for alarm in made.false_alarms]
    assert len(used) == len(set(used))
    assert set(used) <= {id(r) for r in raised}
    assert all(TERMS.in_time(hit.truth, hit.raised) and hit.truth.rule == hit.raised.rule for hit in made.hits)


@settings(deadline=None)
@given(_TRUTH, _RAISED)
def test_no_other_pairing_has_more_hits(truth: list[TruthEvent], raised: list[Raised]) -> None:
    """Against all ways of handing out the raised events."""
    due = [e for e in truth if TERMS.counts(e)]
    padded: list[Raised | None] = [*raised, *([None] * len(due))]
    best = max(
        sum(r is not None and e.rule == r.rule and TERMS.in_time(e, r) for e, r in zip(due, order, strict=True))
        for order in set(permutations(padded, len(due)))
    )
    assert len(judge(truth, raised, TERMS).hits) == best


@settings(deadline=None)
@given(_TRUTH, _RAISED)
def test_the_order_of_the_lists_changes_nothing(truth: list[TruthEvent], raised: list[Raised]) -> None:
    """Counts are of the events, not of how they are listed."""
    expected = counts(truth, raised)
    assert counts(truth[::-1], raised[::-1]) == expected
