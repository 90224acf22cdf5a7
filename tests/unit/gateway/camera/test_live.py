"""Tests of gateway.camera.live."""

from __future__ import annotations

import asyncio
import io
import struct
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from gateway.camera.live import MAX_QUEUED_PACKETS, LiveFeed, LiveHub, LiveMuxer, codec_string, with_size
from gateway.types import Packet, VideoFormat
from tests.unit.gateway.camera.scripts import GOP, read_clip, stream, write_clip

Clip = tuple[VideoFormat, list[Packet]]


def boxes(data: bytes) -> list[str]:
    """The kinds of the top-level MP4 boxes."""
    kinds, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        kinds.append(kind.decode())
        at += size
    return kinds


def mux(clip: Clip, packets: list[Packet]) -> list[bytes]:
    """All that a muxer gives for some packets."""
    muxer = LiveMuxer(clip[0])
    return [muxer.mux(p) for p in packets]


def played(data: bytes) -> list[tuple[int, bool]]:
    """Decode a stream from its first byte; times in 1/90000 s and whether each is a keyframe."""
    with av.open(io.BytesIO(data), "r") as container:
        return [(f.pts or 0, f.key_frame) for f in container.decode(video=0)]


@pytest.fixture(scope="module", params=["a.mp4", "a.ts", "b.mp4"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Four seconds as avcC, as Annex B (what cameras send), and with B-frames."""
    name = request.param
    return read_clip(write_clip(tmp_path_factory.mktemp("c") / name, 4.0, b_frames=2 if name[0] == "b" else 0))


def test_other_codecs_are_left_to_pictures(clip: Clip) -> None:
    """Browsers do not play H.265 this way."""
    assert codec_string(replace(clip[0], codec="hevc")) is None
    assert with_size(replace(clip[0], codec="hevc", width=0), clip[1][0]).width == 0


def test_the_codec_string_is_that_of_the_stream(clip: Clip) -> None:
    """High profile, from the description or, where that is empty, from the keyframe."""
    assert str(codec_string(clip[0], clip[1][0])).startswith("avc1.64")
    assert with_size(replace(clip[0], width=0, height=0), clip[1][0]).height == 96


def test_the_first_bytes_are_an_initialisation_segment(clip: Clip) -> None:
    """Nothing but `ftyp` and `moov`: a browser's source buffer is given it first."""
    first, *rest = mux(clip, clip[1][:4])
    assert boxes(first) == ["ftyp", "moov"]
    assert all(boxes(r) == ["moof", "mdat"] for r in rest)


def test_the_output_plays_from_zero(clip: Clip) -> None:
    """Started at the second keyframe, times begin at zero and every picture is there, one keyframe a second."""
    data = b"".join(mux(clip, clip[1][GOP:]))
    frames = played(data)
    assert len(frames) >= 3 * GOP - 1
    assert frames[0][1]
    assert frames[0][0] <= 90_000 * 3 // 25
    assert all(b[0] > a[0] for a, b in pairwise(frames))
    assert frames[-1][0] <= 3.1 * 90_000


def test_the_packets_in_the_ring_are_left_as_they_are(clip: Clip) -> None:
    """Muxing for a viewer does not touch what the clip cutter will read."""
    before = [(p.pts, p.dts, p.time_base, p.payload.data()) for p in clip[1]]
    mux(clip, clip[1])
    assert [(p.pts, p.dts, p.time_base, p.payload.data()) for p in clip[1]] == before


def test_parameter_sets_only_in_the_description_are_given_to_the_muxer(tmp_path: Path) -> None:
    """Some cameras send them in the SDP and never again."""
    video, packets = read_clip(write_clip(tmp_path / "a.mp4"))
    assert boxes(mux((video, packets), packets)[0]) == ["ftyp", "moov"]


async def test_a_slow_viewer_loses_whole_gops_and_goes_on_at_a_keyframe() -> None:
    """When the queue is full it is emptied, and filled again from the next keyframe; the loss is counted."""
    clip = VideoFormat("h264", 160, 96, stream(1)[0].time_base, b"", 25.0)
    feed = LiveFeed(clip, "avc1.640028", asyncio.get_running_loop())
    feed.start([])
    for each in stream(MAX_QUEUED_PACKETS / 25 + 2.5):
        feed.put(each)
        if each.at_s < 0.1:
            await feed._next()
    first = await feed._next()
    assert first is not None
    assert first[0].keyframe
    assert first[1]
    assert first[0].at_s == MAX_QUEUED_PACKETS / 25 + 1
    assert feed.dropped == MAX_QUEUED_PACKETS + GOP - 3


async def test_pictures_after_a_gap_follow_the_last_one_directly(clip: Clip) -> None:
    """A player would stall at a hole: times go on without one."""
    muxer = LiveMuxer(clip[0])
    data = b"".join(muxer.mux(p) for p in clip[1][:GOP])
    muxer.close_gap(clip[1][3 * GOP])
    data += b"".join(muxer.mux(p) for p in clip[1][3 * GOP :])
    times = [t for t, _ in played(data)]
    assert max(b - a for a, b in pairwise(times)) <= 5 * 3600


async def test_a_viewer_sees_the_last_gop_at_once_and_then_what_comes(clip: Clip) -> None:
    """The ring's last GOP is played first; nothing is shown twice, nothing missing, and closing ends it."""
    hub = LiveHub()
    video, packets = clip
    shown = b""
    with hub.subscribe(video, "avc1.640028", lambda: packets[GOP : GOP + 10]) as feed:
        assert hub.viewers == 1
        for packet in packets[GOP + 8 :]:
            hub.publish(packet)
        hub.end()
        async for data in feed.fragments():
            shown += data
    assert hub.viewers == 0
    assert len(played(shown)) >= 3 * GOP - 1


async def test_packets_between_the_last_gop_and_the_present_are_not_lost() -> None:
    """What is published while the past is being read comes after it."""
    clip = VideoFormat("h264", 160, 96, stream(1)[0].time_base, b"", 25.0)
    packets, hub = stream(1.0), LiveHub()

    def last_gop() -> list[Packet]:
        hub.publish(packets[11])
        return packets[:11]

    with hub.subscribe(clip, "avc1.640028", last_gop) as feed:
        hub.publish(packets[12])
        got = [await feed._next() for _ in range(13)]
    assert [g[0] for g in got if g] == packets[:13]


async def test_a_waiting_viewer_is_woken_from_another_thread() -> None:
    """The camera's thread hands over a packet, and later the end."""
    clip = VideoFormat("h264", 160, 96, stream(1)[0].time_base, b"", 25.0)
    feed = LiveFeed(clip, "avc1.640028", asyncio.get_running_loop())
    feed.start([])
    waiting = asyncio.create_task(feed._next())
    await asyncio.sleep(0)
    await asyncio.to_thread(feed.put, stream(1)[0])
    assert await waiting == (stream(1)[0], True)
    waiting = asyncio.create_task(feed._next())
    await asyncio.sleep(0)
    await asyncio.to_thread(feed.close)
    assert await waiting is None
