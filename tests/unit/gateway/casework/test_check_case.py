"""What is said of a handled case: a step, and a message that every platform can tell from others."""

from __future__ import annotations

import json

import pytest

from gateway.casework.check_case import CHECKED_TYPE, check_case
from gateway.casework.open_case import Confirmation, Terms
from storage.records import CaseState
from tests.unit.gateway.patrol.samples import NOON, a_case

BY = Confirmation("acc-li", "李", "看过")


def test_only_a_check_can_be_said() -> None:
    """Other states are the platform's to say."""
    with pytest.raises(ValueError, match="closed"):
        check_case(a_case(), CaseState.CLOSED, BY, Terms(("city",), 10.0), NOON)


def test_every_platform_is_told_at_once() -> None:
    """One message each, ids of their own, nothing to be undone; the body carries case, number and words."""
    step, messages = check_case(a_case(), CaseState.REWORK, BY, Terms(("city", "county"), 10.0), NOON)
    assert (step.state, step.actor, step.note, step.source_id) == (CaseState.REWORK, "acc-li", "看过", None)
    assert [m.endpoint_id for m in messages] == ["city", "county"]
    assert len({m.id for m in messages}) == 2
    told = json.loads(messages[0].body)
    assert (told["type"], told["id"], told["subject"]) == (CHECKED_TYPE, messages[0].id, "case-1")
    assert told["data"] == {
        "case": {"id": "case-1", "number": "2026-001", "event_id": "evt-1"},
        "result": "rework",
        "checked_at": told["data"]["checked_at"],
        "checked_by": "李",
        "note": "看过",
    }
    assert messages[0].not_before == NOON
