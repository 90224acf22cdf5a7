from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from gateway.camera.packets import StoredPayload
from gateway.clock import FakeClock
from gateway.errors import EvidenceError
from gateway.evidence.clip import ClipCutter, clip_key
from storage.records import EvidenceKind
from tests.unit.gateway.evidence.making import AT, FPS, HEIGHT, WIDTH, FolderMedia, encode, event, read_file


async def test_no_keyframe_is_refused(tmp_path: Path) -> None:
    """Packets that cannot be decoded make no clip, and the error names the event."""
    video, packets = encode(1)
    cutter = ClipCutter(FolderMedia(tmp_path))
    with pytest.raises(EvidenceError, match="evt_1: no keyframe among 24 packets"):
        await cutter.cut(event(), video, packets[1:], FakeClock())


async def test_garbage_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """A stream whose data is no video becomes an EvidenceError, not a broken file."""
    video, packets = encode(1)
    media = FolderMedia(tmp_path)
    broken = [replace(p, payload=StoredPayload(b"\xff" * 200)) for p in packets]
    with pytest.raises(EvidenceError):
        await ClipCutter(media).cut(event(), video, broken, FakeClock())
    assert not media.leftovers()


async def test_torn_configuration_is_refused(tmp_path: Path) -> None:
    """An avcC record that ends too early is named as such."""
    video, packets = encode(1)
    torn = replace(video, extradata=b"\x01\x64\x00\x0d\xff\xe1\x00\x40\x67")
    with pytest.raises(EvidenceError, match=r"ends too early|goes on after"):
        await ClipCutter(FolderMedia(tmp_path)).cut(event(), torn, packets, FakeClock())


async def test_full_disk_is_an_evidence_error(tmp_path: Path) -> None:
    """When the store cannot keep the file, the caller learns it in the gateway's own words."""
    video, packets = encode(1)
    media = FolderMedia(tmp_path, full=True)
    with pytest.raises(EvidenceError, match="evt_1"):
        await ClipCutter(media).cut(event(), video, packets, FakeClock())
    assert not media.leftovers()


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("in_band", [True, False])
async def test_clip_is_a_copy_that_plays(tmp_path: Path, codec: str, *, in_band: bool) -> None:
    """Every picture of the camera is in the clip, decodable, starting at 0, moov first, tagged for browsers."""
    video, packets = encode(3, codec, in_band=in_band)
    media = FolderMedia(tmp_path)
    clip = await ClipCutter(media).cut(event(), video, packets, FakeClock())
    path = await media.open_path(clip.media_key)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.codec_tag == {"h264": "avc1", "hevc": "hvc1"}[codec]
        frames = list(container.decode(stream))
    assert len(frames) == 3 * FPS
    assert (frames[0].time, frames[0].key_frame) == (0, True)
    assert (clip.width, clip.height, clip.codec) == (WIDTH, HEIGHT, codec)
    assert clip.duration_s == pytest.approx(3, abs=0.05)
    assert not clip.masked


async def test_record_describes_the_file(tmp_path: Path) -> None:
    """Key, size, hash and wall time in the record are those of the file."""
    video, packets = encode(2)
    media = FolderMedia(tmp_path)
    clip = await ClipCutter(media).cut(event(), video, packets, FakeClock())
    data = (await media.open_path(clip.media_key)).read_bytes()
    assert clip.media_key == clip_key(event()) == "2026/01/01/cam-1/evt_1-clip.mp4"
    assert (clip.kind, clip.content_type, clip.size_bytes) == (EvidenceKind.CLIP, "video/mp4", len(data))
    assert clip.sha256 == hashlib.sha256(data).hexdigest()
    assert [s.wall_start for s in clip.segments] == [AT + timedelta(seconds=100)]


