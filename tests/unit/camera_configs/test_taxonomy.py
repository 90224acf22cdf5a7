"""The shipped table of event types."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from camera_configs.boundary import about_persons
from camera_configs.taxonomy import EVENT_TYPES, Deadline, EventTypeSpec, event_type, is_camera_fault

FAULTS = {"offline": "离线", "black": "黑屏", "covered": "遮挡", "frozen": "画面冻结", "moved": "画面移位"}


def test_an_unknown_type_is_a_key_error() -> None:
    """Asking for a type that is not in the table never invents one."""
    with pytest.raises(KeyError):
        event_type("camera_fault")


def test_no_type_is_about_persons() -> None:
    """The boundary holds in our own table."""
    assert [spec.id for spec in EVENT_TYPES.values() if about_persons(spec.id) or about_persons(spec.zh)] == []


def test_the_table_is_complete() -> None:
    """Twenty-seven scene types and the faults of a camera, each with words of its own."""
    faults = {spec.id for spec in EVENT_TYPES.values() if spec.parent == "camera_fault"}
    assert len(EVENT_TYPES) - len(faults) == 27
    for name, zh in FAULTS.items():
        assert event_type(f"camera_fault.{name}").zh == zh
    assert len({spec.zh for spec in EVENT_TYPES.values()}) == len(EVENT_TYPES)
    assert len({spec.en for spec in EVENT_TYPES.values()}) == len(EVENT_TYPES)


@pytest.mark.parametrize(
    ("type_id", "severity", "dwell_s", "deadline", "codes"),
    [
        ("smoke_fire", "S1", 5, "3 h", (None, None, None)),
        ("water_intrusion", "S1", 3, "5 min", (None, "06", "5/6")),
        ("crowding", "S2", 120, "15 min", (None, "11", "5/10")),
        ("litter", "S3", 1800, "4 wh", ("01-02", None, None)),
        ("spoil_heap", "S3", 3600, "2 wd", ("01-03", None, None)),
        ("camera_fault.covered", "S3", 30, "24 h", (None, None, "2/2")),
    ],
)
def test_rows_hold_the_agreed_values(
    type_id: str, severity: str, dwell_s: float, deadline: str, codes: tuple[str | None, ...]
) -> None:
    """A sample of rows against the plan of the domain."""
    spec = event_type(type_id)
    assert (spec.severity, spec.dwell_s) == (severity, dwell_s)
    assert f"{spec.deadline.amount} {spec.deadline.unit}" == deadline
    assert (spec.cm_code, spec.ga_code, spec.gb_code) == codes


def test_a_look_comes_more_often_than_the_dwell() -> None:
    """A condition is looked at at least three times before it becomes an event."""
    assert [spec.id for spec in EVENT_TYPES.values() if spec.dwell_s >= 30 and spec.cadence_s * 3 > spec.dwell_s] == []


def test_a_type_cannot_be_changed_in_place() -> None:
    """The table is shared by all cameras."""
    with pytest.raises(ValidationError):
        event_type("litter").severity = "S1"  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("amount", "unit", "zh", "en"),
    [
        (4, "wh", "4 工作时", "4 working hours"),
        (1, "wd", "1 工作日", "1 working day"),
        (30, "min", "30 分钟", "30 minutes"),
    ],
)
def test_deadlines_word_themselves(amount: int, unit: str, zh: str, en: str) -> None:
    """Both languages, and the singular."""
    deadline = Deadline.model_validate({"amount": amount, "unit": unit})
    assert (deadline.zh, deadline.en) == (zh, en)


def test_needs_model_follows_the_technique() -> None:
    """Only types recognised by a trained model are out of reach without one."""
    assert event_type("bin_overflow").needs_model
    assert not event_type("zone_intrusion").needs_model
    assert isinstance(event_type("litter"), EventTypeSpec)


def test_faults_are_told_from_scenes() -> None:
    """By the parent of their name."""
    assert is_camera_fault("camera_fault.black")
    assert not is_camera_fault("zone_intrusion")
