"""When a site, not a camera, is down."""

from __future__ import annotations

from datetime import timedelta

from gateway.desk.site_outages import Down, changes_of, down_now, sites_of
from storage.records import CameraStateName
from storage.records_desk import StateBrief
from tests.unit.gateway.desk.county import NOW, brief, camera, county, outage

SILENT = CameraStateName.SILENT
HOST = [camera(f"c{n}", host="10.0.0.1") for n in range(5)]


def down(briefs: list[StateBrief], *cameras: object, lasting: tuple[str, ...] = ()) -> list[Down]:
    site = county(*(cameras or HOST))
    return down_now(sites_of(site), {b.camera_id: b for b in briefs}, frozenset(lasting))


def states(away: int, of: int = 5, ago_s: float = 60) -> list[StateBrief]:
    return [brief(f"c{n}", SILENT if n < away else CameraStateName.ONLINE, ago_s) for n in range(of)]


def test_single_cameras_are_no_site() -> None:
    """Neither one of many, nor all of a pair."""
    assert down(states(3)) == []
    pair = [camera("c0", host="10.0.0.7"), camera("c1", host="10.0.0.7")]
    assert down(states(2, 2), *pair) == []


def test_cameras_that_went_one_by_one_are_no_site() -> None:
    """Worn-out cameras of one recorder are not a cut cable."""
    slowly = [brief(f"c{n}", SILENT, ago_s=n * 3_600) for n in range(5)]
    assert down(slowly) == []


def test_cameras_that_went_together_are_one_site() -> None:
    """Named once, from when most of them went: one that was away for weeks did not begin it."""
    briefs = [*states(4, 4), brief("c4", SILENT, ago_s=1_000_000)]
    (found,) = down(briefs)
    assert (found.site.key, len(found.away)) == ("host:10.0.0.1", 5)
    assert found.since == NOW - timedelta(seconds=60)
    assert found.site.grid_id == "east"


def test_the_names_of_states_may_change_while_a_site_is_down() -> None:
    """The last picture tells when a camera went, not its newest state."""
    picture = NOW - timedelta(seconds=900)
    briefs = [brief(f"c{n}", SILENT, ago_s=n * 200, last_picture_at=picture) for n in range(5)]
    (found,) = down(briefs)
    assert found.since == picture


def test_a_site_is_back_when_half_of_it_is() -> None:
    """Between the two nothing flaps."""
    assert len(down(states(3), lasting=("host:10.0.0.1",))) == 1
    assert down(states(3)) == []
    assert down(states(2), lasting=("host:10.0.0.1",)) == []


def test_a_grid_is_named_when_several_hosts_in_it_are_gone() -> None:
    """And these are then not named apart; a host elsewhere still is."""
    here = [camera(f"c{n}", host=f"10.0.0.{n % 2}") for n in range(6)]
    there = [camera(f"w{n}", "west", host="10.9.9.9") for n in range(3)]
    briefs = [*states(6, 6), *(brief(f"w{n}", SILENT) for n in range(3))]
    assert [d.site.key for d in down(briefs, *here, *there)] == ["grid:east", "host:10.9.9.9"]


def test_a_recorder_goes_before_the_host() -> None:
    """Where it is configured; cameras out of use do not count."""
    cameras = [camera(f"c{n}", host=f"10.0.0.{n}", recorder="nvr-1") for n in range(4)]
    off = [camera(f"off{n}", recorder="nvr-1", enabled=False) for n in range(9)]
    found = down(states(4, 4), *cameras, *off)
    assert [d.site.key for d in found] == ["recorder:nvr-1"]
    assert found[0].site.name == "nvr-1"


def test_what_begins_and_what_ends() -> None:
    """By key, whatever else has changed."""
    (found,) = down(states(5))
    kept, over = outage("host:10.0.0.1"), outage("grid:west")
    assert changes_of([kept, over], [found]) == ([], [over])
    assert changes_of([], [found]) == ([found], [])
