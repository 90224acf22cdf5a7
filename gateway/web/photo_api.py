"""Photos of tasks on foot: made anew before they are kept, every look in the register."""

from __future__ import annotations

import asyncio
import hashlib

from aiohttp import web

from gateway.access.rights import Right
from gateway.patrol.photos import CleanPicture, PictureRefused, clean_picture
from gateway.web import task_models as models
from gateway.web.evidence_api import CACHE_CONTROL
from gateway.web.middleware import FILE_TAG
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.task_api import visible_task
from gateway.web.task_views import may_act
from gateway.web.uploads import read_file
from storage.errors import RecordConflict
from storage.ids import new_id
from storage.records_patrol import Task, TaskPhoto

# Decoding takes memory by the megapixel: others wait their turn.
_PICTURES = asyncio.Semaphore(2)


async def _add(call: Call[models.PhotoQuery, None]) -> models.PhotoAnswer:
    task = await visible_task(call)
    photo_id = _photo_id(call, task)
    if photo_id in {photo.id for photo in await call.context.stores.tasks.photos(task.id)}:
        return models.PhotoAnswer(photo_id=photo_id)  # the answer to the first try was lost
    if not may_act(call.principal, task):
        raise ProblemRaised(409, "closed" if task.finished_at else "taken")
    data = await read_file(call.request)
    try:
        async with _PICTURES:
            picture = await asyncio.to_thread(clean_picture, data)
    except PictureRefused as exc:
        raise ProblemRaised(415, "invalid", "not a picture that can be taken") from exc
    photo = _photo(call, photo_id, picture)
    await call.context.media.put_bytes(photo.media_key, picture.jpeg)
    try:
        await call.context.stores.tasks.add_photo(photo, models.MAX_PHOTOS)
    except RecordConflict as exc:
        await call.context.media.delete(photo.media_key)
        raise ProblemRaised(409, "conflict", f"at most {models.MAX_PHOTOS} photos, and none of an ended task") from exc
    return models.PhotoAnswer(photo_id=photo.id)


def _photo_id(call: Call[models.PhotoQuery, None], task: Task) -> str:
    if call.query.client_id is None:
        return new_id("pho")
    said = f"{task.id} {call.principal.account.id} {call.query.client_id}"
    return f"pho_{hashlib.sha256(said.encode()).hexdigest()[:26]}"


def _photo(call: Call[models.PhotoQuery, None], photo_id: str, picture: CleanPicture) -> TaskPhoto:
    now = call.context.clock.now()
    return TaskPhoto(
        id=photo_id,
        task_id=call.id("task_id"),
        moment=call.query.moment,
        media_key=f"tasks/{now:%Y/%m/%d}/{photo_id}.jpg",
        content_type="image/jpeg",
        size_bytes=len(picture.jpeg),
        sha256=hashlib.sha256(picture.jpeg).hexdigest(),
        width=picture.width,
        height=picture.height,
        taken_by=call.principal.account.id,
        created_at=now,
    )


async def _read(call: Call[None, None]) -> web.StreamResponse:
    context, who = call.context, call.principal.account.id
    task = await visible_task(call, Right.FOOTAGE_VIEW)
    photos = {photo.id: photo for photo in await context.stores.tasks.photos(task.id)}
    photo = photos.get(call.id("photo_id"))
    if photo is None:
        raise ProblemRaised(404, "not_found")
    path = await context.media.open_path(photo.media_key)
    if context.openings.begins(who, photo.id):
        detail = {"task_id": task.id, "moment": photo.moment}
        await context.stores.audit.append(context.clock.now(), who, "view_photo", photo.id, detail)
    headers = {
        "Content-Type": photo.content_type,
        "Content-Disposition": f'inline; filename="{photo.id}.jpg"',
        "Cache-Control": CACHE_CONTROL,
    }
    response = web.FileResponse(path, headers=headers)
    response[FILE_TAG] = photo.sha256
    return response


ROUTES = [
    Route(
        method="POST",
        path="/tasks/{task_id}/photos",
        handle=_add,
        summary="Add a photo (the body is the file, at most 8 MiB); what the phone wrote into it is left out",
        tag="tasks",
        access=Right.TASK_DO,
        query=models.PhotoQuery,
        answer=models.PhotoAnswer,
        status=201,
        audit="task_photo",
    ),
    Route(
        method="GET",
        path="/tasks/{task_id}/photos/{photo_id}",
        handle=_read,
        summary="Read a photo; supports Range, `ETag` is its SHA-256",
        tag="tasks",
        access=Right.FOOTAGE_VIEW,
        media_type="image/jpeg",
    ),
]
