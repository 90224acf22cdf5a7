"""Browsers that want to be woken when something urgent happens in one's grids."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from gateway.access.rights import Right
from gateway.push.endpoints import are_keys
from gateway.web.models import Answer, Request
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from storage.records_review import PushSubscription

# Telephone, tablet, the duty room's computers; the oldest gives way.
MAX_BROWSERS = 10
_Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{20,100}={0,2}$")]
_Endpoint = Annotated[str, StringConstraints(min_length=10, max_length=1_000, pattern=r"^https?://[\x21-\x7e]+$")]


class KeyAnswer(Answer):
    """The gateway's public key, as a browser's `subscribe` takes it; None: nobody is woken here."""

    public_key: str | None


class BrowserKeys(Request):
    """What messages to this browser are encrypted with."""

    p256dh: _Base64
    auth: _Base64


class Subscription(Request):
    """A browser's subscription; `expirationTime`, which browsers add, is left out."""

    endpoint: _Endpoint
    keys: BrowserKeys


class Endpoint(Request):
    """Which browser."""

    endpoint: _Endpoint


async def _key(call: Call[None, None]) -> KeyAnswer:
    push = call.context.push
    return KeyAnswer(public_key=push.keys.public if push else None)


async def _subscribe(call: Call[None, Subscription]) -> None:
    push, wanted = call.context.push, call.body
    if push is None:
        raise ProblemRaised(404, "not_found", "nobody is woken here")
    if not push.hosts.allows(wanted.endpoint):
        raise ProblemRaised(422, "invalid", "endpoint: not of a push service that this deployment allows")
    if not are_keys(wanted.keys.p256dh, wanted.keys.auth):
        raise ProblemRaised(422, "invalid", "keys: not those of a browser")
    subscription = PushSubscription(
        wanted.endpoint,
        call.principal.account.id,
        wanted.keys.p256dh,
        wanted.keys.auth,
        call.context.clock.now(),
    )
    await call.context.stores.push.put(subscription, MAX_BROWSERS)


async def _unsubscribe(call: Call[None, Endpoint]) -> None:
    await call.context.stores.push.drop(call.body.endpoint, call.principal.account.id)


ROUTES = [
    Route(
        method="GET",
        path="/push/key",
        handle=_key,
        summary="Show the key that browsers subscribe to",
        tag="push",
        access=Right.REVIEW_JUDGE,
        answer=KeyAnswer,
    ),
    Route(
        method="POST",
        path="/push/subscriptions",
        handle=_subscribe,
        summary="Have this browser woken for urgent items of one's own grids",
        tag="push",
        access=Right.REVIEW_JUDGE,
        body=Subscription,
        status=204,
    ),
    Route(
        method="DELETE",
        path="/push/subscriptions",
        handle=_unsubscribe,
        summary="Have this browser left alone",
        tag="push",
        access=Right.REVIEW_JUDGE,
        body=Endpoint,
        status=204,
    ),
]
