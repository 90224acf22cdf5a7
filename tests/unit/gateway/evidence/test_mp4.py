"""The writer and the check of finished files, on one second of drawn video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from gateway.camera.packets import StoredPayload
from gateway.errors import EvidenceError
from gateway.evidence.layout import Layout, lay_out
from gateway.evidence.mp4 import copy_packets, fill_masks, probe, write_masked
from gateway.types import Bgr, VideoFormat
from tests.unit.gateway.evidence.making import FPS, HEIGHT, WIDTH, encode

MIDDLE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def _source(codec: str = "h264", seconds: float = 1) -> tuple[VideoFormat, Layout]:
    video, packets = encode(seconds, codec)
    return video, lay_out(packets)


def _copied(folder: Path, codec: str = "h264") -> tuple[Path, Layout]:
    video, layout = _source(codec)
    copy_packets(folder / "clip.mp4", video, layout)
    return folder / "clip.mp4", layout


def _decoded(codec: str, layout: Layout) -> Sequence[Bgr]:
    """Return the pictures of the packets as they came from the camera."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    fed = [av.Packet(p.packet.payload.data()) for p in layout.packets]
    frames = [f for packet in (*fed, None) for f in decoder.decode(packet)]
    return [np.asarray(f.to_ndarray(format="bgr24"), np.uint8) for f in frames]


def _pictures(path: Path) -> Sequence[Bgr]:
    with av.open(str(path)) as container:
        return [np.asarray(f.to_ndarray(format="bgr24"), np.uint8) for f in container.decode(video=0)]


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    """FFmpeg's error leaves as the gateway's own, without the folder."""
    with pytest.raises(EvidenceError, match=r"^gone\.mp4: "):
        probe(tmp_path / "gone.mp4", _source()[1])


@pytest.mark.parametrize("box", [b"moov", b"mdat"])
def test_a_truncated_file_is_refused(tmp_path: Path, box: bytes) -> None:
    """Cut in the middle of its header, or of its pictures while the header promises all of them."""
    path, layout = _copied(tmp_path)
    data = path.read_bytes()
    start = data.index(box)
    end = data.index(b"mdat") if box == b"moov" else len(data)
    path.write_bytes(data[: (start + end) // 2])
    with pytest.raises(EvidenceError, match=r"clip\.mp4"):
        probe(path, layout)


def test_a_file_with_too_few_packets_is_refused(tmp_path: Path) -> None:
    """The error says how many there are and how many there should be."""
    path, layout = _copied(tmp_path)
    doubled = replace(layout, packets=layout.packets * 2)
    with pytest.raises(EvidenceError, match="25 of 50 packets"):
        probe(path, doubled)


def test_a_file_of_another_length_is_refused(tmp_path: Path) -> None:
    """All packets are there, but they should last ten seconds."""
    path, layout = _copied(tmp_path)
    last = layout.packets[-1]
    longer = replace(layout, packets=(*layout.packets[:-1], replace(last, dts=10 * 90_000 - layout.step)))
    with pytest.raises(EvidenceError, match=r"1\.0 s instead of 10\.0 s"):
        probe(path, longer)


def test_a_file_of_rubbish_pictures_is_refused(tmp_path: Path) -> None:
    """The header is whole, the pictures are not."""
    path, layout = _copied(tmp_path)
    data = path.read_bytes()
    body = data.index(b"mdat") + 4
    path.write_bytes(data[:body] + b"\xff" * (len(data) - body))
    with pytest.raises(EvidenceError):
        probe(path, layout)


def test_video_without_parameter_sets_cannot_be_copied(tmp_path: Path) -> None:
    """Neither in band nor beside it: no player could open the file."""
    video, packets = encode(1, in_band=False)
    with pytest.raises(EvidenceError, match=r"clip\.mp4"):
        copy_packets(tmp_path / "clip.mp4", replace(video, extradata=b""), lay_out(packets))


def test_nothing_decodable_cannot_be_masked(tmp_path: Path) -> None:
    """No picture, no clip."""
    video, packets = encode(1)
    broken = lay_out([replace(p, payload=StoredPayload(b"\xff" * 200)) for p in packets])
    with pytest.raises(EvidenceError, match="no picture could be decoded"):
        write_masked(tmp_path / "clip.mp4", video, broken, [MIDDLE])


def test_an_odd_undecodable_picture_does_not_lose_the_masked_clip(tmp_path: Path) -> None:
    """A torn packet in the middle costs pictures, not the file."""
    video, packets = encode(2)
    torn = [replace(p, payload=StoredPayload(b"\xff" * 20)) if i == 40 else p for i, p in enumerate(packets)]
    layout = lay_out(torn)
    write_masked(tmp_path / "clip.mp4", video, layout, [MIDDLE])
    assert probe(tmp_path / "clip.mp4", layout, least_share=0.9).duration_s == pytest.approx(2, abs=0.05)
    with pytest.raises(EvidenceError, match="49 of 50"):
        probe(tmp_path / "clip.mp4", layout)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_copy_holds_the_very_pictures(tmp_path: Path, codec: str) -> None:
    """Not one pixel is encoded anew, and the facts are those of the source."""
    path, layout = _copied(tmp_path, codec)
    facts = probe(path, layout)
    assert (facts.width, facts.height, facts.codec) == (WIDTH, HEIGHT, codec)
    assert facts.duration_s == pytest.approx(1)
    sent = _decoded(codec, layout)
    assert len(sent) == FPS
    assert all((a == b).all() for a, b in zip(_pictures(path), sent, strict=True))


def test_h265_is_tagged_for_browsers(tmp_path: Path) -> None:
    """Safari does not play hev1."""
    data = _copied(tmp_path, "hevc")[0].read_bytes()
    assert b"hvc1" in data
    assert b"hev1" not in data


@pytest.mark.parametrize("masked", [True, False])
def test_the_header_comes_first(tmp_path: Path, *, masked: bool) -> None:
    """A browser plays before it has everything, whichever way the file was written."""
    path = tmp_path / "clip.mp4"
    if masked:
        write_masked(path, *_source(), [MIDDLE])
    else:
        copy_packets(path, *_source())
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_masked_area_is_black_and_nothing_else(tmp_path: Path) -> None:
    """H.265 becomes H.264 by it; times and count of the pictures stay."""
    path = tmp_path / "clip.mp4"
    video, layout = _source("hevc")
    write_masked(path, video, layout, [MIDDLE])
    assert probe(path, layout).codec == "h264"
    pictures = _pictures(path)
    assert len(pictures) == FPS
    left, top, edge = WIDTH // 4, HEIGHT // 4, 4
    for i, picture in enumerate(pictures):
        inner = picture[top + edge : 3 * top - edge, left + edge : 3 * left - edge]
        assert inner.max() < 16
        outside = np.concatenate([picture[: top - edge].ravel(), picture[3 * top + edge :].ravel()])
        assert np.abs(outside.astype(int) - (40 + i)).max() < 12


def test_masks_are_filled_in_place() -> None:
    """Several, of any shape, also over the edge of the picture; the rest is untouched."""
    picture: Bgr = np.full((100, 200, 3), 90, np.uint8)
    triangle = ((0.0, 0.0), (0.5, 0.0), (0.0, 1.0))
    corner = ((0.9, 0.9), (1.2, 0.9), (1.2, 1.2), (0.9, 1.2))
    fill_masks(picture, [triangle, corner])
    assert picture[10, 10].tolist() == picture[99, 199].tolist() == [0, 0, 0]
    assert picture[90, 90].tolist() == picture[85, 175].tolist() == [90, 90, 90]
