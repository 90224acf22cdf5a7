"""Each fault of packets, pictures and clocks, on a fake clock, from what a viewer is sent."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from random import Random

import pytest

from gateway.clock import FakeClock
from gateway.simulator.clip import Clip
from gateway.simulator.faults import Timeline, parse_fault
from gateway.simulator.faulty_feed import FaultyFeed
from gateway.simulator.feed import Counters, Feed, Viewer
from gateway.simulator.rtp import CLOCK_HZ
from tests.unit.gateway.simulator.clips import ListSink, clip

STEP = CLOCK_HZ // 10
NTP_EPOCH_OFFSET_S = 2_208_988_800
OTHER = Path("other.mp4")


class House:
    """A path of 10 pictures a second with faults, and viewers whose sinks keep everything."""

    def __init__(self, *faults: str, shows: Clip | None = None, other: Clip | None = None, loop: bool = True) -> None:
        self.clock = FakeClock()
        self.own = shows or clip("Kppppppppp")
        self.timeline = Timeline([parse_fault(text)[1] for text in faults], self.clock)
        others = {OTHER: other or clip("Kppp", nal_bytes=90)}
        self.feed = FaultyFeed(self.own, self.clock, self.timeline, others, Random(1), loop=loop)

    def join(self) -> tuple[Viewer, ListSink]:
        """Let a new viewer in."""
        sink = ListSink()
        first = self.feed.tune_in()
        viewer = self.feed.new_viewer(sink, Counters(), 10_000)
        self.feed.join(viewer, first)
        return viewer, sink

    async def pass_time(self, seconds: float, step_s: float = 0.05) -> None:
        """Let time pass in turns, as the server does, a hair later than the exact times."""
        begun_s = self.clock.monotonic()
        for turn in range(1, round(seconds / step_s) + 1):
            await self.clock.advance(begun_s + turn * step_s + 1e-6 - self.clock.monotonic())
            self.feed.advance(self.clock.monotonic())
            self.feed.report(self.clock.monotonic())


def steps(timestamps: list[int]) -> list[int]:
    """Signed differences of RTP times."""
    return [((b - a + 2**31) & 0xFFFFFFFF) - 2**31 for a, b in itertools.pairwise(timestamps)]


def reports(sink: ListSink) -> list[tuple[float, int]]:
    """Unix seconds and RTP time of each sender report."""
    found = [struct.unpack_from(">QI", p, 8) for p in sink.control if p[1] == 200]
    return [(ntp / 2**32 - NTP_EPOCH_OFFSET_S, rtp) for ntp, rtp in found]


@pytest.mark.parametrize("fault", ["stall", "half_open"])
async def test_mute_sends_neither_packets_nor_reports(fault: str) -> None:
    """From 0.45 s on; it goes on with the keyframe after its end, and with a report that is overdue."""
    house = House(f"{fault}@450ms+6s")
    _, sink = house.join()
    await house.pass_time(6.4)
    assert (len(sink.units), len(sink.control)) == (5, 1)
    await house.pass_time(1.1)
    assert steps(sink.timestamps)[4] == (70 - 4) * STEP
    assert len(sink.units) == 5 + 6
    assert len(sink.control) == 2


async def test_no_rtcp_is_silent_from_the_beginning() -> None:
    """Pictures only; reports come when it is over."""
    house = House("no_rtcp@0s+7s")
    _, sink = house.join()
    await house.pass_time(6.5)
    assert sink.control == []
    await house.pass_time(1.0)
    assert len(sink.control) == 1


@pytest.mark.parametrize("fault", ["reset", "end"])
async def test_sessions_end_once(fault: str) -> None:
    """All viewers of the moment; the next ones stay, and one that comes later is not hit by the past."""
    house = House(f"{fault}@1s,every=5s")
    (first, sink), (second, _) = house.join(), house.join()
    await house.pass_time(1.1)
    assert {v.reset for v in (first, second)} == {fault == "reset"}
    assert {v.ended for v in (first, second)} == {fault == "end"}
    assert (sink.control[-1][1] == 203) == (fault == "end")
    assert house.feed.viewers == []
    await house.pass_time(6.0)
    later, _ = house.join()
    await house.pass_time(3.5)
    assert (later.reset, later.ended) == (False, False)
    await house.pass_time(0.6)
    assert later.reset or later.ended


async def test_flapping() -> None:
    """With a length, every session is ended as long as it lasts."""
    house = House("reset@1s+2s")
    await house.pass_time(0.1)
    house.join()
    await house.pass_time(1.2)
    viewer, _ = house.join()
    await house.pass_time(0.1)
    assert viewer.reset


async def test_mid_gop_loss_keeps_the_keyframe() -> None:
    """The nine that follow are missing, their numbers too; once."""
    house = House("mid_gop_loss@500ms")
    _, sink = house.join()
    await house.pass_time(3.05)
    assert [s // STEP for s in steps(sink.timestamps)] == [1] * 10 + [10] + [1] * 10
    gaps = [(b - a) & 0xFFFF for a, b in itertools.pairwise(sink.sequences)]
    assert gaps == [1] * 10 + [10] + [1] * 10


async def test_mid_gop_loss_for_a_while() -> None:
    """With a length, every group that begins in it."""
    house = House("mid_gop_loss@1s+2s")
    _, sink = house.join()
    await house.pass_time(3.5)
    assert [s // STEP for s in steps(sink.timestamps)] == [1] * 10 + [10, 10] + [1] * 5


async def test_garbage_and_loss_come_and_go() -> None:
    """Only in their time."""
    house = House("garbage@1s+1s", "loss=100%@2s+1s")
    _, sink = house.join()
    await house.pass_time(3.95)
    assert 9 <= len(sink.noise) <= 11
    assert 29 <= len(sink.units) <= 31


async def test_reordered_packet_is_not_kept_for_ever() -> None:
    """When the fault is over, the one held back still comes."""
    house = House("reorder=100%@0s+250ms")
    _, sink = house.join()
    await house.pass_time(1.0)
    assert sorted((s - min(sink.sequences)) & 0xFFFF for s in sink.sequences) == list(range(11))


async def test_slow_and_then_all_at_once() -> None:
    """Half of real time for two seconds, then the rest; stamps are those of the camera."""
    house = House("slow=50%@1s+2s")
    _, sink = house.join()
    await house.pass_time(2.9)
    assert len(sink.units) == 20
    await house.pass_time(0.2)
    assert len(sink.units) == 32
    assert set(steps(sink.timestamps)) == {STEP}
    _, late = house.join()
    assert late.timestamps == sink.timestamps[30:]


async def test_jitter_delays_and_loses_nothing() -> None:
    """Arrivals are uneven, stamps are not."""
    house = House("jitter=300")
    _, sink = house.join()
    counts = []
    for _ in range(20):
        before = len(sink.units)
        await house.pass_time(0.1)
        counts.append(len(sink.units) - before)
    assert min(counts) == 0
    assert max(counts) >= 2
    assert set(steps(sink.timestamps)) == {STEP}


async def test_freeze_repeats_a_keyframe() -> None:
    """The one before it froze, for as long as it lasts; time goes on, reordered clips in the order of sending."""
    shows = clip("KpppKppp", nal_bytes=50, lead_frames=2)
    house = House("freeze@550ms+1s", shows=shows)
    _, sink = house.join()
    await house.pass_time(2.0)
    assert steps(sink.timestamps) == [STEP] * 20
    assert house.feed.present_keyframe() == 4
    frozen = House("freeze@550ms", shows=shows)
    frozen.join()
    await frozen.pass_time(2.0)
    assert frozen.feed.present_keyframe() == 4
    assert all(frozen.feed._stamped(n)[0].packets is shows.units[4].packets for n in (6, 8, 15))
    assert frozen.feed._stamped(5)[0].packets is shows.units[5].packets


async def test_tiny_nals_and_truncation() -> None:
    """Units get longer, or shorter."""
    house = House("tiny_nals=5@1s+1s", "truncate@2s")
    _, sink = house.join()
    await house.pass_time(2.95)
    counts = [len(starts) for _, starts in sink.units]
    assert counts == [1] * 10 + [6] * 10 + [1] * 10
    assert len(sink.units[25][0]) < len(sink.units[5][0])


async def test_switch_goes_on_in_rtp_time_and_comes_back() -> None:
    """At 1.25 s another clip begins with its keyframe, at 2.25 s ours again; stamps go on."""
    house = House(f"switch={OTHER}@1250ms+1s")
    _, sink = house.join()
    await house.pass_time(3.0)
    lengths = [len(packets) for packets, _ in sink.units]
    longer = [i for i, length in enumerate(lengths) if length > min(lengths)]
    assert longer == list(range(13, 23))
    assert all(0 < step <= STEP for step in steps(sink.timestamps))
    assert house.feed.clip is house.own
    assert house.feed.position_s == pytest.approx(0.75, abs=1e-4)


async def test_switch_while_nobody_watches() -> None:
    """Who comes later sees the other file where it would be."""
    house = House(f"switch={OTHER}@1s")
    viewer, _ = house.join()
    house.feed.leave(viewer)
    await house.pass_time(1.75)
    _, sink = house.join()
    assert house.feed.clip is not house.own
    assert house.feed.position_s == pytest.approx(0.35, abs=1e-4)
    assert len(sink.units) == 4


async def test_switch_to_another_codec_ends_sessions() -> None:
    """A description that is no longer true."""
    house = House(f"switch={OTHER}@1s", other=clip("Kppp", codec="hevc"))
    viewer, sink = house.join()
    await house.pass_time(1.2)
    assert viewer.ended
    assert sink.control[-1][1] == 203
    assert house.feed.clip.codec == "hevc"


async def test_switch_is_described_before_anyone_watches() -> None:
    """From the beginning, or after the last viewer has gone."""
    house = House(f"switch={OTHER}@0s+1s", other=clip("Kppp", codec="hevc"))
    assert house.feed.present_clip().codec == "hevc"
    viewer, sink = house.join()
    assert len(sink.units[0][0]) == len(house.feed.clip.units[0].packets.layout)
    house.feed.leave(viewer)
    await house.pass_time(2.0)
    assert house.feed.present_clip() is house.own
    _, later = house.join()
    assert len(later.units) == 1
    assert house.feed.position_s == pytest.approx(0.0, abs=1e-4)


async def test_wall_clock() -> None:
    """Offset and step show in reports, not in RTP time; a step without length stays."""
    house = House("clock_offset=-100", "clock_step=+30@2s")
    _, sink = house.join()
    await house.pass_time(5.5)
    (first_s, first_rtp), (second_s, second_rtp) = reports(sink)
    assert first_s - house.clock.now().timestamp() == pytest.approx(-105.5, abs=0.01)
    assert second_s - first_s == pytest.approx(35, abs=0.01)
    assert (second_rtp - first_rtp) & 0xFFFFFFFF == pytest.approx(5 * CLOCK_HZ, abs=10)


async def test_drift_moves_both_clocks_alike() -> None:
    """1 % fast: RTP time and reports run ahead together, and pictures lie on the same line."""
    house = House("clock_rate=10000")
    _, sink = house.join()
    await house.pass_time(10.2)
    (first_s, first_rtp), *_, (last_s, last_rtp) = reports(sink)
    assert last_s - first_s == pytest.approx(10.05 * 1.01, abs=0.01)
    assert (last_rtp - first_rtp) & 0xFFFFFFFF == pytest.approx((last_s - first_s) * CLOCK_HZ, abs=20)
    assert {round(step) for step in steps(sink.timestamps)} == {STEP + STEP // 100}


async def test_rtp_time_jumps_with_its_reports() -> None:
    """Pictures and reports stay on one line, so a client can follow."""
    house = House("pts_jump=-10@2s")
    _, sink = house.join()
    await house.pass_time(5.5)
    assert steps(sink.timestamps).count(STEP - 10 * CLOCK_HZ) == 1
    (_, first), (_, second) = reports(sink)
    assert steps([first, second]) == [pytest.approx(-5 * CLOCK_HZ, abs=10)]


async def test_some_pictures_are_stamped_back() -> None:
    """Every fifth, by what was asked for."""
    house = House("pts_back=0.2")
    _, sink = house.join()
    await house.pass_time(1.45)
    assert [s // STEP for s in steps(sink.timestamps)] == [1, 1, 1, -1, 3, 1, 1, 1, -1, 3, 1, 1, 1, -1]


async def test_rtp_time_wraps_when_asked() -> None:
    """At 1 s, whatever came before the first viewer; without any seam."""
    house = House("pts_wrap=0.5@500ms")
    house.timeline.touch()
    await house.pass_time(0.35)
    _, sink = house.join()
    await house.pass_time(1.0)
    assert steps(sink.timestamps) == [STEP] * 10
    assert [t > 2**31 for t in sink.timestamps].count(True) == 7


async def test_without_anything_in_force_it_is_a_feed() -> None:
    """Same units, same times, for a path whose fault is long over, played once."""
    house = House("stall@100s", loop=False)
    plain = Feed(house.own, house.clock, loop=False)
    _, sink = house.join()
    other = ListSink()
    plain.join(plain.new_viewer(other, Counters(), 10_000), plain.tune_in())
    for _ in range(25):
        await house.pass_time(0.05)
        plain.advance(house.clock.monotonic())
    assert steps(sink.timestamps) == steps(other.timestamps) == [STEP] * 9
    assert house.feed.viewers == plain.viewers == []
