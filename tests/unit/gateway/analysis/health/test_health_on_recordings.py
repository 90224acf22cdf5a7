"""Real recordings, one look per keyframe: faults are told in time, and what is no fault is not told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.analysis.health import fault_types as fault
from scripts.benches.faults import Watch, frame_of, looks_of

GOP_S = 2.0
DWELL_S = 3.0


def told(media: Path, name: str) -> list[tuple[str, float]]:
    """Return what was raised when."""
    watch = Watch(DWELL_S)
    for number, picture in enumerate(looks_of(media / "open" / f"{name}.mp4", GOP_S)):
        watch.look(frame_of(picture, number * GOP_S))
    return watch.told


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "kind", "began_s"),
    [
        ("derived_tamper_black", fault.BLACK, 15.0),
        ("derived_tamper_cover", fault.COVERED, 15.5),
        ("derived_tamper_freeze", fault.FROZEN, 12.0),
        ("derived_tamper_defocus", fault.BLURRED, 16.0),
        ("derived_tamper_moved", fault.MOVED, 15.0),
    ],
)
def test_faults_are_told_once_and_soon(media: Path, name: str, kind: str, began_s: float) -> None:
    """After the dwell and at most three looks."""
    ((said, at_s),) = told(media, name)
    assert said == kind
    assert began_s + DWELL_S <= at_s <= began_s + DWELL_S + 3 * GOP_S


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    ["derived_light_change_negative", "night_led_square", "motorway_traffic", "derived_crowd_gathering", "alley_smoke"],
)
def test_light_screens_traffic_and_smoke_are_no_fault(media: Path, name: str) -> None:
    """Nothing is told of a camera that is well."""
    assert told(media, name) == []
