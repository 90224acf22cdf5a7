"""Bodies that are files: read within a bound and a time, whatever the sender says of their length."""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway.web.problems import ProblemRaised

MAX_FILE_BYTES = 8 << 20
# 8 MiB over a bad line of about 1 Mbit/s.
UPLOAD_TIMEOUT_S = 90.0


async def read_file(request: web.Request, limit: int = MAX_FILE_BYTES) -> bytes:
    """Return the body.

    Raises:
        ProblemRaised: 413 too large, 408 too slow, 422 empty.
    """
    if (request.content_length or 0) > limit:
        raise ProblemRaised(413, "invalid", f"at most {limit} bytes")
    parts = bytearray()
    try:
        async with asyncio.timeout(UPLOAD_TIMEOUT_S):
            async for part in request.content.iter_any():
                parts += part
                if len(parts) > limit:
                    raise ProblemRaised(413, "invalid", f"at most {limit} bytes")
    except TimeoutError as exc:
        raise ProblemRaised(408, "invalid", "the file did not arrive in time") from exc
    if not parts:
        raise ProblemRaised(422, "invalid", "the file is empty")
    return bytes(parts)
