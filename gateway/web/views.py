"""Records as the API shows them. Lists are built from a fixed number of queries, however long they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from camera_configs.models import SiteConfig
from gateway.web import models
from storage.records import Case, CaseStep, Delivery, Event, Evidence, ReviewItem
from storage.stores import Stores

RECENT_EVENTS = 10


class Places:
    """Names from the configuration; an id that is no longer configured is shown as it is."""

    def __init__(self, site: SiteConfig) -> None:
        self._site = site

    def camera_name(self, camera_id: str) -> str:
        """Name of a camera."""
        camera = self._site.find_camera(camera_id)
        return (camera.name if camera else "") or camera_id

    def place(self, camera_id: str) -> str:
        """Where a camera looks, in words."""
        camera = self._site.find_camera(camera_id)
        return camera.position.place if camera else ""

    def grid_name(self, grid_id: str) -> str:
        """Name of a grid."""
        grid = self._site.find_grid(grid_id)
        return grid.name if grid else grid_id

    def zone_name(self, camera_id: str, zone_id: str | None) -> str | None:
        """Name of a zone, None for the whole picture."""
        camera = self._site.find_camera(camera_id)
        zones = camera.zones if camera else ()
        return next((z.name for z in zones if z.id == zone_id), zone_id)


async def account_names(stores: Stores, ids: Iterable[str | None]) -> dict[str, str]:
    """Return display names by account id, with one query and none when there is nobody to name."""
    wanted = {i for i in ids if i}
    if not wanted:
        return {}
    return {a.id: a.display_name or a.name for a in await stores.accounts.many(sorted(wanted))}


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
