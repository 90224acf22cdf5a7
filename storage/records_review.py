"""What the review desk keeps beside the items: who is looking at one now, what was added to it, whom to wake."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody looks at an item now: until then nobody else may judge it."""

    item_id: str
    account_id: str
    until: datetime


class NoteKind(StrEnum):
    """What was added to an item."""

    PHOTO = "photo"  # image/jpeg, made anew without metadata
    VOICE = "voice"  # audio/webm, audio/ogg or audio/mp4, as it came


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """A photo or a voice note that somebody added to an item; the file is durable before the row is there."""

    id: str
    item_id: str
    account_id: str
    client_id: str  # unique per account: the same one again is the same note
    kind: NoteKind
    media_key: str
    content_type: str
    size_bytes: int
    sha256: str  # hex, of the file as it is kept
    created_at: datetime
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """A browser that wants to be woken (RFC 8030). Whoever knows `endpoint` and keys can write to it."""

    endpoint: str = field(repr=False)
    account_id: str
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)
    created_at: datetime
    failures: int = 0  # in a row
