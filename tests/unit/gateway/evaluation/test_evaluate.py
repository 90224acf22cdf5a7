"""Tests of gateway.evaluation.evaluate."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.evaluation.evaluate import Evaluation, evaluate
from gateway.evaluation.pipeline import Eyes
from gateway.evaluation.truth import load_truth
from tests.unit.gateway.evaluation.making import LENGTH_S, entry, write_truth


def test_hits_misses_and_false_alarms_are_counted(evaluation: Evaluation) -> None:
    """One crossing is told of, one is not, and one that never was is; the crowd cannot be seen without a model."""
    types = {name: (t.hits, t.misses, t.false_alarms) for name, t in evaluation.counted.types.items()}
    assert types == {"crowding": (0, 1, 0), "zone_intrusion": (1, 1, 1)}


def test_hard_clips_are_counted_apart(evaluation: Evaluation) -> None:
    """In no sum of the others."""
    assert evaluation.hard.whole.hits == 2
    assert evaluation.counted.hours == pytest.approx(LENGTH_S / 3600)


def test_false_alarms_are_told_per_hour_and_per_quiet_hour(evaluation: Evaluation) -> None:
    """The second crossing is a false alarm where nothing is said to be: 20 s less 4 s less 3 s."""
    counted = evaluation.counted
    assert counted.false_alarms_per_hour == pytest.approx(3600 / LENGTH_S)
    assert counted.quiet_hours * 3600 == pytest.approx(13)
    assert counted.quiet_false_alarms_per_hour == pytest.approx(3600 / 13)


def test_types_with_few_events_are_left_out_of_the_common_figure(evaluation: Evaluation) -> None:
    """Two and one are few."""
    assert evaluation.counted.common.f1 is None


def test_the_speed_is_of_all_clips(evaluation: Evaluation) -> None:
    """Two recordings of 20 s in 4 s."""
    assert evaluation.realtime_factor == pytest.approx(10)


def test_progress_is_told_clip_by_clip(tmp_path: Path, recordings: Path) -> None:
    """What came of each."""
    lines: list[str] = []
    evaluate(load_truth(write_truth(tmp_path, entry()), recordings), Eyes(), gated=False, progress=lines.append)
    assert lines == ["[1/1] clip.mp4: 2 hits, 0 misses, 0 false alarms"]
