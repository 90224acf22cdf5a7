"""Tests of gateway.camera.decoder."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from gateway.camera.decoder import FrameDecoder, KeyframeDecoders, PrivacyMask, luma_of, to_frame
from gateway.camera.packets import StoredPayload
from gateway.errors import StreamCorrupt
from gateway.types import FrameOrigin, Packet
from tests.unit.gateway.camera.scripts import GOP, picture, read_clip, write_clip

LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
NO_MASK = PrivacyMask()


def torn(packet: Packet) -> Packet:
    """The same packet with noise for content."""
    noise = np.random.default_rng(1).integers(0, 255, packet.size, np.uint8).tobytes()
    return replace(packet, payload=StoredPayload(noise))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds, H.264."""
    return write_clip(tmp_path_factory.mktemp("clips") / "a.mp4")


def test_a_damaged_keyframe_is_an_error_of_that_camera_only(clip: Path) -> None:
    """The pool is none the worse: the next keyframe decodes."""
    video, packets = read_clip(clip)
    pool = KeyframeDecoders()
    with pytest.raises(StreamCorrupt):
        pool.decode("cam", video, torn(packets[0]), NO_MASK)
    assert pool.decode("cam", video, packets[GOP], NO_MASK).luma.shape == (96, 160)


def test_damaged_packets_in_a_burst_are_counted_and_passed_over(clip: Path) -> None:
    """After noise the decoder goes on, at the latest from the next keyframe."""
    video, packets = read_clip(clip)
    decoder = FrameDecoder("cam", video, NO_MASK, 25.0)
    packets[5] = torn(packets[5])
    frames = list(decoder.decode(packets, -1.0))
    assert decoder.corrupt >= 1
    assert {f.pts for f in frames} >= {p.pts for p in packets[GOP:]}


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mjpeg"])
def test_keyframes_of_every_codec_decode_one_at_a_time(codec: str, tmp_path: Path) -> None:
    """Each look gives the picture of its own moment, also from a decoder used before."""
    container = "a.avi" if codec == "mjpeg" else "a.mp4"
    path = _write_mjpeg(tmp_path / container) if codec == "mjpeg" else write_clip(tmp_path / container, codec=codec)
    video, packets = read_clip(path)
    pool = KeyframeDecoders()
    keyframes = [p for p in packets if p.keyframe][:3]
    frames = [pool.decode("cam", video, p, NO_MASK) for p in keyframes]
    assert [(f.at_s, f.pts, f.origin) for f in frames] == [(p.at_s, p.pts, FrameOrigin.LOOK) for p in keyframes]
    assert all(f.luma.shape == (96, 160) for f in frames)
    assert not np.array_equal(frames[0].luma, frames[1].luma)


