"""Addresses as users write them, and errors as drivers raise them."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.engine import parse_url, translated
from storage.errors import RecordConflict, StorageError, StoreUnavailable


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://u:secretpw@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:secretpw@h:port/d"],
)
def test_addresses_that_cannot_work(url: str) -> None:
    """Refused at once, and the address, which may hold a password, is not repeated."""
    with pytest.raises(StorageError) as error:
        parse_url(url)
    assert "secretpw" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("sqlite:////var/lib/x.db", "sqlite+aiosqlite:////var/lib/x.db"),
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://u@h:5433/d", "postgresql+asyncpg://u@h:5433/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
    ],
)
def test_drivers_are_filled_in(url: str, wanted: str) -> None:
    """Nobody has to know which asynchronous driver is used, or what it calls its options."""
    assert parse_url(url).render_as_string(hide_password=False) == wanted


class ServerRefusal(Exception):
    """As asyncpg's errors: with the code of the SQL standard."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("refused\nDETAIL: (li)")
        self.sqlstate = sqlstate


def locked(words: str) -> OperationalError:
    return OperationalError("INSERT", {"name": "li"}, sqlite3.OperationalError(words))


@pytest.mark.parametrize(
    ("raised", "wanted"),
    [
        (locked("database is locked"), StoreUnavailable),
        (locked("database or disk is full"), StoreUnavailable),
        (locked("no such table: events"), StorageError),
        (OperationalError("", {}, ServerRefusal("40P01")), StoreUnavailable),
        (OperationalError("", {}, ServerRefusal("57P03")), StoreUnavailable),
        (OperationalError("", {}, ServerRefusal("42P01")), StorageError),
        (IntegrityError("", {}, ServerRefusal("23505")), RecordConflict),
        (sqlite3.OperationalError("database is locked"), StoreUnavailable),
        (PoolTimeout(), StoreUnavailable),
        (ConnectionRefusedError(), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
    ],
)
def test_driver_errors_become_ours(raised: Exception, wanted: type[StorageError]) -> None:
    """Once, with the cause kept, without values; what helps nobody to try again is not 'unavailable'."""
    with pytest.raises(StorageError) as error, translated():
        raise raised
    assert type(error.value) is wanted
    assert error.value.__cause__ is raised
    assert "li" not in str(error.value).split()
    assert "DETAIL" not in str(error.value)


def test_our_own_errors_pass() -> None:
    """What a store raises itself is not translated again."""
    with pytest.raises(RecordConflict, match="case_1"), translated():
        raise RecordConflict("case_1")
