"""The stores, as contracts. One contract test suite runs over every implementation.

Every method is one short transaction. All raise `StoreUnavailable` when the database cannot be reached; methods that
name a record raise `RecordNotFound` when it does not exist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from storage.records import (
    Account,
    AuditEntry,
    CameraState,
    Case,
    CaseState,
    CaseStep,
    Change,
    CoverageRow,
    CoverageState,
    Delivery,
    Event,
    Evidence,
    EvidenceKind,
    Page,
    ReviewItem,
    WebSession,
    WorkerRecord,
)
from storage.records_patrol import Task


@dataclass(frozen=True, slots=True)
class Scope:
    """Which grids a query may see; None means all. Every list query takes one, so that none can forget it."""

    grid_ids: frozenset[str] | None

    def allows(self, grid_id: str) -> bool:
        """Say whether that grid is in scope."""
        return self.grid_ids is None or grid_id in self.grid_ids


class EventStore(Protocol):
    """Events and their evidence."""

    async def begin(self, event: Event) -> None:
        """Save an event whose condition has just been met; not shown to anybody until concluded."""

    async def conclude(
        self,
        event: Event,
        evidence: Sequence[Evidence],
        review: ReviewItem | None,
        case: tuple[Case, CaseStep, Sequence[Delivery]] | None = None,
    ) -> None:
        """Save the event as given, its files, its review item and, for auto_report, its case, or none of it.

        The files must already be durable: a row never names a missing file. `review` is None only when the event
        already has a review item (a second clip of the same event). Writes a `Change` of kind "review".
        """

    async def touch(self, event_id: str, last_seen_at: datetime, confidence: float) -> None:
        """Note that the condition is still there."""

    async def close(self, event_id: str, ended_at: datetime) -> None:
        """Note that the condition is gone. Closing a closed event changes nothing."""

    async def interrupt(self, camera_ids: Sequence[str], alive_run_ids: Sequence[str], at: datetime) -> list[Event]:
        """Mark open events of these cameras, raised by runs that are no longer alive, as interrupted.

        An interrupted event without a review item gets one in the same transaction, so that it is not lost.
        Returns the events changed.
        """

    async def get(self, event_id: str) -> Event:
        """Return an event."""

    async def many(self, event_ids: Sequence[str]) -> dict[str, Event]:
        """Return the events of these ids in one query; unknown ids are left out."""

    async def evidence_of_many(self, event_ids: Sequence[str]) -> list[Evidence]:
        """Return the files of these events in one query, oldest first."""

    async def first_files(self, event_ids: Sequence[str]) -> dict[tuple[str, EvidenceKind], str]:
        """Return the id of the oldest file of each kind, by event and kind, in one query."""

    async def evidence(self, event_id: str) -> list[Evidence]:
        """Return the event's files, oldest first."""

    async def evidence_file(self, evidence_id: str) -> tuple[Evidence, Event]:
        """Return one file's record with the event it belongs to (for the rights check)."""

    async def known_media_keys(self, keys: Sequence[str]) -> set[str]:
        """Return those of the keys that an evidence row names (for the sweep of files that none does)."""

    async def recent(self, scope: Scope, camera_id: str | None = None, limit: int = 50) -> list[Event]:
        """Return concluded events, newest first."""

    async def open_events(self, camera_ids: Sequence[str]) -> list[Event]:
        """Return events in state open of these cameras, for a builder that resumes after a restart."""


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """What a reviewer asked to see; empty tuples mean any."""

    waiting: bool = True  # False: judged items, newest verdict first
    event_types: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    camera_id: str | None = None
    grid_id: str | None = None
    first_grids: frozenset[str] = frozenset()  # the reader's own: all of their items come before all others


