"""Configuration by versions: read, check, save, take back, export."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from camera_configs.diff import differences
from camera_configs.documents import Entry, Key, document_of
from camera_configs.problems import Problem
from camera_configs.writer import entry_files
from gateway.access.rights import Principal, Right, require_any
from gateway.desk.batch import BatchChange, Selection, changed, selected
from gateway.desk.versions import By, Changes
from gateway.errors import AccessDenied, NotFound
from gateway.web import config_models as models
from gateway.web.config_views import (
    ENTRIES_SHOWN,
    diff_views,
    entry_view,
    grids_of,
    require_entry,
    site_answer,
    touches_in_scope,
    version_detail,
    version_view,
)
from gateway.web.context import WebContext
from gateway.web.models import Finding
from gateway.web.problems import ProblemRaised, findings
from gateway.web.routes import Call, Route
from storage.records_config import EntryKey

BATCH_SHOWN = 200
# Of a large batch, what is wrong with these is enough to see what is wrong.
PROBLEMS_SHOWN = 500


def _by(call: Call[Any, Any]) -> By:
    return By(call.principal.account.name, call.body.reason)


def _entry(context: WebContext, principal: Principal, key: Key, right: Right) -> BaseModel:
    """Return an entry in scope.

    Raises:
        NotFound: There is none, or none that this account may know of.
    """
    model = context.book.models.get(key)
    if model is None:
        raise NotFound(key.id)
    require_any(principal, right, grids_of(model))
    return model


def _require_changes(principal: Principal, models_after: Mapping[Key, BaseModel | None], context: WebContext) -> None:
    """Let pass only changes that lie in scope before and after; what is no camera and no grid is the whole site's."""
    for key, model in models_after.items():
        for each in (context.book.models.get(key), model):
            if each is not None:
                require_entry(principal, Right.CONFIG_EDIT, each)


def _entry_key(call: Call[Any, Any]) -> Key:
    name, *_ = call.request.match_info
    return Key("grid" if name == "grid_id" else "camera", call.id(name))


async def _show(call: Call[None, None]) -> models.EntryView:
    key = _entry_key(call)
    model = _entry(call.context, call.principal, key, Right.CONFIG_READ)
    return entry_view(call.context, key, model)


async def _save(call: Call[None, models.Save]) -> models.EntryView:
    context, key = call.context, _entry_key(call)
    await context.book.renew()
    if key in context.book.models:
        _entry(context, call.principal, key, Right.CONFIG_EDIT)
    change: Changes = {key: call.body.document}
    proposal = await context.versions.check(change)
    _require_changes(call.principal, proposal.models, context)
    await context.versions.save(change, {key: call.body.base_version}, _by(call))
    return entry_view(context, key, context.book.models[key]).model_copy(
        update={"warnings": findings(proposal.warnings)}
    )


async def _remove(call: Call[None, models.Remove]) -> None:
    context, key = call.context, _entry_key(call)
    await context.book.renew()
    _entry(context, call.principal, key, Right.CONFIG_EDIT)
    await context.versions.save({key: None}, {key: call.body.base_version}, _by(call))


async def _check(call: Call[None, models.Check]) -> models.CheckAnswer:
    camera_id = call.body.document.get("id")
    proposal = await call.context.versions.check({Key("camera", str(camera_id)): call.body.document})
    return models.CheckAnswer(problems=findings(proposal.problems), warnings=findings(proposal.warnings))


async def _batch(call: Call[None, models.Batch]) -> models.BatchAnswer:
    context, body = call.context, call.body
    selection = _selection(body.select)
    await context.book.renew()
    cameras = [c for c in selected(context.site, selection) if any(map(call.principal.scope.allows, c.grids))]
    change = _change(body.change)
    wanted: Changes = {Key("camera", camera.id): changed(camera, change) for camera in cameras}
    basis = context.versions.basis(wanted)
    proposal = await context.versions.check(wanted)
    after = {key: model for key, model in proposal.models.items() if model != context.book.models[key]}
    version = None
    if not body.preview and not proposal.problems:
        saved = await context.versions.save_checked(after, basis, _by(call))
        version = None if saved is None else saved.id
    before = {camera.id: camera for camera in cameras}
    shown = [(key.id, model) for key, model in after.items() if model is not None][:BATCH_SHOWN]
    return models.BatchAnswer(
        matched=len(cameras),
        changed_total=len(after),
        changed=[_changed_camera(camera_id, before[camera_id], model) for camera_id, model in shown],
        problems=_camera_problems(proposal.problems),
        version=version,
    )


def _selection(select: models.Select) -> Selection:
    ids = None if select.camera_ids is None else frozenset(select.camera_ids)
    selection = Selection(select.region_code or None, select.grid_id or None, select.tag or None, ids)
    if selection.is_open:
        raise ProblemRaised(422, "invalid", "select: say which cameras are meant")
    return selection


def _change(change: models.Change) -> BatchChange:
    return BatchChange(
        add_rules=change.add_rules,
        remove_rule_types=frozenset(change.remove_rule_types),
        schedule=change.schedule,
        rule_types=frozenset(change.rule_types),
        enabled=change.enabled,
        analyse=change.analyse,
        add_tags=change.add_tags,
        remove_tags=frozenset(change.remove_tags),
    )


def _changed_camera(camera_id: str, before: BaseModel, after: BaseModel) -> models.ChangedCamera:
    diff = diff_views(differences(document_of(before), document_of(after)))
    return models.ChangedCamera(id=camera_id, diff=diff)


