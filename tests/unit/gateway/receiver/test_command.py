"""The reference platform over real HTTP: bad messages, repeats, misbehaviour and callbacks."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gateway.receiver.command import ReceiverOptions
from tests.unit.gateway.receiver.peers import WAIT_S, gateway, post, receiver


async def test_owed_callbacks_are_made_after_a_restart(options: ReceiverOptions) -> None:
    """Stopped between the message and its callbacks, the platform makes them when it runs again."""
    async with gateway() as (peer, url):
        owing = replace(options, callback_url=url)
        async with receiver(replace(owing, step_s=0.5)) as base_url:
            await post(base_url)
        assert peer.calls == []
        async with receiver(owing):
            async with asyncio.timeout(WAIT_S):
                await peer.enough.wait()
    assert len(peer.calls) == 5
