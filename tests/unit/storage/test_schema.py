"""The versions of the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from storage import schema
from storage.engine import open_database
from storage.errors import StorageError, StoreUnavailable
from storage.schema import prepare_schema


async def test_crash_in_the_middle_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and version are made in one transaction: half of them would fit no version."""
    database = open_database(f"sqlite:///{tmp_path}/x.db")
    real = command.upgrade

    def crash(config: Config, revision: str) -> None:
        real(config, revision)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "upgrade", crash)
    with pytest.raises(KeyboardInterrupt):
        await prepare_schema(database, migrate=True)
    with pytest.raises(StorageError, match="empty"):
        await prepare_schema(database, migrate=False)
    monkeypatch.undo()
    await prepare_schema(database, migrate=True)
    await prepare_schema(database, migrate=False)
    await database.engine.dispose()


async def test_a_file_that_stays_locked_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few tries, because SQLite does not always wait by itself; then the error."""
    tries = []

    def refuse(*_: object) -> None:
        tries.append(1)
        raise StoreUnavailable("database is locked")

    monkeypatch.setattr(schema, "_upgrade", refuse)
    monkeypatch.setattr(schema, "_LOCKED_PAUSES_S", (0, 0))
    database = open_database(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(StoreUnavailable):
        await prepare_schema(database, migrate=True)
    assert len(tries) == 3
    await database.engine.dispose()
