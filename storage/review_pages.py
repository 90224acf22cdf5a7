"""Which items a page of the queue holds: found in the indexes alone, however many items there are.

Each list is walked in the order of an index. Where several values lead (the grids of a scope, some types), each has its
own stretch of the index; a page takes the head of every stretch and merges them. Where what is wanted lies scattered in
a long list, a window of it is walked, and if that does not fill the page, the rest is taken grid by grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cursors
from storage.protocols import ReviewFilter, Scope
from storage.scopes import WIDE_SCOPE_GRIDS, beside
from storage.tables import review_items

# Entries of an index read in one go where what is wanted lies scattered: a few milliseconds.
WINDOW = 5_000
# Stretches merged in one statement; more are taken in turns.
STRETCHES = 32
# Statements kept ready per process; there are some hundreds of sorts of them at most.
SHAPES = 512
NOT_GRIDS = "not_grid_id"
# An empty stretch: no grid has this id.
NO_GRID = ""

_c = review_items.c
Keys = tuple[Any, ...]


class Listing(NamedTuple):
    """One of the two lists: its name in cursors, its sort keys, and its direction."""

    kind: str
    order: tuple[ColumnElement[Any], ...]
    shape: tuple[type[cursors.Key], ...]
    newest_first: bool


WAITING = Listing("waiting", (_c.severity, _c.created_at, _c.id), (str, datetime, str), newest_first=False)
JUDGED = Listing("judged", (_c.judged_at, _c.id), (datetime, str), newest_first=True)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: the grids (None: all), those left out of them, and the reader's filter."""

    query: ReviewFilter
    grids: frozenset[str] | None
    without: frozenset[str] = frozenset()

    @property
    def listing(self) -> Listing:
        """The list that is searched."""
        return WAITING if self.query.waiting else JUDGED


class _Lead(NamedTuple):
    """What begins the index that is walked: each of `values` has a stretch of its own."""

    columns: tuple[ColumnElement[str], ...]
    values: tuple[tuple[str, ...], ...]


_WHOLE = _Lead((), ((),))


def searches(scope: Scope, query: ReviewFilter) -> list[Search]:
    """Return what to look for, one after the other: the reader's own grids first where they are named."""
    grids = scope.grid_ids
    if query.grid_id is not None:
        wanted = frozenset([query.grid_id])
        return [Search(query, wanted if grids is None else wanted & grids)]
    own = query.first_grids if grids is None else query.first_grids & grids
    if not own:
        return [Search(query, grids)]
    rest = Search(query, None, own) if grids is None else Search(query, grids - own)
    return [Search(query, own), rest]


async def find(conn: AsyncConnection, search: Search, start: Keys | None, count: int) -> list[Keys]:
    """Return the sort keys of the first `count` items after `start`, in the list's order."""
    if search.grids is not None and not search.grids:
        return []
    if search.query.camera_id is not None:
        return await _merged(conn, search, _led_by(_c.camera_id, [search.query.camera_id]), start, count)
    if search.grids is not None and len(search.grids) < WIDE_SCOPE_GRIDS:
        return await _by_grid(conn, search, start, count)
    return await _scattered(conn, search, start, count)


async def _by_grid(conn: AsyncConnection, search: Search, start: Keys | None, count: int) -> list[Keys]:
    """Take the grids' own stretches, some at a time; what the first ones gave bounds what the next may add."""
    found: list[Keys] = []
    grids = sorted(search.grids or ())
    for first in range(0, len(grids), STRETCHES):
        bound = found[-1] if len(found) == count else None
        lead = _Lead((_c.grid_id,), _padded(grids[first : first + STRETCHES]))
        more = await _merged(conn, search, lead, start, count, bound=bound)
        found = _in_order(search.listing, [*found, *more])[:count]
    return found


async def _scattered(conn: AsyncConnection, search: Search, start: Keys | None, count: int) -> list[Keys]:
    """Walk the list, or the stretches of some types or severities, and pick what fits."""
    lead = _lead(search.query)
    if not _picky(search, lead):
        return await _merged(conn, search, lead, start, count)
    found: list[Keys] = []
    while True:
        end = await _window_end(conn, search, lead, start)
        found += await _merged(conn, search, lead, start, count - len(found), bound=end)
        if len(found) == count or end is None:
            return found
        start = end
        if search.grids is not None:  # rarer here than one in a hundred: their own stretches are the shorter way
            return found + await _by_grid(conn, search, start, count - len(found))


def _lead(query: ReviewFilter) -> _Lead:
    if query.event_types and query.severities and query.waiting:
        return _Lead(
            (_c.event_type, _c.severity), tuple(product(_unique(query.event_types), _unique(query.severities)))
        )
    if query.event_types:
        return _led_by(_c.event_type, query.event_types)
    return _led_by(_c.severity, query.severities) if query.severities else _WHOLE


def _led_by(column: ColumnElement[str], values: Sequence[str]) -> _Lead:
    return _Lead((column,), tuple((value,) for value in _unique(values)))


def _padded(grids: Sequence[str]) -> tuple[tuple[str], ...]:
    """Return the grids, filled up to a power of two: each number of stretches is a statement to be compiled once."""
    size = 1 << (len(grids) - 1).bit_length()
    return tuple((grid,) for grid in [*grids, *[NO_GRID] * (size - len(grids))])


