"""Runs the reference governance platform: `gridpatrol receiver`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import structlog
from aiohttp import web

from gateway.clock import Clock, SystemClock
from gateway.receiver.caller import Caller, CallerSettings
from gateway.receiver.desk import Behaviour, Desk, make_receiver_app
from gateway.receiver.ledger import Ledger
from gateway.receiver.signing import Seal

logger = structlog.get_logger(__name__)

# An answer that is late on purpose does not hold up the end for longer.
SHUTDOWN_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class ReceiverOptions:
    """How the reference platform listens, answers and calls back.

    Attributes:
        secret: `whsec_…`, under which cases arrive.
        callback_url: The gateway's `/api/v1/callbacks/{endpoint_id}`; None: never calls back.
        callback_secret: `whsec_…`, under which callbacks are signed; None: the same as `secret`.
        step_s: Seconds between the states accepted, filed, dispatched, handling, fed_back.
        fail: The first so many messages are answered 500.
        stall: The first answer to every message is late by so many seconds.
        answer_twice: Every callback is sent twice.
        lose_answer: The first so many messages are stored, and the connection dropped instead of an answer.
    """

    data: Path
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8090
    callback_url: str | None = None
    callback_secret: str | None = field(default=None, repr=False)
    step_s: float = 5.0
    fail: int = 0
    stall: float = 0.0
    answer_twice: bool = False
    lose_answer: int = 0


async def run_receiver(
    options: ReceiverOptions,
    *,
    clock: Clock | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until cancelled.

    Args:
        ready: Called with the base URL once the port listens (port 0 in the options takes a free one).

    Raises:
        OSError: The port is taken, or the database file cannot be opened.
    """
    clock = clock or SystemClock()
    ledger = await Ledger.open(options.data)
    try:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            caller = _caller(options, ledger, session, clock)
            desk = Desk(ledger, Seal(options.secret), clock, caller.wake, _behaviour(options))
            group.create_task(caller.run(), name="receiver:callbacks")
            await _serve(desk, options, ready)
    finally:
        await ledger.close()


def _caller(options: ReceiverOptions, ledger: Ledger, session: aiohttp.ClientSession, clock: Clock) -> Caller:
    settings = CallerSettings(options.callback_url, twice=options.answer_twice)
    return Caller(ledger, Seal(options.callback_secret or options.secret), session, clock, settings)


def _behaviour(options: ReceiverOptions) -> Behaviour:
    return Behaviour(
        fail=options.fail,
        stall_s=options.stall,
        lose_answer=options.lose_answer,
        step_s=options.step_s,
        calls_back=options.callback_url is not None,
    )


async def _serve(desk: Desk, options: ReceiverOptions, ready: Callable[[str], None] | None) -> None:
    runner = web.AppRunner(make_receiver_app(desk), shutdown_timeout=SHUTDOWN_TIMEOUT_S, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        host, port = runner.addresses[0][:2]
        base_url = f"http://{host}:{port}"
        logger.info("receiver listens", url=base_url)
        if ready is not None:
            ready(base_url)
        await asyncio.Event().wait()  # until cancelled
    finally:
        await runner.cleanup()
