"""Worker processes die, hang and outlive their front, and the cameras are watched all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from camera_configs.models import CameraConfig
from gateway.clock import Clock, FakeClock, SystemClock
from gateway.fleet import local
from gateway.fleet.local import RESTART_CAP_S, FleetPlan, LocalFleet, WorkerDied, is_worker
from gateway.fleet.shards import Shard
from storage.errors import StoreUnavailable
from storage.protocols import EventStore, FleetStore
from storage.records import CameraState, CameraStateName, Event, WorkerRecord
from tests.unit.gateway.evidence.making import event
from tests.unit.gateway.fleet.cameras import book_of, camera

WAIT_S = 30.0
T0 = datetime(2026, 1, 1, tzinfo=UTC)
# A worker in miniature: says that it is there, and lives until its standard input ends.
OBEDIENT = "print('up', flush=True); sys.stdin.read()"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
DYING = "sys.exit(7)"


@dataclass
class FakeStores:
    """What the fleet asks of the database, both halves."""

    known: list[WorkerRecord] = field(default_factory=list)
    kept: dict[str, CameraState] = field(default_factory=dict)
    interrupted: list[Sequence[str]] = field(default_factory=list)
    away: int = 0
    saved: asyncio.Event = field(default_factory=asyncio.Event)

    async def interrupt(self, camera_ids: Sequence[str], alive_run_ids: Sequence[str], at: datetime) -> list[Event]:
        assert not alive_run_ids
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.interrupted.append(camera_ids)
        return [event()]

    async def workers(self) -> list[WorkerRecord]:
        return list(self.known)

    async def unregister(self, worker_id: str, run_id: str) -> None:
        self.known = [w for w in self.known if (w.worker_id, w.run_id) != (worker_id, run_id)]

    async def states(self) -> dict[str, CameraState]:
        return dict(self.kept)

    async def save_states(self, states: Sequence[CameraState]) -> None:
        self.kept |= {s.camera_id: s for s in states}
        self.saved.set()


class SmallFleet(LocalFleet):
    """Runs small programs in place of workers, one after the other, the last of them again and again."""

    def __init__(self, plan: FleetPlan, cameras: Sequence[CameraConfig], stores: FakeStores, clock: Clock) -> None:
        super().__init__(plan, book_of(*cameras), cast(EventStore, stores), cast(FleetStore, stores), clock)
        self.programs: list[str] = [OBEDIENT]
        self.started: list[Shard] = []

    def _command(self, shard: Shard) -> Sequence[str]:
        self.started.append(shard)
        program = self.programs.pop(0) if len(self.programs) > 1 else self.programs[0]
        return sys.executable, "-S", "-c", f"import signal, sys, time; {program}"


def fleet_of(stores: FakeStores, *camera_ids: str, clock: Clock | None = None, workers: int = 1) -> SmallFleet:
    plan = FleetPlan(Path("site"), workers, drain_timeout_s=0.3)
    return SmallFleet(plan, [camera(i) for i in camera_ids], stores, clock or FakeClock())


@asynccontextmanager
async def running(fleet: LocalFleet) -> AsyncIterator[None]:
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        task = group.create_task(fleet.run())
        yield
        task.cancel()


async def said_up(capfd: pytest.CaptureFixture[str], times: int = 1) -> None:
    """Wait until so many workers have said that they are there."""
    seen = ""
    while seen.count("up") < times:
        seen += capfd.readouterr().out
        await asyncio.sleep(0.01)


Children = Callable[[], list[int]]


def _started() -> list[int]:
    """Return the processes that this one has started and not yet buried."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


@pytest.fixture
def children() -> Children:
    """Return those that a test has started; the database server of other tests is none of them."""
    before = _started()
    return lambda: [pid for pid in _started() if pid not in before]


async def test_death_of_a_worker_is_told_and_it_is_started_anew(
    capfd: pytest.CaptureFixture[str], children: Children
) -> None:
    """Its record goes, its events are interrupted, its cameras shown as offline; after a pause there is a new one."""
    stores, clock = FakeStores(), FakeClock()
    stores.known = [record("w0", 1), record("w1", 1)]
    fleet = fleet_of(stores, "a", "b", clock=clock)
    fleet.programs = [DYING, OBEDIENT]
    async with running(fleet):
        await stores.saved.wait()
        assert stores.interrupted == [["a", "b"]]
        assert {s.state for s in stores.kept.values()} == {CameraStateName.OFFLINE}
        assert [w.worker_id for w in stores.known] == ["w1"]
        assert len(fleet.started) == 1
        while len(fleet.started) == 1:
            await clock.advance(0.5)
        assert clock.monotonic() <= 1.0  # the first pause
        await said_up(capfd)
    assert children() == []


async def test_worker_that_dies_at_once_again_and_again_is_started_ever_more_slowly(children: Children) -> None:
    """Pauses grow to their cap, so that a wrong model does not burn the machine."""
    stores, clock = FakeStores(), FakeClock()
    fleet = fleet_of(stores, "a", clock=clock)
    fleet.programs = [DYING]
    async with running(fleet):
        for number in range(1, 7):
            stores.saved.clear()
            while len(fleet.started) < number:
                await clock.advance(RESTART_CAP_S)
            stores.kept.clear()
            await stores.saved.wait()
    assert len(stores.interrupted) >= 6
    assert children() == []


