"""Tests of gateway.evaluation.pipeline on a small recording that is made for them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from camera_configs.models import CameraConfig
from detectors.base import Detections, Image, ModelLoadError
from detectors.registry import MOTION
from gateway.errors import CameraError
from gateway.evaluation import pipeline
from gateway.evaluation.cameras import camera_with
from gateway.evaluation.pipeline import (
    BEGINNING,
    Eyes,
    Logbook,
    RecordingFailed,
    Session,
    duration_of,
    frames_of,
    open_eyes,
    packets_of,
    rules_for,
    site_of,
    watch,
)
from gateway.fleet import camera_unit
from gateway.types import Outcome, Phase, Signal
from tests.unit.gateway.evaluation.making import CROSSINGS_S, FPS, HEIGHT, LENGTH_S, RULE, SQUARE


class BrokenDetector:
    """Fails in a way that nobody foresaw."""

    name = "broken"
    labels: tuple[str, ...] = ("person",)
    per_camera = False
    wants_luma = False

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Fail."""
        raise RuntimeError("broken")


@pytest.fixture
def clip(recordings: Path) -> Path:
    return recordings / "clip.mp4"


@pytest.fixture
def camera(clip: Path) -> CameraConfig:
    return camera_with([RULE], clip)


def signal(phase: Phase, at_s: float, since_s: float) -> Signal:
    return Signal(phase, "recording", "r1", "zone_intrusion", "z-r1", since_s, at_s)


@pytest.mark.parametrize("gated", [True, False])
def test_both_ways_of_looking_find_what_crosses(clip: Path, camera: CameraConfig, *, gated: bool) -> None:
    """Two crossings, two events, begun and ended within a second of the truth."""
    watched = watch(clip, camera, Eyes(), gated=gated)
    assert [e.rule for e in watched.events] == ["r1", "r1"]
    for event, (start_s, end_s) in zip(watched.events, CROSSINGS_S, strict=True):
        assert event.start_s == pytest.approx(start_s, abs=1)
        assert event.end_s == pytest.approx(end_s, abs=1)
        assert event.zone == tuple(map(tuple, SQUARE))
    assert watched.duration_s == pytest.approx(LENGTH_S)


def test_the_gate_looks_at_less(clip: Path, camera: CameraConfig) -> None:
    """That is what it is for; without it five frames of every second are analysed."""
    gated, full = (watch(clip, camera, Eyes(), gated=gated) for gated in (True, False))
    assert gated.frames < full.frames == pytest.approx(5 * LENGTH_S, abs=2)


def test_a_run_is_the_same_every_time(clip: Path, camera: CameraConfig) -> None:
    """To the last digit: nothing goes by the machine's clock."""
    assert watch(clip, camera, Eyes()) == watch(clip, camera, Eyes())


def test_a_rule_that_cannot_run_is_told(clip: Path) -> None:
    """With the reason; the others run."""
    crowd = {**RULE, "id": "r2", "type": "crowding", "min_count": 3}
    watched = watch(clip, camera_with([RULE, crowd], clip), Eyes())
    assert watched.unarmed == (("r2", "needs an object model"),)
    assert rules_for(camera_with([crowd], clip), Eyes()).unarmed == watched.unarmed


def test_a_rule_out_of_its_hours_is_silent(clip: Path) -> None:
    """The recording begins when the caller says."""
    night = {**RULE, "schedule": {"start": "22:00", "end": "05:00"}}
    at_noon = watch(clip, camera_with([night], clip), Eyes())
    at_night = watch(clip, camera_with([night], clip), Eyes(), starts_at=datetime(2026, 1, 1, 16, tzinfo=UTC))
    assert (len(at_noon.events), len(at_night.events)) == (0, 2)


