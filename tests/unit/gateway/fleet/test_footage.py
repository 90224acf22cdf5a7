"""What evidence is made of: the stream that shows most, in the time of the one analysed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.camera.choice import Role
from gateway.camera.decoder import PrivacyMask
from gateway.camera.ring import PacketRing
from gateway.camera.watcher import CameraWatcher
from gateway.fleet.footage import GAP_S, Footage, covered_s
from gateway.fleet.stream_side import StreamSide
from gateway.types import Packet, VideoFormat
from tests.unit.gateway.camera.scripts import TIME_BASE, picture, read_clip, stream, write_clip

MAIN = VideoFormat("h264", 1920, 1080, TIME_BASE, b"", 25.0)
SUB = VideoFormat("h264", 704, 576, TIME_BASE, b"", 25.0)
UTC_S = 1_700_000_000.0


@dataclass
class Watcher:
    """A stream as far as it was received."""

    video: VideoFormat | None
    utc_ahead_s: float | None = None
    ring: PacketRing = field(default_factory=lambda: PacketRing(120.0))

    def holds(self, packets: list[Packet]) -> None:
        for packet in packets:
            self.ring.append(packet)


@dataclass
class Camera:
    """Two streams, of which the substream is analysed."""

    main: Watcher = field(default_factory=lambda: Watcher(MAIN))
    sub: Watcher = field(default_factory=lambda: Watcher(SUB))
    analysed: Role = "sub"

    def __post_init__(self) -> None:
        watchers = {"main": self.main, "sub": self.sub}
        side = cast(StreamSide, SimpleNamespace(watchers=watchers))
        self.footage = Footage("gate", side, lambda: cast(CameraWatcher, watchers[self.analysed]), PrivacyMask())

    def shows(self, start_s: float, end_s: float) -> tuple[int, float, float]:
        """Return the width of the stream chosen, and the moments of its first and last packet."""
        found = self.footage.between(start_s, end_s)
        assert found is not None
        return found.video.width, found.packets[0].at_s, found.packets[-1].at_s


def test_nothing_received_is_nothing_to_show() -> None:
    """Neither a stretch nor a picture, whatever is missing."""
    camera = Camera()
    assert camera.footage.between(10.0, 20.0) is None
    assert camera.footage.picture(10.0) is None
    camera.main.video = None
    camera.main.holds(stream(20))
    assert camera.footage.between(10.0, 20.0) is None


def test_substream_stands_in_for_a_main_stream_that_has_less_to_show() -> None:
    """Gone in the middle, come only at the end, or not there at all."""
    for part in (stream(12), stream(3, 17), []):
        camera = Camera()
        camera.main.holds(part)
        camera.sub.holds(stream(20))
        assert camera.shows(8.0, 19.0)[0] == SUB.width


def test_main_stream_is_shown_where_it_has_as_much() -> None:
    """A second more of the substream is not worth a clip of low resolution."""
    camera = Camera()
    camera.main.holds(stream(19))
    camera.sub.holds(stream(20))
    width, first_s, last_s = camera.shows(8.5, 19.5)
    assert (width, first_s) == (MAIN.width, 8.0)
    assert last_s == pytest.approx(18.96)


def test_moments_are_those_of_the_stream_analysed() -> None:
    """A main stream whose encoder is slower has it later: its packets are looked up later and told earlier."""
    camera = Camera(Watcher(MAIN, UTC_S - 0.75), Watcher(SUB, UTC_S))
    camera.main.holds(stream(30))
    camera.sub.holds(stream(30))
    width, first_s, _ = camera.shows(10.5, 20.0)
    assert width == MAIN.width
    assert first_s == pytest.approx(11.0 - 0.75)
    assert camera.footage.lag_s == pytest.approx(0.75)
    camera.analysed = "main"
    assert camera.shows(10.5, 20.0)[1] == 10.0
    assert camera.footage.lag_s == 0.0


def test_clocks_that_cannot_be_one_shift_nothing() -> None:
    """Nor is a picture taken from a stream of which nobody knows how its moments compare."""
    for told in (UTC_S - 60.0, None):
        camera = Camera(Watcher(MAIN, told), Watcher(SUB, UTC_S))
        camera.main.holds(stream(30))
        assert camera.shows(10.5, 20.0)[1] == 10.0
        assert camera.footage.lag_s == 0.0
        assert camera.footage.picture(15.0) is None


def test_picture_is_the_main_streams_of_the_same_time(tmp_path: Path) -> None:
    """Shifted like the clip; none where the stream analysed is the main one, whose picture the signal brought."""
    video, packets = read_clip(write_clip(tmp_path / "a.ts"))
    camera = Camera(Watcher(video, UTC_S - 0.4), Watcher(SUB, UTC_S))
    camera.main.holds(packets)
    found = camera.footage.picture(packets[50].at_s - 0.4)
    assert found is not None
    assert np.abs(found[..., 0].astype(int) - picture(50)[..., 0]).mean() < 4
    camera.analysed = "main"
    assert camera.footage.picture(1.0) is None


moments = st.lists(st.floats(0, 100, allow_nan=False), max_size=30).map(sorted)


@given(moments, st.floats(0, 100), st.floats(0, 100))
def test_cover_is_part_of_the_stretch(at: list[float], start_s: float, length_s: float) -> None:
    """Never more than there is, nor more than the packets reach; gaps do not count."""
    covered = covered_s(at, start_s, start_s + length_s)
    reach_s = at[-1] - at[0] if at else 0.0
    assert 0 <= covered <= min(length_s, reach_s) + 1e-9
    assert covered_s(at[:1] + [x + 1000.0 for x in at[1:]], start_s, start_s + length_s) == 0
    dense = [start_s + i * GAP_S / 2 for i in range(round(length_s / GAP_S * 2) + 2)]
    assert covered_s(dense, start_s, start_s + length_s) == pytest.approx(length_s, abs=1e-6)
