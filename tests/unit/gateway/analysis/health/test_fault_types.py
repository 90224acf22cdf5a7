"""The names of faults are those of the shipped table."""

from __future__ import annotations

from camera_configs.taxonomy import EVENT_TYPES, is_camera_fault
from gateway.analysis.health import fault_types as fault


def test_every_fault_is_in_the_shipped_table() -> None:
    """Otherwise no camera could be armed."""
    assert set(EVENT_TYPES) >= fault.ARMED_APART
    assert all(is_camera_fault(kind) for kind in fault.ARMED_APART)


def test_darkness_is_not_armed_unasked() -> None:
    """Only a site knows whether it is a fault."""
    assert fault.TOO_DARK not in fault.ALWAYS_FROM_PICTURES
