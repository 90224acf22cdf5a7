"""All stores on one database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from storage.account_store import SqlAccountStore
from storage.audit_store import SqlAuditStore
from storage.case_store import SqlCaseStore
from storage.change_store import SqlChangeStore
from storage.config_store import SqlConfigStore
from storage.count_store import SqlCountStore
from storage.coverage_store import SqlCoverageStore
from storage.desk_store import SqlDeskStore
from storage.engine import Database, open_database
from storage.event_store import SqlEventStore
from storage.fleet_store import SqlFleetStore
from storage.foot_store import SqlFootStore
from storage.hold_store import SqlHoldStore
from storage.look_store import SqlLookStore
from storage.note_store import SqlNoteStore
from storage.numbers_store import SqlNumbersStore
from storage.outbox_store import SqlOutboxStore
from storage.patrol_store import SqlPatrolStore
from storage.protocols import (
    AccountStore,
    AuditStore,
    CaseStore,
    ChangeStore,
    CoverageStore,
    EventStore,
    FleetStore,
    OutboxStore,
    ReviewStore,
)
from storage.protocols_config import ConfigStore
from storage.protocols_counts import CountStore
from storage.protocols_desk import DeskStore
from storage.protocols_patrol import FootStore, LookStore, NumbersStore, PatrolStore, TaskStore
from storage.protocols_review import HoldStore, NoteStore, PushStore
from storage.push_store import SqlPushStore
from storage.review_store import SqlReviewStore
from storage.schema import prepare_schema
from storage.task_store import SqlTaskStore


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is kept in the database.

    Attributes:
        together: Opens a block whose reads share one transaction; see `Database.together`.
    """

    together: Callable[[], AbstractAsyncContextManager[None]]
    events: EventStore
    reviews: ReviewStore
    cases: CaseStore
    outbox: OutboxStore
    accounts: AccountStore
    fleet: FleetStore
    coverage: CoverageStore
    audit: AuditStore
    changes: ChangeStore
    config: ConfigStore
    holds: HoldStore
    notes: NoteStore
    push: PushStore
    patrol: PatrolStore
    tasks: TaskStore
    foot: FootStore
    looks: LookStore
    numbers: NumbersStore
    desk: DeskStore
    counts: CountStore


@asynccontextmanager
async def open_stores(database_url: str, *, migrate: bool) -> AsyncIterator[Stores]:
    """Connect, check or migrate the tables, and close all connections at the end.

    Args:
        database_url: `sqlite:////abs/path.db`, `sqlite:///relative.db` or `postgresql://user:password@host/name`.
        migrate: Make or upgrade the tables. Safe in several processes at once; meant for the front process.

    Raises:
        StoreUnavailable: No connection.
        StorageError: The address is wrong, or the tables are not of this program's version.
    """
    database = open_database(database_url)
    try:
        await prepare_schema(database, migrate=migrate)
        yield _stores(database)
    finally:
        await database.engine.dispose()


def _stores(database: Database) -> Stores:
    return Stores(
        together=database.together,
        events=SqlEventStore(database),
        reviews=SqlReviewStore(database),
        cases=SqlCaseStore(database),
        outbox=SqlOutboxStore(database),
        accounts=SqlAccountStore(database),
        fleet=SqlFleetStore(database),
        coverage=SqlCoverageStore(database),
        audit=SqlAuditStore(database),
        changes=SqlChangeStore(database),
        config=SqlConfigStore(database),
        holds=SqlHoldStore(database),
        notes=SqlNoteStore(database),
        push=SqlPushStore(database),
        patrol=SqlPatrolStore(database),
        tasks=SqlTaskStore(database),
        foot=SqlFootStore(database),
        looks=SqlLookStore(database),
        numbers=SqlNumbersStore(database),
        desk=SqlDeskStore(database),
        counts=SqlCountStore(database),
    )
