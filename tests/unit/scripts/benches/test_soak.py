"""Faults are planned, judged and summed as the soak says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.benches.machine import ProcessUse
from scripts.benches.soak import FAULTS, PERIOD_S, Occurrence, Record, occurrences, plan
from storage.records import CameraState, CameraStateName

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FILE = Path("video.mp4")


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


FAULT = Occurrence("cam", "stall", ends_s=20.0, due_s=100.0)


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
    assert not made.survived(Occurrence("other", "stall", 20.0, 100.0))


def test_a_fresh_picture_before_the_next_fault_is_survival() -> None:
    """One good sample is enough."""
    made = record((0.0, state(CameraStateName.CONNECTING, None)), (30.0, state(CameraStateName.ONLINE, 28.0)))
    assert made.survived(FAULT)


def test_growth_is_the_slope_after_the_warm_up() -> None:
    """A tenth of a megabyte a second, and no threads."""
    made = record(*((float(t), state(CameraStateName.ONLINE, 1.0)) for t in range(0, 100, 10)))
    made.uses[0] = ProcessUse(0.0, 9_000.0, 900, 900)
    assert made.growth_per_s(20.0, "rss_mb") == pytest.approx(0.1)
    assert made.growth_per_s(20.0, "threads") == pytest.approx(0.0, abs=1e-9)
    assert made.growth_per_s(95.0, "rss_mb") == 0.0


def test_three_cameras_in_five_are_sound_and_every_kind_of_fault_comes() -> None:
    """One flaps, one has a fault of its own kind; all can be read by the simulator."""
    shows = plan(5 * len(FAULTS), FILE, 190.0)
    assert sum(not show.faults for show in shows) == 3 * len(FAULTS)
    assert len({show.faults[0].partition("@")[0] for show in shows if len(show.faults) == 1}) == len(FAULTS)
    assert all(show.spec().faults is not None for show in shows)
    assert len({show.start_s for show in shows}) == len(shows)


def test_only_faults_whose_time_is_over_are_judged() -> None:
    """A camera that flaps once a minute from 51 s on has been through two by 171 s."""
    flapping = plan(4, FILE, 190.0)[3:]
    assert [o.kind for o in occurrences(flapping, 171.0)] == ["refuse", "refuse"]
    (first, _) = occurrences(flapping, 171.0)
    assert (first.camera_id, first.ends_s, first.due_s) == ("cam-0003", 59.0, 111.0)
    assert list(occurrences(flapping, 110.0)) == []


def test_sound_cameras_have_nothing_to_survive() -> None:
    """And are never judged."""
    assert list(occurrences(plan(3, FILE, 190.0), 10 * PERIOD_S)) == []
