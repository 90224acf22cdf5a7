"""Tests of gateway.evaluation.report."""

from __future__ import annotations

import json

import pytest

from gateway.evaluation.evaluate import Evaluation
from gateway.evaluation.report import NoPlace, into_page, to_json, to_markdown, to_text


def test_json_holds_the_figures_that_programs_read(evaluation: Evaluation) -> None:
    """By exactly these names."""
    report = json.loads(json.dumps(to_json(evaluation), allow_nan=False))
    assert set(report) >= {"types", "overall_f1", "false_alarms_per_camera_hour", "clips", "realtime_factor"}
    assert set(report["types"]["crowding"]) == {"truth", "hits", "misses", "false_alarms", "f1", "median_delay_s"}
    assert report["types"]["zone_intrusion"] | {"median_delay_s": 0} == {
        "truth": 2,
        "hits": 1,
        "misses": 1,
        "false_alarms": 1,
        "f1": 0.5,
        "median_delay_s": 0,
    }
    assert report["types"]["crowding"]["median_delay_s"] is None
    assert report["overall_f1"] == 0.4
    assert (report["model"], report["gate"], report["realtime_factor"]) == ("motion", "on", 10.0)


def test_json_tells_of_each_clip_what_was_flagged_and_what_was_not(evaluation: Evaluation) -> None:
    """A false alarm is not matched; a miss has its reason."""
    clip, hard = to_json(evaluation)["clips"]
    assert (clip["file"], clip["hard"], hard["hard"]) == ("clip.mp4", False, True)
    assert [(e["type"], e["matched"], e["false_alarm"]) for e in clip["events"]] == [
        ("zone_intrusion", True, False),
        ("zone_intrusion", False, True),
    ]
    assert [(m["type"], m["start_s"]) for m in clip["missed"]] == [("crowding", 4.0), ("zone_intrusion", 9.0)]
    assert clip["missed"][0]["reason"].startswith("the rule cannot run")
    assert [e["matched"] for e in hard["events"]] == [True, True]


def test_markdown_has_a_row_per_type_and_per_failure(evaluation: Evaluation) -> None:
    """Tables as they stand in the documentation."""
    text = to_markdown(evaluation)
    assert "| zone_intrusion | 2 | 1 | 1 | 1 | 0.50 |" in text
    assert "| crowding | 1 | 0 | 1 | 0 | 0.00 | - |" in text
    assert text.count("| missed |") == 2
    assert text.count("| false alarm |") == 1


def test_the_terminal_shows_the_same_table(evaluation: Evaluation) -> None:
    """One line per type and one for all, then the figures."""
    lines = to_text(evaluation).splitlines()
    assert [line.split()[0] for line in lines] == ["type", "crowding", "zone_intrusion", "all", "#", "#"]


def test_a_page_keeps_its_words_and_renews_its_tables(evaluation: Evaluation) -> None:
    """Those of this model and gate, as often as one likes; others stay."""
    other = "<!-- evaluate yolox on -->\nold\n<!-- /evaluate -->\n"
    page = f"# Results\n<!-- evaluate motion on -->\nold\n<!-- /evaluate -->\nWords.\n{other}"
    once = into_page("new\n", page, evaluation)
    assert once == f"# Results\n<!-- evaluate motion on -->\n\nnew\n\n<!-- /evaluate -->\nWords.\n{other}"
    assert into_page("new\n", once, evaluation) == once


def test_a_page_without_places_is_the_tables(evaluation: Evaluation) -> None:
    """A new file, or one that was written so before."""
    assert into_page("new\n", "", evaluation) == into_page("new\n", "old\n", evaluation) == "new\n"


def test_a_page_without_this_place_is_left_alone(evaluation: Evaluation) -> None:
    """Nobody wants a page of documentation replaced by a table."""
    with pytest.raises(NoPlace, match="evaluate motion on"):
        into_page("new\n", "<!-- evaluate yolox on -->\n<!-- /evaluate -->\n", evaluation)
