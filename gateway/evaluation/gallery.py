"""An evaluation as one page for people: the figures, each clip as a line of time, and a picture of everything that
went wrong. The page holds its pictures and needs nothing else; privacy masks are painted in all of them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Literal

import cv2
import numpy as np

from camera_configs.taxonomy import EVENT_TYPES
from gateway.evaluation.evaluate import ClipResult, Evaluation, Sums
from gateway.evaluation.findings import Finding, findings
from gateway.evaluation.pipeline import frames_of
from gateway.evaluation.scoring import Tally
from gateway.evidence.snapshot import snapshot
from gateway.types import Bgr, Frame

Language = Literal["zh-CN", "en"]

WIDTH_PX = 480
_ZH = {
    "title": "场景识别评测",
    "model": "模型",
    "gate": "门控",
    "on": "开",
    "off": "关",
    "type": "事件类型",
    "truth": "实有",
    "hits": "命中",
    "misses": "漏报",
    "false": "误报",
    "delay": "延迟中位数（秒）",
    "all": "合计",
    "hard": "疑难录像（单列，不计入合计）",
    "hours": "摄像机小时",
    "per_hour": "每摄像机小时误报",
    "quiet": "无事时段每摄像机小时误报",
    "clips": "录像",
    "wrong": "漏报与误报",
    "nothing": "没有漏报，也没有误报。",
    "missed": "漏报",
    "false_alarm": "误报",
    "rule": "规则",
    "legend": "上：实有　下：已标记（绿：命中，红：误报，灰：不计）",
    "no_picture": "无画面",
    "s": "秒",
}
_EN = {
    "title": "Evaluation of scene detection",
    "model": "model",
    "gate": "gate",
    "on": "on",
    "off": "off",
    "type": "event type",
    "truth": "truth",
    "hits": "hits",
    "misses": "misses",
    "false": "false alarms",
    "delay": "median delay (s)",
    "all": "all",
    "hard": "Hard clips (apart, in no sum)",
    "hours": "camera-hours",
    "per_hour": "false alarms per camera-hour",
    "quiet": "where nothing is to be seen",
    "clips": "Clips",
    "wrong": "Misses and false alarms",
    "nothing": "Nothing was missed, and nothing flagged wrongly.",
    "missed": "missed",
    "false_alarm": "false alarm",
    "rule": "rule",
    "legend": "above: what is there; below: what was flagged (green: hit, red: false alarm, grey: not counted)",
    "no_picture": "no picture",
    "s": "s",
}
_STYLE = """body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:70rem;
padding:0 1rem;color:#1c2430;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse}th,td{padding:.3rem .8rem;border-bottom:1px solid #d8dee6;text-align:right}
th:first-child,td:first-child{text-align:left}tr:last-child td{font-weight:600}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}figure{margin:0}
figure img{width:100%;display:block;background:#e8ecf1;min-height:4rem}figcaption{padding:.4rem 0}
.missed b{color:#a15c00}.false b{color:#b3261e}h3{font-size:1rem;margin:1rem 0 .2rem}
.line{display:grid;grid-template-columns:10rem 1fr;gap:.6rem;align-items:center}svg{width:100%;height:1.1rem;
background:#f3f5f8}small{color:#5b6675;overflow-wrap:anywhere}"""
_BAR = {"truth": "#3b6ea8", "hit": "#2e7d4f", "false": "#c0392b", "none": "#a9b2bd"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding and its picture, JPEG; None where the recording gave none."""

    finding: Finding
    jpeg: bytes | None


def to_html(evaluation: Evaluation, language: Language = "zh-CN") -> str:
    """Return the page; decodes each recording in which something went wrong once more.

    Raises:
        CameraError: A recording can no longer be read.
    """
    words = _ZH if language == "zh-CN" else _EN
    counted = [r for r in evaluation.results if not r.clip.hard]
    hard = [r for r in evaluation.results if r.clip.hard]
    body = [
        f"<h1>{words['title']}</h1>",
        _figures(evaluation, words),
        _table(evaluation.counted, words, language),
        f"<h2>{words['clips']}</h2><small>{words['legend']}</small>",
        *(_timeline(r) for r in counted),
        f"<h2>{words['wrong']}</h2>",
        _gallery(counted, words, language),
    ]
    if hard:
        body += [f"<h2>{words['hard']}</h2>", _table(evaluation.hard, words, language)]
        body += [*(_timeline(r) for r in hard), _gallery(hard, words, language)]
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"{meta}<title>{words['title']}</title><style>{_STYLE}</style>"
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def pictures(result: ClipResult) -> list[Shown]:
    """Return the picture of each finding: the first of the five a second that is not before its moment."""
    wanted = sorted(findings(result), key=lambda f: f.at_s)
    found: list[Shown] = []
    last: Frame | None = None
    for last in frames_of(result.clip.camera, result.clip.path) if wanted else ():
        while len(found) < len(wanted) and wanted[len(found)].at_s <= last.at_s:
            found.append(_shown(wanted[len(found)], last))
    return found + [_shown(finding, last) for finding in wanted[len(found) :]]


def _shown(finding: Finding, frame: Frame | None) -> Shown:
    if frame is None:
        return Shown(finding, None)
    height = max(2, round(frame.height * WIDTH_PX / frame.width))
    small: Bgr = np.asarray(cv2.resize(frame.bgr, (WIDTH_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
    return Shown(finding, snapshot(small, finding.zone, finding.boxes).data)


def _figures(evaluation: Evaluation, words: dict[str, str]) -> str:
    sums = evaluation.counted
    parts = [
        f"{words['model']} {escape(evaluation.model)}",
        f"{words['gate']} {words['on' if evaluation.gated else 'off']}",
        f"{sums.hours:.2f} {words['hours']}",
        f"{words['per_hour']} {sums.false_alarms_per_hour:.1f}",
        f"{words['quiet']} {sums.quiet_false_alarms_per_hour:.1f}",
    ]
    return f"<p>{' · '.join(parts)}</p>"


def _table(sums: Sums, words: dict[str, str], language: Language) -> str:
    heads = (words[key] for key in ("type", "truth", "hits", "misses", "false"))
    head = "".join(f"<th>{each}</th>" for each in (*heads, "F1", words["delay"]))
    rows = chain(((_type_name(name, language), t) for name, t in sums.types.items()), [(words["all"], sums.whole)])
    return f"<table><tr>{head}</tr>{''.join(_row(name, each) for name, each in rows)}</table>"


def _row(name: str, each: Tally) -> str:
    f1 = "-" if each.f1 is None else f"{each.f1:.2f}"
    delay = "-" if each.median_delay_s is None else f"{each.median_delay_s:.1f}"
    cells = (each.truth, each.hits, each.misses, each.false_alarms, f1, delay)
    return f"<tr><td>{escape(name)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _gallery(results: Iterable[ClipResult], words: dict[str, str], language: Language) -> str:
    figures = [_figure(r, shown, words, language) for r in results for shown in pictures(r)]
    return f'<div class="gallery">{"".join(figures)}</div>' if figures else f"<p>{words['nothing']}</p>"


def _figure(result: ClipResult, shown: Shown, words: dict[str, str], language: Language) -> str:
    finding = shown.finding
    what, style = (words["missed"], "missed") if finding.missed else (words["false_alarm"], "false")
    reason = finding.reason.zh if language == "zh-CN" else finding.reason.en
    name = _type_name(finding.event_type, language)
    when = f"{finding.start_s:.1f}-{finding.end_s:.1f} {words['s']}"
    lines = [
        f"<b>{what}</b> {escape(name)} · {when}",
        f"<small>{escape(result.clip.file)} · {words['rule']} {escape(finding.rule)}</small>",
        escape(reason),
    ]
    alt = escape(f"{what} {name} {when}", quote=True)
    return f'<figure class="{style}">{_image(shown, alt, words)}<figcaption>{"<br>".join(lines)}</figcaption></figure>'


def _image(shown: Shown, alt: str, words: dict[str, str]) -> str:
    if shown.jpeg is None:
        return f"<p>{words['no_picture']}</p>"
    data = base64.b64encode(shown.jpeg).decode()
    return f'<img alt="{alt}" src="data:image/jpeg;base64,{data}">'


def _timeline(result: ClipResult) -> str:
    """Return one line per rule: what is there above what was flagged."""
    judgement, length_s = result.judgement, max(result.watched.duration_s, 1e-3)
    hits = {id(hit.raised) for hit in judgement.hits}
    wrong = {id(alarm) for alarm in judgement.false_alarms}
    lines: dict[str, list[str]] = {}
    for event in result.clip.events:
        bar = _bar((event.start_s, event.end_s), length_s, 0, _BAR["truth"])
        lines.setdefault(event.rule, []).append(bar)
    for raised in result.watched.events:
        colour = _BAR["hit" if id(raised) in hits else "false" if id(raised) in wrong else "none"]
        lines.setdefault(raised.rule, []).append(_bar((raised.start_s, raised.end_s), length_s, 7, colour))
    rows = "".join(_line(rule, bars) for rule, bars in sorted(lines.items()))
    return f"<h3>{escape(result.clip.file)} <small>{length_s:.1f} s</small></h3>{rows}"


def _line(rule: str, bars: list[str]) -> str:
    svg = f'<svg viewBox="0 0 1000 14" preserveAspectRatio="none" role="img">{"".join(bars)}</svg>'
    return f'<div class="line"><small>{escape(rule)}</small>{svg}</div>'


def _bar(span_s: tuple[float, float], length_s: float, top: int, colour: str) -> str:
    start_s, end_s = span_s
    left = 1000 * max(0.0, start_s) / length_s
    width = max(2.0, 1000 * min(end_s, length_s) / length_s - left)
    title = f"<title>{start_s:.1f}-{end_s:.1f} s</title>"
    return f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="6" fill="{colour}">{title}</rect>'


def _type_name(type_id: str, language: Language) -> str:
    spec = EVENT_TYPES.get(type_id)
    return type_id if spec is None else f"{spec.zh if language == 'zh-CN' else spec.en} ({type_id})"
