"""Tests of gateway.evaluation.truth: what is wrong with a truth file is named by file, clip and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from camera_configs.problems import ConfigError
from gateway.evaluation.scoring import Ignored
from gateway.evaluation.truth import load_truth
from tests.unit.gateway.evaluation.making import EVENTS, RULE, entry, write_truth


def told(folder: Path, recordings: Path, *entries: Any) -> list[str]:
    """Return what is said of a truth file, without its own name."""
    truth = write_truth(folder, *entries)
    with pytest.raises(ConfigError) as caught:
        load_truth(truth, recordings)
    assert all(str(p).startswith(str(truth)) for p in caught.value.problems)
    return [str(p).removeprefix(f"{truth}: ") for p in caught.value.problems]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the system's words."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_truth(tmp_path / "none.json", tmp_path)


def test_a_file_that_is_not_json_is_named_with_line(tmp_path: Path) -> None:
    """Line and column of the slip."""
    (tmp_path / "truth.json").write_text('[\n {"file": }]', "utf-8")
    with pytest.raises(ConfigError, match=r"truth\.json:2:11: is not JSON"):
        load_truth(tmp_path / "truth.json", tmp_path)


@pytest.mark.parametrize("content", ["[]", "{}"])
def test_a_file_without_clips_is_refused(content: str, tmp_path: Path) -> None:
    """A report over nothing would look like one without mistakes."""
    (tmp_path / "truth.json").write_text(content, "utf-8")
    with pytest.raises(ConfigError, match="must be a list of clips"):
        load_truth(tmp_path / "truth.json", tmp_path)


def test_a_missing_recording_is_named(tmp_path: Path, recordings: Path) -> None:
    """Whatever else is sound: nothing is half run."""
    assert told(tmp_path, recordings, entry(), entry("gone.mp4")) == [
        f"gone.mp4: file: no file gone.mp4 in {recordings}"
    ]


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    """The truth file itself is none."""
    truth = write_truth(tmp_path, entry("truth.json"))
    with pytest.raises(ConfigError, match=r"truth\.json: truth\.json: file: "):
        load_truth(truth, tmp_path)


def test_a_recording_outside_the_folder_is_refused(tmp_path: Path, recordings: Path) -> None:
    """A truth file from elsewhere must not name what it likes."""
    outside = f"../{recordings.name}/../x.mp4"
    assert told(tmp_path, recordings, entry(outside)) == [f"{outside}: file: leads out of the folder of recordings"]


def test_a_clip_that_stands_there_twice_is_named(tmp_path: Path, recordings: Path) -> None:
    """Its events would count twice."""
    assert told(tmp_path, recordings, entry(), entry()) == ["clip.mp4: file: stands in the truth file twice"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"events": [{**EVENTS[0], "end_s": 1}]}, "events[0]: end_s must be later than start_s"),
        ({"events": [{**EVENTS[0], "start_s": "soon"}]}, "events[0].start_s: Input should be a valid number"),
        ({"events": [{**EVENTS[0], "start": 1}]}, "events[0].start: is not a known key"),
        ({"events": [{**EVENTS[0], "rule": "r7"}]}, "events[0].rule: no rule 'r7' in setup.rules"),
        ({"setup": {"rules": [{**RULE, "dwell_s": -1}]}}, "setup.rules[0].dwell_s: Input should be greater"),
        ({"setup": {"rules": [{**RULE, "dwel": 1}]}}, "setup.rules[0].dwel: Extra inputs are not permitted"),
        ({"setup": {"rules": [{**RULE, "zone": [[0, 0], [2, 0], [2, 2]]}]}}, "setup.rules[0].zone[1][0]: Input"),
        ({"setup": {"rules": [RULE, RULE]}}, "setup: zones: id used more than once: z-r1"),
        ({"setup": {"rules": [{"type": "crowding", "zone": RULE["zone"]}]}}, "setup.rules[0].id: Field required"),
        ({"tolerence_s": 1}, "tolerence_s: is not a known key (did you mean 'tolerance_s'?)"),
        ({"starts_at": "2026-01-01T00:00:00"}, "starts_at: Input should have timezone info"),
    ],
)
def test_what_is_wrong_is_named_by_clip_and_field(
    changes: dict[str, Any], words: str, tmp_path: Path, recordings: Path
) -> None:
    """As the truth file spells it, not as the configuration does."""
    found = told(tmp_path, recordings, entry(**changes))
    assert any(f"clip.mp4: {words}" in line for line in found), found


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, recordings: Path) -> None:
    """A clip that is no mapping goes by its number."""
    found = told(tmp_path, recordings, "clip", entry("gone.mp4"), entry(events=[{}]))
    assert {line.partition(":")[0] for line in found} == {"clip 1", "gone.mp4", "clip.mp4"}


def test_an_unknown_clip_is_named(tmp_path: Path, recordings: Path) -> None:
    """With what was probably meant."""
    with pytest.raises(ConfigError, match=r"clap: is not in the truth file.*clip"):
        load_truth(write_truth(tmp_path, entry()), recordings, ["clap"])


def test_a_clip_becomes_a_camera_with_rules_and_faults(tmp_path: Path, recordings: Path) -> None:
    """No cool-down; a black picture is looked for within seconds; remarks for people do no harm."""
    (clip,) = load_truth(write_truth(tmp_path, entry(filmed_by="somebody")), recordings, ["clip"])
    rules = {rule.id: rule for rule in clip.camera.rules}
    assert (rules["r1"].cool_down_s, rules["r1"].dwell_s) == (0, 1)
    assert (rules["fault-black"].type, rules["fault-black"].dwell_s) == ("camera_fault.black", 5)
    assert (set(clip.terms.armed), clip.terms.tolerance_s) == ({"r1"}, 0.5)
    assert clip.terms.dwell_s["camera_fault.black"] == 5


def test_a_fault_that_the_clip_arms_goes_by_its_type(tmp_path: Path, recordings: Path) -> None:
    """Truth may name the rule; faults are known by their type everywhere else."""
    fault = {"id": "dark", "type": "camera_fault.black", "dwell_s": 2}
    event = {"rule": "dark", "type": "camera_fault.black", "start_s": 1, "end_s": 9}
    (clip,) = load_truth(write_truth(tmp_path, entry(setup={"rules": [fault]}, events=[event])), recordings)
    assert clip.events[0].rule == "camera_fault.black"
    assert clip.terms.armed == {"camera_fault.black"}
    assert clip.terms.dwell_s["camera_fault.black"] == 2
    assert [rule.id for rule in clip.camera.rules if rule.type == "camera_fault.black"] == ["dark"]


def test_other_words_of_truth_files_are_understood(tmp_path: Path, recordings: Path) -> None:
    """Defocused is blurred, in events and in `negative_for`."""
    event = {"rule": "camera_fault.defocused", "type": "camera_fault.defocused", "start_s": 1, "end_s": 9}
    rule = {"id": "soft", "type": "camera_fault.defocused"}
    changed = entry(events=[event], negative_for=["camera_fault.defocused"], setup={"rules": [rule]})
    (clip,) = load_truth(write_truth(tmp_path, changed), recordings)
    assert clip.camera.rules[0].type == "camera_fault.blurred"
    assert (clip.events[0].rule, clip.events[0].event_type) == ("camera_fault.blurred", "camera_fault.blurred")
    assert clip.terms.negative_for == {"camera_fault.blurred"}


def test_stretches_to_be_ignored_are_read_from_key_and_notes(tmp_path: Path, recordings: Path) -> None:
    """The manifest's own sentence is understood."""
    notes = "Haze (treat smoke alarms after 25 s as neither right nor wrong)."
    changed = entry(notes=notes, ignore=[{"type": "crowding", "from_s": 3, "until_s": 5}])
    (clip,) = load_truth(write_truth(tmp_path, changed), recordings)
    assert clip.terms.ignored == (Ignored("crowding", 3, 5), Ignored("smoke_fire", 25))


def test_a_frozen_picture_is_looked_for_only_where_the_clip_speaks_of_it(tmp_path: Path, recordings: Path) -> None:
    """Recordings rebuilt from single pictures repeat them; where the fault is known, it is armed or off, never both."""
    silent, speaking = (
        load_truth(write_truth(tmp_path, entry(negative_for=types)), recordings)[0].camera.rules
        for types in ([], ["camera_fault.frozen"])
    )
    assert not any(r.enabled for r in silent if r.type == "camera_fault.frozen")
    assert all(r.enabled for r in speaking if r.type == "camera_fault.frozen")


@pytest.mark.parametrize(
    ("hard", "why"), [("seen from above", "seen from above"), (None, ""), (False, ""), (True, "True")]
)
def test_a_hard_clip_may_say_why_or_only_that(hard: object, why: str, tmp_path: Path, recordings: Path) -> None:
    """Remarks for people may have any form."""
    (clip,) = load_truth(write_truth(tmp_path, entry(hard=hard, notes=None, media=["any"])), recordings)
    assert clip.hard == why
