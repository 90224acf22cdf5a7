"""Events of both ways of looking are paired, and quiet is put around a recording."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from gateway.evaluation.cameras import camera_with
from gateway.evaluation.pipeline import Eyes
from gateway.evaluation.scoring import Raised
from scripts.benches import recall
from scripts.benches.recall import Analysis, analysis_of, compare, padded_clip, run
from scripts.benches.streams import StreamKind, encoder

FPS = 10
GRAIN = 3.0  # grey levels
SMALL = StreamKind("small", 320, 180, 400_000)


def found(start_s: float, end_s: float, rule: str = "r1", raised_s: float | None = None) -> Raised:
    return Raised(rule, "zone_intrusion", start_s, start_s + 1 if raised_s is None else raised_s, end_s)


def analysis(*events: Raised) -> Analysis:
    return Analysis(events, frames=1, cpu_s=1.0)


def test_without_recordings_there_are_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3 and the variable that names their folder."""
    monkeypatch.setenv("GRIDPATROL_MEDIA", str(tmp_path))
    assert run([]) == recall.MEDIA_MISSING
    assert "GRIDPATROL_MEDIA" in capsys.readouterr().err


def test_events_of_another_rule_or_another_time_are_no_match() -> None:
    """What was missed is named."""
    result = compare("x", analysis(found(10, 20)), analysis(found(10, 20, "r2"), found(21, 30)))
    assert result.pairs == ()
    assert [e.start_s for e in result.missed] == [10]
    assert "r1@10.0" in result.row()


def test_one_event_answers_for_one() -> None:
    """A single long event does not stand for two."""
    result = compare("x", analysis(found(10, 20), found(22, 30)), analysis(found(10, 30)))
    assert (len(result.pairs), len(result.missed)) == (1, 1)


def test_the_delay_is_between_the_moments_of_raising() -> None:
    """The worst pair counts; earlier is negative."""
    full = analysis(found(10, 20, raised_s=11), found(30, 40, raised_s=31))
    tiered = analysis(found(10, 20, raised_s=10.5), found(31, 40, raised_s=33))
    assert compare("x", full, tiered).extra_delay_s == 2
    assert compare("x", analysis(), analysis()).extra_delay_s == 0


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Encode a still ground over which a bright block moves for four seconds."""
    monkeypatch.setattr(recall, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(recall, "QUIET_S", 6.0)
    chance = np.random.default_rng(1)
    ground = np.kron(chance.integers(60, 120, (SMALL.height // 4, SMALL.width // 4)), np.ones((4, 4)))
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as output:
        video = encoder(output, SMALL, FPS)
        for index in range(8 * FPS):
            picture = np.full((SMALL.height * 3 // 2, SMALL.width), 128, np.uint8)
            picture[: SMALL.height] = ground + chance.normal(0, GRAIN, ground.shape)  # frozen otherwise
            if 2 * FPS <= index < 6 * FPS:
                left = (index - 2 * FPS) * 6
                picture[60:130, left : left + 60] = 230
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode())
    return path


def test_a_padded_clip_is_longer_by_the_quiet_and_made_once(clip: Path) -> None:
    """Six seconds before and after; the second asking encodes nothing."""
    padded = padded_clip(clip)
    with av.open(str(padded)) as container:
        assert sum(1 for _ in container.decode(video=0)) == (6 + 8 + 6) * FPS
    made_ns = padded.stat().st_mtime_ns
    assert padded_clip(clip).stat().st_mtime_ns == made_ns


def test_both_ways_find_what_moves_and_the_gate_saves_frames(clip: Path) -> None:
    """One intrusion, seen by the tiers as by decoding everything."""
    square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    rule = {"id": "r1", "type": "zone_intrusion", "zone": square, "dwell_s": 1, "clear_s": 1.5}
    padded = padded_clip(clip)
    camera = camera_with([rule], padded)
    result = compare(
        "clip", analysis_of(padded, camera, Eyes(), gated=False), analysis_of(padded, camera, Eyes(), gated=True)
    )
    assert [e.rule for e in result.full.events] == ["r1"]
    assert (len(result.pairs), result.missed) == (1, ())
    assert result.tiered.frames < result.full.frames
