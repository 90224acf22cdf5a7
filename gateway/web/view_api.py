"""Reference pictures of cameras: taken, shown behind zones, and compared with what the camera shows now."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
from aiohttp import web

from camera_configs.models import CameraConfig
from gateway.access.rights import Right
from gateway.analysis.health.offset import Offset, offset_of
from gateway.camera.decoder import PrivacyMask
from gateway.errors import NotFound
from gateway.types import Bgr, Luma
from gateway.web import view_models as models
from gateway.web.camera_api import visible_camera
from gateway.web.camera_look import fetch_picture, worker_of
from gateway.web.context import WebContext
from gateway.web.evidence_api import CACHE_CONTROL
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from storage.errors import RecordNotFound
from storage.reference_pictures import picture_id, picture_key

# Enough to draw zones on; a city keeps tens of thousands of them.
MAX_WIDTH_PX = 1280
_JPEG_QUALITY = 85
# Decoding takes memory by the megapixel: others wait their turn.
_PICTURES = asyncio.Semaphore(2)


async def _take(call: Call[None, models.TakeReference]) -> models.TakenReference:
    context, camera = call.context, _camera(call, Right.FOOTAGE_VIEW)
    picture, taken_at = await _present(context, camera)
    jpeg = await asyncio.to_thread(_encoded, picture)
    reference = picture_id(jpeg)
    await context.media.put_bytes(picture_key(camera.id, reference), jpeg)
    old = call.body.instead_of
    offsets = [] if old is None else await _offsets(context, camera, [old], picture)
    return models.TakenReference(id=reference, taken_at=taken_at, offset=offsets[0] if offsets else None)


async def _read(call: Call[None, None]) -> web.StreamResponse:
    context, camera, reference = call.context, _camera(call, Right.FOOTAGE_VIEW), call.id("reference_id")
    kept = await _kept(context, camera, reference)
    who = call.principal.account.id
    if context.openings.begins(who, reference):
        await context.stores.audit.append(
            context.clock.now(), who, "view_reference", reference, {"camera_id": camera.id}
        )
    jpeg = await asyncio.to_thread(_encoded, kept)
    path = await context.media.open_path(picture_key(camera.id, reference))
    kept_at = datetime.fromtimestamp((await asyncio.to_thread(path.stat)).st_mtime, UTC)
    headers = {"Cache-Control": CACHE_CONTROL, "X-Picture-At": kept_at.isoformat()}
    return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)


async def _compare(call: Call[models.OffsetQuery, None]) -> models.OffsetAnswer:
    context, camera = call.context, _camera(call, Right.CONFIG_READ)
    picture, taken_at = await _present(context, camera)
    offsets = await _offsets(context, camera, call.query.references.split(","), picture)
    return models.OffsetAnswer(picture_at=taken_at, offsets=offsets)


def _camera(call: Call[Any, Any], right: Right) -> CameraConfig:
    return visible_camera(call.context, call.principal, right, call.id("camera_id"))


async def _present(context: WebContext, camera: CameraConfig) -> tuple[Bgr, datetime]:
    """Return what the camera shows now, masks painted.

    Raises:
        NotFound: There is no picture.
        ProblemRaised: 503, the worker does not answer, or not with a picture.
    """
    jpeg, said = await fetch_picture(context, await worker_of(context, camera.id), camera.id)
    picture = await _decoded(jpeg, camera)
    if picture is None:
        raise ProblemRaised(503, "unavailable", "the worker's picture cannot be read")
    return picture, datetime.fromisoformat(said) if said else context.clock.now()


async def _kept(context: WebContext, camera: CameraConfig, reference: str) -> Bgr:
    """Return a reference picture, masked as the camera's pictures are now.

    Raises:
        NotFound: It is not kept, or not of this camera.
    """
    try:
        path = await context.media.open_path(picture_key(camera.id, reference))
        picture = await _decoded(await asyncio.to_thread(path.read_bytes), camera)
    except (RecordNotFound, FileNotFoundError) as exc:
        raise NotFound(reference) from exc
    if picture is None:
        raise NotFound(reference)
    return picture


async def _offsets(
    context: WebContext, camera: CameraConfig, references: list[str], picture: Bgr
) -> list[models.OffsetView]:
    found = []
    now, hidden = _luma(picture), [zone.polygon for zone in camera.privacy_masks]
    for reference in references:
        try:
            kept = await _kept(context, camera, reference)
        except NotFound:
            continue
        found.append(_offset_view(reference, await asyncio.to_thread(offset_of, _luma(kept), now, hidden)))
    return found


def _offset_view(reference: str, offset: Offset) -> models.OffsetView:
    places = {name: round(getattr(offset, name), 4) for name in ("right", "down", "likeness")}
    return models.OffsetView(reference=reference, lies=offset.lies.value, **places)


async def _decoded(jpeg: bytes, camera: CameraConfig) -> Bgr | None:
    """Return a picture with the camera's masks painted, at most `MAX_WIDTH_PX` wide; None: it is none."""
    async with _PICTURES:
        return await asyncio.to_thread(_masked, jpeg, PrivacyMask(zone.polygon for zone in camera.privacy_masks))


def _masked(jpeg: bytes, mask: PrivacyMask) -> Bgr | None:
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if found is None:
        return None
    picture = np.asarray(found, np.uint8)
    height, width = picture.shape[:2]
    if width > MAX_WIDTH_PX:
        size = (MAX_WIDTH_PX, max(1, round(height * MAX_WIDTH_PX / width)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    mask.paint(picture)
    return picture


def _encoded(picture: Bgr) -> bytes:
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes()


def _luma(picture: Bgr) -> Luma:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


ROUTES = [
    Route(
        method="POST",
        path="/config/cameras/{camera_id}/references",
        handle=_take,
        summary="Keep what the camera shows now as a reference picture for zones",
        tag="configuration",
        access=Right.CONFIG_EDIT,
        body=models.TakeReference,
        answer=models.TakenReference,
        status=201,
        audit="config.reference.take",
    ),
    Route(
        method="GET",
        path="/config/cameras/{camera_id}/references/{reference_id}",
        handle=_read,
        summary="A reference picture; `X-Picture-At` says when it was kept",
        tag="configuration",
        access=Right.FOOTAGE_VIEW,
        media_type="image/jpeg",
    ),
    Route(
        method="GET",
        path="/config/cameras/{camera_id}/offsets",
        handle=_compare,
        summary="Compare what the camera shows now with reference pictures",
        tag="configuration",
        access=Right.CONFIG_READ,
        query=models.OffsetQuery,
        answer=models.OffsetAnswer,
    ),
]
