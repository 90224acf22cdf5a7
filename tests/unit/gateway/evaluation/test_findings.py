"""Tests of gateway.evaluation.findings: what is said of why something went wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.evaluation.evaluate import ClipResult, Evaluation
from gateway.evaluation.findings import findings
from gateway.evaluation.scoring import Raised, TruthEvent, judge


def with_events(result: ClipResult, truth: list[TruthEvent], raised: list[Raised]) -> ClipResult:
    """The same clip, had it shown and flagged this."""
    clip = replace(result.clip, events=tuple(truth))
    watched = replace(result.watched, events=tuple(raised))
    return ClipResult(clip, watched, judge(truth, raised, clip.terms))


def true(start_s: float, end_s: float, rule: str = "r1") -> TruthEvent:
    return TruthEvent(rule, "zone_intrusion", start_s, end_s)


def flagged(start_s: float, end_s: float, rule: str = "r1") -> Raised:
    return Raised(rule, "zone_intrusion", start_s, start_s + 1, end_s)


def test_every_miss_and_every_false_alarm_is_there_in_order(evaluation: Evaluation) -> None:
    """With the zone it is about, and the moment to look at."""
    found = findings(evaluation.results[0])
    assert [(f.missed, f.rule) for f in found] == [(True, "r2"), (True, "r1"), (False, "r1")]
    assert all(f.zone for f in found)
    assert (found[1].start_s, found[1].at_s) == (9.0, 11.0)
    assert found[2].boxes
    assert findings(evaluation.results[1]) == []


def test_a_rule_that_cannot_run_says_so(evaluation: Evaluation) -> None:
    """In both languages."""
    reason = findings(evaluation.results[0])[0].reason
    assert reason.en == "the rule cannot run: needs an object model"
    assert reason.zh == "规则未能启用：需要目标识别模型"


@pytest.mark.parametrize(
    ("truth", "raised", "words"),
    [
        ([true(4, 8)], [], "not flagged"),
        ([true(4, 8)], [flagged(1, 6)], "flagged too early: from 1.0 s"),
        ([true(4, 28)], [flagged(20, 26)], "flagged too late: from 20.0 s"),
        ([true(4, 8), true(9, 12)], [flagged(4, 12)], "taken together with the event from 4.0 s"),
        ([true(4, 8, "camera_fault.tampered")], [], "nothing recognises this type"),
    ],
)
def test_a_miss_says_what_happened_instead(
    truth: list[TruthEvent], raised: list[Raised], words: str, evaluation: Evaluation
) -> None:
    """As far as it can be told from what was flagged."""
    found = findings(with_events(evaluation.results[1], truth, raised))
    assert [f.reason.en for f in found if f.missed] == [words]


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        ([], "nothing is to be seen at that time"),
        ([true(13, 17, "r7")], "to be seen at that time: r7"),
        ([true(9, 17)], "begins at the wrong time for the event from 9.0 s"),
    ],
)
def test_a_false_alarm_says_what_is_to_be_seen(truth: list[TruthEvent], words: str, evaluation: Evaluation) -> None:
    """Flagged from 16 s."""
    found = findings(with_events(evaluation.results[1], truth, [flagged(16, 18)]))
    assert [f.reason.en for f in found if not f.missed] == [words]


def test_an_event_told_twice_is_a_false_alarm_once(evaluation: Evaluation) -> None:
    """The second telling names the first's event."""
    found = findings(with_events(evaluation.results[1], [true(4, 17)], [flagged(4, 8), flagged(12, 17)]))
    assert [f.reason.en for f in found] == ["tells again of the event from 4.0 s"]
