"""Scope as SQL: what may not be seen is never selected."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, MetaData, Table, Text, create_engine, insert, select

from storage.protocols import Scope
from storage.scopes import WIDE_SCOPE_GRIDS, in_scope, is_narrow

GRIDS = [f"g{n}" for n in range(100)]
WIDE = frozenset(f"g{n}" for n in range(50, 50 + WIDE_SCOPE_GRIDS))


def seen(scope: Scope, *, leads: bool) -> set[str]:
    things = Table("things", MetaData(), Column("grid_id", Text))
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        things.create(conn)
        conn.execute(insert(things), [{"grid_id": g} for g in GRIDS])
        found = set(conn.scalars(select(things.c.grid_id).where(*in_scope(scope, things.c.grid_id, leads=leads))))
    engine.dispose()
    return found


@pytest.mark.parametrize("leads", [True, False])
@pytest.mark.parametrize("grid_ids", [frozenset(), frozenset({"g7"}), frozenset({"g1", "g2", "gone"}), WIDE, None])
def test_sql_says_what_allows_says(grid_ids: frozenset[str] | None, leads: bool) -> None:
    """For none, one, several, many and all grids, whichever index leads."""
    scope = Scope(grid_ids)
    assert seen(scope, leads=leads) == {g for g in GRIDS if scope.allows(g)}


def test_narrow_and_wide() -> None:
    """An empty scope is narrow; everything is not."""
    assert is_narrow(Scope(frozenset()))
    assert not is_narrow(Scope(WIDE))
    assert not is_narrow(Scope(None))
