"""Handled cases: one honest look each, later where the camera is away, and somebody asked in any case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.clock import FakeClock
from gateway.errors import EvidenceError
from gateway.patrol.handled import GIVE_UP_AFTER, TOO_OLD, FreshLook, HandledDesk, Hands
from gateway.patrol.photos import CleanPicture, clean_picture
from gateway.patrol.recheck import Examined
from storage.records import Evidence, EvidenceKind
from storage.records_patrol import CaseLook, FedBackCase, LookResult, Task, TaskKind
from tests.unit.gateway.patrol.samples import NOON, a_case, a_step, a_task, an_event, an_image

PICTURE = clean_picture(an_image())


class _World:
    """A camera, a detector, a disk and the database, each able to fail."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOON + timedelta(seconds=30))
        self.step = a_step()
        self.taken_at: datetime | None = None
        self.disk_full = False
        self.saved: list[tuple[CaseLook, Evidence | None, Task | None]] = []
        hands = Hands(self._look, self._examine, self._keep, self._ask)
        self.desk = HandledDesk(self, hands, self.clock)

    async def waiting(self, since: datetime, limit: int) -> list[FedBackCase]:
        assert limit > 0
        assert since == self.clock.now() - TOO_OLD
        looked = {look.step_id for look, _, _ in self.saved}
        return [] if self.step.id in looked else [FedBackCase(a_case(), self.step, an_event())]

    async def save_look(self, look: CaseLook, evidence: Evidence | None, task: Task | None) -> bool:
        self.saved.append((look, evidence, task))
        return True

    async def _look(self, camera_id: str) -> FreshLook | None:
        assert camera_id == "cam-1"
        return None if self.taken_at is None else FreshLook(PICTURE, self.taken_at)

    async def _examine(self, found: FedBackCase, picture: CleanPicture) -> Examined:
        assert (found.case.id, picture) == ("case-1", PICTURE)
        return Examined(LookResult.GONE, "onnx:nano")

    async def _keep(self, found: FedBackCase, fresh: FreshLook) -> Evidence:
        if self.disk_full:
            raise EvidenceError("disk full")
        name = f"after-{found.step.id}"
        return Evidence(name, found.event.id, EvidenceKind.AFTER, name, "image/jpeg", 1, "0", fresh.taken_at)

    async def _ask(self, found: FedBackCase) -> Task | None:
        return a_task(kind=TaskKind.VERIFY, case_id=found.case.id)

    async def wait(self, how_long: timedelta) -> None:
        await self.clock.advance(how_long.total_seconds())
        await self.desk.run_once()


async def test_look_is_taken_once() -> None:
    """Picture, answer and task are saved together; then the case waits no more."""
    world = _World()
    world.taken_at = world.clock.now()
    await world.desk.run_once()
    await world.desk.run_once()
    ((look, evidence, task),) = world.saved
    assert (look.result, look.detector, look.detail) == (LookResult.GONE, "onnx:nano", "")
    assert evidence is not None
    assert look.evidence_id == evidence.id
    assert look.at == world.taken_at
    assert task is not None
    assert task.case_id == "case-1"


async def test_picture_from_before_the_answer_shows_nothing() -> None:
    """A look that is older than the answer is waited out; the next one counts."""
    world = _World()
    world.taken_at = NOON - timedelta(seconds=1)
    await world.desk.run_once()
    assert world.saved == []
    world.taken_at = NOON + timedelta(seconds=40)
    await world.wait(timedelta(seconds=20))
    assert world.saved[0][0].result is LookResult.GONE


async def test_platform_with_a_fast_clock_is_no_reason_to_wait() -> None:
    """It says "handled tomorrow": a picture taken since we heard of it counts."""
    world = _World()
    world.step = replace(world.step, at=NOON + timedelta(days=1))
    world.taken_at = world.clock.now()
    await world.desk.run_once()
    assert len(world.saved) == 1


async def test_camera_that_is_away_leaves_it_to_people() -> None:
    """After some minutes somebody is asked without a picture; nobody claims that nothing was found."""
    world = _World()
    await world.desk.run_once()
    await world.wait(GIVE_UP_AFTER - timedelta(seconds=1))
    assert world.saved == []
    await world.wait(timedelta(seconds=2))
    ((look, evidence, task),) = world.saved
    assert (look.result, look.detail, look.evidence_id, evidence) == (LookResult.CANNOT_TELL, "no_picture", None, None)
    assert task is not None


async def test_picture_that_cannot_be_kept_is_tried_again() -> None:
    """A full disk now may have room in a minute; what nobody can look at later proves nothing."""
    world = _World()
    world.taken_at, world.disk_full = world.clock.now(), True
    await world.desk.run_once()
    assert world.saved == []
    world.disk_full = False
    await world.wait(timedelta(minutes=1))
    assert world.saved[0][0].result is LookResult.GONE
