"""Versions and entries of the configuration as the interface shows them, within what an account may see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from camera_configs.diff import Difference, differences
from camera_configs.documents import Key, document_of
from camera_configs.models import CameraConfig, GridConfig, RuleConfig, SiteConfig
from gateway.access.rights import Principal, Right, require, require_any
from gateway.desk.secrets import shown
from gateway.errors import AccessDenied
from gateway.web import config_models as models
from gateway.web.context import WebContext
from storage.records_config import ConfigChange, ConfigTouch, ConfigVersion

# Entries named with a version in a list; a ledger may have brought thousands.
ENTRIES_SHOWN = 20
DIFFS_SHOWN = 200


def entry_view(context: WebContext, key: Key, model: BaseModel) -> models.EntryView:
    """Show a camera or grid as it is configured."""
    document = document_of(model)
    visible = shown(document) if key.kind == "camera" else document
    return models.EntryView(id=key.id, version=context.book.version_of(key), document=visible)


def version_view(version: ConfigVersion, touched: Sequence[ConfigTouch]) -> models.VersionView:
    """Show a version."""
    return models.VersionView(**_facts(version), entries=[_entry(touch) for touch in touched])


def version_detail(
    version: ConfigVersion, changes: Sequence[ConfigChange], principal: Principal
) -> models.VersionDetail:
    """Show a version with its differences, those in the account's scope."""
    mine = [change for change in changes if _in_scope(principal, change)]
    entries = [models.TouchedEntry(kind=c.kind, id=c.entry_id, action=_action(c)) for c in mine[:ENTRIES_SHOWN]]
    return models.VersionDetail(**_facts(version), entries=entries, diff=[_changed(c) for c in mine[:DIFFS_SHOWN]])


def touches_in_scope(touched: Sequence[ConfigTouch], context: WebContext, principal: Principal) -> list[ConfigTouch]:
    """Return those that an account may know of: of a part of the grids only the cameras and grids that are there."""
    if principal.scope.grid_ids is None:
        return list(touched)
    present = context.book.models
    grids = [grids_of(present.get(key_from(t.kind, t.entry_id))) for t in touched]
    return [t for t, mine in zip(touched, grids, strict=True) if any(map(principal.scope.allows, mine))]


def grids_of(model: BaseModel | None) -> tuple[str, ...]:
    """Return the grids that an entry belongs to; none for a region or an event type."""
    if isinstance(model, CameraConfig):
        return model.grids
    return (model.id,) if isinstance(model, GridConfig) else ()


def require_entry(principal: Principal, right: Right, model: BaseModel) -> None:
    """Let pass whose scope an entry lies in; what belongs to no grid is the whole site's.

    Raises:
        AccessDenied, NotFound: It does not.
    """
    if grids := grids_of(model):
        require_any(principal, right, grids)
        return
    require(principal, right)
    if principal.scope.grid_ids is not None:
        raise AccessDenied(right.value)


def key_from(kind: str, entry_id: str) -> Key:
    """Return the key of an entry as it is kept."""
    return Key(kind, entry_id)  # type: ignore[arg-type]  # what is kept was written by this program


def diff_views(found: Iterable[Difference]) -> list[models.DifferenceView]:
    """Show differences."""
    return [models.DifferenceView(path=d.path, before=d.before, after=d.after) for d in found]


def site_answer(context: WebContext, principal: Principal) -> models.SiteAnswer:
    """Show what cameras are configured with: grids in scope, all regions and event types."""
    site = context.site
    cameras = (camera for camera in site.cameras if any(principal.scope.allows(g) for g in camera.grids))
    return models.SiteAnswer(
        version=context.book.version,
        regions=list(site.regions),
        grids=_site_grids(context, site, principal),
        event_types=_event_types(context, site),
        tags=sorted({tag for camera in cameras for tag in camera.tags}),
        fields=["perspective", "presets"],
    )


def _site_grids(context: WebContext, site: SiteConfig, principal: Principal) -> list[models.SiteGrid]:
    return [
        models.SiteGrid(
            **{name: getattr(grid, name) for name in ("id", "code", "name", "kind", "region_code")},
            polygon=list(grid.polygon),
            workers=list(grid.workers),
            version=context.book.version_of(Key("grid", grid.id)),
        )
        for grid in site.grids
        if principal.scope.allows(grid.id)
    ]


def _event_types(context: WebContext, site: SiteConfig) -> list[models.SiteEventType]:
    rule = RuleConfig(id="default", type="default")
    same = {name: getattr(rule, name) for name in models.RuleDefaults.model_fields if name not in _OF_TYPE}
    return [
        models.SiteEventType(
            **{name: getattr(spec, name) for name in ("id", "zh", "en", "severity", "technique", "parent")},
            available=spec.id in context.ready_types,
            default_rule=models.RuleDefaults(dwell_s=spec.dwell_s, cadence_s=spec.cadence_s, **same),
        )
        for spec in site.event_types
    ]


_OF_TYPE = frozenset({"dwell_s", "cadence_s"})


def _facts(version: ConfigVersion) -> dict[str, Any]:
    names = ("id", "at", "author", "reason", "digest", "cameras")
    return {name: getattr(version, name) for name in names} | {"entries_total": version.entries}


def _entry(touch: ConfigTouch) -> models.TouchedEntry:
    return models.TouchedEntry(kind=touch.kind, id=touch.entry_id, action=touch.action)


def _action(change: ConfigChange) -> models.Action:
    if change.before is None:
        return "added"
    return "removed" if change.after is None else "changed"


def _changed(change: ConfigChange) -> models.ChangedEntry:
    before, after = (None if text is None else json.loads(text) for text in (change.before, change.after))
    changes = diff_views(differences(before, after))
    return models.ChangedEntry(kind=change.kind, id=change.entry_id, action=_action(change), changes=changes)


def _in_scope(principal: Principal, change: ConfigChange) -> bool:
    """Say whether what an entry was or is lies in scope."""
    if principal.scope.grid_ids is None:
        return True
    if change.kind == "grid":
        return principal.scope.allows(change.entry_id)
    documents = [json.loads(text) for text in (change.before, change.after) if text is not None]
    return any(principal.scope.allows(grid_id) for document in documents for grid_id in document.get("grids", ()))
