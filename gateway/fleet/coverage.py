"""The coverage ledger of one worker: every second of every camera in exactly one state. Pure; the worker writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from storage.coverage_rows import after_silence, joined, whole_second
from storage.records import CoverageRow, CoverageState

# What a crash may cost: with a write that takes its time, still less than the 10 s that count as unknown afterwards.
FLUSH_S = 5
# A tick speaks for the seconds since the one before, but not for more than these.
MAX_TICK_S = 10
# Per camera, while the database is away; beyond, the oldest two become one row of unknown seconds.
MAX_WAITING_ROWS = 200
_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class _Line:
    """One camera: what is accounted for, and the rows that were not handed out yet."""

    camera_id: str
    grid_id: str
    until: datetime  # everything before it has its state
    state: CoverageState = CoverageState.UNKNOWN  # as last told
    rows: list[CoverageRow] = field(default_factory=list)
    closed: bool = False  # the last row is a closing one
    blurred: int = 0

    def tell(self, state: CoverageState, now: datetime) -> None:
        """Give the seconds up to `now` that state; what a single tick cannot know is unknown."""
        self.add(CoverageState.UNKNOWN, now - MAX_TICK_S * _SECOND)
        self.add(state, now)
        self.state = state

    def add(self, state: CoverageState, end: datetime, *, closing: bool = False) -> None:
        if end <= self.until:
            return
        row = CoverageRow(self.camera_id, self.grid_id, state, self.until, end, closing)
        self.rows[-1:] = joined([*self.rows[-1:], row])
        self.until, self.closed = end, closing
        self.bound()

    def close(self) -> None:
        """Add the closing second, unless nothing was told since the one before."""
        if not self.closed:
            self.add(CoverageState.OFFLINE, self.until + _SECOND, closing=True)

    def put_back(self, rows: Iterable[CoverageRow]) -> None:
        self.rows = joined([*rows, *self.rows])
        self.bound()

    def bound(self) -> None:
        while len(self.rows) > MAX_WAITING_ROWS:
            oldest, second, *rest = self.rows
            self.rows = joined([replace(second, state=CoverageState.UNKNOWN, start=oldest.start), *rest])
            self.blurred += 1

    def take(self) -> list[CoverageRow]:
        rows, self.rows = self.rows, []
        return rows


class CoverageLedger:
    """Turns ticks into rows that follow one another without gap or overlap, whatever the wall clock does.

    Whole seconds of wall time. A clock that steps back writes nothing until it has caught up with what is written; a
    jump forward is unknown but for the last `MAX_TICK_S` (which no one can tell from a late tick).
    """

    def __init__(self, now: datetime) -> None:
        """Begin: a camera that nothing is known of (see `resume`) is accounted for from `now` on."""
        self._began = whole_second(now)
        self._handed_out = now
        self._lines: dict[str, _Line] = {}
        self._left: list[CoverageRow] = []  # of cameras that were forgotten
        self._since: dict[str, datetime] = {}  # of cameras that came later

    @property
    def blurred(self) -> int:
        """Rows whose states were given up, as unknown, because too many waited to be written."""
        return sum(line.blurred for line in self._lines.values())

    def resume(self, last: Mapping[str, CoverageRow], now: datetime) -> None:
        """Go on after the newest rows that are kept: what lies between them and now becomes unknown and offline."""
        for camera_id, row in last.items():
            until, silence = max(row.end, whole_second(now)), after_silence(row, now)
            closed = row.closing and not silence
            self._lines[camera_id] = _Line(camera_id, row.grid_id, until, rows=silence, closed=closed)

    def expect(self, camera_ids: Iterable[str], now: datetime) -> None:
        """Account for cameras that nothing is known of from now on."""
        self._since |= dict.fromkeys(camera_ids, whole_second(now))

    def note(self, camera_id: str, grid_id: str, state: CoverageState, now: datetime) -> None:
        """Say what was done with a camera since the tick before; to be called about once a second for each."""
        line = self._lines.get(camera_id)
        if line is None:
            began = self._since.pop(camera_id, self._began)
            line = self._lines[camera_id] = _Line(camera_id, grid_id, began)
        line.grid_id = grid_id
        line.tell(state, whole_second(now))

    def forget(self, camera_id: str, now: datetime) -> None:
        """Close a camera's line as `stop` does; its last rows go with the others."""
        line = self._lines.pop(camera_id, None)
        if line is None:
            return
        line.tell(line.state, whole_second(now))
        line.close()
        self._left += line.take()

    def due(self, now: datetime) -> list[CoverageRow]:
        """Return the rows to be written now: all that wait, every `FLUSH_S`; nothing in between."""
        if abs(now - self._handed_out) < FLUSH_S * _SECOND:
            return []
        self._handed_out = now
        return self.take()

    def take(self) -> list[CoverageRow]:
        """Return all rows that wait, at once."""
        left, self._left = self._left, []
        return left + [row for line in self._lines.values() for row in line.take()]

    def put_back(self, rows: Iterable[CoverageRow]) -> None:
        """Keep rows that could not be written (or perhaps were: writing them again changes nothing)."""
        by_camera: dict[str, list[CoverageRow]] = {}
        for row in rows:
            by_camera.setdefault(row.camera_id, []).append(row)
        for camera_id, returned in by_camera.items():
            if camera_id in self._lines:
                self._lines[camera_id].put_back(returned)
            else:
                self._left += returned

    def stop(self, now: datetime) -> list[CoverageRow]:
        """Return the last rows: up to now, and a closing second, by which the next start knows of an orderly end."""
        for line in self._lines.values():
            line.tell(line.state, whole_second(now))
            line.close()
        return self.take()
