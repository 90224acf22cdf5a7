"""Scope as SQL: what may not be seen is never selected."""

from __future__ import annotations

import pytest
from sqlalchemy import ColumnElement, create_engine, select
from sqlalchemy.sql.expression import Values, column, values
from sqlalchemy.types import Text

from storage.protocols import Scope
from storage.scopes import WIDE_SCOPE_GRIDS, in_scope, is_narrow

GRIDS = [f"g{n}" for n in range(100)]
WIDE = frozenset(f"g{n}" for n in range(50, 50 + WIDE_SCOPE_GRIDS))


def seen(scope: Scope, *, leads: bool) -> set[str]:
    table: Values = values(column("grid_id", Text), name="things").data([(g,) for g in GRIDS])
    grid_id: ColumnElement[str] = table.c.grid_id
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        found = set(conn.scalars(select(grid_id).where(*in_scope(scope, grid_id, leads=leads))))
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
