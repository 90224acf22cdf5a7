"""One message to one browser, and what the other side may do to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from gateway.clock import SystemClock
from gateway.push.keys import PushKeys
from gateway.push.notices import Notice
from gateway.push.post import MAX_TYPES, PushPost, Sent
from tests.unit.gateway.push.service import push_service

NOTICE = Notice("li", "S2", tuple((f"type_{n}", 10 - n) for n in range(MAX_TYPES + 3)))


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (404, Sent.GONE),
        (410, Sent.GONE),
        (302, Sent.FAILED),
        (403, Sent.FAILED),
        (429, Sent.FAILED),
        (500, Sent.FAILED),
    ],
)
async def test_what_an_answer_means(tmp_path: Path, status: int, sent: Sent) -> None:
    """Gone for good, or perhaps another time; a redirect is not followed."""
    async with push_service() as service, aiohttp.ClientSession() as http:
        subscription = service.subscribe("li", "a")
        service.answers["a"] = status
        assert await PushPost(PushKeys.of_folder(tmp_path), http, SystemClock()).send(subscription, NOTICE) is sent


async def test_keys_that_are_none_are_gone(tmp_path: Path) -> None:
    """Nothing is sent at all."""
    async with push_service() as service, aiohttp.ClientSession() as http:
        subscription = replace(service.subscribe("li", "a"), p256dh="AAAA")
        assert await PushPost(PushKeys.of_folder(tmp_path), http, SystemClock()).send(subscription, NOTICE) is Sent.GONE
        assert service.arrived == []


async def test_a_storm_of_every_kind_is_told_by_its_number(tmp_path: Path) -> None:
    """The most frequent types by name, all of them by number; S2 may wait until the telephone is awake."""
    async with push_service() as service, aiohttp.ClientSession() as http:
        post = PushPost(PushKeys.of_folder(tmp_path), http, SystemClock())
        assert await post.send(service.subscribe("li", "a"), NOTICE) is Sent.DELIVERED
        ((_, message),) = service.arrived
        assert (message["count"], len(message["event_types"])) == (NOTICE.count, MAX_TYPES)
        assert service.headers[0]["Urgency"] == "normal"
