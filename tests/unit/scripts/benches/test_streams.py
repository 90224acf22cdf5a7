"""Recordings are encoded once, loop without a seam, and are described as they are."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from scripts.benches import streams
from scripts.benches.streams import StreamKind, examine, recording_of
from tests.unit.scripts.benches.recordings import write_recording

SMALL = StreamKind("small", 320, 192, 200_000)


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recording of two quiet rounds of 4 s and 2 s in which something moves."""
    monkeypatch.setattr(streams, "CACHE", tmp_path)
    for name, value in {"QUIET_S": 4, "QUIET_ROUNDS": 2, "ACTIVE_S": 2, "FPS": 10}.items():
        monkeypatch.setattr(streams, name, value)
    return recording_of(SMALL)


def test_a_file_without_video_is_an_error(tmp_path: Path) -> None:
    """One picture is no stream."""
    with pytest.raises(ValueError, match="no video"):
        examine(write_recording(tmp_path / "one.mp4", StreamKind("x", 160, 96, 100_000), seconds=1, fps=1))


def test_a_recording_is_made_once(short: Path) -> None:
    """The second asking finds it, and no part of the making is left."""
    made_ns = short.stat().st_mtime_ns
    assert recording_of(SMALL) == short
    assert short.stat().st_mtime_ns == made_ns
    assert list(short.parent.iterdir()) == [short]


def test_it_is_what_its_description_says(short: Path) -> None:
    """Size, rate, length and keyframes of the whole, with the repeated part."""
    found = examine(short)
    assert (found.width, found.height, found.codec) == (320, 192, "h264")
    assert found.duration_s == pytest.approx(10.0, abs=0.2)
    assert found.gop_s == pytest.approx(2.0, abs=0.1)
    assert found.fps == pytest.approx(10, abs=0.2)
    assert 0 < found.keyframe_bytes < short.stat().st_size
    assert "320x192 h264" in found.text()


def test_something_moves_in_the_last_part_only(short: Path) -> None:
    """Every picture decodes; quiet ones differ by grain, active ones by something bright."""
    with av.open(str(short)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(pictures) == 100
    bright = [int(np.count_nonzero(p > 190)) for p in pictures]
    assert max(bright[:80]) < 50
    assert bright[90] > 200