def _unique(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _picky(search: Search, lead: _Lead) -> bool:
    """Say whether the stretches hold items that are not wanted."""
    asks_severity = bool(search.query.severities) and all(column is not _c.severity for column in lead.columns)
    return search.grids is not None or bool(search.without) or asks_severity


async def _merged(
    conn: AsyncConnection, search: Search, lead: _Lead, start: Keys | None, count: int, *, bound: Keys | None = None
) -> list[Keys]:
    """Return the first keys of all stretches; each holds little that is not wanted."""
    asked = _conditions(search, lead)
    shape = _Shape(
        search.query.waiting,
        tuple(column.name for column in lead.columns),
        len(lead.values),
        after=start is not None,
        up_to=bound is not None,
        fits=tuple(name for name, values in asked.items() if values),
    )
    rows = await conn.execute(_heads(shape), _given(lead, start, bound) | asked | {"count": count})
    return [tuple(row) for row in rows]


async def _window_end(conn: AsyncConnection, search: Search, lead: _Lead, start: Keys | None) -> Keys | None:
    """Return up to where a window reaches, None when the whole rest is within one."""
    columns = tuple(column.name for column in lead.columns)
    shape = _Shape(search.query.waiting, columns, len(lead.values), after=start is not None)
    row = (await conn.execute(_ends(shape), _given(lead, start, None))).first()
    return None if row is None else tuple(row)


def _conditions(search: Search, lead: _Lead) -> dict[str, list[str]]:
    """Return what the stretches do not fulfil by themselves: values by the column's name, and grids left out."""
    led = {column.name for column in lead.columns}
    asked = {"event_type": search.query.event_types, "severity": search.query.severities, "grid_id": search.grids or ()}
    found = {name: sorted(values) for name, values in asked.items() if values and name not in led}
    return found | ({NOT_GRIDS: sorted(search.without)} if search.without else {})


def _given(lead: _Lead, start: Keys | None, bound: Keys | None) -> dict[str, Any]:
    given = {
        f"{column.name}_{number}": value
        for number, values in enumerate(lead.values)
        for column, value in zip(lead.columns, values, strict=True)
    }
    for name, keys in (("after", start), ("up_to", bound)):
        given |= {f"{name}_{number}": key for number, key in enumerate(keys or ())}
    return given


class _Shape(NamedTuple):
    """What makes one statement differ from another but for values: building one takes longer than running it."""

    waiting: bool
    lead: tuple[str, ...]
    stretches: int
    after: bool = False
    up_to: bool = False
    fits: tuple[str, ...] = ()

    @property
    def listing(self) -> Listing:
        return WAITING if self.waiting else JUDGED


@lru_cache(maxsize=SHAPES)
def _heads(shape: _Shape) -> Select[Any]:
    """Select the head of every stretch, merged."""
    count = bindparam("count", type_=Integer)
    fits = [
        beside(_c.grid_id).not_in(bindparam(name, expanding=True))
        if name == NOT_GRIDS
        else beside(_c[name]).in_(bindparam(name, expanding=True))
        for name in shape.fits
    ]
    return _together(shape.listing, [s.where(*fits).limit(count) for s in _stretches(shape)], count)


@lru_cache(maxsize=SHAPES)
def _ends(shape: _Shape) -> Select[Any]:
    """Select the first entry beyond a window of any stretch."""
    return _together(shape.listing, [s.offset(WINDOW - 1).limit(1) for s in _stretches(shape)], 1)


def _stretches(shape: _Shape) -> Iterator[Select[Any]]:
    """Select each stretch in the list's order, after one item and up to another."""
    listing = shape.listing
    statement = select(*listing.order).order_by(*_directed(listing, listing.order))
    statement = statement.where(_c.verdict.is_(None) if shape.waiting else _c.verdict.is_not(None))
    if shape.after:
        statement = statement.where(_after(listing))
    if shape.up_to:
        statement = statement.where(_up_to(listing))
    for number in range(shape.stretches):
        yield statement.where(*(_c[name] == bindparam(f"{name}_{number}") for name in shape.lead))


def _together(listing: Listing, heads: Sequence[Select[Any]], count: Any) -> Select[Any]:
    if len(heads) == 1:
        return heads[0]
    stretches = [head.subquery() for head in heads]
    every = union_all(*(select(stretch) for stretch in stretches)).subquery()
    return select(every).order_by(*_directed(listing, [every.c[c.name] for c in listing.order])).limit(count)


def _directed(listing: Listing, columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [column.desc() if listing.newest_first else column for column in columns]


def _after(listing: Listing) -> ColumnElement[bool]:
    columns, given = tuple_(*listing.order), _place("after", listing)
    beyond: ColumnElement[bool] = columns < given if listing.newest_first else columns > given
    return beyond


def _up_to(listing: Listing) -> ColumnElement[bool]:
    columns, given = tuple_(*listing.order), _place("up_to", listing)
    within: ColumnElement[bool] = columns >= given if listing.newest_first else columns <= given
    return within


def _place(name: str, listing: Listing) -> Any:
    """Return a place in the list, given as `NAME_0`, `NAME_1`, ..."""
    return tuple_(*(bindparam(f"{name}_{n}", type_=column.type) for n, column in enumerate(listing.order)))


def _in_order(listing: Listing, keys: Iterable[Keys]) -> list[Keys]:
    return sorted(keys, reverse=listing.newest_first)
