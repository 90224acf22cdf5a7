"""The alarm for a site that is down: once, and over when it is back."""

from __future__ import annotations

from gateway.desk.pulse import Pulse
from gateway.desk.site_watch import SiteWatch
from storage.records import CameraStateName
from storage.records_desk import SiteOutage
from tests.unit.gateway.desk.county import NOW, brief, camera, county
from tests.unit.gateway.desk.test_pulse import FakeStore, StoppedClock


class OutageStore(FakeStore):
    """Keeps outages too."""

    async def begin_outage(self, outage: SiteOutage) -> bool:
        self.outages.append(outage)
        return True

    async def end_outage(self, outage_id: str, at: object) -> None:
        self.outages = [o for o in self.outages if o.id != outage_id]


async def test_a_site_is_told_of_once_and_again_only_after_it_was_back() -> None:
    """Five cameras of one host go, stay away, and come back."""
    store, clock = OutageStore(*(brief(f"c{n}") for n in range(5))), StoppedClock()
    site = county(*(camera(f"c{n}") for n in range(5)))
    watch = SiteWatch(store, Pulse(store, store, clock), lambda: site, clock)  # type: ignore[arg-type]
    await watch.look()
    assert store.outages == []
    for n in range(5):
        store.save(brief(f"c{n}", CameraStateName.UNREACHABLE))
    await watch.look()
    await watch.look()
    (outage,) = store.outages
    assert (outage.key, outage.cameras, outage.noticed_at) == ("host:10.0.0.1", 5, NOW)
    for n in range(4):
        store.save(brief(f"c{n}"))
    await watch.look()
    assert store.outages == []
