"""When the platform says that a case was handled, the gateway looks again, and asks somebody to verify it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from gateway.clock import Clock
from gateway.errors import EvidenceError
from gateway.patrol.photos import CleanPicture
from gateway.patrol.recheck import Examined
from storage.ids import new_id
from storage.records import Evidence
from storage.records_patrol import CaseLook, FedBackCase, LookResult, Task

logger = structlog.get_logger(__name__)

EVERY_S = 5.0
CASES_AT_ONCE = 50
# A camera that gives no picture for so long after the answer: the worker is asked without one.
GIVE_UP_AFTER = timedelta(minutes=10)
# Nobody is sent to what was handled days ago, as after a long outage or a first start with this service.
TOO_OLD = timedelta(days=1)
# Steps whose first try is remembered; the oldest give way, which at worst lets them wait anew.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class FreshLook:
    """The last picture of a camera, masked by its worker."""

    picture: CleanPicture
    taken_at: datetime


class Looks(Protocol):
    """The part of `LookStore` that this service needs."""

    async def waiting(self, since: datetime, limit: int) -> list[FedBackCase]:
        """See `LookStore`."""

    async def save_look(self, look: CaseLook, evidence: Evidence | None, task: Task | None) -> bool:
        """See `LookStore`."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What is done for this service elsewhere.

    Attributes:
        look: The latest picture of a camera; None where there is none.
        examine: What the event's detector says of it.
        keep: Make it durable as evidence of the event, under a name of its own.
        ask: The task to verify the case; None where nobody can be asked.
    """

    look: Callable[[str], Awaitable[FreshLook | None]]
    examine: Callable[[FedBackCase, CleanPicture], Awaitable[Examined]]
    keep: Callable[[FedBackCase, FreshLook], Awaitable[Evidence]]
    ask: Callable[[FedBackCase], Awaitable[Task | None]]


@dataclass(slots=True)
class HandledDesk:
    """Takes one look per answer "handled"; what a crash leaves undone is found again in the database."""

    looks: Looks
    hands: Hands
    clock: Clock
    _first_tries: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            StorageError: The database cannot be used; the caller tries again.
        """
        while True:
            await self.run_once()
            await self.clock.sleep(EVERY_S)

    async def run_once(self) -> None:
        """Look at the places of cases that wait for it, longest waiting first."""
        for found in await self.looks.waiting(self.clock.now() - TOO_OLD, CASES_AT_ONCE):
            await self._attend(found)

    async def _attend(self, found: FedBackCase) -> None:
        now = self.clock.now()
        tried_at = self._first_try(found.step.id, now)
        fresh = await self.hands.look(found.case.camera_id)
        # The platform's clock may be ahead of ours; a picture taken since we know of it shows what is now.
        if fresh is not None and fresh.taken_at < min(found.step.at, tried_at):
            fresh = None
        evidence = await self._keep(found, fresh)
        if evidence is None and now - tried_at < GIVE_UP_AFTER:
            return
        await self._save(found, fresh if evidence is not None else None, evidence)

    async def _keep(self, found: FedBackCase, fresh: FreshLook | None) -> Evidence | None:
        if fresh is None:
            return None
        try:
            return await self.hands.keep(found, fresh)
        except EvidenceError as exc:
            logger.warning("look at a handled case not kept", case_id=found.case.id, error=str(exc))
            return None

    async def _save(self, found: FedBackCase, fresh: FreshLook | None, evidence: Evidence | None) -> None:
        said = Examined(LookResult.CANNOT_TELL, detail="no_picture")
        if fresh is not None:
            said = await self.hands.examine(found, fresh.picture)
        look = CaseLook(
            id=new_id("look"),
            case_id=found.case.id,
            step_id=found.step.id,
            at=fresh.taken_at if fresh is not None else self.clock.now(),
            result=said.result,
            evidence_id=evidence.id if evidence is not None else None,
            detector=said.detector,
            detail=said.detail,
        )
        await self.looks.save_look(look, evidence, await self.hands.ask(found))
        self._first_tries.pop(found.step.id, None)
        logger.info("looked at a handled case", case_id=found.case.id, result=said.result.value, detail=said.detail)

    def _first_try(self, step_id: str, now: datetime) -> datetime:
        first = self._first_tries.setdefault(step_id, now)
        if len(self._first_tries) > REMEMBERED:
            self._first_tries.pop(next(iter(self._first_tries)))
        return first
