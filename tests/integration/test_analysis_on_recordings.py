from __future__ import annotations

from pathlib import Path

import av
import pytest

from detectors.base import Detector
from detectors.onnx_model import OnnxDetector
from gateway.analysis.events import Opened
from gateway.clock import FakeClock
from gateway.evidence.clip import ClipCutter
from gateway.evidence.window import PRE_ROLL_S, choose, event_window
from gateway.types import Phase
from tests.integration.recordings import Score, camera_of, clip, events_of, packets_of, rules_of, run, score
from tests.unit.gateway.evidence.making import FolderMedia

pytestmark = [pytest.mark.media, pytest.mark.unpaced]


@pytest.fixture(scope="module")
def picodet(media: Path) -> Detector:
    """Return a real object detector."""
    return OnnxDetector(media / "weights" / "picodet_s_416_coco.onnx")


def scored(
    media: Path, name: str, detector: Detector | None, *, gated: bool = True, only: set[str] | None = None
) -> Score:
    """Analyse a clip and score the rules that could be armed, or only some of them."""
    found = clip(media, name)
    armed = {a.rule.condition.subject.rule_id for a in rules_of(camera_of(found), detector).armed}
    wanted = armed if only is None else armed & only
    raised = [s for s in run(found, detector, gated=gated).raised if s.rule_id in wanted]
    return score(found, raised, wanted)


def faultless(result: Score, due: int) -> bool:
    """Say whether each event due was raised exactly once, and nothing else."""
    return (result.due, result.hits, result.misses, result.false_alarms) == (due, due, (), ())


def test_a_light_switch_raises_nothing_by_motion(media: Path) -> None:
    """The room is dimmed and lit again: two people, two events, no fault."""
    assert faultless(scored(media, "derived_light_change_negative", None), 2)


def test_six_people_one_after_another_by_motion(media: Path) -> None:
    """Six visits, seconds apart, are six events, without any model."""
    assert faultless(scored(media, "one_by_one_person", None), 6)


@pytest.mark.slow
def test_six_people_one_after_another_by_model(media: Path, picodet: Detector) -> None:
    """The same with a model."""
    assert faultless(scored(media, "one_by_one_person", picodet), 6)


@pytest.mark.parametrize("gated", [True, False])
def test_cars_and_people_are_told_apart_by_model(media: Path, picodet: Detector, *, gated: bool) -> None:
    """Two rules on one zone, vehicles and people: five events, each of its kind, with looks and bursts or at 5 fps."""
    assert faultless(scored(media, "person_bicycle_car", picodet, gated=gated), 5)


def test_a_parked_car_by_model(media: Path, picodet: Detector) -> None:
    """Parking, the car's passage and the pedestrian are one event each, though a car stands there for a minute."""
    assert faultless(scored(media, "derived_illegal_parking", picodet), 3)


def test_a_parked_car_by_motion(media: Path) -> None:
    """Without a model the patch that stays is raised once, and not for the pedestrian who passes."""
    assert faultless(scored(media, "derived_illegal_parking", None, only={"r1"}), 1)


def test_something_left_behind_by_motion(media: Path) -> None:
    """The suitcase is raised once; the woman who brought it was an intrusion."""
    assert faultless(scored(media, "derived_abandoned_suitcase", None), 2)


def test_a_black_picture_is_raised_once(media: Path) -> None:
    """The picture is black for 15 s: one fault."""
    assert faultless(scored(media, "derived_tamper_black", None, only={"camera_fault.black"}), 1)


def test_a_model_sees_who_is_there_when_the_picture_returns(media: Path, picodet: Detector) -> None:
    """Black ends the first intrusion; the person present afterwards is another event."""
    assert faultless(scored(media, "derived_tamper_black", picodet), 3)


def test_a_screen_full_of_lights_raises_nothing(media: Path) -> None:
    """LED screens, reflections and rain at night are no fault of the camera."""
    assert run(clip(media, "night_led_square"), None, gated=False).raised == []


async def test_from_pixels_to_a_clip(media: Path, tmp_path: Path) -> None:
    """A parked car becomes one event with one end, and a clip that shows it arrive and stand."""
    found = clip(media, "derived_illegal_parking")
    made = run(found, None, gated=True)
    signals = sorted([*made.raised, *made.cleared], key=lambda s: s.at_s)
    changes = events_of(found, [s for s in signals if s.rule_id == "r1"])
    (opened,) = [c for c in changes if isinstance(c, Opened)]
    assert [s.phase for s in made.cleared if s.rule_id == "r1"][-1:] == [Phase.CLEARED]
    video, packets = packets_of(found)
    chosen = choose(packets, event_window(opened.since_s, opened.raised_s))
    evidence = await ClipCutter(FolderMedia(tmp_path)).cut(opened.event, video, chosen, FakeClock())
    assert evidence.segments[0].wall_start <= FakeClock().utc_at(opened.since_s - PRE_ROLL_S)
    with av.open(str(tmp_path / "kept" / evidence.media_key)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(chosen)
