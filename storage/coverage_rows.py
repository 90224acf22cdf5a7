"""The arithmetic of coverage rows, without a database: appending, joining, and what silence counts as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from storage.records import CoverageRow, CoverageState

# A watcher that died writes no more: so much of the time after its last row is unknown, because it may still have
# watched; for the rest nobody did. Twice the time between two writes.
MAX_UNKNOWN_S = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Appended:
    """What a write must do: rows whose end moves (same camera and start), and rows that are new."""

    lengthened: list[CoverageRow]
    new: list[CoverageRow]


def whole_second(at: datetime) -> datetime:
    """Return the second that the moment lies in."""
    return at.replace(microsecond=0)


def after_silence(last: CoverageRow, now: datetime) -> list[CoverageRow]:
    """Return what the time from a camera's last row until now counts as when nothing was written.

    After a closing row all of it is offline: its watcher stopped in good order. Otherwise it died, and the first
    `MAX_UNKNOWN_S` are unknown, also where the camera was offline: it may have come back. The rest is offline: nobody
    watched.
    """
    now = whole_second(now)
    told = last.end if last.closing else min(now, last.end + timedelta(seconds=MAX_UNKNOWN_S))
    stretches = [(CoverageState.UNKNOWN, last.end, told), (CoverageState.OFFLINE, told, now)]
    return [replace(opened(last), state=state, start=start, end=end) for state, start, end in stretches if start < end]


def appended(last: Mapping[str, CoverageRow], rows: Iterable[CoverageRow]) -> Appended:
    """Return how to write rows after the last ones of their cameras, never overlapping."""
    newest = dict(last)
    kept = {row.camera_id: row for row in last.values()}
    new: dict[tuple[str, datetime], CoverageRow] = {}
    for row in sorted(rows, key=lambda r: (r.camera_id, r.start)):
        for part in _by_day(_after(row, newest.get(row.camera_id))):
            before = newest.get(row.camera_id)
            grown = part if before is None or not _goes_on(before, part) else replace(before, end=part.end)
            newest[row.camera_id] = new[grown.camera_id, grown.start] = grown
    fresh = [row for row in new.values() if not _is_kept(row, kept)]
    return Appended([row for row in new.values() if _is_kept(row, kept)], fresh)


def opened(row: CoverageRow) -> CoverageRow:
    """Return the row as a stretch like any other."""
    return replace(row, closing=False) if row.closing else row


def joined(rows: Iterable[CoverageRow]) -> list[CoverageRow]:
    """Return rows, given in order of time, with neighbours of one state and grid made one; closing rows stay alone."""
    found: list[CoverageRow] = []
    for row in rows:
        if found and _same(found[-1], row):
            found[-1] = replace(found[-1], end=row.end)
        else:
            found.append(row)
    return found


def cut(rows: Sequence[CoverageRow], start: datetime, end: datetime) -> list[CoverageRow]:
    """Return the parts of rows that lie in the span."""
    parts = [replace(row, start=max(row.start, start), end=min(row.end, end)) for row in rows]
    return [part for part in parts if part.start < part.end]


def utc_midnight(at: datetime) -> datetime:
    """Return the beginning of the UTC day of an aware UTC moment."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _after(row: CoverageRow, last: CoverageRow | None) -> CoverageRow:
    return row if last is None or row.start >= last.end else replace(row, start=last.end)


def _by_day(row: CoverageRow) -> list[CoverageRow]:
    parts, start = [], row.start
    while start < row.end:
        end = min(row.end, utc_midnight(start) + _DAY)
        parts.append(replace(row, start=start, end=end))
        start = end
    return parts


def _goes_on(before: CoverageRow, row: CoverageRow) -> bool:
    return _same(before, row) and row.start != utc_midnight(row.start)


def _same(before: CoverageRow, row: CoverageRow) -> bool:
    alike = before.state is row.state and before.grid_id == row.grid_id
    return alike and before.end == row.start and not (before.closing or row.closing)


def _is_kept(row: CoverageRow, kept: Mapping[str, CoverageRow]) -> bool:
    last = kept.get(row.camera_id)
    return last is not None and last.start == row.start
