"""Recordings become units with honest timestamps."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from gateway.simulator.clip import Clip, ClipError, load_clip
from gateway.simulator.rtp import CLOCK_HZ
from tests.unit.gateway.simulator.clips import Recording, clip, encode


def test_missing_file(tmp_path: Path) -> None:
    """The error names the file, not the folder."""
    with pytest.raises(ClipError, match=r"gone\.mp4: cannot be read") as raised:
        load_clip(tmp_path / "gone.mp4")
    assert str(tmp_path) not in str(raised.value)


def test_file_that_is_no_video(tmp_path: Path) -> None:
    """Text is no video."""
    (tmp_path / "a.mp4").write_text("not a video")
    with pytest.raises(ClipError, match="cannot be read"):
        load_clip(tmp_path / "a.mp4")


def test_other_codec(tmp_path: Path) -> None:
    """MJPEG cannot be served."""
    file = encode(tmp_path / "a.mkv", Recording(codec="mpeg4"))
    with pytest.raises(ClipError, match=r"no H\.264"):
        load_clip(file)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_h264_units(tmp_path: Path, name: str, b_frames: int) -> None:
    """One unit per picture in decode order, parameter sets known, keyframes where they were put."""
    loaded = load_clip(encode(tmp_path / name, Recording(b_frames=b_frames)))
    assert (loaded.codec, loaded.width, loaded.height, loaded.fps) == ("h264", 160, 90, 25.0)
    assert len(loaded.units) == 25
    assert loaded.keyframes[0] == 0
    assert len(loaded.keyframes) == 3
    assert [n[0] & 0x1F for n in loaded.parameter_sets] == [7, 8]
    assert_honest_times(loaded)
    assert (loaded.lead > 0) == (b_frames > 0)


def test_h265_units(tmp_path: Path) -> None:
    """H.265 has a VPS as well."""
    loaded = load_clip(encode(tmp_path / "a.mp4", Recording(codec="libx265", b_frames=2)))
    assert loaded.codec == "hevc"
    assert [(n[0] >> 1) & 0x3F for n in loaded.parameter_sets] == [32, 33, 34]
    assert_honest_times(loaded)


def assert_honest_times(loaded: Clip) -> None:
    """dts rises, no pts lies before its dts, pictures are 40 ms apart, the last one counts in the period."""
    dts = [u.dts for u in loaded.units]
    assert dts[0] == 0
    assert all(a < b for a, b in itertools.pairwise(dts))
    assert all(u.pts >= u.dts for u in loaded.units)
    shown = sorted(u.pts for u in loaded.units)
    assert all(3500 <= b - a <= 3700 for a, b in itertools.pairwise(shown))
    assert loaded.period == pytest.approx(CLOCK_HZ, abs=100)
    assert loaded.duration_s == pytest.approx(1.0, abs=0.002)


def test_index_after_and_keyframe_upto() -> None:
    """A unit counts as sent from its own tick on; the keyframe of a unit is at or before it."""
    made = clip("KppKpp", fps=10)
    assert [made.index_after(t) for t in (0, 8_999, 9_000, 10**6)] == [1, 1, 2, 6]
    assert [made.keyframe_upto(i) for i in range(6)] == [0, 0, 0, 3, 3, 3]
