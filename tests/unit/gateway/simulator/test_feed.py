"""A path's clock is one for all viewers, and whole groups of pictures are dropped or none."""

from __future__ import annotations

import itertools
import struct

import pytest

from gateway.clock import FakeClock
from gateway.simulator.feed import REPORT_INTERVAL_S, Counters, Feed, Viewer
from gateway.simulator.rtp import CLOCK_HZ
from tests.unit.gateway.simulator.clips import ListSink, clip

LIMIT_BYTES = 1000


class House:
    """A feed on a fake clock with viewers whose sinks keep everything."""

    def __init__(
        self, keyframes: str = "Kppp", *, loop: bool = True, start_s: float = 0.0, lead_frames: int = 0
    ) -> None:
        self.clock = FakeClock()
        self.counters = Counters()
        self.clip = clip(keyframes, lead_frames=lead_frames)
        self.feed = Feed(self.clip, self.clock, loop=loop, start_s=start_s)

    def join(self) -> tuple[Viewer, ListSink]:
        """Let a new viewer in."""
        sink = ListSink()
        viewer = Viewer(sink, self.counters, LIMIT_BYTES)
        self.feed.join(viewer, self.feed.tune_in())
        return viewer, sink

    async def pass_time(self, seconds: float, step_s: float = 0.05) -> None:
        """Let time pass in turns, as the server does."""
        begun_s = self.clock.monotonic()
        for turn in range(1, round(seconds / step_s) + 1):
            # A hair later than the exact time: sums of floats must not decide whether a unit is due.
            await self.clock.advance(begun_s + turn * step_s + 1e-6 - self.clock.monotonic())
            self.feed.advance(self.clock.monotonic())


