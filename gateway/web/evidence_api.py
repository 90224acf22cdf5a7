"""Evidence files: read by range, by people who may, and every opening in the register."""

from __future__ import annotations

from aiohttp import web

from gateway.access.rights import Right, require
from gateway.web.middleware import FILE_TAG
from gateway.web.routes import Call, Route
from storage.records import Evidence, EvidenceKind

# A file never changes under its id, but the right to see it can be taken away: asked for again after an hour.
CACHE_CONTROL = "private, max-age=3600, no-transform"
_SUFFIXES = {"video/mp4": "mp4", "image/jpeg": "jpg"}


async def _file(call: Call[None, None]) -> web.StreamResponse:
    evidence, event = await call.context.stores.events.evidence_file(call.id("evidence_id"))
    require(call.principal, Right.FOOTAGE_VIEW, event.grid_id)
    path = await call.context.media.open_path(evidence.media_key)
    if evidence.kind is not EvidenceKind.THUMBNAIL and _is_opening(call, evidence):
        await call.context.stores.audit.append(
            call.context.clock.now(),
            call.principal.account.id,
            "view_clip",
            evidence.id,
            {"event_id": event.id, "camera_id": event.camera_id, "kind": evidence.kind.value},
        )
    headers = _headers(evidence)
    if f'"{evidence.sha256}"' in call.request.headers.get("If-None-Match", ""):
        response: web.StreamResponse = web.Response(status=304, headers=headers)
    else:
        response = web.FileResponse(path, headers=headers)
    response[FILE_TAG] = evidence.sha256
    return response


def _is_opening(call: Call[None, None], evidence: Evidence) -> bool:
    """A player asks for many ranges of one clip: they are one opening, whichever range comes first."""
    return call.context.openings.begins(call.principal.account.id, evidence.id)


def _headers(evidence: Evidence) -> dict[str, str]:
    name = f"{evidence.event_id}-{evidence.kind.value}.{_SUFFIXES.get(evidence.content_type, 'bin')}"
    return {
        "Content-Type": evidence.content_type if evidence.content_type in _SUFFIXES else "application/octet-stream",
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": CACHE_CONTROL,
    }


ROUTES = [
    Route(
        method="GET",
        path="/evidence/{evidence_id}",
        handle=_file,
        summary="Read a clip or picture; supports Range, `ETag` is its SHA-256",
        tag="footage",
        access=Right.FOOTAGE_VIEW,
        media_type="application/octet-stream",
    ),
]