async def test_database_away_does_not_end_the_fleet(capfd: pytest.CaptureFixture[str]) -> None:
    """A death that cannot be written down is followed by a new worker all the same."""
    stores, clock = FakeStores(away=1), FakeClock()
    fleet = fleet_of(stores, "a", clock=clock)
    fleet.programs = [DYING, OBEDIENT]
    async with running(fleet):
        while len(fleet.started) < 2:
            await clock.advance(1)
            await asyncio.sleep(0.01)
        await said_up(capfd)
    assert stores.interrupted == []


async def test_cancelling_stops_all_workers(capfd: pytest.CaptureFixture[str], children: Children) -> None:
    """One worker per shard, and none left behind."""
    fleet = fleet_of(FakeStores(), "a", "b", "c", workers=2)
    async with running(fleet):
        await said_up(capfd, times=2)
        assert len(children()) == 2
    assert sorted(map(str, fleet.started)) == ["0/2", "1/2"]
    assert children() == []


async def test_worker_that_ignores_the_request_is_killed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, children: Children
) -> None:
    """After drain and grace comes SIGKILL."""
    monkeypatch.setattr(local, "STOP_GRACE_S", 0.1)
    fleet = fleet_of(FakeStores(), "a")
    fleet.programs = [STUBBORN]
    async with running(fleet):
        await said_up(capfd)
    assert children() == []


async def test_worker_does_not_hear_the_terminal(capfd: pytest.CaptureFixture[str], children: Children) -> None:
    """Ctrl-C goes to the front alone: a worker has a session of its own."""
    fleet = fleet_of(FakeStores(), "a")
    async with running(fleet):
        await said_up(capfd)
        [pid] = children()
        assert os.getsid(pid) == pid


async def test_former_runs_are_interrupted_and_forgotten() -> None:
    """Records of workers that are gone go; open events of every camera ever watched get their interruption."""
    stores = FakeStores(known=[record("w0", 2**22)])  # beyond the largest process number
    stores.kept = {"gone": CameraState("gone", CameraStateName.ONLINE, T0, T0)}
    fleet = LocalFleet(
        FleetPlan(Path("site"), 1, 1.0),
        book_of(camera("a"), camera("off", enabled=False)),
        cast(EventStore, stores),
        cast(FleetStore, stores),
        FakeClock(),
    )
    await fleet.forget_former_runs()
    assert stores.known == []
    assert stores.interrupted == [["a", "gone", "off"]]
    assert stores.kept["off"].state is CameraStateName.DISABLED
    assert "a" not in stores.kept


async def test_former_worker_is_waited_for_and_killed_at_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of a front that was killed gets its time to finish clips, and no more than that."""
    monkeypatch.setattr(local, "STOP_GRACE_S", 0.1)
    with former_worker(tmp_path) as process:
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
        stores = FakeStores(known=[record("w0", process.pid)])
        fleet = SmallFleet(FleetPlan(tmp_path, 1, 0.2), [camera("a")], stores, SystemClock())
        assert is_worker(process.pid, tmp_path)
        assert not is_worker(process.pid, tmp_path / "other")
        burying = asyncio.create_task(asyncio.to_thread(process.wait))
        await fleet.forget_former_runs()
        assert await burying == -signal.SIGKILL
        assert stores.known == []


def test_process_that_was_given_the_number_since_is_left_alone(tmp_path: Path) -> None:
    """The number alone does not make a worker; neither does a process that is gone."""
    assert not is_worker(os.getpid(), tmp_path)
    assert not is_worker(2**22, tmp_path)


def test_death_says_how() -> None:
    """By signal or with a code, in words for the log."""
    assert str(WorkerDied("w0", 3)) == "worker w0 ended with exit code 3"
    assert str(WorkerDied("w0", -9)) == "worker w0 ended by signal 9"


def test_worker_is_told_its_deployment_and_shard(tmp_path: Path) -> None:
    """The command names the folder in full, so that a former worker is known again from any directory."""
    stores = FakeStores()
    plan = FleetPlan(Path("data"), 1, 1.0)
    fleet = LocalFleet(plan, book_of(camera("a")), cast(EventStore, stores), cast(FleetStore, stores), FakeClock())
    command = fleet._command(Shard(1, 3))
    assert command[1:] == ("-m", "gateway", "worker", "--data", str(Path("data").absolute()), "--shard", "1/3")


def record(worker_id: str, pid: int) -> WorkerRecord:
    return WorkerRecord(worker_id, f"run_{worker_id}", pid, "http://127.0.0.1:1", "secret", ("a",), T0, T0)


def former_worker(data_dir: Path) -> subprocess.Popen[bytes]:
    """Start a process that looks like a worker and does not stop."""
    words = ("worker", "--data", str(data_dir), "--shard", "0/1")
    program = f"import signal, sys, time; {STUBBORN}"
    return subprocess.Popen(
        [sys.executable, "-S", "-c", program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
