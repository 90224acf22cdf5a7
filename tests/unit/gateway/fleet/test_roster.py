"""Which cameras a worker begins anew when the configuration changes: those concerned, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import cast

from camera_configs.calendar import CalendarYear
from camera_configs.models import CameraConfig, RuleConfig, ScheduleConfig, SiteConfig, ZoneConfig
from detectors.base import ModelLoadError
from gateway.clock import FakeClock
from gateway.desk.site_book import SiteBook, standing
from gateway.fleet.camera_unit import CameraUnit
from gateway.fleet.roster import Roster, see_off, switched_off
from gateway.fleet.shards import Shard
from storage.records import CameraState, CameraStateName
from tests.unit.gateway.fleet.cameras import SQUARE, book_of, camera, site

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MASK = ZoneConfig(id="mask", name="Mask", kind="privacy_mask", polygon=SQUARE)


@dataclass(eq=False)
class Unit:
    """What the roster knows of a unit."""

    camera: CameraConfig
    state: CameraState = field(default_factory=lambda: CameraState("a", CameraStateName.ONLINE, T0, T0))
    joined: list[float] = field(default_factory=list)

    def join(self, timeout_s: float) -> None:
        self.joined.append(timeout_s)


async def make(cameras: Sequence[CameraConfig], _: SiteConfig) -> list[CameraUnit]:
    if any(c.detector == "nowhere" for c in cameras):
        raise ModelLoadError("nowhere: no such model")
    return [cast(CameraUnit, Unit(c)) for c in cameras]


async def filled(book: SiteBook) -> Roster:
    roster = Roster(book, Shard(0, 1), make)
    await roster.fill()
    return roster


def become(book: SiteBook, found: SiteConfig) -> None:
    """Let a book say something else."""
    other = standing(found)
    book.site, book.models, book._turns = other.site, other.models, other._turns


async def test_only_what_changed_is_made_anew() -> None:
    """One changed, one came, one was switched off, one stays: the very same unit."""
    book = book_of(camera("a"), camera("b"), camera("c"))
    roster = await filled(book)
    before = dict(roster.units)
    changed = camera("b", zones=(MASK,))
    become(book, site(camera("a"), changed, camera("c", enabled=False), camera("d")))
    turnover = await roster.follow()
    assert (turnover.began, turnover.gone) == (("b", "d"), frozenset({"c"}))
    assert [unit.camera.id for unit in turnover.ended] == ["b", "c"]
    assert roster.units["a"] is before["a"]
    assert roster.units["b"].camera is changed
    assert (roster.camera_ids, roster.masked, len(roster)) == (("a", "b", "d"), {"b"}, 3)
    assert (await roster.follow()).is_empty


async def test_event_type_concerns_the_cameras_that_have_rules_of_it() -> None:
    """Another dwell for parked cars begins no camera anew that looks for none."""
    parking = camera("p", rules=(RuleConfig(id="r", type="illegal_parking", zone="yard"),))
    book = book_of(camera("a"), parking)
    roster = await filled(book)
    types = [t.model_copy(update={"dwell_s": 9.0}) if t.id == "illegal_parking" else t for t in book.site.event_types]
    become(book, site(camera("a"), parking).model_copy(update={"event_types": tuple(types)}))
    assert (await roster.follow()).began == ("p",)


async def test_camera_with_a_detector_that_is_not_there_stays_as_it_was() -> None:
    """It goes on being watched, the others follow, and it is tried again with the next change."""
    book = book_of(camera("a"), camera("b"))
    roster = await filled(book)
    wrong = camera("a").model_copy(update={"detector": "nowhere"})
    become(book, site(wrong, camera("b", zones=(MASK,))))
    assert (await roster.follow()).began == ("b",)
    assert roster.units["a"].camera.detector is None
    become(book, site(wrong.model_copy(update={"detector": "onnx:x"}), camera("b", zones=(MASK,))))
    assert (await roster.follow()).began == ("a",)


async def test_unit_that_leaves_is_given_its_time() -> None:
    """Its desk may finish; what hangs is cancelled after the drain, and its threads are waited for."""
    unit = Unit(camera("a"))

    async def hang() -> None:
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        desk = group.create_task(hang())
        await see_off(cast(CameraUnit, unit), desk, 0.01, 2.0)
    assert desk.cancelled()
    assert unit.joined == [2.0]


def test_last_word_of_a_camera() -> None:
    """People read whether it was switched off or taken out."""
    unit, clock = cast(CameraUnit, Unit(camera("a"))), FakeClock()
    off = switched_off(unit, site(camera("a", enabled=False)), clock)
    assert (off.state, off.detail) == (CameraStateName.DISABLED, "switched off in the configuration")
    assert "removed" in switched_off(unit, site(), clock).detail


async def test_calendar_concerns_only_cameras_whose_rules_go_by_it() -> None:
    """A holiday that is added is nothing to a camera that watches every day."""
    by_days = RuleConfig(id="r", type="zone_intrusion", zone="yard", schedule=ScheduleConfig(days="working"))
    book = book_of(camera("a", rules=(by_days,)), camera("b"))
    roster = await filled(book)
    year = CalendarYear(year="2026", holidays=(date(2026, 10, 1),))
    become(book, book.site.model_copy(update={"calendar": (year,)}))
    assert (await roster.follow()).began == ("a",)
