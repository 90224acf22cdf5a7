"""The built front end: its files, and its page for every address that is not a file."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePosixPath

from aiohttp import web

from gateway.errors import NotFound
from gateway.web.context import CONTEXT

INDEX = "index.html"
# Files below it carry a hash of their content in their name.
HASHED = "assets"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

_NOT_BUILT = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>GridPatrol</title><style>body{font:16px/1.6 "PingFang SC","Noto Sans SC","Microsoft YaHei",system-ui,sans-serif;
max-width:40em;margin:12vh auto;padding:0 1.5em}code{background:#8883;padding:.15em .4em;border-radius:4px}</style>
</head><body><h1>GridPatrol</h1>
<p>网关正在运行，但网页界面尚未构建。</p>
<p>The gateway is running, but its web interface has not been built.</p>
<p><code>scripts/setup</code></p>
<p>API: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p></body></html>"""


async def serve(request: web.Request) -> web.StreamResponse:
    """Serve a file of the front end, or its page for an address without a file extension.

    Raises:
        NotFound: A file that is not there, or an address below `/api`.
    """
    wanted = request.match_info["path"]
    if wanted == "api" or wanted.startswith("api/"):
        raise NotFound(wanted)
    dist = request.app[CONTEXT].dist
    found = await asyncio.to_thread(_find, dist, wanted) if dist is not None else None
    if found is not None:
        hashed = PurePosixPath(wanted).parts[:1] == (HASHED,)
        return web.FileResponse(found, headers={"Cache-Control": IMMUTABLE if hashed else REVALIDATE})
    if PurePosixPath(wanted).suffix:
        raise NotFound(wanted)
    return await _page(dist)


async def _page(dist: Path | None) -> web.StreamResponse:
    index = await asyncio.to_thread(_find, dist, INDEX) if dist is not None else None
    if index is None:
        return web.Response(text=_NOT_BUILT, content_type="text/html", headers={"Cache-Control": "no-store"})
    return web.FileResponse(index, headers={"Cache-Control": REVALIDATE})


def _find(dist: Path, wanted: str) -> Path | None:
    """Return a file inside the folder; never one outside, whatever `..` or links say."""
    if "\0" in wanted:
        return None
    root = dist.resolve()
    path = (root / wanted).resolve()
    if wanted.endswith("/") and path.is_dir():
        path /= INDEX
    return path if path.is_relative_to(root) and path.is_file() else None
