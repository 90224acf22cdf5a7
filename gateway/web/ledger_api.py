"""The camera ledger over HTTP: files in, previews, one import; the same out; where cameras may hang."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import numpy as np
from aiohttp import web
from pydantic import BaseModel

from gateway.access.rights import Right
from gateway.desk.camera_index import CameraFilter
from gateway.desk.ledger_export import export_ledger
from gateway.desk.ledger_fields import FIELDS
from gateway.desk.ledger_file import MAX_FILE_BYTES, XLSX, LedgerFileError
from gateway.desk.ledger_import import Job, LedgerBusy, LedgerDesk, LedgerNotReady, Owner
from gateway.desk.ledger_rows import RowError
from gateway.desk.ledger_words import worded
from gateway.desk.placement import ARTICLE, CLASSES, FORBIDDEN, LEGAL_BASES
from gateway.web import ledger_models as shapes
from gateway.web.camera_list import read_pulse
from gateway.web.models import FieldProblem
from gateway.web.problems import RETRY_AFTER_S, ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.uploads import read_file

Q = TypeVar("Q", bound=BaseModel | None)
B = TypeVar("B", bound=BaseModel | None)

CONTENT_TYPES = {"xlsx": XLSX, "csv": "text/csv"}


async def _take(call: Call[shapes.FileQuery, None]) -> shapes.LedgerFileView:
    content = await read_file(call.request, MAX_FILE_BYTES)
    try:
        upload = await _desk(call).take(content, call.query.name, call.principal.account.id)
    except LedgerFileError as exc:
        raise _file_problem(exc, call.principal.account.locale) from exc
    columns = [
        shapes.ColumnView(name=name, samples=upload.samples(name), suggested=upload.suggested.get(name))
        for name in upload.ledger.columns
    ]
    fields = [shapes.FieldView.model_validate(field) for field in FIELDS]
    return shapes.LedgerFileView(file_id=upload.id, columns=columns, rows=len(upload.ledger.rows), fields=fields)


def _file_problem(exc: LedgerFileError, locale: str) -> ProblemRaised:
    words = worded(exc.code, locale, {"column": exc.column or ""})
    place = f"{exc.file} #{exc.row}" if exc.row else exc.file
    return ProblemRaised(422, "invalid", f"{place}: {words}", errors=[FieldProblem(field=place, message=words)])


async def _preview(call: Call[None, shapes.PreviewRequest]) -> shapes.JobRef:
    owner = Owner(call.principal.account.id, call.principal.scope)
    try:
        job = _desk(call).preview(call.id("file_id"), owner, call.body.mapping, call.body.defaults)
    except KeyError as exc:
        wrong = FieldProblem(field="mapping", message="names a field or a column that does not exist")
        raise ProblemRaised(422, "invalid", f"mapping: {wrong.message}", errors=[wrong]) from exc
    except LedgerBusy as exc:
        raise _busy() from exc
    return shapes.JobRef(job_id=job.id)


async def _job(call: Call[None, None]) -> shapes.JobView:
    return _view(_desk(call).job(call.id("job_id"), call.principal.account.id), call.principal.account.locale)


async def _import(call: Call[None, shapes.ImportRequest]) -> shapes.JobView:
    account, desk = call.principal.account, _desk(call)
    job = desk.job(call.id("job_id"), account.id)
    try:
        desk.begin_import(job, account.name, call.body.reason, skip_errors=call.body.skip_errors)
    except LedgerNotReady as exc:
        raise ProblemRaised(409, "conflict", "the preview is not ready, was imported, or has errors") from exc
    except LedgerBusy as exc:
        raise _busy() from exc
    return _view(job, account.locale)


def _busy() -> ProblemRaised:
    return ProblemRaised(503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)})


def _desk(call: Call[Q, B]) -> LedgerDesk:
    if call.context.ledger is None:
        raise _busy()
    return call.context.ledger


def _view(job: Job, locale: str) -> shapes.JobView:
    return shapes.JobView(
        state=job.state,
        done=job.done,
        total=job.total,
        **job.counts,
        errors=[_error_view(job, error, locale) for error in job.errors],
        errors_total=job.errors_total,
        faulty_rows=job.faulty_rows,
        sample=job.sample,
        version=job.version,
    )


def _error_view(job: Job, error: RowError, locale: str) -> shapes.RowErrorView:
    return shapes.RowErrorView(
        row=error.row,
        column=job.mapping.get(error.field) if error.field else None,
        field=error.field,
        code=error.code,
        message=worded(error.code, locale, error.params),
        value=error.value,
    )


async def _export(call: Call[shapes.ExportQuery, None]) -> web.StreamResponse:
    snapshot = await read_pulse(call)
    wanted = CameraFilter(grid_id=call.query.grid_id, region_code=call.query.region_code)
    found = np.flatnonzero(snapshot.index.select(call.principal.scope, wanted))
    cameras = [snapshot.index.cameras[n] for n in found]
    codes = {grid.id: grid.code for grid in snapshot.index.site.grids}
    kind, locale = call.query.format, call.principal.account.locale
    content = await asyncio.to_thread(export_ledger, kind, cameras, codes, locale)
    return as_file(content, kind, "cameras")


def as_file(content: bytes, kind: str, name: str) -> web.Response:
    """Return a download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=CONTENT_TYPES[kind], headers=headers)


