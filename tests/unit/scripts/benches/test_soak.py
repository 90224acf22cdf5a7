"""Faults are planned, judged and summed as the soak says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.simulator.faults import parse_fault
from scripts.benches.machine import ProcessUse
from scripts.benches.soak import (
    FAULTS,
    ON_OPENING,
    PERIOD_S,
    Occurrence,
    Record,
    _knock,
    _ledger,
    error_of,
    judged,
    occurrences,
    plan,
)
from storage.records import CameraState, CameraStateName, CoverageRow, CoverageState
from storage.stores import open_stores

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FILE = Path("video.mp4")


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def row(start: float, end: float) -> CoverageRow:
    return CoverageRow("cam", "g", CoverageState.LOOKED, at(start), at(end))


def state(name: CameraStateName, picture_s: float | None) -> CameraState:
    picture = None if picture_s is None else BEGAN + timedelta(seconds=picture_s)
    return CameraState("cam", name, since=BEGAN, updated_at=BEGAN, last_picture_at=picture)


def record(*samples: tuple[float, CameraState]) -> Record:
    made = Record()
    for at_s, found in samples:
        made.at_s.append(at_s)
        made.walls.append(BEGAN + timedelta(seconds=at_s))
        made.states.append({"cam": found})
        made.uses.append(ProcessUse(cpu_s=0.0, rss_mb=100 + at_s / 10, threads=5, descriptors=7))
    return made


FAULT = Occurrence("cam", "stall", begins_s=5.0, ends_s=20.0, due_s=100.0)
ONLINE, OFFLINE = CameraStateName.ONLINE, CameraStateName.OFFLINE


@pytest.mark.parametrize(
    "sample",
    [
        (30.0, state(CameraStateName.OFFLINE, 25.0)),
        (30.0, state(CameraStateName.ONLINE, None)),
        (30.0, state(CameraStateName.ONLINE, 15.0)),  # says online, and shows what was before
        (110.0, state(CameraStateName.ONLINE, 109.0)),  # too late: the next fault has begun
        (10.0, state(CameraStateName.ONLINE, 9.0)),
    ],
)
def test_a_fault_without_a_fresh_picture_after_it_is_not_survived(sample: tuple[float, CameraState]) -> None:
    """Being called online is not enough."""
    assert not record((0.0, state(CameraStateName.CONNECTING, None)), sample).survived(FAULT)


def test_a_camera_of_which_nothing_is_known_has_not_survived() -> None:
    """No row in the database."""
    made = record((30.0, state(CameraStateName.ONLINE, 29.0)))
    assert not made.survived(Occurrence("other", "stall", 5.0, 20.0, 100.0))


def test_a_fresh_picture_before_the_next_fault_is_survival() -> None:
    """One good sample is enough."""
    made = record((0.0, state(CameraStateName.CONNECTING, None)), (30.0, state(CameraStateName.ONLINE, 28.0)))
    assert made.survived(FAULT)


def test_growth_is_the_slope_of_what_is_measured() -> None:
    """A tenth of a megabyte a second, and no threads."""
    made = record(*((float(t), state(CameraStateName.ONLINE, 1.0)) for t in range(0, 100, 10)))
    made.uses[0] = ProcessUse(0.0, 9_000.0, 900, 900)
    assert made.growth_per_s(20.0, "rss_mb") == pytest.approx((0.1, 0.0), abs=1e-6)
    assert made.growth_per_s(20.0, "threads") == pytest.approx((0.0, 0.0), abs=1e-9)
    assert made.growth_per_s(75.0, "rss_mb") == (0.0, 0.0)


def test_one_sample_out_of_line_is_no_growth() -> None:
    """The last sample less the first would be 40 MB; the line knows how little it knows."""
    made = record(*((float(t), state(ONLINE, 1.0)) for t in range(0, 900, 10)))
    made.uses = [ProcessUse(0.0, 100.0, 5, 7) for _ in made.uses]
    made.uses[-1] = ProcessUse(0.0, 140.0, 5, 7)
    slope, error = made.growth_per_s(0.0, "rss_mb")
    assert slope * 900 < 5
    assert error > slope / 3


def test_fault_strikes_only_what_was_well() -> None:
    """A camera that is still away from the fault before is not struck, and survives nothing by it."""
    later = Occurrence("cam", "stall", begins_s=105.0, ends_s=120.0, due_s=200.0)
    away = record((0.0, state(ONLINE, 0.0)), (30.0, state(OFFLINE, 4.0)), (130.0, state(ONLINE, 129.0)))
    assert away.struck(FAULT, -1.0)
    assert not away.struck(later, FAULT.ends_s)
    back = record((0.0, state(ONLINE, 0.0)), (90.0, state(ONLINE, 88.0)), (130.0, state(ONLINE, 129.0)))
    assert back.struck(later, FAULT.ends_s)


def test_fault_is_noticed_by_any_trace_in_the_state() -> None:
    """Away, back since, or with more packets lost; not where nothing has changed."""
    well = state(ONLINE, 4.0)
    assert not record((0.0, well), (30.0, state(ONLINE, 28.0))).noticed(FAULT)
    for seen in (
        state(OFFLINE, 4.0),
        replace(state(ONLINE, 28.0), since=BEGAN + timedelta(seconds=21)),
        replace(state(ONLINE, 28.0), lost_packets=7),
    ):
        assert record((0.0, well), (30.0, seen)).noticed(FAULT)


def test_rows_that_fit_have_no_error() -> None:
    """A gap counts, and so does what is told twice, also where the two would cancel out."""
    rows = [row(0, 10), row(10, 30)]
    assert error_of(rows, at(0), at(30)) == 0
    assert error_of(rows, at(0), at(33)) == 3
    assert error_of([row(0, 10), row(12, 22), row(20, 30)], at(0), at(30)) == 4
    assert error_of([], at(0), at(30)) == 30


async def test_ledger_is_read_from_the_database(tmp_path: Path) -> None:
    """Sound cameras and others apart; the error is that of the worst camera."""
    now = datetime.now(UTC).replace(microsecond=0)
    began, until = now - timedelta(seconds=100), now + timedelta(seconds=5)
    async with open_stores(f"sqlite:///{tmp_path / 'x.db'}", migrate=True) as stores:
        await stores.coverage.extend(
            [
                CoverageRow("sound", "g", CoverageState.LOOKED, began, until),
                CoverageRow("ill", "g", CoverageState.OFFLINE, began, now - timedelta(seconds=50)),
                CoverageRow("ill", "g", CoverageState.LOOKED, now - timedelta(seconds=47), until),
            ]
        )
        found = await _ledger(stores.coverage, ["sound", "ill"], {"ill"}, began)
    assert found.error_s == 3
    assert found.sound_watched == 1.0
    assert found.others[CoverageState.OFFLINE] == 49


async def test_knocking_asks_for_the_path() -> None:
    """The first request starts a path's clock, whoever sends it."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"RTSP/1.0 200 OK\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        await _knock(f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/cam-0003")
    assert asked[0].startswith(b"OPTIONS rtsp://127.0.0.1:")
    assert b"/cam-0003 RTSP/1.0" in asked[0]


