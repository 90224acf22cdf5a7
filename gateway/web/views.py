"""Records as the API shows them. Lists are built from a fixed number of queries, however long they are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from camera_configs.models import SiteConfig
from gateway.web import models
from storage.protocols import Scope
from storage.records import Case, CaseStep, Delivery, Event, Evidence, EvidenceKind, ReviewItem
from storage.stores import Stores

RECENT_EVENTS = 10


@dataclass(frozen=True, slots=True)
class Places:
    """Names from the configuration; an id that is no longer configured is shown as it is."""

    site: SiteConfig

    def camera_name(self, camera_id: str) -> str:
        """Name of a camera."""
        found = next((c.name for c in self.site.cameras if c.id == camera_id), None)
        return found or camera_id

    def place(self, camera_id: str) -> str:
        """Where a camera looks, in words."""
        return next((c.position.place for c in self.site.cameras if c.id == camera_id), "")

    def grid_name(self, grid_id: str) -> str:
        """Name of a grid."""
        return next((g.name for g in self.site.grids if g.id == grid_id), grid_id)

    def zone_name(self, camera_id: str, zone_id: str | None) -> str | None:
        """Name of a zone, None for the whole picture."""
        camera = next((c for c in self.site.cameras if c.id == camera_id), None)
        zones = camera.zones if camera else ()
        return next((z.name for z in zones if z.id == zone_id), zone_id)


async def account_names(stores: Stores, ids: Iterable[str | None]) -> dict[str, str]:
    """Return display names by account id, with one query and none when there is nobody to name."""
    wanted = {i for i in ids if i}
    if not wanted:
        return {}
    return {a.id: a.display_name or a.name for a in await stores.accounts.all() if a.id in wanted}


def actor_name(actor: str, names: Mapping[str, str]) -> str:
    """Return who did it, in words: a person's name, the platform's endpoint id, or `auto`."""
    return names.get(actor) or actor.removeprefix("platform:")


def event_view(event: Event, places: Places) -> models.EventView:
    """Show an event with its zone's present name."""
    return models.EventView(
        **{name: getattr(event, name) for name in _EVENT_FIELDS},
        zone_name=places.zone_name(event.camera_id, event.zone_id),
        boxes=list(event.boxes),
        zone_polygon=list(event.zone_polygon),
    )


_EVENT_FIELDS = tuple(set(models.EventView.model_fields) - {"zone_name", "boxes", "zone_polygon"})
_ITEM_FIELDS = tuple(set(models.ItemView.model_fields) - {"judged_by_name"})
_CASE_FIELDS = tuple(set(models.CaseView.model_fields) - {"opened_by_name"})
_STEP_FIELDS = tuple(set(models.StepView.model_fields) - {"actor_name"})
_EVIDENCE_FIELDS = tuple(set(models.EvidenceView.model_fields) - {"segments", "url"})


def item_view(item: ReviewItem, names: Mapping[str, str]) -> models.ItemView:
    """Show an item with the name of who judged it."""
    name = names.get(item.judged_by) if item.judged_by else None
    return models.ItemView(**{name: getattr(item, name) for name in _ITEM_FIELDS}, judged_by_name=name)


def evidence_view(evidence: Evidence) -> models.EvidenceView:
    """Show a file with the address it is read from; the key in the store stays inside."""
    return models.EvidenceView(
        **{name: getattr(evidence, name) for name in _EVIDENCE_FIELDS},
        segments=[models.SegmentView.model_validate(segment) for segment in evidence.segments],
        url=f"/api/v1/evidence/{evidence.id}",
    )


def case_view(case: Case, names: Mapping[str, str]) -> models.CaseView:
    """Show a case with the name of who opened it."""
    return models.CaseView(
        **{name: getattr(case, name) for name in _CASE_FIELDS}, opened_by_name=actor_name(case.opened_by, names)
    )


def step_view(step: CaseStep, names: Mapping[str, str]) -> models.StepView:
    """Show an entry of a timeline with the name of who did it."""
    return models.StepView(
        **{name: getattr(step, name) for name in _STEP_FIELDS}, actor_name=actor_name(step.actor, names)
    )


def delivery_view(delivery: Delivery) -> models.DeliveryView:
    """Show a delivery without its body."""
    return models.DeliveryView.model_validate(delivery)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the entries of one list are shown with."""

    events: Mapping[str, Event]
    first_files: Mapping[tuple[str, EvidenceKind], str]
    alike: Mapping[tuple[str, str], int]
    names: Mapping[str, str]
    places: Places


async def review_entries(stores: Stores, places: Places, items: Sequence[ReviewItem]) -> list[models.ReviewEntry]:
    """Show items of a list: four queries for all of them."""
    event_ids = [item.event_id for item in items]
    async with asyncio.TaskGroup() as group:
        events = group.create_task(stores.events.many(event_ids))
        files = group.create_task(stores.events.evidence_of_many(event_ids))
        alike = group.create_task(stores.reviews.waiting_alike(sorted({item.camera_id for item in items})))
        names = group.create_task(account_names(stores, (item.judged_by for item in items)))
    around = Surroundings(events.result(), _first_files(files.result()), alike.result(), names.result(), places)
    return [_entry(item, around) for item in items]


def _first_files(files: Iterable[Evidence]) -> dict[tuple[str, EvidenceKind], str]:
    first: dict[tuple[str, EvidenceKind], str] = {}
    for file in files:
        first.setdefault((file.event_id, file.kind), file.id)
    return first


def _entry(item: ReviewItem, around: Surroundings) -> models.ReviewEntry:
    waiting = around.alike.get((item.camera_id, item.event_type), 0)
    return models.ReviewEntry(
        item=item_view(item, around.names),
        event=event_view(around.events[item.event_id], around.places),
        place=around.places.place(item.camera_id),
        camera_name=around.places.camera_name(item.camera_id),
        grid_name=around.places.grid_name(item.grid_id),
        thumbnail_id=around.first_files.get((item.event_id, EvidenceKind.THUMBNAIL)),
        clip_id=around.first_files.get((item.event_id, EvidenceKind.CLIP)),
        reference_id=around.first_files.get((item.event_id, EvidenceKind.REFERENCE)),
        similar=max(waiting - (item.verdict is None), 0),
    )


async def review_detail(stores: Stores, places: Places, item: ReviewItem, scope: Scope) -> models.ReviewDetail:
    """Show one item with its files, case and what else happened at this camera within the reader's scope."""
    async with asyncio.TaskGroup() as group:
        entries = group.create_task(review_entries(stores, places, [item]))
        files = group.create_task(stores.events.evidence(item.event_id))
        case = group.create_task(stores.cases.by_event(item.event_id))
        recent = group.create_task(stores.events.recent(scope, item.camera_id, RECENT_EVENTS + 1))
    opened = case.result()
    names = await account_names(stores, [opened.opened_by]) if opened else {}
    others = [event for event in recent.result() if event.id != item.event_id][:RECENT_EVENTS]
    (entry,) = entries.result()
    return models.ReviewDetail(
        **{name: getattr(entry, name) for name in models.ReviewEntry.model_fields},
        evidence=[evidence_view(file) for file in files.result()],
        case=case_view(opened, names) if opened else None,
        recent=[event_view(event, places) for event in others],
    )
