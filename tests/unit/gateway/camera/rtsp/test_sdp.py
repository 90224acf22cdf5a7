"""Tests of gateway.camera.rtsp.sdp."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.camera.rtsp.sdp import resolve, video_of
from gateway.camera.rtsp.units import H264, H265
from gateway.simulator.clip import load_clip
from gateway.simulator.sdp import describe
from tests.unit.gateway.camera.scripts import write_clip

SPS, PPS = b"\x67\x42\x00\x1f", b"\x68\xce"


@given(st.text(max_size=300))
def test_nothing_that_arrives_breaks_it(text: str) -> None:
    """A description is read as far as it makes sense."""
    video_of(text)
    video_of("v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 " + text)


@pytest.mark.parametrize("text", ["", "v=0\r\nm=audio 0 RTP/AVP 0\r\n", "m=application 0 RTP/AVP 107\n"])
def test_no_video(text: str) -> None:
    """Sound and metadata are none."""
    assert video_of(text) is None


def test_damaged_values_leave_their_defaults() -> None:
    """Sets that are no base64 or of another type, a clock of 0 Hz, a rate that nobody films with."""
    track = video_of(
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/0\r\na=framerate:0\r\n"
        "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=!!!,QUJD,,Zw\r\n"
    )
    assert track is not None
    assert (track.clock_hz, track.fps, track.sets) == (90_000, None, (b"\x67",))


def test_the_first_of_several_tracks() -> None:
    """With what belongs to it, and the session's own address."""
    sets = ",".join(b64encode(nal).decode().rstrip("=") for nal in (PPS, SPS))  # the wrong way round, unpadded
    track = video_of(
        "v=0\na=control:rtsp://h/s\nm=audio 0 RTP/AVP 8\na=control:a\nm=video 0 RTP/AVP 97\na=control:v\n"
        f"a=rtpmap:97 h264/90000\na=fmtp:97 sprop-parameter-sets={sets}; x\na=framerate: 12.5\n"
        "m=video 0 RTP/AVP 98\na=control:second\na=rtpmap:98 H265/90000\n"
    )
    assert track is not None
    assert (track.encoding, track.packing, track.payload_type) == ("H264", H264, 97)
    assert (track.control, track.session_control) == ("v", "rtsp://h/s")
    assert (track.sets, track.fps) == ((SPS, PPS), 12.5)


def test_other_codecs_are_named() -> None:
    """By their mapping, or by their number."""
    assert video_of("m=video 0 RTP/AVP 26\n").encoding == "JPEG"  # type: ignore[union-attr]
    assert video_of("m=video 0 RTP/AVP 99\na=rtpmap:99 VP8/90000\n").packing is None  # type: ignore[union-attr]
    assert video_of("m=video\n").encoding == "unknown"  # type: ignore[union-attr]


def test_what_the_simulator_describes(tmp_path: Path) -> None:
    """Both codecs, with all their sets."""
    for codec, packing in (("libx264", H264), ("libx265", H265)):
        clip = load_clip(write_clip(tmp_path / f"{codec}.mp4", 0.2, codec=codec))
        track = video_of(describe(clip, "x", "127.0.0.1"))
        assert track is not None
        assert track.packing is packing
        assert track.sets == clip.parameter_sets
        assert track.fps == 25.0


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://h/s", "", "rtsp://h/s"),
        ("rtsp://h/s/", "*", "rtsp://h/s/"),
        ("rtsp://h/s", "trackID=1", "rtsp://h/s/trackID=1"),
        ("rtsp://h/s/", "trackID=1", "rtsp://h/s/trackID=1"),
        ("rtsp://h/s/", "/trackID=1", "rtsp://h/s/trackID=1"),
        ("rtsp://h/s?ch=1", "trackID=1", "rtsp://h/s?ch=1/trackID=1"),
        ("rtsp://h/s", "rtsp://other/t", "rtsp://other/t"),
    ],
)
def test_addresses_of_tracks(base: str, control: str, url: str) -> None:
    """Appended, as cameras mean it."""
    assert resolve(base, control) == url
