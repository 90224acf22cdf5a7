"""Tests of gateway.evaluation.dry_run: changed rules on kept clips, beside what people said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from gateway.evaluation.dry_run import (
    HELD_EVERY_S,
    Because,
    KeptLook,
    Trial,
    Would,
    at_moments,
    dry_run,
    held,
    replay,
    to_json,
    to_text,
)
from gateway.evaluation.pipeline import Eyes, frames_of
from gateway.evaluation.proposals import Tried, judge
from gateway.types import Frame, FrameOrigin
from storage.records import ClipSegment, Verdict
from tests.unit.gateway.evaluation.keeping import CLIP_START, at, camera, kept, site


@pytest.fixture
def clip(recordings: Path) -> Path:
    return recordings / "clip.mp4"


def trial(**changes: Any) -> Trial:
    """The camera with its rule changed."""
    return Trial(site(), camera(**changes), Eyes(), ZoneInfo("Asia/Shanghai"), camera())


def frame(at_s: float) -> Frame:
    luma = np.zeros((2, 2), np.uint8)
    return Frame("cam", at_s, 0, luma, FrameOrigin.BURST, lambda: np.zeros((2, 2, 3), np.uint8))


def test_the_same_rules_flag_the_same_event(clip: Path) -> None:
    """And the second crossing, of which the clip tells as well."""
    found = replay(kept(clip), trial())
    assert found.would is Would.FLAGGED
    assert found.raised is not None
    assert found.raised.rule == "r1"
    assert found.raised.start_s == pytest.approx(4, abs=1)
    assert len(found.others) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"min_area": 0.5},
        {"zone": [[0.0, 0.8], [0.2, 0.8], [0.2, 1.0], [0.0, 1.0]]},
        {"dwell_s": 8},
        {"schedule": {"start": "22:00", "end": "05:00"}},
    ],
)
def test_a_stricter_rule_flags_less(clip: Path, change: dict[str, Any]) -> None:
    """Larger, elsewhere, longer, or at another time of the day: the clip was taken at eleven in Shanghai."""
    assert replay(kept(clip), trial(**change)).would is Would.NOT_FLAGGED


def test_a_rule_more_patient_than_the_clip_is_long_leaves_it_open(clip: Path) -> None:
    """Unknown stays unknown."""
    found = replay(kept(clip), trial(dwell_s=60))
    assert found.would is Would.UNKNOWN
    assert "the rule waits for 60 s" in found.reason


def test_what_the_present_rules_do_not_flag_either_is_unknown(clip: Path) -> None:
    """The clip says nothing about a change, or of rules that have not changed; proposals do not count it."""
    blind = replace(trial(min_area=0.6), present=camera(min_area=0.5))
    unchanged = replace(trial(min_area=0.5), present=None)
    for tried in (blind, unchanged, replace(unchanged, present=camera(min_area=0.5))):
        found = replay(kept(clip), tried)
        assert (found.would, found.because) == (Would.UNKNOWN, Because.CONTROL)
    outcome = dry_run(blind, [kept(clip, Verdict.REJECTED), kept(clip, Verdict.CONFIRMED)])
    assert outcome.unknown == {"control": 2}
    assert judge(outcome) == Tried(spared=0, kept=0, lost=0, unknown=2)
    assert "2 not flagged by the present rules either" in to_text(outcome)
    assert to_json(outcome)["events"][0]["because"] == "control"


def test_the_control_is_another_trial_only_where_something_that_judges_has_changed() -> None:
    """A name that has changed needs no second run."""
    renamed = replace(trial(), present=camera().model_copy(update={"name": "other"}))
    assert renamed.control is None
    assert trial(dwell_s=8).control is not None


def test_looks_of_a_polled_camera_stand_in_for_a_clip(clip: Path, tmp_path: Path) -> None:
    """At their moments, the last one held in between; what they do not show under the present rules stays unknown."""
    looks: list[KeptLook] = []
    for number, shown in enumerate(frames_of(camera(), clip)):
        if number % 3 == 0 and shown.at_s < 8:
            file = tmp_path / f"{number}.jpg"
            cv2.imwrite(str(file), shown.bgr)
            looks.append(KeptLook(file, at(shown.at_s)))
    found = replay(replace(kept(None), looks=tuple(looks)), trial())
    assert found.would is Would.FLAGGED
    few = replay(replace(kept(None), looks=tuple(looks[:3])), trial())
    assert few.would is Would.UNKNOWN


def test_without_a_clip_nothing_can_be_said() -> None:
    """It may have been cleared away."""
    assert replay(kept(None), trial()).reason == "no clip was kept"


def test_a_frozen_picture_cannot_be_tried(clip: Path) -> None:
    """What a clip leaves out is shown by holding a picture."""
    found = replay(kept(clip, event_type="camera_fault.frozen", rule_id="camera_fault.frozen"), trial())
    assert found.would is Would.UNKNOWN


def test_a_type_without_rule_is_not_flagged(clip: Path) -> None:
    """Somebody took the rule away; what the others flag is told."""
    found = replay(kept(clip, event_type="crowding"), trial())
    assert (found.would, found.reason, len(found.others)) == (Would.NOT_FLAGGED, "no rule of this type", 2)


def test_a_stretch_left_out_is_lived_through(clip: Path) -> None:
    """The block stands in the picture where the clip jumps by a minute: a dwell of half a minute is over then."""
    cut = (ClipSegment(0.0, 6.0, CLIP_START), ClipSegment(6.0, 14.0, at(66)))
    patient = trial(type="illegal_parking", dwell_s=30)
    event = replace(kept(clip, event_type="illegal_parking", raised_at=at(66)), segments=cut)
    assert replay(event, patient).would is Would.FLAGGED
    whole = replace(event, segments=(ClipSegment(0.0, 20.0, CLIP_START),))
    assert replay(whole, patient).would is not Would.FLAGGED


def test_frames_stand_where_they_were_taken() -> None:
    """A second segment begins when the clip's record says."""
    segments = (ClipSegment(0.0, 2.0, CLIP_START), ClipSegment(2.0, 2.0, CLIP_START + timedelta(seconds=62)))
    moments = [f.at_s for f in at_moments([frame(s) for s in (0.0, 1.8, 2.0, 3.8)], segments)]
    assert moments == pytest.approx([0.0, 1.8, 62.0, 63.8])
    assert [f.at_s for f in at_moments([frame(1.0)], ())] == [1.0]


