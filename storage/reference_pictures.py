"""Where the reference pictures of cameras lie among the media, and which of them the sweep leaves alone.

A reference picture has no row in the database: the configuration names it by its content, as do its former versions,
to which people may go back. It stays for as long as there is its camera.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence

FOLDER = "references"
_DIGITS = 32  # hexadecimal, of the SHA-256

KnownKeys = Callable[[Sequence[str]], Awaitable[set[str]]]


def picture_id(jpeg: bytes) -> str:
    """Return what a picture is called; the same picture has the same name."""
    return f"ref_{hashlib.sha256(jpeg).hexdigest()[:_DIGITS]}"


def picture_key(camera_id: str, reference_id: str) -> str:
    """Return the media key of a camera's reference picture."""
    return f"{FOLDER}/{camera_id}/{reference_id}.jpg"


def with_references(known: KnownKeys, camera_ids: Callable[[], Collection[str]]) -> KnownKeys:
    """Return what `sweep_orphans` asks, answering for the reference pictures of these cameras too."""

    async def known_or_reference(keys: Sequence[str]) -> set[str]:
        cameras = camera_ids()
        parts = ((key, key.split("/")) for key in keys)
        mine = {key for key, part in parts if part[0] == FOLDER and len(part) > 1 and part[1] in cameras}
        return mine | await known(keys)

    return known_or_reference
