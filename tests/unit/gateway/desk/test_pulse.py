"""How all cameras are, brought up to date by what changed."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from gateway.desk.pulse import FAULTS_FOR, TRUSTED_FOR, Pulse
from storage.records import CameraStateName, Change
from storage.records_desk import OpenFault, SiteOutage, StateBrief
from tests.unit.gateway.desk.county import NOW, brief, camera, county, fault, outage

ONLINE, SILENT = CameraStateName.ONLINE, CameraStateName.SILENT


class StoppedClock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> object:
        return self.at


class FakeStore:
    """Desk and changes in one, counting what is asked."""

    def __init__(self, *briefs: StateBrief) -> None:
        self.kept = {b.camera_id: b for b in briefs}
        self.faults: list[OpenFault] = []
        self.outages: list[SiteOutage] = []
        self.changes: list[Change] = []
        self.asked: list[str] = []

    def save(self, news: StateBrief) -> None:
        self.kept[news.camera_id] = news
        self.tell("camera", news.camera_id)

    def tell(self, kind: str, ref_id: str = "x") -> None:
        self.changes.append(Change(len(self.changes) + 1, NOW, kind, ref_id, None))

    async def briefs(self, camera_ids: list[str] | None = None) -> list[StateBrief]:
        self.asked.append("all" if camera_ids is None else ",".join(camera_ids))
        return [b for b in self.kept.values() if camera_ids is None or b.camera_id in camera_ids]

    async def open_faults(self) -> list[OpenFault]:
        self.asked.append("faults")
        return self.faults

    async def open_outages(self) -> list[SiteOutage]:
        return self.outages

    async def since(self, last_id: int, limit: int = 500) -> list[Change]:
        return [c for c in self.changes if c.id > last_id][:limit]

    async def last_id(self) -> int:
        return len(self.changes)


def pulse_of(store: FakeStore) -> tuple[Pulse, StoppedClock]:
    clock = StoppedClock()
    return Pulse(store, store, clock), clock  # type: ignore[arg-type]


async def test_a_camera_that_nothing_was_heard_of_is_connecting() -> None:
    """One that is out of use is that, whatever its last state was; states of removed cameras are nobody's."""
    store = FakeStore(brief("off"), brief("gone"))
    snapshot = await pulse_of(store)[0].read(county(camera("new"), camera("off", enabled=False)))
    assert [snapshot.state(n) for n in range(2)] == [CameraStateName.CONNECTING, CameraStateName.DISABLED]
    assert not snapshot.online.any()
    assert not snapshot.away.any()
    assert np.isinf(snapshot.columns.since[0])


async def test_only_what_changed_is_read_again() -> None:
    """And what nobody told of is not; the snapshot before stays as it was."""
    store = FakeStore(brief("a"), brief("b"))
    pulse, _ = pulse_of(store)
    site = county(camera("a"), camera("b"))
    before = await pulse.read(site)
    assert await pulse.read(site) is before
    store.save(brief("b", SILENT))
    after = await pulse.read(site)
    assert store.asked == ["all", "faults", "b"]
    assert list(before.away) == [False, False]
    assert list(after.away) == [False, True]


async def test_everything_is_read_again_now_and_then() -> None:
    """Changes are purged, and a clock drifts without one."""
    store = FakeStore(brief("a"))
    pulse, clock = pulse_of(store)
    site = county(camera("a"))
    await pulse.read(site)
    store.kept["a"] = brief("a", clock_offset_s=9.0)
    assert not (await pulse.read(site)).columns.drifting.any()
    clock.at += TRUSTED_FOR
    assert (await pulse.read(site)).columns.drifting.all()


async def test_another_site_is_indexed_anew() -> None:
    """With the states that are known already."""
    store = FakeStore(brief("a"), brief("b"))
    pulse, _ = pulse_of(store)
    await pulse.read(county(camera("a")))
    snapshot = await pulse.read(county(camera("a"), camera("b")))
    assert list(snapshot.online) == [True, True]
    assert store.asked.count("all") == 1


async def test_faults_follow_the_news_but_not_every_one_of_them() -> None:
    """A busy site raises and closes events all the time."""
    store = FakeStore(brief("a"), brief("b", SILENT))
    pulse, clock = pulse_of(store)
    site = county(camera("a"), camera("b"))
    await pulse.read(site)
    store.faults, store.outages = [fault("a"), fault("b"), fault("gone")], [outage("grid:east")]
    store.tell("review")
    assert not (await pulse.read(site)).faulty.any()
    clock.at += FAULTS_FOR
    snapshot = await pulse.read(site)
    assert list(snapshot.faulty) == [True, False]
    assert list(snapshot.troubled) == [True, True]
    assert list(snapshot.outages) == store.outages
    clock.at += timedelta(seconds=60)
    asked = len(store.asked)
    await pulse.read(site)
    assert len(store.asked) == asked


async def test_a_flood_of_changes_is_read_in_one_go() -> None:
    """Rather than id by id."""
    store = FakeStore(brief("a"))
    pulse, _ = pulse_of(store)
    site = county(camera("a"))
    await pulse.read(site)
    for n in range(1_200):
        store.tell("camera", f"cam-{n}")
    await pulse.read(site)
    assert store.asked == ["all", "faults", "all", "faults"]
