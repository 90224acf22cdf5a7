"""Tests of gateway.evaluation.proposals: verdicts suggest, clips decide, and nothing true is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evaluation.dry_run import DryRun, Kept, Replayed, Would
from gateway.evaluation.proposals import LEAST_REJECTED, Kind, Proposal, Tried, judge, propose
from storage.records import Verdict
from tests.unit.gateway.evaluation.keeping import at, camera, kept

SPOT = (0.30, 0.30, 0.36, 0.40)
ELSEWHERE = (0.7, 0.7, 0.8, 0.9)


def judged(verdict: Verdict, *, lasted_s: float = 6.0, **changes: Any) -> Kept:
    given = {"confidence": 0.5, "boxes": (SPOT,), "ended_at": at(4) + timedelta(seconds=lasted_s), "started_at": at(4)}
    return kept(None, verdict, **{**given, **changes})


def rejected(count: int = LEAST_REJECTED, **changes: Any) -> list[Kept]:
    return [judged(Verdict.REJECTED, **changes) for _ in range(count)]


def confirmed(count: int = 2, **changes: Any) -> list[Kept]:
    return [
        judged(Verdict.CONFIRMED, **{"confidence": 0.9, "boxes": (ELSEWHERE,), "lasted_s": 60.0, **changes})
    ] * count


def of_kind(kind: Kind, events: list[Kept]) -> Proposal | None:
    return next((p for p in propose(camera(dwell_s=2), events) if p.kind is kind), None)


def test_a_few_rejections_suggest_nothing() -> None:
    """Anecdotes; and those of another rule, or not judged yet, do not count."""
    few = rejected(LEAST_REJECTED - 1)
    assert propose(camera(), [*few, *confirmed(), *rejected(3, rule_id="other"), kept(None)]) == []


def test_without_anything_confirmed_no_threshold_is_touched() -> None:
    """Nobody knows how sure, or how long, a true one would be."""
    assert {p.kind for p in propose(camera(), rejected(20))} == {Kind.IGNORE_AREA}


def test_a_threshold_stays_below_what_was_confirmed() -> None:
    """With room to spare, and only where it spares enough."""
    found = of_kind(Kind.MIN_CONFIDENCE, [*rejected(), *confirmed()])
    assert found is not None
    assert (found.before, found.after, found.spared, found.confirmed) == (0.35, 0.85, LEAST_REJECTED, 2)
    assert found.camera.rules[0].min_confidence == 0.85
    assert of_kind(Kind.MIN_CONFIDENCE, [*rejected(confidence=0.95), *confirmed()]) is None
    assert of_kind(Kind.MIN_CONFIDENCE, [*rejected(), *confirmed(confidence=0.36)]) is None


def test_a_longer_wait_stays_below_the_shortest_confirmed() -> None:
    """Vehicles that stop for a moment, against one that stayed a minute."""
    found = of_kind(Kind.DWELL_S, [*rejected(), *confirmed()])
    assert found is not None
    assert (found.before, found.after, found.spared) == (2.0, 48.0, LEAST_REJECTED)
    assert found.camera.rules[0].dwell_s == 48.0
    assert of_kind(Kind.DWELL_S, [*rejected(lasted_s=90.0), *confirmed()]) is None


def test_a_spot_that_deceives_again_and_again_may_be_ignored() -> None:
    """With a rim, and under a name that is free."""
    found = of_kind(Kind.IGNORE_AREA, [*rejected(), *confirmed()])
    assert found is not None
    assert found.area == pytest.approx((0.29, 0.29, 0.37, 0.41))
    [*_, zone] = found.camera.zones
    assert (zone.kind, len(zone.polygon)) == ("ignore", 4)
    again = next(p for p in propose(found.camera, [*rejected(), *confirmed()]) if p.kind is Kind.IGNORE_AREA)
    assert again.camera.zones[-1].id == f"{zone.id}-2"


@pytest.mark.parametrize(
    "events",
    [
        [*rejected(), *confirmed(boxes=(SPOT,))],
        [*rejected(boxes=((0.1, 0.1, 0.9, 0.9),)), *confirmed()],
        [*rejected(boxes=()), *confirmed()],
        [judged(Verdict.REJECTED, boxes=((n / 10, 0.1, n / 10 + 0.05, 0.2),)) for n in range(9)],
    ],
    ids=["true ones there too", "half the picture", "no boxes", "all over the place"],
)
def test_an_area_is_not_ignored_where_it_could_cost(events: list[Kept]) -> None:
    """What was confirmed there, and what is no spot."""
    assert of_kind(Kind.IGNORE_AREA, events) is None


@given(
    rejected_at=st.lists(st.floats(0.05, 1), min_size=5, max_size=12),
    confirmed_at=st.lists(st.floats(0.05, 1), max_size=6),
    lasted_s=st.lists(st.floats(0, 4000), min_size=1, max_size=6),
)
def test_no_proposal_gives_up_a_confirmed_event(
    rejected_at: list[float], confirmed_at: list[float], lasted_s: list[float]
) -> None:
    """By the figures it was made from; and it always spares something."""
    true = [judged(Verdict.CONFIRMED, confidence=c, lasted_s=lasted_s[0], boxes=(ELSEWHERE,)) for c in confirmed_at]
    false = [judged(Verdict.REJECTED, confidence=c, lasted_s=lasted_s[-1]) for c in rejected_at]
    for proposal in propose(camera(), [*true, *false]):
        assert 0 < proposal.spared <= proposal.rejected == len(false)
        [rule] = proposal.camera.rules
        assert all(k.event.confidence >= rule.min_confidence or rule.min_confidence == 0.35 for k in true)
        assert proposal.kind is not Kind.DWELL_S or (rule.dwell_s or 0) <= lasted_s[0]


def test_clips_decide() -> None:
    """A confirmed event lost, or nobody spared: it does not hold."""

    def outcome(*ends: tuple[Verdict, Would]) -> Tried:
        events = tuple(Replayed(judged(verdict), would) for verdict, would in ends)
        return judge(DryRun("cam", events, ()))

    spared = (Verdict.REJECTED, Would.NOT_FLAGGED)
    assert outcome(spared, (Verdict.CONFIRMED, Would.FLAGGED)).holds
    assert not outcome(spared, (Verdict.CONFIRMED, Would.NOT_FLAGGED)).holds
    assert not outcome((Verdict.REJECTED, Would.FLAGGED)).holds
    assert outcome(spared, (Verdict.REJECTED, Would.UNKNOWN), (Verdict.REJECTED, Would.FLAGGED)) == Tried(1, 1, 0, 1)
