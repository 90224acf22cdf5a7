"""What a platform may answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.casework.callback import CallbackInvalid, PlatformAnswer, parse_callback
from storage.records import CaseState
from tests.unit.gateway.casework.scenes import NOW


def body(data: dict[str, Any] | None = None, **attributes: Any) -> bytes:
    event = {
        "specversion": "1.0",
        "id": "cb_1",
        "source": "urn:platform",
        "type": "cn.gridpatrol.case.state",
        "subject": "case_1",
        "data": {"state": "filed"} | (data or {}),
    }
    event |= attributes
    return json.dumps({key: value for key, value in event.items() if value is not None}).encode()


def faults(raw: bytes) -> list[str]:
    with pytest.raises(CallbackInvalid) as caught:
        parse_callback(raw, NOW)
    assert str(caught.value)
    return [fault.field for fault in caught.value.faults]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"{'state': 'filed'}"])
def test_what_is_not_json_is_refused_as_a_whole(raw: bytes) -> None:
    """No field can be named when nothing can be read."""
    assert faults(raw) == [""]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (body(specversion="0.3"), "specversion"),
        (body(type="cn.gridpatrol.case.opened"), "type"),
        (body(subject=None), "subject"),
        (body(subject="  "), "subject"),
        (body(data={"state": "opened"}), "data.state"),
        (body(data={"state": 3}), "data.state"),
        (body(data={"case_number": 17}), "data.case_number"),
        (body(data={"case_number": "x" * 65}), "data.case_number"),
        (body(data={"note": "a\0b"}), "data.note"),
        (body(data={"at": "yesterday"}), "data.at"),
        (body(data={"at": "2026-03-02T10:00:00"}), "data.at"),
        (body(data={"at": "0001-01-01T00:00:00+08:00"}), "data.at"),
        (body(time="2026-03-02"), "time"),
    ],
)
def test_a_wrong_field_is_named(raw: bytes, field: str) -> None:
    """Wrong version, type, subject, state, type of value, time without a zone."""
    assert faults(raw) == [field]


def test_all_wrong_fields_are_named_at_once() -> None:
    """The platform's developer sees the whole list."""
    assert set(faults(body(data={"state": "done", "note": 1}, id=""))) == {"id", "data.state", "data.note"}


@pytest.mark.parametrize("state", [s for s in CaseState if s is not CaseState.OPENED])
def test_every_state_after_opened_is_taken(state: CaseState) -> None:
    """The platform may report any state but the one that is ours."""
    assert parse_callback(body(data={"state": state.value}), NOW).state is state


def test_a_full_answer_is_read() -> None:
    """Number, note and the platform's own time, turned into UTC."""
    raw = body(data={"case_number": " AJ-17 ", "note": "已派环卫所", "at": "2026-03-02T10:05:00+08:00"})
    at = datetime(2026, 3, 2, 2, 5, tzinfo=UTC)
    answer = parse_callback(raw, NOW)
    assert answer == PlatformAnswer("case_1", CaseState.FILED, "AJ-17", "已派环卫所", at)
    assert answer.at.tzinfo is UTC


def test_a_short_answer_is_filled_in() -> None:
    """Without `at` the envelope's time counts, without that the time of arrival; an empty number is none."""
    assert parse_callback(body(data={"case_number": ""}), NOW) == PlatformAnswer(
        "case_1", CaseState.FILED, None, "", NOW
    )
    stamped = parse_callback(body(time="2026-03-02T01:00:00Z"), NOW)
    assert stamped.at == datetime(2026, 3, 2, 1, tzinfo=UTC)


def test_extensions_are_tolerated() -> None:
    """CloudEvents allows attributes of the sender's own."""
    assert parse_callback(body(traceparent="00-ab-cd-01", data={"team": "3"}), NOW).case_id == "case_1"
