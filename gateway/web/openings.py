"""Which requests for a file are one person's one look at it: what the register calls an opening."""

from __future__ import annotations

from collections import OrderedDict

from gateway.clock import Clock

# A look at a clip, replays and all; after this the same person asking again is another look.
SAME_LOOK_S = 600.0
# Looks remembered at once; the oldest gives way, which at worst registers one look twice.
CAPACITY = 10_000


class Openings:
    """Remembers for a while who has opened what."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun: OrderedDict[tuple[str, str], float] = OrderedDict()

    def begins(self, account_id: str, file_id: str) -> bool:
        """Note a request; True when it is the first of a look, to be registered."""
        key, now_s = (account_id, file_id), self._clock.monotonic()
        begun_s = self._begun.get(key)
        if begun_s is not None and now_s - begun_s < SAME_LOOK_S:
            return False
        self._begun.pop(key, None)
        self._begun[key] = now_s
        if len(self._begun) > CAPACITY:
            self._begun.popitem(last=False)
        return True