async def test_b_frames_keep_their_order(tmp_path: Path) -> None:
    """Pictures shown out of decode order are shown in order, and none is lost."""
    video, packets = encode(2, b_frames=2)
    media = FolderMedia(tmp_path)
    clip = await ClipCutter(media).cut(event(), video, packets, FakeClock())
    with av.open(str(await media.open_path(clip.media_key))) as container:
        times = [f.pts or 0 for f in container.decode(video=0)]
    assert len(times) == 2 * FPS
    assert times == sorted(times)


async def test_gap_is_closed_up_and_recorded(tmp_path: Path) -> None:
    """A left-out middle costs no clip time; the segments tell which wall time is shown where."""
    video, packets = encode(6)
    parts = packets[: 2 * FPS] + packets[4 * FPS + 10 :]  # the second part begins inside a GOP
    clip = await ClipCutter(FolderMedia(tmp_path)).cut(event(), video, parts, FakeClock())
    first, second = clip.segments
    assert (first.clip_start_s, first.duration_s) == pytest.approx((0, 2))
    assert (second.clip_start_s, second.duration_s) == pytest.approx((2, 1))
    assert second.wall_start == AT + timedelta(seconds=105)
    assert clip.duration_s == pytest.approx(3, abs=0.05)


async def test_length_prefixed_packets_are_understood(tmp_path: Path) -> None:
    """Packets read from an MP4 file (avcC) make the same clip as those of a camera."""
    video, packets = encode(2)
    media = FolderMedia(tmp_path)
    first = await ClipCutter(media).cut(event(), video, packets, FakeClock())
    video, packets = read_file(await media.open_path(first.media_key))
    assert video.extradata[0] == 1
    again = await ClipCutter(media).cut(event("evt_2"), video, packets, FakeClock())
    with av.open(str(await media.open_path(again.media_key))) as container:
        assert len(list(container.decode(video=0))) == 2 * FPS


async def test_length_prefixed_hevc_is_understood(tmp_path: Path) -> None:
    """The same for H.265 and hvcC."""
    video, packets = encode(1, "hevc", in_band=False)
    media = FolderMedia(tmp_path)
    first = await ClipCutter(media).cut(event(), video, packets, FakeClock())
    video, packets = read_file(await media.open_path(first.media_key))
    again = await ClipCutter(media).cut(event("evt_2"), video, packets, FakeClock())
    with av.open(str(await media.open_path(again.media_key))) as container:
        assert len(list(container.decode(video=0))) == FPS


async def test_masks_are_burned_in(tmp_path: Path) -> None:
    """With a privacy mask the clip is encoded anew: black inside the mask, the picture outside, all frames there."""
    video, packets = encode(2)
    media = FolderMedia(tmp_path)
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    clip = await ClipCutter(media).cut(event(), video, packets, FakeClock(), masks=[left_half])
    assert clip.masked
    with av.open(str(await media.open_path(clip.media_key))) as container:
        pictures = [np.asarray(f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]
    assert len(pictures) == 2 * FPS
    assert max(int(p[:, : WIDTH // 2 - 4].max()) for p in pictures) < 16
    assert min(int(p[:, WIDTH // 2 + 4 :].min()) for p in pictures) > 30
    assert [p.name for p in media.root.rglob("*.mp4")] == [f"{event().id}-clip.mp4"]


async def test_motion_jpeg_is_encoded_anew(tmp_path: Path) -> None:
    """A codec that browsers do not play from MP4 becomes H.264."""
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = WIDTH, HEIGHT, "yuvj420p", Fraction(1, FPS)
    frame = av.VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), format="bgr24").reformat(
        format="yuvj420p"
    )
    jpeg = bytes(encoder.encode(frame)[0])
    video, packets = encode(1)
    pictures = [replace(p, payload=StoredPayload(jpeg), keyframe=True) for p in packets]
    media = FolderMedia(tmp_path)
    clip = await ClipCutter(media).cut(event(), replace(video, codec="mjpeg"), pictures, FakeClock())
    assert (clip.codec, clip.masked) == ("h264", False)