def steps(timestamps: list[int]) -> list[int]:
    """Differences of RTP times, modulo 2**32."""
    return [(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(timestamps)]


async def test_a_slow_viewer_loses_whole_groups() -> None:
    """Full at a keyframe: that group is left out and counted; empty again at the next: it is sent whole."""
    house = House("Kp")
    _viewer, sink = house.join()
    sink.buffered_bytes = LIMIT_BYTES + 1
    await house.pass_time(0.5)
    kept = len(sink.units)
    assert kept == 2  # the group that was on its way when the viewer stopped
    assert house.counters.dropped_gops == 2
    sink.buffered_bytes = 0
    await house.pass_time(0.4)
    assert len(sink.units) == kept + 4
    assert sink.sequences == [(sink.sequences[0] + i) & 0xFFFF for i in range(len(sink.sequences))]


async def test_a_group_is_never_cut() -> None:
    """A buffer that fills in the middle of a group does not lose its second half."""
    house = House("Kppppp")
    _, sink = house.join()
    await house.pass_time(0.2)
    sink.buffered_bytes = LIMIT_BYTES + 1
    await house.pass_time(0.3)
    assert len(sink.units) == 6
    assert house.counters.dropped_gops == 0


async def test_one_slow_viewer_does_not_cost_the_others() -> None:
    """Dropping is a matter of each viewer."""
    house = House("Kp")
    (_, slow), (_, quick) = house.join(), house.join()
    slow.buffered_bytes = LIMIT_BYTES + 1
    await house.pass_time(2)
    assert len(slow.units) == 2
    assert len(quick.units) == 21


async def test_a_late_turn_sends_all_that_is_due() -> None:
    """A server that was stopped for a while catches up."""
    house = House()
    _, sink = house.join()
    await house.pass_time(1.0, step_s=1.0)
    assert len(sink.units) == 11


async def test_timestamps_go_on_over_the_seam() -> None:
    """Three rounds: every step is one frame, the last picture's time included."""
    house = House("Kppp")
    _, sink = house.join()
    await house.pass_time(1.2)
    assert steps(sink.timestamps) == [CLOCK_HZ // 10] * 12


async def test_all_viewers_see_the_same_moment() -> None:
    """A later viewer begins with the last keyframe, gets the group so far at once, and then the same as the first."""
    house = House("Kppp")
    _, first = house.join()
    await house.pass_time(0.6)
    _, second = house.join()
    assert second.timestamps == first.timestamps[4:]
    await house.pass_time(0.5)
    assert second.timestamps == first.timestamps[4:]
    assert house.counters.packets_sent == len(first.units) + len(second.units)


async def test_an_unwatched_path_runs_on() -> None:
    """Like a camera: who comes back later sees the present, not where the last one left."""
    house = House("KpKp")
    viewer, first = house.join()
    house.feed.leave(viewer)
    house.feed.leave(viewer)
    assert house.feed.position_s == 0.0
    await house.pass_time(1.05)
    assert len(first.units) == 1
    _, second = house.join()
    expected = (first.timestamps[0] + 10 * CLOCK_HZ // 10) & 0xFFFFFFFF
    assert second.timestamps == [expected]
    assert house.feed.position_s == pytest.approx(0.25)


async def test_a_path_begins_with_its_first_viewer() -> None:
    """Nobody watched: nothing has happened yet."""
    house = House()
    await house.clock.advance(100)
    assert house.feed.position_s is None
    _, sink = house.join()
    assert len(sink.units) == 1
    assert house.feed.position_s == 0.0


async def test_start_offset() -> None:
    """A path that begins at 0.55 s sends the keyframe before it and goes on from there; offsets wrap."""
    house = House("KpppKp", start_s=0.55 + 6.0)
    _, sink = house.join()
    assert len(sink.units) == 2
    await house.pass_time(0.05)
    assert len(sink.units) == 3
    assert steps(sink.timestamps) == [9000, 9000]


async def test_playing_once_ends_after_the_last_picture() -> None:
    """The viewer is told goodbye when the last picture has had its time, and is let go."""
    house = House("Kppp", loop=False)
    viewer, sink = house.join()
    await house.pass_time(0.35)
    assert (len(sink.units), viewer.ended) == (4, False)
    await house.pass_time(0.1)
    assert viewer.ended
    assert sink.control[-1][1] == 203
    assert house.feed.viewers == []


@pytest.mark.parametrize("watched", [True, False])
async def test_playing_once_begins_anew(watched: bool) -> None:
    """After its end the next viewer starts it again, whether or not anybody saw the end."""
    house = House("Kppp", loop=False)
    viewer, _ = house.join()
    if not watched:
        house.feed.leave(viewer)
    await house.pass_time(1.0)
    _, sink = house.join()
    await house.pass_time(0.35)
    assert len(sink.units) == 4


async def test_reports_map_wall_clock_to_rtp_time() -> None:
    """The first comes before any packet; all lie on one line of 90000 ticks a second; B-frames shift it."""
    house = House("Kppp", lead_frames=2)
    _, sink = house.join()
    for _ in range(3):
        await house.pass_time(REPORT_INTERVAL_S)
        house.feed.report(house.clock.monotonic())
        house.feed.report(house.clock.monotonic())
    times = [struct.unpack_from(">QI", packet, 8) for packet in sink.control]
    assert len(times) == 4
    for (ntp, rtp), (later_ntp, later_rtp) in itertools.pairwise(times):
        assert (later_ntp - ntp) / 2**32 == pytest.approx(REPORT_INTERVAL_S, abs=1e-3)
        assert (later_rtp - rtp) & 0xFFFFFFFF == REPORT_INTERVAL_S * CLOCK_HZ
    assert times[0][1] == sink.timestamps[0]
    assert struct.unpack_from(">II", sink.control[-1], 20)[0] == len(sink.units)


async def test_camera_s_clock_may_be_wrong() -> None:
    """Reports carry the camera's time, not ours."""
    clock = FakeClock()
    feed = Feed(clip(), clock, clock_offset_s=-90.0)
    sink = ListSink()
    feed.join(feed.new_viewer(sink, Counters(), LIMIT_BYTES), feed.tune_in())
    await clock.advance(10)
    assert feed.wall_clock_s(10) == clock.now().timestamp() - 90
    assert struct.unpack_from(">I", sink.control[0], 8)[0] - 2_208_988_800 == clock.now().timestamp() - 100


async def test_keyframes_of_the_present_and_the_past() -> None:
    """Asking begins an unwatched path, as a viewer would; the past is known, before the beginning is the beginning."""
    house = House("KppKppKp")
    assert house.feed.present_keyframe() == 0
    await house.clock.advance(0.75)
    assert house.feed.present_keyframe() == 6
    assert [house.feed.keyframe_at(at_s) for at_s in (-5, 0.25, 0.35, 0.65, 0.85)] == [0, 0, 3, 6, 0]


async def test_waiting_datagrams_are_flushed_every_turn() -> None:
    """Sinks that pace themselves get their turn even when no unit is due."""
    house = House()
    _, sink = house.join()
    before = sink.flushes
    house.feed.advance(house.clock.monotonic())
    assert sink.flushes == before + 1
