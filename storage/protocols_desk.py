"""The camera desk's store, as a contract; see `protocols` for what holds for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from storage.protocols import Scope
from storage.records import CameraState
from storage.records_desk import EvidenceCount, FaultSpan, HealthDay, OpenFault, SiteOutage, StateBrief


class DeskStore(Protocol):
    """Cameras by the thousand, their health by days, and what imports remember."""

    async def briefs(self, camera_ids: Sequence[str] | None = None) -> list[StateBrief]:
        """Return the states of these cameras (None: of all) in brief; cameras without one are left out."""

    async def states_of(self, camera_ids: Sequence[str]) -> dict[str, CameraState]:
        """Return the whole states of these cameras."""

    async def open_faults(self) -> list[OpenFault]:
        """Return the faults of all cameras that are still there, oldest first."""

    async def faults_between(self, start: datetime, end: datetime) -> list[FaultSpan]:
        """Return the faults that reach into a span, by camera; those that began more than 30 days before are not."""

    async def evidence_counts(self, start: datetime, end: datetime) -> list[EvidenceCount]:
        """Count scene events raised in a span, and those that have a clip, by grid. Faults of cameras do not count."""

    async def put_days(self, days: Sequence[HealthDay]) -> None:
        """Insert or replace days."""

    async def days(self, scope: Scope, since: date, grid_ids: Sequence[str] | None = None) -> list[HealthDay]:
        """Return days from `since` on, added up over the grids in scope (and among `grid_ids`), oldest first.

        Their `grid_id` is "".
        """

    async def begin_outage(self, outage: SiteOutage) -> bool:
        """Save an outage unless one of its site lasts already; True when it was saved. Notes a change "site"."""

    async def end_outage(self, outage_id: str, at: datetime) -> None:
        """Note that a site is back; an outage that has ended stays as it is. Notes a change "site"."""

    async def open_outages(self) -> list[SiteOutage]:
        """Return the outages that last, oldest first."""

    async def headings(self) -> dict[str, str]:
        """Return what headings of ledgers meant the last time."""

    async def remember_headings(self, meant: Mapping[str, str], at: datetime) -> None:
        """Remember what headings mean; others stay."""
