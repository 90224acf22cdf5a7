"""Each miss and each false alarm of a clip, with what can be said of why, and where to look at it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.evaluation.evaluate import ClipResult
from gateway.evaluation.scoring import LATE_S, Raised, TruthEvent
from gateway.types import Box

# Of a miss, so long after it was due: what the pipeline had in front of it when it should have spoken.
_SHOWN_AFTER_DUE_S = 1.0

# What `make_rules` says of rules that cannot run; other words are shown as they are.
_REASONS_ZH = {
    "needs an object model": "需要目标识别模型",
    "no detector for this event type": "没有识别此类事件的方法",
    "the detector of fire and smoke is not loaded": "烟火识别模型未加载",
    "unknown event type": "未知的事件类型",
}

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A miss, or a false alarm.

    Attributes:
        start_s: Of the true event, or of the flagged one; seconds of the recording.
        at_s: The moment to look at.
        zone: 0-1 of the picture; empty: all of it.
        boxes: What was flagged, 0-1.
        reason: What is known of why.
    """

    missed: bool
    event_type: str
    rule: str
    start_s: float
    end_s: float
    at_s: float
    zone: Polygon
    boxes: tuple[Box, ...]
    reason: Words


def findings(result: ClipResult) -> list[Finding]:
    """Return what went wrong in a clip, in order of time."""
    misses = [_miss(result, event) for event in result.judgement.misses]
    alarms = [_alarm(result, raised) for raised in result.judgement.false_alarms]
    return sorted([*misses, *alarms], key=lambda f: (f.start_s, f.rule, f.missed))


def _miss(result: ClipResult, event: TruthEvent) -> Finding:
    due_s = result.clip.terms.due_s(event)
    return Finding(
        missed=True,
        event_type=event.event_type,
        rule=event.rule,
        start_s=event.start_s,
        end_s=event.end_s,
        at_s=min(due_s + _SHOWN_AFTER_DUE_S, (due_s + event.end_s) / 2),
        zone=_zone_of(result, event.rule),
        boxes=(),
        reason=_why_missed(result, event, due_s),
    )


def _alarm(result: ClipResult, raised: Raised) -> Finding:
    return Finding(
        missed=False,
        event_type=raised.event_type,
        rule=raised.rule,
        start_s=raised.start_s,
        end_s=raised.end_s,
        at_s=raised.raised_s,
        zone=raised.zone,
        boxes=raised.boxes,
        reason=_why_false(result, raised),
    )


def _why_missed(result: ClipResult, event: TruthEvent, due_s: float) -> Words:
    reason = result.reason(event.rule)
    if reason:
        return Words(f"规则未能启用：{_REASONS_ZH.get(reason, reason)}", f"the rule cannot run: {reason}")
    if event.rule not in {rule.id for rule in result.clip.camera.rules} | _armed_faults(result):
        return Words("没有识别此类事件的方法", "nothing recognises this type")
    taken = {id(hit.raised) for hit in result.judgement.hits}
    near = [r for r in result.watched.events if r.rule == event.rule and _overlap(event, r)]
    for raised in near:
        if id(raised) in taken:
            return Words(
                f"与 {raised.start_s:.1f} 秒起的事件合为一件",
                f"taken together with the event from {raised.start_s:.1f} s",
            )
        if raised.start_s < event.start_s:
            return Words(f"过早：自 {raised.start_s:.1f} 秒起", f"flagged too early: from {raised.start_s:.1f} s")
        if raised.start_s > due_s + LATE_S:
            return Words(f"过晚：自 {raised.start_s:.1f} 秒起", f"flagged too late: from {raised.start_s:.1f} s")
    return Words("未标记", "not flagged")


def _why_false(result: ClipResult, raised: Raised) -> Words:
    there = [e for e in result.clip.events if _overlap(e, raised)]
    told = {id(hit.truth) for hit in result.judgement.hits}
    same = [e for e in there if raised.rule == e.rule]
    if same:
        from_s = f"{same[0].start_s:.1f}"
        if id(same[0]) in told:
            return Words(f"重复标记自 {from_s} 秒起的事件", f"tells again of the event from {from_s} s")
        return Words(f"起始时间与自 {from_s} 秒起的事件不符", f"begins at the wrong time for the event from {from_s} s")
    if there:
        other = sorted({e.rule for e in there})
        return Words(f"当时可见：{'、'.join(other)}", f"to be seen at that time: {', '.join(other)}")
    return Words("当时画面中无事件", "nothing is to be seen at that time")


def _overlap(event: TruthEvent, raised: Raised) -> bool:
    return raised.start_s <= event.end_s and event.start_s <= max(raised.end_s, raised.raised_s)


def _armed_faults(result: ClipResult) -> set[str]:
    return {rule.type for rule in result.clip.camera.rules if rule.enabled}


def _zone_of(result: ClipResult, rule_id: str) -> Polygon:
    rule = next((r for r in result.clip.camera.rules if r.id == rule_id), None)
    return () if rule is None or rule.zone is None else result.clip.camera.zone(rule.zone).polygon
