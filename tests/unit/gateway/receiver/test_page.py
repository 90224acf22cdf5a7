"""The platform's page: nothing from outside is taken for markup."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.receiver.ledger import Arrival
from gateway.receiver.page import render_page

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _arrival(data: object, **changes: object) -> Arrival:
    body = json.dumps({"subject": "case_1", "data": data})
    states = (("accepted", "done"), ("filed", "due"), ("odd<b>", "refused"))
    return Arrival("msg_1", "case_1", "AJ-20261122-0001", body, NOW, 2, states)


@pytest.mark.parametrize("name", ["event_type", "place", "grid_name", "severity"])
def test_markup_in_a_message_is_shown_as_text(name: str) -> None:
    """A place called `<script>` is a place, not a script."""
    page = render_page([_arrival({name: "<script>alert(1)</script>"})], NOW)
    assert "<script" not in page
    assert "odd&lt;b&gt;" in page


@given(st.one_of(st.none(), st.text(), st.lists(st.integers()), st.dictionaries(st.text(), st.text())))
def test_any_data_can_be_shown(data: object) -> None:
    """A message with unexpected data is listed all the same."""
    assert "AJ-20261122-0001" in render_page([_arrival(data)], NOW)


def test_empty_page_says_what_to_do() -> None:
    """Before the first case the page explains itself in both languages."""
    page = render_page([], NOW)
    assert "还没有收到案件" in page
    assert "No case has arrived yet" in page


def test_case_shows_its_facts() -> None:
    """Number, place, grid, repeats and states stand on the page."""
    page = render_page([_arrival({"case": {"place": "东街 3 号", "grid_code": "WG-007", "severity": "S1"}})], NOW)
    for words in ("AJ-20261122-0001", "东街 3 号", "WG-007", "◆", "重复 repeats 2", "受理 accepted", "已验证"):
        assert words in page
