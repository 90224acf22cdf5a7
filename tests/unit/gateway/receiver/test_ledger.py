"""The platform's ledger: repeats change nothing, and what is owed survives."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.receiver.ledger import Ledger, Message

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)  # the 22nd in China
OWED = [("accepted", 1.0), ("filed", 2.0)]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(tmp_path / "receiver.db")
    yield opened
    await opened.close()


async def test_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """A wrong path shows at once."""
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at as one")
    with pytest.raises(sqlite3.DatabaseError):
        await Ledger.open(tmp_path / "notes.txt")


async def test_repeat_changes_nothing_but_its_count(ledger: Ledger) -> None:
    """The same webhook id again: same number, same body, no further callbacks."""
    first, new = await ledger.take(Message("msg_1", "case_1", "{}"), NOW, OWED)
    again, new_again = await ledger.take(Message("msg_1", "case_other", '{"other": 1}'), NOW, OWED)
    assert (new, new_again) == (True, False)
    assert (again.number, again.case_id, again.body, again.repeats) == (first.number, "case_1", "{}", 1)
    assert len((await ledger.arrivals())[0].states) == 2


async def test_numbers_count_up_within_the_day_of_the_place(ledger: Ledger) -> None:
    """AJ, the day in China, a running number."""
    numbers = [(await ledger.take(Message(f"msg_{n}", f"case_{n}", "{}"), NOW, []))[0].number for n in (1, 2)]
    assert numbers == ["AJ-20261122-0001", "AJ-20261122-0002"]


async def test_callbacks_of_a_case_come_in_order(ledger: Ledger) -> None:
    """The second is not offered before the first is done with, even when it is due earlier."""
    await ledger.take(Message("msg_1", "case_1", "{}"), NOW, OWED)
    first = await ledger.next_callback()
    assert first is not None
    assert first.state == "accepted"
    await ledger.postpone(first.id, NOW.timestamp() + 100, 500)
    postponed = await ledger.next_callback()
    assert postponed is not None
    assert (postponed.id, postponed.attempts) == (first.id, 1)
    await ledger.called(first.id, NOW, 200, refused=False)
    second = await ledger.next_callback()
    assert second is not None
    assert second.state == "filed"
    await ledger.called(second.id, NOW, 404, refused=True)
    assert await ledger.next_callback() is None
    assert (await ledger.arrivals())[0].states == (("accepted", "done"), ("filed", "refused"))


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    """Another process finds the messages and the callbacks still owed."""
    before = await Ledger.open(tmp_path / "receiver.db")
    await before.take(Message("msg_1", "case_1", "{}"), NOW, OWED)
    await before.close()
    after = await Ledger.open(tmp_path / "receiver.db")
    owed = await after.next_callback()
    assert owed is not None
    assert (owed.case_id, owed.number) == ("case_1", "AJ-20261122-0001")
    await after.close()
