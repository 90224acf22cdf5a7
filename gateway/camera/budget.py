"""How much computing time the analysis may take, and which camera has had how much of it."""

from __future__ import annotations

from dataclasses import dataclass

HALF_LIFE_S = 30.0  # what a camera used so long ago counts half
# Seconds of the whole budget that a quiet worker saves up for a busy moment.
CREDIT_S = 5.0
# Seconds of the whole budget that cameras below their fair share may take in advance.
SMALL_DEBT_S = 5.0
# More is forgiven: looks that have overdrawn for an hour must not forbid bursts for the next.
MAX_DEBT_S = 10.0
# Below this part of what the heavy users use; less than one, so that two equal ones are not both below.
FAIR_PART = 0.8
# Less is forgotten, and with it the names of cameras that are gone.
NEGLIGIBLE_S = 1e-3


@dataclass(slots=True)
class _Usage:
    cpu_s: float
    at_s: float


class CpuBudget:
    """CPU seconds per second for a worker's lanes, as a token bucket, with each camera's recent use.

    Looks are never refused by it, they overdraw; bursts are what remains. Pure: `now_s` is any clock that never goes
    back. Not thread-safe: `LanePool` calls it with its lock held.

    Args:
        cores: CPU seconds per second; None: no limit, only the use is kept.

    Raises:
        ValueError: `cores` is not above zero.
    """

    def __init__(self, cores: float | None = None) -> None:
        if cores is not None and cores <= 0:
            raise ValueError(f"a budget of {cores} cores")
        self._cores = cores
        self._tokens_s = CREDIT_S * (cores or 0.0)
        self._usage: dict[str, _Usage] = {}
        self._sum_s = 0.0  # of the recent use of all cameras
        self._squares = 0.0
        self._at_s: float | None = None  # of the tokens and the sums
        self._pruned_s = 0.0

    def tokens_s(self, now_s: float) -> float:
        """CPU seconds that may be spent at once; negative: owed. Without a limit always 0."""
        self._advance(now_s)
        return self._tokens_s

    def recent_s(self, name: str, now_s: float) -> float:
        """CPU seconds that the camera has used, the older the less (see `HALF_LIFE_S`)."""
        usage = self._usage.get(name)
        return usage.cpu_s * _decay(now_s - usage.at_s) if usage else 0.0

    def fair_share_s(self, now_s: float) -> float:
        """Recent use up to which a camera is no burden to the others.

        Measured by the mean over CPU seconds, not over cameras: what the camera that took a CPU second has used. A
        thousand quiet cameras do not lower it, and one spider web stands above it.
        """
        self._advance(now_s)
        return FAIR_PART * self._squares / self._sum_s if self._sum_s > 0 else 0.0

    def allows_burst(self, name: str, now_s: float) -> bool:
        """Say whether the camera may go on decoding every packet now."""
        if self._cores is None or self.tokens_s(now_s) > 0:
            return True
        small = self._tokens_s > -SMALL_DEBT_S * self._cores
        return small and self.recent_s(name, now_s) < self.fair_share_s(now_s)

    def spend(self, name: str | None, cpu_s: float, now_s: float) -> None:
        """Note CPU seconds used; a `name` of None is no camera in particular, and only the tokens shrink."""
        self._advance(now_s)
        if self._cores is not None:
            self._tokens_s = max(self._tokens_s - cpu_s, -MAX_DEBT_S * self._cores)
        if name is not None:
            self._note(name, cpu_s, now_s)
            if now_s - self._pruned_s > HALF_LIFE_S:
                self._prune(now_s)

    def _note(self, name: str, cpu_s: float, now_s: float) -> None:
        before_s = self.recent_s(name, now_s)
        self._usage[name] = _Usage(before_s + cpu_s, now_s)
        self._sum_s += cpu_s
        self._squares += cpu_s * (2 * before_s + cpu_s)

    def _advance(self, now_s: float) -> None:
        if self._at_s is None:
            self._at_s = now_s
        passed_s = max(0.0, now_s - self._at_s)
        self._at_s += passed_s
        if self._cores is not None:
            self._tokens_s = min(self._tokens_s + passed_s * self._cores, CREDIT_S * self._cores)
        decay = _decay(passed_s)
        self._sum_s *= decay
        self._squares *= decay * decay

    def _prune(self, now_s: float) -> None:
        """Forget who has used next to nothing, and make the sums anew before rounding errors pile up."""
        self._pruned_s = now_s
        recent = {name: self.recent_s(name, now_s) for name in self._usage}
        self._usage = {name: _Usage(cpu_s, now_s) for name, cpu_s in recent.items() if cpu_s >= NEGLIGIBLE_S}
        self._sum_s = sum(usage.cpu_s for usage in self._usage.values())
        self._squares = sum(usage.cpu_s**2 for usage in self._usage.values())


def _decay(passed_s: float) -> float:
    return 1.0 if passed_s <= 0 else 0.5 ** (passed_s / HALF_LIFE_S)
