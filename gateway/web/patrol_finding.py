"""From a frame marked by hand to everything that is saved with it: event, pictures, confirmed item, case."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from camera_configs.models import CameraConfig
from gateway.access.rights import Principal
from gateway.errors import EvidenceError, NotFound
from gateway.evidence.snapshot import Jpeg, snapshot, store_picture, thumbnail
from gateway.patrol.finding import Marked, confirmed_item, finding_event
from gateway.patrol.photos import CleanPicture, PictureRefused, clean_picture
from gateway.types import Box
from gateway.web.context import WebContext
from gateway.web.patrol_models import FindingRequest
from gateway.web.patrol_views import may_report
from gateway.web.problems import wrong_field
from gateway.web.verdicts import opening_of
from storage.records import Event, Evidence, EvidenceKind
from storage.records_patrol import FindingRecords, PatrolPoint, PatrolRound

logger = structlog.get_logger(__name__)

# Full HD, so that what was marked can still be made out; a worker's live view sends no more anyway.
MAX_SIDE_PX = 1920
# Decoding takes memory by the megapixel: others wait their turn.
_PICTURES = asyncio.Semaphore(2)


async def finding_records(
    context: WebContext, principal: Principal, found: PatrolRound, point: PatrolPoint, said: FindingRequest
) -> FindingRecords:
    """Return what a finding leads to, its pictures already durable; nothing else is saved yet.

    Raises:
        ProblemRaised: 422, the frame is no picture, or the camera's purpose does not cover this type.
        NotFound: Camera or grid are no longer configured.
    """
    now = context.clock.now()
    marked = _marked(context, found, point, said)
    picture = await _frame(marked.camera, said.frame_jpeg)
    event = finding_event(marked, now)
    files = await _pictures(context, event, marked.camera, picture)
    case = opening_of(context, principal.account, event, files, said.note)
    item = confirmed_item(event, principal.account.id, said.note, case[0].id)
    return FindingRecords(event, tuple(files), item, case)


def _marked(context: WebContext, found: PatrolRound, point: PatrolPoint, said: FindingRequest) -> Marked:
    try:
        camera, grid = context.site.camera(point.camera_id), context.site.grid(found.grid_id)
    except KeyError as exc:
        raise NotFound(f"{exc.args[0]} is no longer configured") from exc
    if said.event_type not in may_report(camera):
        # What a camera may be used for is written down beforehand (PIPL art. 26); anything else is refused.
        raise wrong_field("finding.event_type", "not covered by this camera's purpose (legal.event_types)")
    try:
        spec = context.site.event_type(said.event_type)
    except KeyError as exc:
        raise wrong_field("finding.event_type", "no such event type") from exc
    return Marked(camera, grid, spec, said.box, found.id)


async def _frame(camera: CameraConfig, frame: str) -> CleanPicture:
    masks = [mask.polygon for mask in camera.privacy_masks]
    try:
        data = base64.b64decode(frame, validate=True)
        async with _PICTURES:
            return await asyncio.to_thread(clean_picture, data, max_side_px=MAX_SIDE_PX, masks=masks)
    except (PictureRefused, binascii.Error) as exc:
        raise wrong_field("finding.frame_jpeg", "not a picture that can be read") from exc


async def _pictures(
    context: WebContext, event: Event, camera: CameraConfig, picture: CleanPicture
) -> Sequence[Evidence]:
    at, masked = event.raised_at.astimezone(context.settings.timezone), bool(camera.privacy_masks)
    try:
        drawn = await asyncio.to_thread(_drawn, picture, event, at)
        return [
            await store_picture(context.media, event, kind, jpeg, context.clock, masked=masked) for kind, jpeg in drawn
        ]
    except EvidenceError as exc:  # a full disk must not lose what a person has found
        logger.warning("finding kept without its picture", event_id=event.id, error=str(exc))
        return []


def _drawn(picture: CleanPicture, event: Event, at: datetime) -> list[tuple[EvidenceKind, Jpeg]]:
    shown = snapshot(picture.bgr, (), [Box(*box) for box in event.boxes], at)
    small = replace(thumbnail(picture.bgr), taken_at=at)
    return [(EvidenceKind.SNAPSHOT, shown), (EvidenceKind.THUMBNAIL, small)]
