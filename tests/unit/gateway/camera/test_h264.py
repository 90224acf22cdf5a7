"""Tests of gateway.camera.h264."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.camera import h264
from tests.unit.gateway.camera.scripts import read_clip, write_clip


@given(st.binary(max_size=200))
def test_damaged_parameter_sets_are_no_reason_to_fail(noise: bytes) -> None:
    """Noise in place of parameter sets gives something or nothing, never an error."""
    for data in (noise, h264.START_CODE + b"\x67" + noise, b"\x01" + noise):
        h264.sequence_info(h264.parameter_sets(data))


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda b: not b.count(0)), min_size=1, max_size=5))
def test_units_survive_the_way_into_a_stream_and_out(units: list[bytes]) -> None:
    """Joined with start codes and split again they are the same."""
    assert list(h264.nal_units(h264.to_annex_b(units))) == units


@pytest.mark.parametrize(
    ("size", "profile", "codec"),
    [((160, 96), "high", "avc1.64"), ((1920, 1080), "high", "avc1.64"), ((320, 240), "baseline", "avc1.42")],
)
@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_size_and_profile_are_those_that_were_encoded(
    size: tuple[int, int], profile: str, codec: str, container: str, tmp_path: Path
) -> None:
    """From an avcC box and from Annex B alike; 1080 is not a multiple of 16, so cropping is read too."""
    video, packets = read_clip(write_clip(tmp_path / f"a.{container}", 0.2, size=size, profile=profile))
    assert h264.is_avcc(video.extradata) == (container == "mp4")
    info = h264.sequence_info(h264.parameter_sets(video.extradata or packets[0].payload.data()))
    assert info is not None
    assert (info.width, info.height) == size
    assert info.codec_string.startswith(codec)
    assert len(info.codec_string) == len("avc1.PPCCLL")


def test_interlaced_and_scaled_parameter_sets_are_read() -> None:
    """An SPS of a 1920x1080 interlaced broadcast stream (main profile, level 4.0)."""
    sps = bytes.fromhex("674d4028965605a1f7ffe001e001b1000003000100000300320fb1800493e0004c4b5ef380a0")
    info = h264.sequence_info([sps])
    assert info is not None
    assert info.codec_string == "avc1.4D4028"


def test_mp4_style_packets_become_a_byte_stream(tmp_path: Path) -> None:
    """Every unit of an MP4 packet is found again after the conversion."""
    video, packets = read_clip(write_clip(tmp_path / "a.mp4", 0.2))
    stream = h264.lengths_to_annex_b(packets[0].payload.data(), video.extradata)
    kinds = [unit[0] & 0x1F for unit in h264.nal_units(stream)]
    assert 5 in kinds
    assert h264.has_both(h264.parameter_sets(video.extradata))
    assert not h264.has_both([])
