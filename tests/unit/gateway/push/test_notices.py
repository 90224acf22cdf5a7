"""Quiet and bounded: when a person is woken."""

from __future__ import annotations

from gateway.push.notices import COLLECT_S, QUIET_S, Notices


def test_what_comes_together_is_one_message() -> None:
    """The severest is named, the frequent first, after a moment of waiting for more."""
    notices = Notices()
    assert notices.next_due_s() is None
    for second, (severity, kind) in enumerate([("S2", "smoke"), ("S1", "fire"), ("S2", "smoke")]):
        notices.add("li", severity, kind, float(second))
    assert notices.take(COLLECT_S - 0.1) == []
    assert notices.next_due_s() == COLLECT_S
    (notice,) = notices.take(COLLECT_S)
    assert (notice.account_id, notice.severity, notice.count) == ("li", "S1", 3)
    assert notice.types == (("smoke", 2), ("fire", 1))
    assert notices.take(COLLECT_S) == []


def test_silence_after_a_message() -> None:
    """A storm rings once a minute; a later single event rings at once again. Others have silences of their own."""
    notices = Notices()
    notices.add("li", "S1", "fire", 0.0)
    notices.take(COLLECT_S)
    for second in range(6, 60):
        notices.add("li", "S1", "fire", float(second))
    notices.add("wang", "S2", "smoke", 6.0)
    assert [n.account_id for n in notices.take(59.0)] == ["wang"]
    (notice,) = notices.take(COLLECT_S + QUIET_S)
    assert notice.count == 54
    notices.add("li", "S1", "fire", 1_000.0)
    assert notices.next_due_s() == 1_000.0 + COLLECT_S