def test_three_cameras_in_five_are_sound_and_every_kind_of_fault_comes() -> None:
    """One flaps, one has a fault of its own kind; all can be read by the simulator."""
    shows = plan(5 * len(FAULTS), FILE, 190.0)
    assert sum(not show.faults for show in shows) == 3 * len(FAULTS)
    assert len({show.faults[-1].partition("@")[0] for show in shows[4::5]}) == len(FAULTS)
    # What a session under way would never meet comes with the end of that session.
    for show in shows[4::5]:
        cut, *rest = (parse_fault(text)[1] for text in show.faults)
        if rest:
            assert (cut.kind, cut.at_s, cut.every_s) == ("reset", rest[0].at_s, rest[0].every_s)
            assert rest[0].kind in ON_OPENING
    assert all(show.spec().faults is not None for show in shows)
    assert len({show.start_s for show in shows}) == len(shows)


def test_only_faults_whose_time_is_over_are_judged() -> None:
    """A camera that flaps once a minute from 81 s on has been through two by 201 s."""
    flapping = plan(4, FILE, 190.0)[3:]
    assert [o.kind for o in occurrences(flapping, 201.0)] == ["refuse", "refuse"]
    (first, _) = occurrences(flapping, 201.0)
    assert (first.camera_id, first.begins_s, first.ends_s, first.due_s) == ("cam-0003", 81.0, 89.0, 141.0)
    assert list(occurrences(flapping, 140.0)) == []


def test_faults_are_judged_from_what_was_seen() -> None:
    """Of the flapping camera's faults those count before which it was well."""
    flapping = [replace(show, path="cam") for show in plan(4, FILE, 190.0)[3:]]
    made = record((80.0, state(ONLINE, 79.0)), (100.0, state(OFFLINE, 79.0)), (160.0, state(ONLINE, 159.0)))
    assert [o.begins_s for o in judged(made, flapping, 400.0)] == [81.0, 201.0]


def test_sound_cameras_have_nothing_to_survive() -> None:
    """And are never judged."""
    assert list(occurrences(plan(3, FILE, 190.0), 10 * PERIOD_S)) == []
