"""Adding up the ledger: shares, days, and workers that fell silent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.web.coverage_sums import LEAST_SHARE_S, Span, by_camera, by_grid, local_day, shares_today, watched_share
from storage.protocols import Scope
from storage.records import CoverageRow, CoverageState
from tests.unit.gateway.web.house import House

# A fixed moment, 18:00 in the town.
NOW = datetime(2027, 3, 1, 10, tzinfo=UTC)
LOOKED, OFFLINE, UNKNOWN = CoverageState.LOOKED, CoverageState.OFFLINE, CoverageState.UNKNOWN


@pytest.fixture
def now(house: House, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the town's clock."""
    monkeypatch.setattr(house.clock, "now", lambda: NOW)
    return NOW


def a_row(camera_id: str, start: float, end: float, state: CoverageState = LOOKED) -> CoverageRow:
    """Return a row, in seconds from now, of a camera of the town."""
    span = NOW + timedelta(seconds=start), NOW + timedelta(seconds=end)
    return CoverageRow(camera_id, camera_id.removeprefix("cam-"), state, *span)


def today(house: House) -> Span:
    return local_day(house.context, None)[1]


def test_share_leaves_out_what_was_meant() -> None:
    """Paused and masked seconds are nobody's loss; overloaded, unknown and offline ones are."""
    states = CoverageState
    assert watched_share({states.ANALYSED: 1, states.LOOKED: 2, states.POLLED: 3, states.OVERLOADED: 4}) == 0.6
    assert watched_share({states.LOOKED: 1, states.PAUSED: 50, states.MASKED: 50, states.UNKNOWN: 1}) == 0.5
    assert watched_share({states.PAUSED: 50}) is watched_share({}) is None


def test_a_day_is_the_towns_day(house: House, now: datetime) -> None:
    """Its midnight is 16:00 UTC of the day before; what has not come yet is not part of it."""
    day, span = local_day(house.context, None)
    assert (day, span.start) == (date(2027, 3, 1), datetime(2027, 2, 28, 16, tzinfo=UTC))
    assert (span.end, span.until) == (datetime(2027, 3, 1, 16, tzinfo=UTC), now)
    _, tomorrow = local_day(house.context, date(2027, 3, 2))
    assert tomorrow.until == tomorrow.start


async def test_a_worker_that_is_gone_leaves_its_cameras_unwatched(house: House, now: datetime) -> None:
    """Nobody is there to write it: ten seconds unknown and the rest offline; a living worker is just between writes."""
    await house.stores.coverage.extend([a_row("cam-east", -200, -100), a_row("cam-west", -200, -6)])
    tally = await by_camera(house.context, house.context.site.cameras, today(house))
    assert tally == {"cam-east": {LOOKED: 100, UNKNOWN: 10, OFFLINE: 90}, "cam-west": {LOOKED: 194}}
    by = await by_grid(house.context, Scope(None), ["east", "west"], house.context.site.cameras, today(house))
    assert by == {"east": {LOOKED: 100, UNKNOWN: 10, OFFLINE: 90}, "west": {LOOKED: 194}}


async def test_silence_counts_on_the_days_it_lasted(house: House, now: datetime) -> None:
    """Yesterday too, when the worker has been gone since then; a camera out of use is not silent."""
    await house.stores.coverage.extend([a_row("cam-east", -90_000, -86_400)])
    _, yesterday = local_day(house.context, date(2027, 2, 28))
    cameras = house.context.site.cameras
    tally = await by_camera(house.context, cameras, yesterday)
    assert tally["cam-east"] == {LOOKED: 3_600, UNKNOWN: 10, OFFLINE: 6 * 3_600 - 10}
    unused = [camera.model_copy(update={"enabled": False}) for camera in cameras]
    assert (await by_camera(house.context, unused, yesterday))["cam-east"] == {LOOKED: 3_600}


async def test_grids_out_of_scope_or_not_asked_for_are_left_out(house: House, now: datetime) -> None:
    """Whichever way the rows are read."""
    await house.stores.coverage.extend([a_row("cam-east", -60, 0), a_row("cam-west", -60, 0)])
    cameras = house.context.site.cameras
    both = ["east", "west"]
    east = {"east": {LOOKED: 60}}
    assert await by_grid(house.context, Scope(frozenset({"east"})), both, cameras, today(house)) == east
    assert await by_grid(house.context, Scope(None), ["east"], cameras, today(house)) == east
    assert await by_grid(house.context, Scope(None), [], cameras, today(house)) == {}


async def test_too_little_time_gives_no_share(house: House, now: datetime) -> None:
    """Minutes after a start every camera would look bad."""
    await house.stores.coverage.extend([a_row("cam-east", -LEAST_SHARE_S + 1, 0), a_row("cam-west", -LEAST_SHARE_S, 0)])
    assert await shares_today(house.context, house.context.site.cameras) == {"cam-east": None, "cam-west": 1.0}
