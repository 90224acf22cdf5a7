"""What a device says becomes looks, a note, or nothing."""

from __future__ import annotations

from gateway.fleet.camera_hints import AGAIN_S, GOES_ON_S, CameraHints
from gateway.onvif.topics import HintKind
from storage.records import CAMERA_NOTES


def test_a_device_that_speaks_without_end_is_not_looked_at_without_end() -> None:
    """At most one look a second, and what came meanwhile is not lost."""
    hints = CameraHints()
    asked = [hints.take(HintKind.MOTION, n / 10, active=True) for n in range(30)]
    assert sum(asked) == 3
    assert not hints.due(2.95)
    assert hints.due(3.0)


def test_motion_that_goes_on_is_looked_at_now_and_then_for_a_minute() -> None:
    """The device says it once; its end is no reason to look."""
    hints = CameraHints()
    assert hints.take(HintKind.MOTION, 0.0, active=True)
    looks = [s for s in range(1, 200) if hints.due(float(s))]
    assert looks == list(range(int(AGAIN_S), int(GOES_ON_S), int(AGAIN_S)))
    assert hints.take(HintKind.MOTION, 300.0, active=True)
    assert not hints.take(HintKind.MOTION, 302.0, active=False)
    assert not any(hints.due(float(s)) for s in range(303, 400))


def test_tampering_and_loss_of_signal_stand_as_notes_until_they_are_over() -> None:
    """Begin and end are both worth a look; an end without a beginning is not."""
    hints = CameraHints()
    assert not hints.take(HintKind.TAMPER, 0.0, active=False)
    assert hints.take(HintKind.TAMPER, 1.0, active=True)
    assert hints.take(HintKind.SIGNAL_LOSS, 5.0, active=True)
    assert list(hints.notes) == ["device_tamper", "device_signal_loss"]
    assert set(hints.notes) <= set(CAMERA_NOTES)
    assert hints.take(HintKind.TAMPER, 9.0, active=False)
    assert list(hints.notes) == ["device_signal_loss"]


def test_nothing_holds_of_a_device_that_cannot_be_heard() -> None:
    """Neither its notes nor its motion."""
    hints = CameraHints()
    hints.take(HintKind.TAMPER, 0.0, active=True)
    hints.take(HintKind.MOTION, 0.1, active=True)
    hints.forget()
    assert (hints.notes, hints.due(30.0)) == ((), False)
