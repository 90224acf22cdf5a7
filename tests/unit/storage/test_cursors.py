"""Cursors survive a round trip, and nothing else is taken for one."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import cursors
from storage.errors import InvalidCursor

SHAPE = (str, datetime, str)


def forged(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        7,
        "list",
        ["list"],
        ["list", "S1", "2026-01-01T00:00:00+00:00"],
        ["list", "S1", "2026-01-01T00:00:00", "id"],
        ["list", "S1", "yesterday", "id"],
        ["list", "S1", 7, "id"],
        ["list", 1, "2026-01-01T00:00:00+00:00", "id"],
        ["other", "S1", "2026-01-01T00:00:00+00:00", "id"],
        ["list", "S1", "2026-01-01T00:00:00+00:00", "id", "more"],
    ],
)
def test_forged_cursors_are_refused(content: object) -> None:
    """Wrong lists, shapes and types are all InvalidCursor."""
    with pytest.raises(InvalidCursor):
        cursors.decode("list", forged(content), SHAPE)


@given(st.text())
def test_garbage_is_refused(text: str) -> None:
    """Whatever stands in the address bar, no other error comes out."""
    with pytest.raises(InvalidCursor):
        cursors.decode("list", text, SHAPE)


@given(st.text(), st.datetimes(timezones=st.just(UTC)))
def test_round_trip(word: str, moment: datetime) -> None:
    """Any text and any moment come back, from letters that need no escaping in an address."""
    cursor = cursors.encode("list", word, moment, word)
    assert cursors.decode("list", cursor, SHAPE) == [word, moment, word]
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_other_time_zones_mean_the_same_moment() -> None:
    """A cursor made from local time points at the same item."""
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=8)))
    assert cursors.decode("list", cursors.encode("list", "S1", noon, "id"), SHAPE)[1] == noon
