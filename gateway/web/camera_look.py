"""The last picture of a camera, fetched from the worker that watches it. Whether somebody may see it is not asked."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import structlog

from gateway.errors import NotFound
from gateway.web.context import WebContext
from gateway.web.problems import ProblemRaised
from storage.records import WorkerRecord

logger = structlog.get_logger(__name__)

# On the loopback or the cluster's network: a worker that needs longer is stuck.
PICTURE_TIMEOUT_S = 5.0
MAX_PICTURE_BYTES = 8 * 1024 * 1024
# Six missed heartbeats: its record is a remnant.
WORKER_SILENT_S = 30.0


async def worker_of(context: WebContext, camera_id: str) -> WorkerRecord:
    """Return the worker that watches a camera.

    Raises:
        NotFound: None does at present.
    """
    oldest = context.clock.now() - timedelta(seconds=WORKER_SILENT_S)
    for worker in await context.stores.fleet.workers():
        if camera_id in worker.camera_ids and worker.heartbeat_at >= oldest:
            return worker
    raise NotFound(camera_id)


async def fetch_picture(context: WebContext, worker: WorkerRecord, camera_id: str) -> tuple[bytes, str]:
    """Return a JPEG and when it was taken, as the worker says it (ISO 8601, "" when it does not).

    Raises:
        NotFound: The worker has none.
        ProblemRaised: 503, the worker does not answer or not as it should.
    """
    timeout = aiohttp.ClientTimeout(total=PICTURE_TIMEOUT_S)
    url = f"{worker.base_url}/cameras/{camera_id}/picture"
    try:
        async with context.http.get(url, headers=proof(worker), timeout=timeout, allow_redirects=False) as response:
            if response.status == 404:
                raise NotFound(camera_id)
            if response.status != 200:
                raise ProblemRaised(503, "unavailable", "the worker refused")
            return await _read_limited(response), response.headers.get("X-Picture-At", "")
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        logger.warning("worker gives no picture", worker_id=worker.worker_id, error=type(exc).__name__)
        raise ProblemRaised(503, "unavailable", "the worker does not answer") from exc


def proof(worker: WorkerRecord) -> dict[str, str]:
    """Return what shows a worker that the front asks."""
    return {"Authorization": f"Bearer {worker.token}"}


async def _read_limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_PICTURE_BYTES:
            raise ProblemRaised(503, "unavailable", "the picture is too large")
    return bytes(body)
