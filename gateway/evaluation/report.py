"""An evaluation as JSON for programs and as Markdown for a page of documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.errors import GridPatrolError
from gateway.evaluation.evaluate import LEAST_TRUTH, ClipResult, Evaluation, Sums
from gateway.evaluation.findings import Finding, findings
from gateway.evaluation.scoring import Raised, Tally

_PLACE, _PLACE_END = "<!-- evaluate ", "<!-- /evaluate -->"
_DIGITS = 4
_S_DIGITS = 3


class NoPlace(GridPatrolError):
    """A page of documentation keeps tables, but not these."""


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the report as plain data; all but `realtime_factor` is the same in every run."""
    counted = evaluation.counted
    return {
        "types": _types(counted),
        "overall_f1": _rounded(counted.whole.f1),
        f"overall_f1_types_with_{LEAST_TRUTH}_or_more": _rounded(counted.common.f1),
        "false_alarms_per_camera_hour": _rounded(counted.false_alarms_per_hour),
        "quiet_false_alarms_per_camera_hour": _rounded(counted.quiet_false_alarms_per_hour),
        "camera_hours": _rounded(counted.hours),
        "quiet_camera_hours": _rounded(counted.quiet_hours),
        "hard": {"types": _types(evaluation.hard), "overall_f1": _rounded(evaluation.hard.whole.f1)},
        "clips": [_clip(result) for result in evaluation.results],
        "model": evaluation.model,
        "gate": _gate(evaluation),
        "realtime_factor": _rounded(evaluation.realtime_factor, 2),
    }


def to_markdown(evaluation: Evaluation) -> str:
    """Return the tables of the report, and what fails and why."""
    return "\n".join([*_figures(evaluation), "", *_table(evaluation.counted), "", *_failures(evaluation)]) + "\n"


def into_page(tables: str, page: str, evaluation: Evaluation) -> str:
    """Return a page with its tables of this model and gate renewed; a page without a place for any becomes the tables.

    The place lies between `<!-- evaluate MODEL GATE -->` and `<!-- /evaluate -->`.

    Raises:
        NoPlace: The page has places, but none for this model and gate.
    """
    begin = f"<!-- evaluate {evaluation.model} {_gate(evaluation)} -->\n"
    if _PLACE not in page:
        return tables
    before, found, rest = page.partition(begin)
    _, end, after = rest.partition(_PLACE_END)
    if not (found and end):
        raise NoPlace(f"the page has no place for these tables: {begin.strip()} ... {_PLACE_END}")
    return f"{before}{begin}\n{tables}\n{end}{after}"


def to_text(evaluation: Evaluation) -> str:
    """Return the table of types for a terminal."""
    lines = [f"{'type':28}{'truth':>6}{'hits':>6}{'misses':>8}{'false':>7}{'F1':>7}{'delay s':>9}"]
    for name, each in _with_whole(evaluation.counted):
        delay = "-" if each.median_delay_s is None else f"{each.median_delay_s:.1f}"
        f1 = "-" if each.f1 is None else f"{each.f1:.2f}"
        lines.append(f"{name:28}{each.truth:6}{each.hits:6}{each.misses:8}{each.false_alarms:7}{f1:>7}{delay:>9}")
    return "\n".join([*lines, *(f"# {line}" for line in _figures(evaluation))])


def _gate(evaluation: Evaluation) -> str:
    return "on" if evaluation.gated else "off"


def _types(sums: Sums) -> dict[str, dict[str, Any]]:
    return {name: _type(each) for name, each in sums.types.items()}


def _type(each: Tally) -> dict[str, Any]:
    return {
        "truth": each.truth,
        "hits": each.hits,
        "misses": each.misses,
        "false_alarms": each.false_alarms,
        "f1": _rounded(each.f1),
        "median_delay_s": _rounded(each.median_delay_s, _S_DIGITS),
    }


def _clip(result: ClipResult) -> dict[str, Any]:
    judgement = result.judgement
    return {
        "file": result.clip.file,
        "hard": bool(result.clip.hard),
        "duration_s": _rounded(result.watched.duration_s, _S_DIGITS),
        "frames": result.watched.frames,
        "inferences": result.watched.inferences,
        "events": [_event(result, event) for event in result.watched.events],
        "missed": [
            {
                "type": f.event_type,
                "rule": f.rule,
                "start_s": f.start_s,
                "end_s": f.end_s,
                "reason": f.reason.en,
            }
            for f in findings(result)
            if f.missed
        ],
        "hits": len(judgement.hits),
        "unarmed": [{"rule": rule, "reason": reason} for rule, reason in result.watched.unarmed],
    }


def _event(result: ClipResult, event: Raised) -> dict[str, Any]:
    return {
        "type": event.event_type,
        "rule": event.rule,
        "start_s": _rounded(event.start_s, _S_DIGITS),
        "raised_s": _rounded(event.raised_s, _S_DIGITS),
        "end_s": _rounded(event.end_s, _S_DIGITS),
        "matched": any(hit.raised is event for hit in result.judgement.hits),
        "false_alarm": any(alarm is event for alarm in result.judgement.false_alarms),
    }


def _rounded(value: float | None, digits: int = _DIGITS) -> float | None:
    return None if value is None else round(value, digits)


def _with_whole(sums: Sums) -> Iterator[tuple[str, Tally]]:
    yield from sums.types.items()
    yield "all", sums.whole


def _figures(evaluation: Evaluation) -> list[str]:
    counted, hard = evaluation.counted, sum(bool(r.clip.hard) for r in evaluation.results)
    f1 = counted.common.f1
    clips = f"{len(evaluation.results) - hard} clips ({counted.hours * 60:.1f} min), {hard} hard ones apart"
    quiet = f"{counted.quiet_false_alarms} in {counted.quiet_hours * 60:.1f} min where nothing is to be seen"
    common = f"F1 of types with {LEAST_TRUTH} true events and more: {'-' if f1 is None else f'{f1:.3f}'}."
    alarms = f"False alarms per camera-hour: {counted.false_alarms_per_hour:.1f}; {quiet}."
    return [f"Model {evaluation.model}, gate {_gate(evaluation)}, {clips}.", f"{common} {alarms}"]


def _table(sums: Sums) -> list[str]:
    head = ["| type | truth | hits | misses | false alarms | F1 | median delay |", "|---|--:|--:|--:|--:|--:|--:|"]
    return head + [_row(name, each) for name, each in _with_whole(sums)]


def _row(name: str, each: Tally) -> str:
    f1 = "-" if each.f1 is None else f"{each.f1:.2f}"
    delay = "-" if each.median_delay_s is None else f"{each.median_delay_s:.1f} s"
    return f"| {name} | {each.truth} | {each.hits} | {each.misses} | {each.false_alarms} | {f1} | {delay} |"


def _failures(evaluation: Evaluation) -> list[str]:
    head = ["| clip | rule | type | when | what | why |", "|---|---|---|---|---|---|"]
    rows = [_failure(r, f) for r in evaluation.results for f in findings(r)]
    return head + rows if rows else ["Nothing was missed, and nothing flagged wrongly."]


def _failure(result: ClipResult, finding: Finding) -> str:
    hard = " (hard)" if result.clip.hard else ""
    what = "missed" if finding.missed else "false alarm"
    when = f"{finding.start_s:.1f}-{finding.end_s:.1f} s"
    cells: Mapping[str, str] = {"clip": result.clip.file + hard, "rule": finding.rule, "type": finding.event_type}
    return "| " + " | ".join([*cells.values(), when, what, finding.reason.en]) + " |"