async def _grids_at(call: Call[shapes.PositionQuery, None]) -> shapes.GridsAtView:
    snapshot = await read_pulse(call)
    return shapes.GridsAtView(grid_ids=snapshot.index.located.at(call.query.lon, call.query.lat))


async def _placement(_: Call[None, None]) -> shapes.PlacementView:
    return shapes.PlacementView(
        classes=[shapes.ChoiceView.model_validate(c) for c in CLASSES],
        forbidden=[shapes.ForbiddenView(id=c.id, zh=c.zh, en=c.en, article=ARTICLE) for c in FORBIDDEN],
        legal_bases=[shapes.ChoiceView.model_validate(c) for c in LEGAL_BASES],
    )


ROUTES = [
    Route(
        method="POST",
        path="/ledger/files",
        handle=_take,
        summary="Send a ledger (XLSX or CSV, up to 32 MiB); kept in memory for an hour, for its sender only",
        tag="ledger",
        access=Right.ONBOARD,
        query=shapes.FileQuery,
        answer=shapes.LedgerFileView,
    ),
    Route(
        method="POST",
        path="/ledger/files/{file_id}/preview",
        handle=_preview,
        summary="Read the rows against the configuration; nothing is saved",
        tag="ledger",
        access=Right.ONBOARD,
        body=shapes.PreviewRequest,
        answer=shapes.JobRef,
        status=202,
    ),
    Route(
        method="GET",
        path="/ledger/jobs/{job_id}",
        handle=_job,
        summary="Show how far a preview or an import is",
        tag="ledger",
        access=Right.ONBOARD,
        answer=shapes.JobView,
    ),
    Route(
        method="POST",
        path="/ledger/jobs/{job_id}/import",
        handle=_import,
        summary="Save what the preview showed, as one version or not at all",
        tag="ledger",
        access=Right.ONBOARD,
        body=shapes.ImportRequest,
        answer=shapes.JobView,
        status=202,
        audit="import_ledger",
    ),
    Route(
        method="GET",
        path="/ledger/export",
        handle=_export,
        summary="Download the ledger of the cameras in scope; never a password",
        tag="ledger",
        access=Right.CONFIG_READ,
        query=shapes.ExportQuery,
        media_type="application/octet-stream",
        audit="export_ledger",
    ),
    Route(
        method="GET",
        path="/grids/at",
        handle=_grids_at,
        summary="Find the grids around a position",
        tag="ledger",
        access=Right.CAMERA_READ,
        query=shapes.PositionQuery,
        answer=shapes.GridsAtView,
    ),
    Route(
        method="GET",
        path="/placement",
        handle=_placement,
        summary="List where cameras may hang, where not, and on what legal basis",
        tag="ledger",
        access=Right.CAMERA_READ,
        answer=shapes.PlacementView,
    ),
]
