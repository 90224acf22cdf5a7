"""When to wake whom: what comes close together is one message, and after one there is silence for a while."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

# Events of one cause come within seconds of each other.
COLLECT_S = 5.0
# A telephone that rings every few seconds is switched off.
QUIET_S = 60.0


@dataclass(slots=True)
class _Pending:
    due_s: float
    severity: str
    types: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person is told: no place, no picture, no item; a lock screen shows it to anybody.

    Attributes:
        severity: The severest of them.
        types: How many of each event type, the most frequent first.
    """

    account_id: str
    severity: str
    types: tuple[tuple[str, int], ...]

    @property
    def count(self) -> int:
        """How many items."""
        return sum(number for _, number in self.types)


class Notices:
    """Gathers per account; holds one entry per account at most. Times are of a monotonic clock."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}
        self._last_s: dict[str, float] = {}

    def add(self, account_id: str, severity: str, event_type: str, now_s: float) -> None:
        """Note that there is something for this person."""
        pending = self._pending.get(account_id)
        if pending is None:
            quiet_until_s = self._last_s.get(account_id, float("-inf")) + QUIET_S
            pending = self._pending[account_id] = _Pending(max(now_s + COLLECT_S, quiet_until_s), severity)
        pending.severity = min(pending.severity, severity)  # "S1" before "S2"
        pending.types[event_type] += 1

    def take(self, now_s: float) -> list[Notice]:
        """Return what is due, and begin the silence after it."""
        due = [account_id for account_id, pending in self._pending.items() if pending.due_s <= now_s]
        self._last_s = {who: at_s for who, at_s in self._last_s.items() if now_s - at_s < QUIET_S}
        self._last_s.update(dict.fromkeys(due, now_s))
        return [_notice(account_id, self._pending.pop(account_id)) for account_id in due]

    def next_due_s(self) -> float | None:
        """Return when the next becomes due, None when nothing is gathered."""
        return min((pending.due_s for pending in self._pending.values()), default=None)


def _notice(account_id: str, pending: _Pending) -> Notice:
    return Notice(account_id, pending.severity, tuple(pending.types.most_common()))
