"""The platform under test, and a gateway for it to call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.delivery.signing import Signer
from gateway.receiver.command import ReceiverOptions, run_receiver

SECRET = "whsec_" + "dGVzdC1zZWNyZXQtb2YtMjQtYnl0ZXM="


CALLBACK_SECRET = "whsec_" + "Y2FsbGJhY2stc2VjcmV0LTI0LWJ5dGVz"


WAIT_S = 20.0


@asynccontextmanager
async def receiver(options: ReceiverOptions) -> AsyncIterator[str]:
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_receiver(options, ready=started.set_result))
        async with asyncio.timeout(WAIT_S):
            base_url = await started
        yield base_url
        task.cancel()


async def post(base_url: str, message_id: str = "msg_1", body: str | None = None) -> tuple[int, Any]:
    text = body if body is not None else json.dumps({"subject": "case_1", "data": {"place": "东街"}})
    headers = Signer([SECRET]).sign(message_id, text, datetime.now(UTC))
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{base_url}/webhook", data=text.encode(), headers=headers)
        return answer.status, await answer.json()


async def cases(base_url: str) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{base_url}/cases.json") as answer:
        found: list[dict[str, Any]] = await answer.json()
        return found


class Gateway:
    """The gateway's callback address: notes what comes, answers as scripted, then 200."""

    def __init__(self, script: list[int]) -> None:
        self.script = script
        self.calls: list[tuple[str, str]] = []
        self.enough = asyncio.Event()

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        webhook_id = Signer([CALLBACK_SECRET]).verify(request.headers, body)
        event = json.loads(body)
        assert (event["subject"], event["type"]) == ("case_1", "cn.gridpatrol.case.state")
        self.calls.append((webhook_id, event["data"]["state"]))
        if event["data"]["state"] == "fed_back":
            self.enough.set()
        return web.Response(status=self.script.pop(0) if self.script else 200)


@asynccontextmanager
async def gateway(*script: int) -> AsyncIterator[tuple[Gateway, str]]:
    peer = Gateway(list(script))
    app = web.Application()
    app.router.add_post("/cb", peer.take)
    async with TestServer(app) as server:
        yield peer, str(server.make_url("/cb"))
