"""The store of counted lines, as a contract; see `protocols` for what holds for all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from storage.records_counts import LineCount


class CountStore(Protocol):
    """Crossings of lines, by the hour."""

    async def put(self, counts: Sequence[LineCount]) -> None:
        """Write the sums of their sources, in one transaction; a sum that is there already is replaced.

        A sum written again, after a lost answer, therefore changes nothing.
        """

    async def hours(self, camera_id: str, start: datetime, end: datetime) -> list[LineCount]:
        """Return a camera's hours that begin in the span, sources added up (`source` is ""), in order of time."""

    async def purge(self, before: datetime) -> int:
        """Remove the hours that began before; return how many rows that were."""
