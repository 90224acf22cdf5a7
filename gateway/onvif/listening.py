"""A device's hints, listened to for as long as anybody wants: connected in turn, with what is known of such devices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from gateway.clock import Clock
from gateway.onvif.device import OnvifDevice
from gateway.onvif.events import EventStream
from gateway.onvif.quirks import Effect, effects_of, quirks_of
from gateway.onvif.soap import Credentials
from gateway.supervise import Backoff

FIRST_PAUSE_S = 2.0
# A device that has no events, or is gone, is asked again so often; a wrong password far more rarely.
LONGEST_PAUSE_S = 300.0


def device_hints(
    address: str,
    login: tuple[str, str] | None,
    clock: Clock,
    turn: Callable[[], AbstractAsyncContextManager[object]],
    on_connection: Callable[[bool], None],
) -> EventStream:
    """Return a device's hints.

    Args:
        address: Of the device service.
        login: User name and password; None: ask as anybody.
        clock: Paces everything.
        turn: Held while connecting.
        on_connection: Hears when the device is there, and when it is not any more: then nothing holds that it said.
    """
    effects: set[Effect] = set()
    credentials = None if login is None else Credentials(*login)

    @asynccontextmanager
    async def opened() -> AsyncIterator[OnvifDevice]:
        async with AsyncExitStack() as stack:
            async with turn():
                device = await stack.enter_async_context(OnvifDevice(address, credentials, clock))
                known = await device.information()
            effects.update(effects_of(quirks_of(known.manufacturer, known.model)))
            on_connection(True)
            stack.callback(on_connection, False)
            yield device

    return EventStream(opened, clock, effects, Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S))
