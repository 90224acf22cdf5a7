"""`gridpatrol evaluate` on real recordings: the manifest's own format, with the gate in force, the same every time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.evaluation.evaluate import Evaluation, evaluate
from gateway.evaluation.gallery import to_html
from gateway.evaluation.pipeline import open_eyes
from gateway.evaluation.report import to_json
from gateway.evaluation.truth import load_truth

pytestmark = [pytest.mark.media, pytest.mark.unpaced]


def evaluated(media: Path, *clips: str, model: str = "motion", gated: bool = True) -> Evaluation:
    """Evaluate some of the shared clips."""
    found = load_truth(media / "open" / "truth.json", media / "open", clips)
    assert len(found) == len(clips)
    return evaluate(found, open_eyes(model, media), gated=gated)


@contextmanager
def busy_machine() -> Iterator[None]:
    """Keep the interpreter busy with something else."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_the_whole_truth_file_can_be_read(media: Path) -> None:
    """All clips, with all that they arm."""
    clips = load_truth(media / "open" / "truth.json", media / "open")
    assert len(clips) >= 24
    assert sum(bool(clip.hard) for clip in clips) == 2
    assert all(any(rule.type == "camera_fault.black" for rule in clip.camera.rules) for clip in clips)


def test_what_is_there_is_found_and_quiet_clips_stay_quiet(media: Path) -> None:
    """Two people in a room whose light is dimmed, a black picture, a square full of lights at night."""
    found = evaluated(media, "derived_light_change_negative", "derived_tamper_black", "night_led_square")
    by_clip = {r.clip.file: r.judgement for r in found.results}
    light, dark = by_clip["derived_light_change_negative.mp4"], by_clip["derived_tamper_black.mp4"]
    assert (len(light.hits), light.misses, light.false_alarms) == (2, (), ())
    assert "camera_fault.black" in {hit.truth.event_type for hit in dark.hits}
    assert by_clip["night_led_square.mp4"].false_alarms == ()
    assert found.counted.quiet_false_alarms == 0
    assert found.realtime_factor > 1


def test_a_busy_machine_changes_nothing(media: Path) -> None:
    """Figures and page are the same to the last digit; only the speed is not."""
    calm = evaluated(media, "worker_zone", "person_bicycle_car")
    with busy_machine():
        busy = evaluated(media, "worker_zone", "person_bicycle_car")
    reports = [to_json(each) for each in (calm, busy)]
    for report in reports:
        del report["realtime_factor"]
    assert reports[0] == reports[1]
    assert to_html(calm) == to_html(busy)


@pytest.mark.parametrize("gated", [True, False])
def test_a_model_tells_cars_from_people(media: Path, *, gated: bool) -> None:
    """Five events, each by its own rule, with the gate and without."""
    model = str(media / "weights" / "picodet_s_416_coco.onnx")
    found = evaluated(media, "person_bicycle_car", model=model, gated=gated)
    assert found.counted.types["zone_intrusion"].f1 == 1.0
    assert found.model == "picodet_s_416_coco"
