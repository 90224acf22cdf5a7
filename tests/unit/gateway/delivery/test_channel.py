"""Channels are exchangeable: the outbox knows only the protocol."""

from __future__ import annotations

import inspect

import aiohttp

from gateway.clock import SystemClock
from gateway.delivery.channel import Channel
from gateway.delivery.webhook import WebhookChannel, WebhookEndpoint
from tests.unit.gateway.delivery.samples import SECRET


async def test_webhook_is_a_channel() -> None:
    """Its `send` has the protocol's signature, and its endpoint shows no secret."""
    endpoint = WebhookEndpoint("plat", "http://platform.example/hook", (SECRET,))
    async with aiohttp.ClientSession() as session:
        channel: Channel = WebhookChannel(endpoint, session, SystemClock())
    assert inspect.signature(type(channel).send) == inspect.signature(Channel.send)
    assert SECRET not in repr(endpoint)
