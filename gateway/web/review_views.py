"""Review items as the API shows them. Lists are built from a fixed number of queries, however long they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.web import review_models
from gateway.web.views import RECENT_EVENTS, Places, account_names, case_view, event_view, evidence_view, item_view
from storage.protocols import ReviewFilter, Scope
from storage.records import Event, EvidenceKind, ReviewItem
from storage.records_review import Hold, ReviewNote
from storage.stores import Stores


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom items are shown, and when."""

    account_id: str
    own_grids: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the entries of one list are shown with."""

    events: Mapping[str, Event]
    first_files: Mapping[tuple[str, EvidenceKind], str]
    alike: Mapping[tuple[str, str], int]
    holds: Mapping[str, Hold]
    names: Mapping[str, str]
    places: Places
    reader: Reader


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page of which list."""

    scope: Scope
    query: ReviewFilter
    cursor: str | None
    limit: int


async def review_page(stores: Stores, places: Places, asked: Asked, reader: Reader) -> review_models.ReviewPage:
    """Show a page of the queue, with how much waits in the scope."""
    async with stores.together():
        page = await stores.reviews.page(asked.scope, asked.query, asked.cursor, asked.limit)
        counts = await stores.reviews.counts(asked.scope)
        entries = await review_entries(stores, places, page.items, reader)
    return review_models.ReviewPage(
        items=entries,
        next_cursor=page.next_cursor,
        counts=review_models.SeverityCounts.model_validate(counts),
    )


async def review_entries(
    stores: Stores, places: Places, items: Sequence[ReviewItem], reader: Reader
) -> list[review_models.ReviewEntry]:
    """Show items of a list: five queries for all of them."""
    event_ids = [item.event_id for item in items]
    cameras, types = ({item.camera_id for item in items}, {item.event_type for item in items})
    async with stores.together():
        holds = await stores.holds.of([item.id for item in items if item.verdict is None], reader.now)
        people = [item.judged_by for item in items] + [hold.account_id for hold in holds.values()]
        around = Surroundings(
            await stores.events.many(event_ids),
            await stores.events.first_files(event_ids),
            await stores.reviews.waiting_alike(sorted(cameras), sorted(types)),
            holds,
            await account_names(stores, people),
            places,
            reader,
        )
    return [_entry(item, around) for item in items]


def _entry(item: ReviewItem, around: Surroundings) -> review_models.ReviewEntry:
    waiting = around.alike.get((item.camera_id, item.event_type), 0)
    return review_models.ReviewEntry(
        item=item_view(item, around.names),
        event=event_view(around.events[item.event_id], around.places),
        place=around.places.place(item.camera_id),
        camera_name=around.places.camera_name(item.camera_id),
        grid_name=around.places.grid_name(item.grid_id),
        thumbnail_id=around.first_files.get((item.event_id, EvidenceKind.THUMBNAIL)),
        clip_id=around.first_files.get((item.event_id, EvidenceKind.CLIP)),
        reference_id=around.first_files.get((item.event_id, EvidenceKind.REFERENCE)),
        similar=max(waiting - (item.verdict is None), 0),
        held_by_name=_holder(item, around),
        mine=item.grid_id in around.reader.own_grids,
    )


def _holder(item: ReviewItem, around: Surroundings) -> str | None:
    """Return who else looks at the item."""
    hold = around.holds.get(item.id)
    if hold is None or hold.account_id == around.reader.account_id:
        return None
    return around.names.get(hold.account_id, hold.account_id)


async def review_detail(
    stores: Stores, places: Places, item: ReviewItem, scope: Scope, reader: Reader
) -> review_models.ReviewDetail:
    """Show one item with its files, case and what else happened at this camera within the reader's scope."""
    async with stores.together():
        (entry,) = await review_entries(stores, places, [item], reader)
        files = await stores.events.evidence(item.event_id)
        opened = await stores.cases.by_event(item.event_id)
        notes = await stores.notes.of_item(item.id)
        recent = await stores.events.recent(scope, item.camera_id, RECENT_EVENTS + 1)
        people = [note.account_id for note in notes] + ([opened.opened_by] if opened else [])
        names = await account_names(stores, people)
    others = [event for event in recent if event.id != item.event_id][:RECENT_EVENTS]
    return review_models.ReviewDetail(
        **{name: getattr(entry, name) for name in review_models.ReviewEntry.model_fields},
        evidence=[evidence_view(file) for file in files],
        notes=[note_view(note, names) for note in notes],
        case=case_view(opened, names) if opened else None,
        recent=[event_view(event, places) for event in others],
    )


def note_view(note: ReviewNote, names: Mapping[str, str]) -> review_models.ReviewNoteView:
    """Show a note with the address it is read from and the name of who added it."""
    return review_models.ReviewNoteView(
        id=note.id,
        kind=note.kind,
        content_type=note.content_type,
        size_bytes=note.size_bytes,
        width=note.width,
        height=note.height,
        at=note.created_at,
        by_name=names.get(note.account_id, note.account_id),
        url=f"/api/v1/review/notes/{note.id}",
    )
