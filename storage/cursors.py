"""Opaque cursors: where a page ended, so that the next goes on there whatever was added in between."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from storage.errors import InvalidCursor

Key = str | datetime


def encode(kind: str, *keys: Key) -> str:
    """Return a cursor of printable ASCII for the sort keys of the last item; `kind` names the list it belongs to."""
    words = [k.isoformat() if isinstance(k, datetime) else k for k in keys]
    return base64.urlsafe_b64encode(json.dumps([kind, *words]).encode()).decode().rstrip("=")


def decode(kind: str, cursor: str, shape: tuple[type[Key], ...]) -> list[Key]:
    """Return the sort keys.

    Raises:
        InvalidCursor: Not a cursor of this list.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found, *words = parts
        if found != kind:
            raise InvalidCursor(cursor)
        return [_key(word, of) for word, of in zip(words, shape, strict=True)]
    except (binascii.Error, ValueError, TypeError) as exc:
        raise InvalidCursor(cursor) from exc


def _key(word: str, of: type[Key]) -> Key:
    if not isinstance(word, str):
        raise TypeError(word)
    if of is str:
        return word
    moment = datetime.fromisoformat(word)
    if moment.tzinfo is None:
        raise ValueError(word)
    return moment