def _write_mjpeg(path: Path) -> Path:
    with av.open(str(path), "w") as output:
        video = output.add_stream("mjpeg", rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 160, 96, "yuvj420p"
        for index in range(10):
            output.mux(video.encode(av.VideoFrame.from_ndarray(picture(index), format="rgb24")))
        output.mux(video.encode())
    return path


def test_cameras_share_a_decoder_without_mixing_their_parameter_sets(tmp_path: Path) -> None:
    """Two Annex B streams of one size and different profiles take turns in one pooled decoder."""
    clips = [read_clip(write_clip(tmp_path / f"{profile}.ts", profile=profile)) for profile in ("high", "baseline")]
    pool = KeyframeDecoders()
    for _ in range(3):
        for video, packets in clips:
            assert pool.decode("cam", video, packets[0], NO_MASK).luma.mean() > 60


def test_a_burst_gives_its_frames_at_the_asked_rate(clip: Path) -> None:
    """25 fps sampled at 5 fps: every fifth frame, packet by packet, none twice and none from before."""
    video, packets = read_clip(clip)
    decoder = FrameDecoder("cam", video, NO_MASK, 5.0)
    moments: list[float] = []
    for packet in packets:
        moments += [f.at_s for f in decoder.decode([packet], moments[-1] if moments else 0.3)]
    assert moments[0] > 0.3
    assert all(b - a == pytest.approx(0.2, abs=0.001) for a, b in pairwise(moments))
    assert len(moments) == 13


def test_reordered_pictures_come_out_in_order_with_their_own_moments(tmp_path: Path) -> None:
    """B-frames: each frame carries the moment of the packet it was in."""
    video, packets = read_clip(write_clip(tmp_path / "b.mp4", b_frames=2))
    frames = list(FrameDecoder("cam", video, NO_MASK, 50.0).decode(packets, -1.0))
    moment_of = {p.pts: p.at_s for p in packets}
    assert len(frames) > 60
    assert all(f.at_s == moment_of[f.pts] for f in frames)
    assert all(b.at_s > a.at_s for a, b in pairwise(frames))


def test_a_restarted_burst_begins_cleanly_at_its_keyframe(clip: Path) -> None:
    """Frames from before the restart do not appear after it."""
    video, packets = read_clip(clip)
    decoder = FrameDecoder("cam", video, NO_MASK, 25.0)
    list(decoder.decode(packets[:10], -1.0))
    decoder.restart()
    assert [f.pts for f in decoder.decode(packets[GOP : GOP + 3], -1.0)] == [p.pts for p in packets[GOP : GOP + 3]]


def test_masks_blacken_luma_and_colour_before_anyone_sees_them(clip: Path) -> None:
    """The left half is black in both, the right half is as it was."""
    video, packets = read_clip(clip)
    pool = KeyframeDecoders()
    bare = pool.decode("cam", video, packets[0], NO_MASK)
    masked = pool.decode("cam", video, packets[0], PrivacyMask([LEFT_HALF]))
    assert masked.luma[:, :79].max() == 0
    assert masked.bgr[:, :79].max() == 0
    assert np.array_equal(masked.luma[:, 82:], bare.luma[:, 82:])
    assert np.array_equal(masked.bgr[:, 82:], bare.bgr[:, 82:])


def test_masking_a_burst_leaves_the_decoder_its_own_picture(clip: Path) -> None:
    """The next picture leans on the unmasked one: a mask painted into the decoder's buffer would smear."""
    video, packets = read_clip(clip)
    bare = list(FrameDecoder("cam", video, NO_MASK, 25.0).decode(packets, -1.0))
    masked = list(FrameDecoder("cam", video, PrivacyMask([LEFT_HALF]), 25.0).decode(packets, -1.0))
    assert all(np.array_equal(a.luma[:, 82:], b.luma[:, 82:]) for a, b in zip(bare, masked, strict=True))


def test_colour_is_bgr_and_luma_read_only(clip: Path) -> None:
    """Shapes and types as the frame promises."""
    video, packets = read_clip(clip)
    frame = KeyframeDecoders().decode("cam", video, packets[0], NO_MASK)
    assert frame.bgr.shape == (96, 160, 3)
    assert frame.bgr is frame.bgr
    with pytest.raises(ValueError, match="read-only"):
        frame.luma[0, 0] = 1


def test_colour_of_a_look_is_decoded_in_full(tmp_path: Path) -> None:
    """Looks go without deblocking; what people see does not, while both show the same."""
    video, packets = read_clip(_write_coarse(tmp_path / "a.mp4"))
    look = KeyframeDecoders().decode("cam", video, packets[0], NO_MASK)
    full = next(iter(FrameDecoder("cam", video, NO_MASK, 25.0).decode(packets[:1], -1.0)))
    assert np.array_equal(look.bgr, full.bgr)
    assert not np.array_equal(look.luma, full.luma)
    assert np.abs(look.luma.astype(int) - full.luma).mean() < 5


def _write_coarse(path: Path) -> Path:
    """One picture with so few bits that deblocking shows."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "45", "bf": "0"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        noise = np.random.default_rng(3).integers(0, 255, (96, 160, 3)).astype(np.uint8)
        output.mux(video.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        output.mux(video.encode())
    return path


def test_colour_planes_are_sampled_without_a_conversion() -> None:
    """Cb first; not where a mask would have to be painted over them, nor where there are no planes."""
    blue = np.full((96, 640, 3), (200, 60, 60), np.uint8)
    plain = av.VideoFrame.from_ndarray(blue, format="bgr24")
    planar = plain.reformat(format="yuv420p")
    frame = to_frame("cam", planar, 0.0, FrameOrigin.LOOK, PrivacyMask())
    assert frame.to_chroma is not None
    chroma = frame.to_chroma()
    assert chroma.shape == (24, 160, 2)
    assert chroma[..., 0].min() > 150 > 128 > chroma[..., 1].max()
    mask = PrivacyMask([[(0, 0), (1, 0), (1, 1)]])
    assert to_frame("cam", planar, 0.0, FrameOrigin.LOOK, mask).to_chroma is None
    assert to_frame("cam", plain, 0.0, FrameOrigin.LOOK, PrivacyMask()).to_chroma is None


def test_luma_of_deeper_formats_is_eight_bits() -> None:
    """A ten-bit picture gives the same grey as its eight-bit self."""
    grey = av.VideoFrame.from_ndarray(np.full((96, 160), 128, np.uint8), format="gray")
    deep = luma_of(grey.reformat(format="yuv420p10le"))
    assert deep.dtype == np.uint8
    assert abs(int(deep.mean()) - int(luma_of(grey.reformat(format="yuv420p")).mean())) <= 16
