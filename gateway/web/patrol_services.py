"""The services of patrols, wired: rounds are made and missed, handled cases are looked at."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime

from gateway.errors import NotFound
from gateway.evidence.snapshot import Jpeg, store_picture
from gateway.patrol.errands import FootClerk
from gateway.patrol.errands import Hands as FootHands
from gateway.patrol.handled import FreshLook, HandledDesk, Hands
from gateway.patrol.photos import CleanPicture, PictureRefused, clean_picture
from gateway.patrol.recheck import Examined, OpenDetector, examine
from gateway.patrol.rounds import RoundClerk
from gateway.web.camera_look import fetch_picture, worker_of
from gateway.web.context import WebContext
from gateway.web.problems import ProblemRaised
from gateway.web.task_orders import can_go, order_verify, worker_for
from storage.records import Evidence, EvidenceKind
from storage.records_patrol import CheckPoint, FedBackCase, FootPlan, LookResult, Task

# As it came: a detector sees small things better in it, and so do people.
LOOK_SIDE_PX = 1920


def make_round_clerk(context: WebContext) -> RoundClerk:
    """Return the service that makes rounds and ends missed ones."""
    return RoundClerk(context.stores.patrol, context.settings.timezone, context.clock)


def make_foot_clerk(context: WebContext) -> FootClerk:
    """Return the service that makes tasks on foot from plans and ends missed ones."""

    async def points(plan: FootPlan) -> list[CheckPoint]:
        return await context.stores.tasks.points_by_id(plan.point_ids)

    async def worker(plan: FootPlan) -> str | None:
        named = await context.stores.accounts.many([plan.assignee]) if plan.assignee else []
        if named and can_go(context, named[0], plan.grid_id):
            return named[0].id
        return await worker_for(context, plan.grid_id)

    # Asked for each day anew: the calendar may have been edited meanwhile.
    hands = FootHands(points, worker, lambda day: context.case_terms.calendar.works_on(day))
    return FootClerk(context.stores.foot, hands, context.settings.timezone, context.clock)


def make_handled_desk(context: WebContext, reopen: OpenDetector) -> HandledDesk:
    """Return the service that looks at the places of cases that came back as handled."""
    work = _Work(context, reopen)
    return HandledDesk(context.stores.looks, Hands(work.look, work.examine, work.keep, work.ask), context.clock)


class _Work:
    def __init__(self, context: WebContext, reopen: OpenDetector) -> None:
        self._context = context
        self._reopen = reopen

    async def look(self, camera_id: str) -> FreshLook | None:
        try:
            worker = await worker_of(self._context, camera_id)
            body, said = await fetch_picture(self._context, worker, camera_id)
            taken_at = datetime.fromisoformat(said)
            picture = await asyncio.to_thread(clean_picture, body, max_side_px=LOOK_SIDE_PX)
        except (NotFound, ProblemRaised, PictureRefused, ValueError):
            return None
        return FreshLook(picture, taken_at) if taken_at.tzinfo is not None else None

    async def examine(self, found: FedBackCase, picture: CleanPicture) -> Examined:
        camera = self._context.site.find_camera(found.event.camera_id)
        if camera is None:
            return Examined(LookResult.CANNOT_TELL, detail="no_detector")
        return await asyncio.to_thread(examine, found.event, camera, picture.bgr, self._reopen)

    async def keep(self, found: FedBackCase, fresh: FreshLook) -> Evidence:
        picture = fresh.picture
        jpeg = Jpeg(picture.jpeg, picture.width, picture.height, fresh.taken_at)
        # One name per answer of the platform: a repeat after a crash writes over the same file.
        name = f"after-{hashlib.sha256(found.step.id.encode()).hexdigest()[:12]}.jpg"
        camera = self._context.site.find_camera(found.event.camera_id)
        masked = bool(camera and camera.privacy_masks)
        clock, media = self._context.clock, self._context.media
        return await store_picture(media, found.event, EvidenceKind.AFTER, jpeg, clock, masked=masked, name=name)

    async def ask(self, found: FedBackCase) -> Task:
        return await order_verify(self._context, found)
