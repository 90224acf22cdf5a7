"""What cameras are configured with, edited by versions as they are: regions, grids, event types, holidays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from camera_configs.diff import differences
from camera_configs.documents import KINDS, Key, Kind, document_of
from camera_configs.taxonomy import EVENT_TYPES, EventTypeSpec
from gateway.access.rights import Right
from gateway.desk.versions import By, Changes
from gateway.errors import NotFound
from gateway.web import site_config_models as shapes
from gateway.web.config_views import diff_views, require_entry
from gateway.web.context import WebContext
from gateway.web.problems import findings
from gateway.web.routes import Call, Route


def _kind(call: Call[Any, Any]) -> Kind:
    """Return which kind is meant; cameras have endpoints of their own."""
    for kind in KINDS:
        if kind == call.id("kind") != "camera":
            return kind
    raise NotFound(call.id("kind"))


async def _list(call: Call[None, None]) -> shapes.SiteEntries:
    context, kind, scope = call.context, _kind(call), call.principal.scope
    found = {key: model for key, model in context.book.models.items() if key.kind == kind}
    if kind == "event_type":
        found = {Key("event_type", spec.id): spec for spec in context.site.event_types}
    if kind == "grid":
        found = {key: model for key, model in found.items() if scope.allows(key.id)}
    users = _users(context, kind)
    return shapes.SiteEntries(items=[_view(context, key, found[key], users) for key in sorted(found)])


async def _save(call: Call[None, shapes.SaveEntry]) -> shapes.SavedEntry:
    context, body = call.context, call.body
    key = Key(_kind(call), body.id)
    await context.book.renew()
    before = context.book.models.get(key)
    if before is None and body.document is None:
        raise NotFound(body.id)
    change: Changes = {key: body.document}
    proposal = await context.versions.check(change)
    after = proposal.models.get(key)
    for model in (before, after):
        if model is not None:
            require_entry(call.principal, Right.CONFIG_EDIT, model)
    if not body.preview:
        by = By(call.principal.account.name, body.reason)
        await context.versions.save(change, {key: body.base_version}, by)
    documents = [None if model is None else document_of(model) for model in (before, after)]
    saved = None if body.preview else _present(context, key)
    return shapes.SavedEntry(
        entry=None if saved is None else _view(context, key, saved, _users(context, key.kind)),
        diff=diff_views(differences(*documents)),
        problems=findings(proposal.problems),
        warnings=findings(proposal.warnings),
    )


def _present(context: WebContext, key: Key) -> BaseModel | None:
    """Return an entry as it holds; a shipped event type that the site says nothing of is there all the same."""
    return context.book.models.get(key) or (EVENT_TYPES.get(key.id) if key.kind == "event_type" else None)


def _view(context: WebContext, key: Key, model: BaseModel, users: Mapping[str, int]) -> shapes.SiteEntry:
    return shapes.SiteEntry(
        id=key.id,
        version=context.book.version_of(key),
        document=document_of(model),
        effective=model.model_dump(mode="json") if isinstance(model, EventTypeSpec) else None,
        shipped=key.kind == "event_type" and key.id in EVENT_TYPES,
        used_by=users.get(key.id, 0),
    )


def _users(context: WebContext, kind: Kind) -> Counter[str]:
    """Count by entry who names it."""
    site = context.site
    if kind == "region":
        return Counter(grid.region_code for grid in site.grids)
    if kind == "grid":
        return Counter(grid_id for camera in site.cameras for grid_id in camera.grids)
    if kind == "event_type":
        return Counter(type_id for camera in site.cameras for type_id in {rule.type for rule in camera.rules})
    return Counter()


ROUTES = [
    Route(
        method="GET",
        path="/config/entries/{kind}",
        handle=_list,
        summary="List what is of a kind: region, grid, event_type, calendar (its years)",
        tag="configuration",
        access=Right.CONFIG_READ,
        answer=shapes.SiteEntries,
    ),
    Route(
        method="POST",
        path="/config/entries/{kind}",
        handle=_save,
        summary="Save or take away one of them as a version, or only say what that would change",
        tag="configuration",
        access=Right.CONFIG_EDIT,
        body=shapes.SaveEntry,
        answer=shapes.SavedEntry,
        audit="config.entry.save",
    ),
]