def test_only_gaps_are_filled() -> None:
    """A slow camera's pictures are seconds apart."""
    moments = [f.at_s for f in held([frame(0.0), frame(3.0), frame(13.0)])]
    assert moments == [0.0, 3.0, *(3.0 + n * HELD_EVERY_S for n in range(1, 5)), 13.0]


def test_verdicts_stand_beside_what_would_be(clip: Path) -> None:
    """The stricter rule no longer flags what was rejected, nor what was confirmed; people weigh that."""
    events = [kept(clip, Verdict.REJECTED), kept(clip, Verdict.CONFIRMED), kept(None)]
    lines: list[str] = []
    found = dry_run(trial(min_area=0.5), events, lines.append)
    assert found.verdicts == ["confirmed", "rejected", "waiting"]
    assert found.count("rejected", Would.NOT_FLAGGED) == 1
    assert [line[:5] for line in lines] == ["[1/3]", "[2/3]", "[3/3]"]
    report = json.loads(json.dumps(to_json(found)))
    assert report["verdicts"]["waiting"] == {"flagged": 0, "not_flagged": 0, "unknown": 1}
    assert [e["would"] for e in report["events"]] == ["not_flagged", "not_flagged", "unknown"]
    text = to_text(found)
    assert "# rejected: 1 events, 0 would be flagged, 1 would not, 0 cannot be told" in text
    assert "# cannot be told: 1 without a clip" in text
    assert report["unknown"] == {"no_clip": 1}
    assert "no clip was kept" in text


def test_rules_that_cannot_run_are_told() -> None:
    """With the reason."""
    found = dry_run(trial(type="crowding", min_count=3), [])
    assert found.unarmed == (("r1", "needs an object model"),)
    assert "# rule r1 cannot run: needs an object model" in to_text(found)