class ReviewStore(Protocol):
    """The queue of events that wait for a person."""

    async def page(
        self, scope: Scope, query: ReviewFilter, cursor: str | None = None, limit: int = 50
    ) -> Page[ReviewItem]:
        """Return items: waiting ones severest first, then oldest first; judged ones newest verdict first."""

    async def counts(self, scope: Scope) -> dict[str, int]:
        """Return how many items wait, per severity."""

    async def waiting_alike(
        self, camera_ids: Sequence[str], event_types: Sequence[str] = ()
    ) -> dict[tuple[str, str], int]:
        """Return how many items wait per (camera_id, event_type) of these cameras, of these types or of all."""

    async def get(self, item_id: str) -> ReviewItem:
        """Return an item."""

    async def many(self, item_ids: Sequence[str]) -> dict[str, ReviewItem]:
        """Return the items of these ids in one query; unknown ids are left out."""

    async def by_event(self, event_id: str) -> ReviewItem:
        """Return the item of an event."""

    async def judge(
        self,
        item: ReviewItem,
        case: tuple[Case, CaseStep, Sequence[Delivery]] | None,
        client_id: str | None = None,
        task: Task | None = None,
    ) -> None:
        """Save a verdict (`item` carries it) with the case and deliveries, or the task, it leads to, or none of it.

        A verdict of the same account, item and `client_id` that has arrived before changes nothing, even when it was
        undone in between.

        Raises:
            ItemHeld: Somebody else looks at the item at `item.judged_at`.
            RecordConflict: Somebody has judged the item already. Judging again with the same verdict by the same
                account is not a conflict and changes nothing (an answer was lost on a bad line).
        """

    async def undo(self, item_id: str, account_id: str, now: datetime) -> ReviewItem:
        """Take a verdict back: the item waits again, its case and undelivered deliveries are removed.

        Raises:
            RecordConflict: Judged by somebody else, or a delivery of its case has already been claimed.
        """


class CaseStore(Protocol):
    """Cases and their timeline."""

    async def get(self, case_id: str) -> Case:
        """Return a case."""

    async def by_event(self, event_id: str) -> Case | None:
        """Return the case of an event, None when there is none."""

    async def steps(self, case_id: str) -> list[CaseStep]:
        """Return the timeline, oldest first."""

    async def page(
        self, scope: Scope, states: Sequence[CaseState] = (), cursor: str | None = None, limit: int = 50
    ) -> Page[Case]:
        """Return cases, newest first."""

    async def advance(self, step: CaseStep, number: str | None = None) -> bool:
        """Add a step and move the case to its state, in one transaction; writes a `Change` of kind "case".

        Returns False, and changes nothing, when a step with the same `source_id` is already there. A later state is
        never replaced by an earlier one that arrives late (the step is still added to the timeline).

        Raises:
            RecordConflict: `number` is given and the case already has another.
        """


class OutboxStore(Protocol):
    """Messages to the world: claimed under a lease, so that a crash releases them by itself."""

    async def claim(self, now: datetime, lease_s: float, limit: int) -> list[Delivery]:
        """Lease due deliveries, oldest first: pending ones whose `not_before` has come, and leased ones run out.

        Two claimers never get the same delivery within its lease. `attempts` counts this claim.
        """

    async def succeeded(self, delivery_id: str, at: datetime, status: int, answer: dict[str, Any]) -> None:
        """Note that the receiver has it; `answer` with a string "case_number" also numbers the case."""

    async def retry(self, delivery_id: str, not_before: datetime, status: int | None, error: str) -> None:
        """Put it back for a later attempt."""

    async def dead(self, delivery_id: str, status: int | None, error: str) -> None:
        """Give it up; it stays for a person to look at and replay."""

    async def replay(self, delivery_id: str, now: datetime) -> None:
        """Make a dead delivery pending again, same id and body, attempts at zero."""

    async def get(self, delivery_id: str) -> Delivery:
        """Return a delivery."""

    async def for_case(self, case_id: str) -> list[Delivery]:
        """Return the deliveries of a case, oldest first."""

    async def depth(self) -> dict[str, int]:
        """Return the number of deliveries per state."""

    async def next_due(self) -> datetime | None:
        """Return when the next claim could find something, None when nothing waits."""


class AccountStore(Protocol):
    """Accounts and signed-in browsers."""

    async def add(self, account: Account) -> None:
        """Save a new account; RecordConflict when the name is taken."""

    async def get(self, account_id: str) -> Account:
        """Return an account."""

    async def many(self, account_ids: Sequence[str]) -> list[Account]:
        """Return the accounts of these ids in one query; unknown ids are left out."""

    async def by_name(self, name: str) -> Account | None:
        """Return the account of a sign-in name, None when there is none."""

    async def all(self) -> list[Account]:
        """Return all accounts by name."""

    async def update(self, account: Account) -> None:
        """Replace an account."""

    async def open_session(self, session: WebSession) -> None:
        """Save a session."""

    async def session(self, token_hash: str) -> WebSession | None:
        """Return a session, None when unknown."""

    async def use_session(self, token_hash: str, now: datetime) -> None:
        """Note that a session was used."""

    async def close_session(self, token_hash: str) -> None:
        """Remove a session; unknown ones are ignored."""

    async def purge_sessions(self, now: datetime) -> int:
        """Remove expired sessions; return how many."""


