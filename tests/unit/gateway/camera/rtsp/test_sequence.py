"""Tests of gateway.camera.rtsp.sequence, on what real encoders write."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from gateway.camera import h264
from gateway.camera.rtsp.sequence import shape_of
from gateway.camera.rtsp.units import H264, H265, Packing
from tests.unit.gateway.camera.scripts import write_clip


def sets_of(file: Path) -> list[bytes]:
    """The NAL units of the first packet of a raw stream."""
    with av.open(str(file)) as container:
        return list(h264.nal_units(bytes(next(iter(container.demux(video=0))))))


@pytest.mark.parametrize("packing", [H264, H265])
def test_no_set_and_damaged_sets_say_nothing(packing: Packing, tmp_path: Path) -> None:
    """Cut short, or not there."""
    name, codec = ("a.h264", "libx264") if packing is H264 else ("a.hevc", "libx265")
    sets = [n for n in sets_of(write_clip(tmp_path / name, 0.1, codec=codec)) if packing.kind(n[0]) in packing.sets]
    assert shape_of(packing, sets) is not None
    assert shape_of(packing, []) is None
    assert shape_of(packing, [nal[:5] for nal in sets]) is None


@pytest.mark.parametrize("size", [(160, 96), (640, 360), (1920, 1080), (322, 182)])
def test_sizes_after_cropping(size: tuple[int, int], tmp_path: Path) -> None:
    """Also where the size is no multiple of a block."""
    for name, codec, packing in (("a.h264", "libx264", H264), ("a.hevc", "libx265", H265)):
        shape = shape_of(packing, sets_of(write_clip(tmp_path / name, 0.1, codec=codec, size=size)))
        assert shape is not None
        assert (shape.width, shape.height) == size


def test_rate_and_reordering(tmp_path: Path) -> None:
    """As the encoder wrote them."""
    plain = shape_of(H264, sets_of(write_clip(tmp_path / "a.h264", 0.2)))
    reordered = shape_of(H264, sets_of(write_clip(tmp_path / "b.h264", 0.4, b_frames=2)))
    hevc = shape_of(H265, sets_of(write_clip(tmp_path / "c.hevc", 0.4, codec="libx265")))
    assert plain is not None
    assert reordered is not None
    assert hevc is not None
    assert (plain.fps, plain.reordered) == (25.0, 0)
    assert reordered.reordered in {1, 2}
    assert hevc.reordered > 0
