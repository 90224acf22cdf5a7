"""How long to wait after a failure, and when to leave an endpoint alone. Pure: time comes in, decisions go out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter: a uniform share of a span that doubles with every attempt.

    Full jitter spreads the cases of an outage evenly when the platform comes back.
    """

    first_s: float = 5.0
    longest_s: float = 3_600.0

    def span_s(self, attempts: int) -> float:
        """Return the longest wait after so many attempts (1: the first has just failed)."""
        # 2 ** 30 seconds is past any limit; the cap keeps the power finite.
        return min(self.longest_s, self.first_s * 2.0 ** min(max(attempts - 1, 0), 30))

    def pause_s(self, attempts: int, share: float) -> float:
        """Return the wait for a random `share` in 0-1."""
        return self.span_s(attempts) * share


class Circuit:
    """Whether an endpoint may be tried. After `threshold` failures in a row it is probed by one delivery at a time.

    Args:
        threshold: Failures in a row that open the circuit.
        pause_s: Least time between two probes, growing to `longest_pause_s`.
    """

    def __init__(self, threshold: int = 3, pause_s: float = 5.0, longest_pause_s: float = 60.0) -> None:
        self._threshold = threshold
        self._pause = Backoff(pause_s, longest_pause_s)
        self._failures = 0
        self._failed_probes = 0
        self._probing = False
        self._next_probe_s = 0.0

    @property
    def open(self) -> bool:
        """True while the endpoint counts as down."""
        return self._failures >= self._threshold

    def admit(self, at_s: float) -> bool:
        """Say whether a delivery may go now; a probe that is let through must end in `passed`, `failed` or `left`."""
        if not self.open:
            return True
        if self._probing or at_s < self._next_probe_s:
            return False
        self._probing = True
        return True

    def wait_s(self, at_s: float) -> float:
        """Return how long until the next probe may go."""
        return max(self._next_probe_s - at_s, 0.0)

    def passed(self) -> None:
        """The endpoint answered."""
        self._failures = self._failed_probes = 0
        self._probing = False

    def failed(self, at_s: float, least_wait_s: float = 0.0) -> None:
        """The endpoint did not answer, or asked to be left alone for `least_wait_s`."""
        self._failures += 1
        self._failed_probes += self._probing
        self._probing = False
        wait_s = self._pause.span_s(self._failed_probes + 1)
        self._next_probe_s = at_s + max(wait_s, least_wait_s)

    def left(self) -> None:
        """The probe ended without an answer either way (cancelled)."""
        self._probing = False
