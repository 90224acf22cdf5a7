"""Scope as SQL, in one place, so that no list can get it wrong."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import ColumnElement, func

from storage.protocols import Scope

T = TypeVar("T")

# From here on a scope covers so much that walking the whole list in its order and filtering beats collecting and
# sorting the rows of every grid.
WIDE_SCOPE_GRIDS = 64


def beside(column: ColumnElement[T]) -> ColumnElement[T]:
    """Return the column inside a function call that changes nothing but keeps planners from its index.

    SQLite's planner does not know how rare a value is, and PostgreSQL's bets that a page fills soon when it walks a
    list in order, which is wrong for grids where little happens: where two ways have an index we know better.
    """
    return func.coalesce(column, column)


def is_narrow(scope: Scope) -> bool:
    """Say whether going through the scope grid by grid is the quick way."""
    return scope.grid_ids is not None and len(scope.grid_ids) < WIDE_SCOPE_GRIDS


def in_scope(scope: Scope, grid_id: ColumnElement[str], *, leads: bool) -> list[ColumnElement[bool]]:
    """Return the conditions that keep rows of grids in scope; none when everything is.

    Args:
        scope: What the asker may see.
        grid_id: The table's column.
        leads: Whether to go by the index that begins with the grid, rather than by that of the list's order.
    """
    if scope.grid_ids is None:
        return []
    column = grid_id if leads else beside(grid_id)
    if len(scope.grid_ids) == 1:
        return [column == next(iter(scope.grid_ids))]
    return [column.in_(sorted(scope.grid_ids))]
