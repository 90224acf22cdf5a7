"""Tests of gateway.camera.audit."""

from __future__ import annotations

import pytest

from gateway.camera.audit import Audit, AuditCounts


def judged(audit: Audit, *seen: tuple[float, bool]) -> tuple[bool, bool]:
    """Whether movement was found, and whether a look would have found it."""
    for at_s, moving in seen:
        audit.see(at_s, moving=moving)
    return audit.active, audit.caught


@pytest.mark.parametrize(
    ("due", "seen", "expected"),
    [
        (False, [(10.2, False), (11.0, False)], (False, False)),
        (False, [(10.2, True), (11.0, False), (14.0, False)], (True, False)),  # over before the next look
        (False, [(10.2, True), (14.0, True)], (True, True)),  # still there at the next look
        (True, [(10.0, True), (10.4, False)], (True, True)),  # the look at this keyframe shows it
        (True, [(10.4, True), (11.0, False)], (True, False)),  # came after that look
        (False, [(9.0, True)], (False, False)),  # before the audit began
    ],
)
def test_a_gop_is_missed_when_no_look_would_show_its_movement(
    *, due: bool, seen: list[tuple[float, bool]], expected: tuple[bool, bool]
) -> None:
    """The audited GOP begins at 10 s, the next look is at 14 s."""
    assert judged(Audit(10.0, 14.0, due), *seen) == expected


def test_it_is_decided_once_caught_or_once_the_look_is_over() -> None:
    """Not before: movement may go on until the next look."""
    audit = Audit(10.0, 14.0, due=False)
    audit.see(10.5, moving=True)
    assert not audit.decided(13.9)
    assert audit.decided(14.1)
    audit.see(14.0, moving=True)
    assert audit.decided(14.0)


def test_it_waits_for_the_last_pictures_of_its_gop() -> None:
    """They come out of the lane after the next keyframe was read."""
    audit = Audit(10.0, 14.0, due=False)
    assert not audit.waits(10.5)
    audit.end_s = 12.0
    assert audit.waits(11.5)
    assert not audit.waits(11.8)


def test_counts() -> None:
    """Quiet GOPs are audited, caught ones active, the others missed."""
    counts = AuditCounts()
    for audit in (Audit(0, 1, True), Audit(0, 1, True, active=True, caught=True), Audit(0, 1, True, active=True)):
        counts.add(audit)
    assert (counts.audited, counts.active, counts.missed) == (3, 2, 1)
