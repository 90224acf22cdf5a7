"""Records to be kept, with everything filled in that a test does not care for."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from storage import tables
from storage.engine import open_database
from storage.mapping import EVENTS, REVIEW_ITEMS
from storage.protocols import Scope
from storage.records import (
    Account,
    CameraState,
    CameraStateName,
    Case,
    CaseState,
    CaseStep,
    ClipSegment,
    Delivery,
    DeliveryState,
    Event,
    EventState,
    Evidence,
    EvidenceKind,
    ReviewItem,
    Role,
    Verdict,
    WebSession,
    WorkerRecord,
)
from storage.stores import Stores

T0 = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
EVERYTHING = Scope(None)

_numbers = itertools.count(1)

Opening = tuple[Case, CaseStep, Sequence[Delivery]]


def after(seconds: float) -> datetime:
    """Return a moment that long after `T0`."""
    return T0 + timedelta(seconds=seconds)


def fresh(prefix: str) -> str:
    """Return an id not used before by any process; later ones of one process sort later."""
    return f"{prefix}_{next(_numbers):06d}_{os.getpid()}"


def an_event(**changes: Any) -> Event:
    event = Event(
        id=fresh("evt"),
        camera_id="cam-1",
        grid_id="grid-1",
        region_code="371121001001",
        event_type="zone_intrusion",
        rule_id="rule-1",
        zone_id="yard",
        severity="S2",
        state=EventState.OPEN,
        started_at=T0,
        raised_at=after(5),
        last_seen_at=after(6),
        ended_at=None,
        confidence=0.75,
        label="person",
        count=2,
        boxes=((0.1, 0.2, 0.3, 0.4), (0.5, 0.5, 0.75, 1.0)),
        zone_polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
        detector="motion",
        run_id="run-1",
    )
    return replace(event, **changes)


def a_file(event: Event, **changes: Any) -> Evidence:
    number = fresh("evd")
    file = Evidence(
        id=number,
        event_id=event.id,
        kind=EvidenceKind.CLIP,
        media_key=f"2026/11/22/cam-1/{number}.mp4",
        content_type="video/mp4",
        size_bytes=3_000_000_000,
        sha256="0" * 64,
        created_at=after(20),
        width=1920,
        height=1080,
        duration_s=12.5,
        codec="h264",
        segments=(ClipSegment(0.0, 10.0, T0), ClipSegment(10.0, 2.5, after(60))),
    )
    return replace(file, **changes)


def an_item(event: Event, **changes: Any) -> ReviewItem:
    item = ReviewItem(
        id=fresh("rev"),
        event_id=event.id,
        camera_id=event.camera_id,
        grid_id=event.grid_id,
        event_type=event.event_type,
        severity=event.severity,
        created_at=event.raised_at,
    )
    return replace(item, **changes)


def judged(item: ReviewItem, **changes: Any) -> ReviewItem:
    verdict = replace(item, verdict=Verdict.CONFIRMED, note="seen", judged_by="acc-li", judged_at=after(100))
    return replace(verdict, **changes)


def a_case(event: Event, deliveries: int = 1, **changes: Any) -> Opening:
    """Return a new case with its first step and as many deliveries."""
    case = Case(
        id=fresh("case"),
        event_id=event.id,
        camera_id=event.camera_id,
        grid_id=event.grid_id,
        region_code=event.region_code,
        event_type=event.event_type,
        severity=event.severity,
        place="河堤",
        lon=118.86,
        lat=35.58,
        state=CaseState.OPENED,
        number=None,
        opened_at=after(100),
        opened_by="acc-li",
        deadline_at=after(7200),
        updated_at=after(100),
    )
    case = replace(case, **changes)
    return case, a_step(case, CaseState.OPENED, actor="acc-li"), [a_delivery(case) for _ in range(deliveries)]


def a_step(case: Case, state: CaseState, **changes: Any) -> CaseStep:
    return replace(CaseStep(fresh("step"), case.id, state, case.opened_at, "platform:city"), **changes)


def a_delivery(case: Case, **changes: Any) -> Delivery:
    delivery = Delivery(
        id=fresh("msg"),
        case_id=case.id,
        endpoint_id="city",
        message_type="cn.gridpatrol.case.opened",
        body='{"题": "案件"}',
        state=DeliveryState.PENDING,
        attempts=0,
        not_before=case.opened_at,
        lease_until=None,
        created_at=case.opened_at,
    )
    return replace(delivery, **changes)


def an_account(**changes: Any) -> Account:
    number = fresh("acc")
    account = Account(
        id=number,
        name=number,
        display_name="李",
        role=Role.GRID_WORKER,
        grid_ids=("grid-1", "grid-2"),
        region_codes=("371121",),
        password_hash="$argon2id$x",
        created_at=T0,
    )
    return replace(account, **changes)


def a_session(account: Account, **changes: Any) -> WebSession:
    session = WebSession(fresh("token"), account.id, "csrf", T0, after(3600), T0)
    return replace(session, **changes)


def a_camera_state(camera_id: str = "cam-1", **changes: Any) -> CameraState:
    state = CameraState(camera_id, CameraStateName.ONLINE, T0, after(1), fps=25.0, looks=5_000_000_000)
    return replace(state, **changes)


def a_worker(**changes: Any) -> WorkerRecord:
    worker = WorkerRecord("w0", "run-1", 4711, "http://127.0.0.1:9001", "secret", ("cam-1", "cam-2"), T0, T0)
    return replace(worker, **changes)


async def shown(stores: Stores, **changes: Any) -> tuple[Event, ReviewItem]:
    """Put an event into the review queue."""
    event = an_event(**changes)
    item = an_item(event)
    await stores.events.conclude(event, [], item)
    return event, item


async def opened(stores: Stores, deliveries: int = 1, **changes: Any) -> tuple[ReviewItem, Opening]:
    """Confirm a new event, so that its case is open."""
    event, item = await shown(stores, **changes)
    case = a_case(event, deliveries)
    await stores.reviews.judge(judged(item), case)
    return await stores.reviews.get(item.id), case


async def fill_queue(database_url: str, events: Sequence[Event]) -> set[str]:
    """Put events into the review queue in one go, past the event store; return the items' ids."""
    items = [an_item(event) for event in events]
    database = open_database(database_url)
    async with database.write() as conn:
        await conn.execute(insert(tables.events), [EVENTS.row(event) | {"concluded": True} for event in events])
        await REVIEW_ITEMS.add(conn, *items)
    await database.engine.dispose()
    return {item.id for item in items}
