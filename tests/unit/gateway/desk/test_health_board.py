"""The health board."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from gateway.desk.camera_index import CameraIndex
from gateway.desk.health_board import (
    BoardFilter,
    counted_faults,
    evidence_share,
    faults_of,
    in_outage,
    needs_technician,
    on_board,
    rates,
    trend_of,
)
from gateway.desk.pulse import Columns, Snapshot
from storage.records import CameraStateName
from storage.records_desk import HealthDay, OpenFault, SiteOutage, StateBrief
from tests.unit.gateway.desk.county import NOW, brief, camera, county, fault, outage

SILENT = CameraStateName.SILENT
CAMERAS = ("away", "blurred", "clock", "fine", "off", "password")


def snapshot(*more: StateBrief, faults: tuple[OpenFault, ...] = (), outages: tuple[SiteOutage, ...] = ()) -> Snapshot:
    index = CameraIndex(county(*(camera(c, host=f"10.0.0.{n}", enabled=c != "off") for n, c in enumerate(CAMERAS))))
    known = [brief("away", SILENT, 5_000), brief("blurred"), brief("clock", clock_offset_s=-6.0), brief("fine"),
             brief("off", SILENT), brief("password", CameraStateName.AUTH_FAILED)]  # fmt: skip
    briefs = {b.camera_id: b for b in [*known, *more]}
    open_faults = {f.camera_id: [f] for f in (fault("blurred"), fault("off"), *faults)}
    return Snapshot(index, NOW, briefs, Columns.of(index, briefs.values()), open_faults, outages, {})


def types(of: Snapshot, camera_id: str) -> list[str]:
    return [f.type for f in faults_of(of, of.index.site.camera(camera_id))]


def board(of: Snapshot, **wanted: object) -> list[str]:
    everyone = np.ones(len(of.index), np.bool_)
    return [of.index.ids[n] for n in np.flatnonzero(on_board(of, everyone, BoardFilter(**wanted)))]  # type: ignore[arg-type]


def test_what_is_wrong_shows_with_and_without_an_event() -> None:
    """A camera out of use has no faults, whatever is left open."""
    now = snapshot()
    assert types(now, "away") == ["camera_fault.offline"]
    assert types(now, "blurred") == ["camera_fault.blurred"]
    assert types(now, "clock") == ["camera_fault.clock"]
    assert types(now, "fine") == types(now, "off") == []


def test_a_fault_with_an_event_links_to_it_once_it_is_shown() -> None:
    """And is not repeated by what the state shows."""
    now = snapshot(faults=(fault("away", "camera_fault.offline"), replace(fault("fine"), concluded=False)))
    (away,) = faults_of(now, now.index.site.camera("away"))
    (fine,) = faults_of(now, now.index.site.camera("fine"))
    assert (away.event_id, fine.event_id) == ("evt_away", None)


def test_the_board_filters() -> None:
    """By fault, also by the family of all; without a filter everyone is on it."""
    now = snapshot()
    assert board(now) == list(CAMERAS)
    assert board(now, fault="camera_fault.blurred") == ["blurred"]
    assert board(now, fault="camera_fault") == ["away", "blurred", "clock", "password"]
    assert board(now, fault="camera_fault.blur") == []


def test_a_technician_goes_only_where_it_helps() -> None:
    """Not to a camera that is away for a minute, but at once where a password is wrong."""
    assert board(snapshot(), needs_technician=True) == ["away", "blurred", "clock", "password"]
    assert board(snapshot(brief("away", SILENT, 60)), needs_technician=True) == ["blurred", "clock", "password"]
    now = snapshot()
    assert not needs_technician(now, now.index.site.camera("fine"), ())


def test_cameras_of_a_site_that_is_down_are_left_to_the_site() -> None:
    """It stands on the board once."""
    down = outage("host:10.0.0.0")
    now = snapshot(outages=(down,))
    assert "away" not in board(now, needs_technician=True)
    assert in_outage(now.outages, now.index.site.camera("away")) == down
    assert in_outage(now.outages, now.index.site.camera("fine")) is None


def test_rates_count_cameras_in_use() -> None:
    """Three of five are there, one of these is blurred; nobody is no rate."""
    now = snapshot()
    found = rates(now, np.ones(6, np.bool_))
    assert found.cameras == 5
    assert [found.online, found.intact] == pytest.approx([3 / 5, 2 / 5])
    assert rates(now, np.zeros(6, np.bool_)).online is None
    assert counted_faults(now, np.ones(6, np.bool_)) == {
        "camera_fault.offline": 2, "camera_fault.blurred": 1, "camera_fault.clock": 1,
    }  # fmt: skip


def day(number: int, **changes: int) -> HealthDay:
    return replace(HealthDay(date(2026, 11, number), "", 1, 100, 90, 45, 4, 3), **changes)  # type: ignore[arg-type]


def test_a_trend_is_made_of_seconds() -> None:
    """In order; a day of which nothing is known has no rates."""
    found = trend_of([day(2), day(1, wanted_s=0, online_s=0, intact_s=0), day(2, online_s=50)])
    assert [(d.day, d.online, d.intact) for d in found] == [
        ("2026-11-01", None, None), ("2026-11-02", 0.7, 0.45),
    ]  # fmt: skip


def test_evidence_is_complete_where_events_have_their_clips() -> None:
    """Without events there is no share to tell."""
    assert evidence_share([day(1), day(2, with_clip=4)]) == (7 / 8, 8)
    assert evidence_share([]) == (None, 0)
