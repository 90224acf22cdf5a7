"""Photos and voice notes that people add to a review item."""

from __future__ import annotations

import asyncio
import hashlib

from aiohttp import web

from gateway.access.rights import Right, require
from gateway.evidence.attached import PICTURE_TYPES, AttachmentRefused, Picture, made_anew, voice_type
from gateway.web import review_models
from gateway.web.evidence_api import CACHE_CONTROL
from gateway.web.middleware import FILE_TAG
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.uploads import read_file
from storage.errors import RecordConflict
from storage.ids import new_id
from storage.records import ReviewItem
from storage.records_review import NoteKind, ReviewNote

# What one can look through while judging; more is a case's business.
MAX_NOTES_PER_ITEM = 10
_SUFFIXES = {"image/jpeg": "jpg", "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a"}
# A picture may take hundreds of megabytes while it is made anew: one after the other.
_ONE_AT_A_TIME = asyncio.Semaphore(1)


async def _add(call: Call[review_models.NoteQuery, None]) -> review_models.NoteAnswer:
    stores, who, client_id = call.context.stores, call.principal.account.id, call.query.client_id
    item = await stores.reviews.get(call.id("item_id"))
    require(call.principal, Right.REVIEW_JUDGE, item.grid_id)
    data = await read_file(call.request)
    kept = await stores.notes.sent(who, client_id)
    if kept is not None and kept.item_id != item.id:
        raise ProblemRaised(409, "conflict", "this id was used for a note of another item")
    if kept is None:
        kept = await _keep(call, item, data)
    return review_models.NoteAnswer(note_id=kept.id)


async def _keep(call: Call[review_models.NoteQuery, None], item: ReviewItem, data: bytes) -> ReviewNote:
    try:
        note, content = await _made(call, item, data)
    except AttachmentRefused as exc:
        raise ProblemRaised(415, "invalid", str(exc)) from exc
    await call.context.media.put_bytes(note.media_key, content)
    try:
        return await call.context.stores.notes.add(note, MAX_NOTES_PER_ITEM)
    except RecordConflict as exc:
        await call.context.media.delete(note.media_key)
        raise ProblemRaised(409, "conflict", f"at most {MAX_NOTES_PER_ITEM} notes") from exc


async def _made(call: Call[review_models.NoteQuery, None], item: ReviewItem, data: bytes) -> tuple[ReviewNote, bytes]:
    picture: Picture | None = None
    if call.request.content_type in PICTURE_TYPES:
        async with _ONE_AT_A_TIME:
            picture = await asyncio.to_thread(made_anew, data)
    content, content_type = (data, voice_type(data)) if picture is None else (picture.jpeg, "image/jpeg")
    note_id, now = new_id("note"), call.context.clock.now()
    note = ReviewNote(
        id=note_id,
        item_id=item.id,
        account_id=call.principal.account.id,
        client_id=call.query.client_id,
        kind=NoteKind.VOICE if picture is None else NoteKind.PHOTO,
        media_key=f"notes/{now:%Y/%m/%d}/{note_id}.{_SUFFIXES[content_type]}",
        content_type=content_type,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        created_at=now,
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
    )
    return note, content


async def _read(call: Call[None, None]) -> web.StreamResponse:
    context, who = call.context, call.principal.account.id
    note, item = await context.stores.notes.get(call.id("note_id"))
    require(call.principal, Right.FOOTAGE_VIEW, item.grid_id)
    path = await context.media.open_path(note.media_key)
    if context.openings.begins(who, note.id):
        detail = {"item_id": item.id, "camera_id": item.camera_id, "kind": note.kind.value}
        await context.stores.audit.append(context.clock.now(), who, "view_note", note.id, detail)
    headers = {
        "Content-Type": note.content_type,
        "Content-Disposition": f'inline; filename="{note.id}.{_SUFFIXES[note.content_type]}"',
        "Cache-Control": CACHE_CONTROL,
    }
    response = web.FileResponse(path, headers=headers)
    response[FILE_TAG] = note.sha256
    return response


ROUTES = [
    Route(
        method="POST",
        path="/review/{item_id}/notes",
        handle=_add,
        summary="Add a photo or a voice note (the body is the file, at most 8 MiB); its `client_id` again adds nothing",
        tag="review",
        access=Right.REVIEW_JUDGE,
        query=review_models.NoteQuery,
        answer=review_models.NoteAnswer,
        status=201,
        audit="add_note",
    ),
    Route(
        method="GET",
        path="/review/notes/{note_id}",
        handle=_read,
        summary="Read a photo or a voice note; supports Range, `ETag` is its SHA-256",
        tag="review",
        access=Right.FOOTAGE_VIEW,
        media_type="application/octet-stream",
    ),
]
