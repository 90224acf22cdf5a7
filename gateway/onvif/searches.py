"""Searches under way: started by a person, run beside everything else, asked about until they are over."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from gateway.clock import Clock
from gateway.errors import GridPatrolError
from gateway.onvif.discovery import DEFAULT_SECONDS, Found, discover
from gateway.onvif.sweep import DEFAULT_PORTS, sweep

KEEP_S = 1800.0  # how long the outcome of a search can be asked for
MAX_KEPT = 64
# A sweep of 4,096 silent addresses takes 128 s a port; what is slower than this is stuck.
LONGEST_S = 900.0

logger = structlog.get_logger(__name__)


class SearchRunning(GridPatrolError):
    """This account's last search is still under way."""


@dataclass(slots=True)
class Search:
    """One search. Its fields grow while it runs.

    Attributes:
        owner: Account id; nobody else may see it.
        addresses: Empty: by multicast.
        total: Questions to be asked; 0 for multicast, where nobody knows.
    """

    id: str
    owner: str
    began_s: float
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = DEFAULT_PORTS
    seconds: float = DEFAULT_SECONDS
    asked: int = 0
    running: bool = True
    found: dict[str, Found] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Questions to be asked."""
        return len(self.addresses) * len(self.ports)


class Searches:
    """All searches of this process; they run while `run` is awaited."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Search] = {}
        self._waiting: asyncio.Queue[Search] = asyncio.Queue(MAX_KEPT)

    async def run(self) -> None:
        """Run what is started, one task each."""
        async with asyncio.TaskGroup() as group:
            while True:
                search = await self._waiting.get()
                group.create_task(self._conduct(search), name=f"search:{search.id}")

    def start(
        self,
        owner: str,
        addresses: Sequence[str] = (),
        ports: Sequence[int] = DEFAULT_PORTS,
        seconds: float = DEFAULT_SECONDS,
    ) -> Search:
        """Start a search; by multicast where no addresses are given.

        Raises:
            SearchRunning: The owner's last one is not over, or too many people search.
        """
        self._forget_old()
        if len(self._kept) >= MAX_KEPT or any(s.running and s.owner == owner for s in self._kept.values()):
            raise SearchRunning
        now_s = self._clock.monotonic()
        search = Search(f"srch_{secrets.token_hex(12)}", owner, now_s, tuple(addresses), tuple(ports), seconds)
        self._kept[search.id] = search
        self._waiting.put_nowait(search)
        return search

    def get(self, search_id: str, owner: str) -> Search | None:
        """Return a search of this owner; None when there is none, or none any more."""
        self._forget_old()
        search = self._kept.get(search_id)
        return search if search is not None and search.owner == owner else None

    async def _conduct(self, search: Search) -> None:
        try:
            async with asyncio.timeout(LONGEST_S):
                if search.addresses:
                    await sweep(search.addresses, search.ports, lambda f: _add(search, f), lambda: _count(search))
                else:
                    await discover(lambda f: _add(search, f), self._clock, search.seconds)
        except (OSError, TimeoutError) as exc:
            logger.warning("search cut short", search=search.id, cause=type(exc).__name__)
        finally:
            search.running = False

    def _forget_old(self) -> None:
        now_s = self._clock.monotonic()
        self._kept = {k: s for k, s in self._kept.items() if s.running or now_s - s.began_s < KEEP_S}
        for key in [k for k, s in self._kept.items() if not s.running][: max(0, len(self._kept) - MAX_KEPT + 1)]:
            del self._kept[key]


def _add(search: Search, found: Found) -> None:
    search.found.setdefault(found.key, found)


def _count(search: Search) -> None:
    search.asked += 1