@pytest.mark.parametrize("gated", [True, False])
def test_a_missing_recording_is_an_error(tmp_path: Path, camera: CameraConfig, *, gated: bool) -> None:
    """Not one that is tried again for ever."""
    with pytest.raises((RecordingFailed, CameraError), match=r"gone\.mp4"):
        watch(tmp_path / "gone.mp4", camera, Eyes(), gated=gated)


def test_an_analysis_that_fails_is_an_error(clip: Path) -> None:
    """A worker would log it and go on; a figure made from the rest would be wrong."""
    camera = camera_with([{**RULE, "objects": ["person"]}], clip)
    with pytest.raises(RecordingFailed, match="the analysis failed"):
        watch(clip, camera, Eyes(detector=BrokenDetector()))


def test_what_is_open_at_the_end_ends_when_it_was_last_seen(camera: CameraConfig) -> None:
    """An end without a beginning is nothing."""
    logbook = Logbook(site_of(camera), "motion")
    logbook.note(Outcome(5.0, False, False, (signal(Phase.CLEARED, 5.0, 1.0),)))
    logbook.note(Outcome(8.0, True, True, (signal(Phase.RAISED, 8.0, 7.0),)))
    logbook.note(Outcome(9.5, True, True, (signal(Phase.ONGOING, 9.5, 7.0),)))
    (event,) = logbook.finish()
    assert (event.start_s, event.raised_s, event.end_s, logbook.frames) == (7.0, 8.0, 9.5, 3)


def test_frames_given_one_by_one_come_to_the_same(clip: Path, camera: CameraConfig) -> None:
    """For callers that know the moments of the frames better than the file does."""
    session = Session(camera, Eyes())
    for frame in frames_of(camera, clip):
        session.take(frame)
    assert session.finish(duration_of(clip)) == watch(clip, camera, Eyes(), gated=False)


def test_privacy_masks_are_painted_before_anything_looks(clip: Path) -> None:
    """Black in luma and in colour."""
    frame = next(frames_of(camera_with([RULE], clip, [SQUARE]), clip))
    assert not np.asarray(frame.luma)[1 : HEIGHT - 1].any()
    assert not frame.bgr[1 : HEIGHT - 1].any()


def test_packets_carry_the_moments_of_the_recording(clip: Path) -> None:
    """From zero, one picture after another; the first is a keyframe."""
    packets = [packet for _, packet in packets_of("cam", clip)]
    assert packets[0].keyframe
    assert [p.at_s for p in packets] == pytest.approx([n / FPS for n in range(LENGTH_S * FPS)])


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    """By its name; a name is looked up among the installation's models."""
    with pytest.raises(ModelLoadError, match="yolo99: no such model"):
        open_eyes("yolo99", tmp_path)


def test_the_default_has_no_object_model_but_sees_fire(tmp_path: Path) -> None:
    """As a fresh installation does."""
    eyes = open_eyes(MOTION, tmp_path)
    assert (eyes.name, eyes.detector, eyes.fire is not None) == ("motion", None, True)


def test_recordings_begin_at_noon_where_they_do_not_say() -> None:
    """Rules for the day are in force."""
    assert BEGINNING.hour + 8 == 12


def arguments(module: ModuleType, called: str) -> tuple[int, set[str | None]]:
    """How a module calls something: the number of plain arguments, and the names of the others."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    (call,) = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == called]
    return len(call.args), {keyword.arg for keyword in call.keywords}


@pytest.mark.parametrize(
    ("called", "of_recordings", "of_cameras"),
    [("Analyst", set(), {"presets"}), ("CameraWatcher", {"make_source"}, set())],
)
def test_a_recording_is_watched_as_a_worker_watches_a_camera(
    called: str, of_recordings: set[str | None], of_cameras: set[str | None]
) -> None:
    """What a worker's camera is built with, a recording is; but that comes from a file, and shows one view."""
    worker, here = arguments(camera_unit, called), arguments(pipeline, called)
    assert here == (worker[0], (worker[1] | of_recordings) - of_cameras)