class FleetStore(Protocol):
    """Workers and the health of their cameras."""

    async def save_states(self, states: Sequence[CameraState]) -> None:
        """Insert or replace; writes a `Change` of kind "camera" for each whose state name differs from before."""

    async def states(self) -> dict[str, CameraState]:
        """Return the latest state per camera id."""

    async def states_of(self, camera_ids: Sequence[str]) -> dict[str, CameraState]:
        """Return the latest states of these cameras; those that have none are left out."""

    async def register(self, worker: WorkerRecord) -> None:
        """Insert or replace a worker; done again, with a fresh `heartbeat_at`, as its heartbeat.

        So a living worker is back in the table within a heartbeat, whoever wrote over its record.
        """

    async def unregister(self, worker_id: str, run_id: str) -> None:
        """Remove a worker if it is still that run."""

    async def workers(self) -> list[WorkerRecord]:
        """Return all registered workers."""


Seconds = Mapping[CoverageState, int]  # states that do not occur are left out


class CoverageStore(Protocol):
    """What was done with every second of every camera, as rows that never overlap."""

    async def extend(self, rows: Sequence[CoverageRow]) -> None:
        """Append rows of any number of cameras, in one transaction.

        A row that goes on where its camera's last one ends, in the same state and grid, lengthens that one. What lies
        before the last one's end is cut off, so that rows written again after a lost answer change nothing. A closing
        row is kept as it is: neither lengthened nor made part of the one before.
        """

    async def last(self, camera_ids: Sequence[str]) -> dict[str, CoverageRow]:
        """Return the newest row per camera id; cameras without any are left out.

        A long stretch is kept in one part per day UTC: this is the last part.
        """

    async def rows(self, camera_id: str, start: datetime, end: datetime) -> list[CoverageRow]:
        """Return a camera's rows in order of time, cut to the span; neighbours of one state are one row.

        A closing row is here a row like any other: only `last` tells.
        """

    async def totals(
        self,
        scope: Scope,
        start: datetime,
        end: datetime,
        *,
        by: Literal["camera", "grid", "state"],
        camera_ids: Sequence[str] | None = None,
        grid_id: str | None = None,
    ) -> dict[str, Seconds]:
        """Return the seconds per state within the span, per camera id, per grid id, or of all together under "".

        A row that reaches over an end of the span counts by its part. A row belongs to the grid that its camera had
        at that time.
        """

    async def purge(self, before: datetime) -> int:
        """Remove rows that ended by then; return how many."""


class AuditStore(Protocol):
    """The hash-chained register of who did what."""

    async def append(self, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]) -> AuditEntry:
        """Add an entry at the end of the chain."""

    async def entries(self, after_id: int = 0, limit: int = 500) -> list[AuditEntry]:
        """Return entries in order."""

    async def verify(self) -> int | None:
        """Recompute the chain; return the id of the first entry that does not fit, None when all do."""


class ChangeStore(Protocol):
    """What is new, for readers in other processes."""

    async def since(self, last_id: int, limit: int = 500) -> list[Change]:
        """Return changes after `last_id`, oldest first."""

    async def last_id(self) -> int:
        """Return the id of the newest change, 0 when there is none."""

    def watch(self, poll_s: float) -> AsyncIterator[None]:
        """Yield whenever there may be something new: NOTIFY on PostgreSQL, at least every `poll_s` elsewhere."""

    async def purge(self, before: datetime) -> int:
        """Remove old changes; return how many."""


class MediaStore(Protocol):
    """Evidence files by key ("2026/11/22/cam-1/evt_….mp4"). A key is readable only once its file is durable."""

    async def put(self, key: str, source: Path) -> int:
        """Move a finished file in: fsync, rename, fsync of the folder. Returns its size in bytes.

        Raises:
            MediaWriteError: It could not be made durable; nothing is left behind under `key`.
        """

    async def put_bytes(self, key: str, data: bytes) -> int:
        """The same for a small file in memory."""

    async def open_path(self, key: str) -> Path:
        """Return a local path to read from.

        Raises:
            RecordNotFound: No such file, or the key would leave the store.
        """

    async def delete(self, key: str) -> None:
        """Remove a file; a missing one is ignored."""

    def keys(self) -> AsyncIterator[str]:
        """Yield all keys, for the sweep of files that no row names."""

    def scratch(self) -> Path:
        """Return a folder on the same file system, for files in the making; emptied when the gateway starts."""
