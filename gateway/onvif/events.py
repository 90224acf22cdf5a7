"""A device's events over PullPoint: subscribed, pulled, renewed, and subscribed anew whenever that ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.clock import Clock
from gateway.onvif import soap
from gateway.onvif.device import OnvifDevice
from gateway.onvif.errors import DeviceAuthFailed, DeviceRefused, NotOnvif, OnvifError
from gateway.onvif.profiles import text_of
from gateway.onvif.quirks import Effect
from gateway.onvif.topics import SceneHint, TopicCounts, read_notification
from gateway.supervise import Backoff

# Long enough that renewals cost nothing, short enough that a device forgets us soon after we are gone.
SUBSCRIPTION_S = 300.0
SHORTEST_SUBSCRIPTION_S = 30.0  # devices that grant less mean something else
RENEW_AT = 0.7  # of what was granted
PULL_S = 20.0  # how long the device may hold a pull that has nothing to tell
_PULL_SLACK_S = 6.0
MESSAGES_PER_PULL = 50
UNSUBSCRIBE_TIMEOUT_S = 2.0
# Some devices answer an empty pull at once: they are not asked more often than this.
SHORTEST_PULL_S = 1.0
# A wrong password stays wrong, and devices lock accounts.
AUTH_PAUSE_S = 900.0

logger = structlog.get_logger(__name__)

DeviceOpener = Callable[[], AbstractAsyncContextManager[OnvifDevice]]


@dataclass(slots=True)
class EventCounts:
    """What happened so far."""

    subscriptions: int = 0
    renewals: int = 0
    failures: int = 0  # subscriptions that ended in an error, or could not be made


@dataclass(slots=True)
class _Subscription:
    address: str
    renew_at_s: float


class EventStream:
    """The hints of one device.

    Args:
        open_device: Connects anew, each time it is needed.
        clock: Waits, and dates what comes without date.
        effects: How this device differs.

    Attributes:
        topics: What came, and what became of it.
        counts: What happened to subscriptions.
    """

    def __init__(
        self, open_device: DeviceOpener, clock: Clock, effects: Collection[Effect] = (), backoff: Backoff | None = None
    ) -> None:
        self.topics = TopicCounts()
        self.counts = EventCounts()
        self._open_device = open_device
        self._clock = clock
        self._effects = effects
        self._backoff = backoff or Backoff()

    async def hints(self) -> AsyncGenerator[SceneHint, None]:
        """Yield hints for as long as it is read; failures are logged, waited out and tried again.

        Close it (`contextlib.aclosing`) to unsubscribe.
        """
        while True:
            began_s, before = self._clock.monotonic(), self.counts.subscriptions
            try:
                async with self._open_device() as device, aclosing(self._subscribed(device)) as hints:
                    async for hint in hints:
                        yield hint
            except OnvifError as exc:
                self.counts.failures += 1
                logger.info("events interrupted", host=exc.host, cause=str(exc))
                pause_s = self._backoff.next_pause_s(ran_for_s=self._clock.monotonic() - began_s)
                # Refused after having been let in: the device's clock was set, and connecting anew reads it anew.
                denied = isinstance(exc, DeviceAuthFailed) and self.counts.subscriptions == before
                await self._clock.sleep(AUTH_PAUSE_S if denied else pause_s)

    async def _subscribed(self, device: OnvifDevice) -> AsyncGenerator[SceneHint, None]:
        """Yield hints of one subscription until it cannot be renewed any more."""
        subscription = await self._subscribe(device)
        try:
            while True:
                asked_s = self._clock.monotonic()
                answer = await self._pull(device, subscription.address)
                messages = list(getattr(answer, "NotificationMessage", None) or [])[: MESSAGES_PER_PULL * 2]
                for message in messages:
                    hint = read_notification(message, self._clock.now(), self._offset(device), self.topics)
                    if hint is not None:
                        yield hint
                if not messages and (early_s := SHORTEST_PULL_S - (self._clock.monotonic() - asked_s)) > 0:
                    await self._clock.sleep(early_s)
                if self._clock.monotonic() >= subscription.renew_at_s and not await self._renewed(device, subscription):
                    return
        finally:
            await self._unsubscribe(device, subscription.address)

    async def _subscribe(self, device: OnvifDevice) -> _Subscription:
        try:
            answer = await self._create(device, absolute=Effect.ABSOLUTE_TERMINATION in self._effects)
        except DeviceRefused:  # some know points in time only, whatever the specification says
            answer = await self._create(device, absolute=True)
        address = getattr(getattr(getattr(answer, "SubscriptionReference", None), "Address", None), "_value_1", None)
        if not address:
            raise NotOnvif(device.host, "CreatePullPointSubscription", "no address to pull from")
        self.counts.subscriptions += 1
        return _Subscription(device.reachable(text_of(address)), self._renewal_s(answer))

    async def _create(self, device: OnvifDevice, *, absolute: bool) -> Any:
        ends = self._ending(device, absolute=absolute)
        return await device.call(soap.EVENTS, "CreatePullPointSubscription", InitialTerminationTime=ends)

    async def _pull(self, device: OnvifDevice, address: str) -> Any:
        return await device.call(
            soap.PULL_POINT,
            "PullMessages",
            at=address,
            limit_s=PULL_S + _PULL_SLACK_S,
            Timeout=timedelta(seconds=PULL_S),
            MessageLimit=MESSAGES_PER_PULL,
        )

    async def _renewed(self, device: OnvifDevice, subscription: _Subscription) -> bool:
        """Renew; False: a new subscription is needed, which is no failure."""
        if Effect.NO_RENEW in self._effects:
            return False
        ends = self._ending(device, absolute=Effect.ABSOLUTE_TERMINATION in self._effects)
        try:
            answer = await device.call(soap.SUBSCRIPTION, "Renew", at=subscription.address, TerminationTime=ends)
        except (DeviceRefused, NotOnvif) as exc:
            logger.debug("renewal refused", host=device.host, cause=str(exc))
            return False
        self.counts.renewals += 1
        subscription.renew_at_s = self._renewal_s(answer)
        return True

    async def _unsubscribe(self, device: OnvifDevice, address: str) -> None:
        """Say goodbye, out of courtesy: the device forgets us anyway."""
        if Effect.NO_UNSUBSCRIBE in self._effects:
            return
        with suppress(OnvifError):
            await device.call(soap.SUBSCRIPTION, "Unsubscribe", at=address, limit_s=UNSUBSCRIBE_TIMEOUT_S)

    def _ending(self, device: OnvifDevice, *, absolute: bool) -> str:
        if not absolute:
            return f"PT{SUBSCRIPTION_S:.0f}S"
        ends = self._clock.now() + self._offset(device) + timedelta(seconds=SUBSCRIPTION_S)
        return ends.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _renewal_s(self, answer: Any) -> float:
        """Return when to renew, by what was granted: devices decide for themselves how long."""
        now, ends = getattr(answer, "CurrentTime", None), getattr(answer, "TerminationTime", None)
        granted_s = SUBSCRIPTION_S
        if isinstance(now, datetime) and isinstance(ends, datetime) and (now.tzinfo is None) == (ends.tzinfo is None):
            granted_s = min(max((ends - now).total_seconds(), SHORTEST_SUBSCRIPTION_S), SUBSCRIPTION_S)
        return self._clock.monotonic() + granted_s * RENEW_AT

    @staticmethod
    def _offset(device: OnvifDevice) -> timedelta:
        return timedelta(seconds=device.clock_offset_s or 0.0)
