"""The platform's callbacks: signed, in order, tried again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gateway.receiver.command import ReceiverOptions
from tests.unit.gateway.receiver.peers import WAIT_S, gateway, post, receiver


async def test_callbacks_are_signed_ordered_and_retried(options: ReceiverOptions) -> None:
    """A callback that meets a 503 is sent again under the same id before the next goes."""
    async with gateway(503) as (peer, url), receiver(replace(options, callback_url=url)) as base_url:
        await post(base_url)
        async with asyncio.timeout(WAIT_S):
            await peer.enough.wait()
    states = [state for _, state in peer.calls]
    assert states == ["accepted", "accepted", "filed", "dispatched", "handling", "fed_back"]
    assert peer.calls[0] == peer.calls[1]


async def test_callbacks_go_twice_on_demand(options: ReceiverOptions) -> None:
    """`--answer-twice`: each callback comes a second time under the same id."""
    async with gateway() as (peer, url), receiver(replace(options, callback_url=url, answer_twice=True)) as base_url:
        await post(base_url)
        async with asyncio.timeout(WAIT_S):
            await peer.enough.wait()
    assert len(peer.calls) >= 9
    assert peer.calls[0:8:2] == peer.calls[1:8:2]
