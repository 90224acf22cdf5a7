"""The platform's one page: server-rendered, no script, everything from outside escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from gateway.receiver.ledger import CHINA, Arrival

REFRESH_S = 3

_STATE_WORDS = {
    "accepted": ("受理", "accepted"),
    "filed": ("立案", "filed"),
    "dispatched": ("派遣", "dispatched"),
    "handling": ("处置", "handling"),
    "fed_back": ("反馈", "fed back"),
}
_SEVERITY_MARKS = {"S1": "◆", "S2": "▲", "S3": "●", "S4": "○"}

_STYLE = """
:root { color-scheme: light dark; --ink:#16202b; --soft:#5b6875; --line:#dfe4ea; --ground:#f4f6f8; --card:#fff;
  --good:#157347; --wait:#8a95a1; --bad:#b42318; --accent:#1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --ink:#e7ecf1; --soft:#9aa7b4; --line:#2c3641; --ground:#11171d;
  --card:#1a222b; --good:#4cc38a; --wait:#66727e; --bad:#ff8a7a; --accent:#7ab4f5; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--ground); color:var(--ink);
  font:16px/1.55 "PingFang SC","Noto Sans SC","Microsoft YaHei",system-ui,sans-serif; }
header { padding:28px 24px 8px; max-width:1100px; margin:0 auto; }
h1 { font-size:24px; margin:0; font-weight:650; } h1 small { color:var(--soft); font-weight:400; font-size:15px; }
.sums { color:var(--soft); margin:6px 0 0; font-variant-numeric:tabular-nums; }
main { max-width:1100px; margin:0 auto; padding:16px 24px 48px; display:grid; gap:14px; }
article { background:var(--card); border:1px solid var(--line); border-radius:12px; padding:16px 20px; }
.top { display:flex; flex-wrap:wrap; gap:4px 14px; align-items:baseline; }
.number { font-weight:650; font-size:18px; font-variant-numeric:tabular-nums; color:var(--accent); }
.what { font-size:17px; } .S1 { color:var(--bad); }
.when { margin-left:auto; color:var(--soft); font-variant-numeric:tabular-nums; }
dl { display:grid; grid-template-columns:repeat(auto-fill,minmax(210px,1fr)); gap:6px 20px; margin:12px 0; }
dt { color:var(--soft); font-size:13px; } dd { margin:0; overflow-wrap:anywhere; }
.ok { color:var(--good); font-weight:600; }
ol { list-style:none; display:flex; flex-wrap:wrap; gap:8px; padding:0; margin:0; }
li { border:1px solid var(--line); border-radius:999px; padding:2px 12px; font-size:14px; color:var(--wait); }
li.done { color:var(--good); border-color:currentColor; } li.done::before { content:"✓ "; }
li.refused { color:var(--bad); border-color:currentColor; } li.refused::before { content:"✕ "; }
.empty { text-align:center; color:var(--soft); padding:72px 16px; }
footer { text-align:center; color:var(--soft); font-size:13px; padding-bottom:32px; }
"""


def render_page(arrivals: Iterable[Arrival], now: datetime) -> str:
    """Return the whole page as HTML; `arrivals` newest first."""
    kept = list(arrivals)
    cases = "".join(_case(arrival) for arrival in kept) or _EMPTY
    repeats = sum(arrival.repeats for arrival in kept)
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH_S}"><title>治理平台（参考接收端） {len(kept)}</title>
<style>{_STYLE}</style></head><body>
<header><h1>治理平台 · 参考接收端 <small>Governance platform, reference receiver</small></h1>
<p class="sums">案件 cases {len(kept)} · 重复投递 repeats {repeats} · {_time(now)}</p></header>
<main>{cases}</main>
<footer>仅供联调演示 · for trials only · 每 {REFRESH_S} 秒刷新</footer></body></html>"""


_EMPTY = """<article class="empty"><p>还没有收到案件。在核实页确认一条事件，它会出现在这里。</p>
<p>No case has arrived yet. Confirm an event in the review queue and it will show here.</p></article>"""


_CHECK_WORDS = {"verified": "核查通过 verified", "rework": "返工 rework"}


def _case(arrival: Arrival) -> str:
    data = _data(arrival.body)
    severity = _text(data, "severity")
    what = _CHECK_WORDS.get(_result(arrival.body)) or _text(data, "event_type_zh", "event_type", "type")
    mark = escape(f"{_SEVERITY_MARKS.get(severity, '')} {what}".strip())
    severity_class = severity if severity in _SEVERITY_MARKS else ""
    return f"""<article data-case-id="{escape(arrival.case_id)}"><div class="top">
<span class="number">{escape(arrival.number)}</span>
<span class="what {severity_class}">{mark}</span><span class="when">{_time(arrival.arrived_at)}</span></div>
<dl>{_facts(arrival, data)}</dl><ol>{_steps(arrival)}</ol></article>"""


def _facts(arrival: Arrival, data: Mapping[str, Any]) -> str:
    facts = {
        "地点 place": _text(data, "place", "address"),
        "网格 grid": _text(data, "grid_name", "grid_code", "grid_id"),
        "网关编号 gateway id": arrival.case_id,
        "投递 deliveries": f"{1 + arrival.repeats}（重复 repeats {arrival.repeats}）",
    }
    rows = "".join(f"<div><dt>{name}</dt><dd>{escape(value) or '—'}</dd></div>" for name, value in facts.items())
    return rows + '<div><dt>签名 signature</dt><dd class="ok">✓ 已验证 verified</dd></div>'


def _steps(arrival: Arrival) -> str:
    return "".join(
        f'<li class="{escape(step)}">{escape(" ".join(_STATE_WORDS.get(state, (state,))))}</li>'
        for state, step in arrival.states
    )


def _data(body: str) -> Mapping[str, Any]:
    event = json.loads(body)
    data = event.get("data")
    # The gateway wraps the case's facts; a simpler sender may put them at the top.
    case = data.get("case", data) if isinstance(data, dict) else {}
    return case if isinstance(case, dict) else {}


def _result(body: str) -> str:
    """Return what somebody said of the handled case; "" in other messages."""
    data = json.loads(body).get("data")
    result = data.get("result") if isinstance(data, dict) else None
    return result if isinstance(result, str) else ""


def _text(data: Mapping[str, Any], *names: str) -> str:
    """Return the first of these fields that says something."""
    for name in names:
        value = data.get(name)
        if value not in (None, ""):
            return str(value)
    return ""


def _time(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