def _camera_problems(problems: Iterable[Problem]) -> list[models.CameraProblem]:
    several = list(problems)[:PROBLEMS_SHOWN]
    pairs: Iterable[tuple[Problem, Finding]] = zip(several, findings(several), strict=True)
    return [models.CameraProblem(**dict(shown), camera_id=problem.entry_id) for problem, shown in pairs]


async def _versions(call: Call[models.VersionQuery, None]) -> models.VersionPage:
    query, store = call.query, call.context.stores.config
    entry = None
    if query.camera_id is not None:
        camera = call.context.site.find_camera(query.camera_id)
        if (
            camera is not None or call.principal.scope.grid_ids is not None
        ):  # who sees everything sees what is gone, too
            require_any(call.principal, Right.CONFIG_READ, grids_of(camera))
        entry = EntryKey("camera", query.camera_id)
    page = await store.versions(entry, query.cursor, query.limit)
    touched = await store.touched([v.id for v in page.items], ENTRIES_SHOWN)
    items = [version_view(v, touches_in_scope(touched[v.id], call.context, call.principal)) for v in page.items]
    return models.VersionPage(items=items, next_cursor=page.next_cursor)


async def _version(call: Call[None, None]) -> models.VersionDetail:
    store, number = call.context.stores.config, _number(call)
    version = await store.version(number)
    return version_detail(version, await store.changes(number), call.principal)


async def _roll_back(call: Call[None, models.RollBack]) -> models.VersionView:
    context, number = call.context, _number(call)
    entry = None if call.body.camera_id is None else Key("camera", call.body.camera_id)
    await context.book.renew()
    wanted = await context.versions.undone(number, entry)
    proposal = await context.versions.check(wanted, tokens=True)
    _require_changes(call.principal, proposal.models, context)
    made = await context.versions.save(wanted, {}, _by(call), tokens=True)
    version = made or await context.stores.config.version(context.book.version)
    touched = await context.stores.config.touched([version.id], ENTRIES_SHOWN)
    return version_view(version, touched[version.id])


def _number(call: Call[Any, Any]) -> int:
    text = call.id("version_id")
    if not text.isdecimal() or len(text) > 9:
        raise NotFound(text)
    return int(text)


async def _export(call: Call[None, None]) -> web.StreamResponse:
    if call.principal.scope.grid_ids is not None:
        raise AccessDenied(
            Right.CONFIG_READ.value
        )  # half a site is none: it would be applied as the removal of the rest
    book = call.context.book
    data = await asyncio.to_thread(partial(_zipped, book.models))
    name = f"gridpatrol-config-v{book.version}.zip"
    return web.Response(
        body=data,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _zipped(site_models: Mapping[Key, BaseModel]) -> bytes:
    entries = (Entry(key, document_of(site_models[key])) for key in sorted(site_models))
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in entry_files(entries).items():
            archive.writestr(
                zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED
            )  # no dates: the same site, the same bytes
    return memory.getvalue()


async def _site(call: Call[None, None]) -> models.SiteAnswer:
    return site_answer(call.context, call.principal)


def _route(method: str, path: str, handle: object, summary: str, **rest: object) -> Route:
    right = Right.CONFIG_READ if method == "GET" or path == "/config/check" else Right.CONFIG_EDIT
    return Route(method=method, path=path, handle=handle, summary=summary, tag="configuration", access=right, **rest)  # type: ignore[arg-type]


_SAVE = "Save {} as a version; refused where somebody else was first"
ROUTES = [
    _route("GET", "/config/cameras/{camera_id}", _show, "Show a camera's document", answer=models.EntryView),
    _route(
        "POST",
        "/config/cameras/{camera_id}",
        _save,
        _SAVE.format("a camera"),
        body=models.Save,
        answer=models.EntryView,
        audit="config.camera.save",
    ),
    _route(
        "DELETE",
        "/config/cameras/{camera_id}",
        _remove,
        "Remove a camera",
        body=models.Remove,
        status=204,
        audit="config.camera.remove",
    ),
    _route("GET", "/config/grids/{grid_id}", _show, "Show a grid's document", answer=models.EntryView),
    _route(
        "POST",
        "/config/grids/{grid_id}",
        _save,
        _SAVE.format("a grid"),
        body=models.Save,
        answer=models.EntryView,
        audit="config.grid.save",
    ),
    _route(
        "POST",
        "/config/check",
        _check,
        "Check a camera's document; saves nothing",
        body=models.Check,
        answer=models.CheckAnswer,
    ),
    _route(
        "POST",
        "/config/batch",
        _batch,
        "Change many cameras at once: all of them or none",
        body=models.Batch,
        answer=models.BatchAnswer,
        audit="config.batch",
    ),
    _route(
        "GET",
        "/config/versions",
        _versions,
        "List versions, newest first",
        query=models.VersionQuery,
        answer=models.VersionPage,
    ),
    _route(
        "GET", "/config/versions/{version_id}", _version, "Show a version's differences", answer=models.VersionDetail
    ),
    _route(
        "POST",
        "/config/versions/{version_id}/rollback",
        _roll_back,
        "Make everything, or one camera, what it was after a version",
        body=models.RollBack,
        answer=models.VersionView,
        audit="config.rollback",
    ),
    _route(
        "GET",
        "/config/export",
        _export,
        "Download the configuration as YAML files",
        media_type="application/zip",
        audit="config.export",
    ),
    _route("GET", "/config/site", _site, "Show regions, grids and event types", answer=models.SiteAnswer),
]
