"""The life of one condition: begun, lasted long enough, still there, gone. Patience lives here and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gateway.types import Box, Phase, Signal

# A raised condition outlives a gap in the stream of this length (a camera that restarts takes 30-90 s).
MAX_GAP_S = 120.0
# Of a dwell still running, nobody can say that it lasted through a longer gap than this: three slow looks.
CANDIDATE_GAP_S = 30.0
# Absent in one frame may be a missed detection; it takes two, however far apart, besides `clear_s`.
FRAMES_TO_CLEAR = 2
ONGOING_EVERY_S = 1.0
# The reported beginning of a condition may wobble by this much without counting as another one.
SINCE_SLACK_S = 1.5


@dataclass(frozen=True, slots=True)
class Subject:
    """What the condition is about; copied into every signal."""

    camera_id: str
    rule_id: str
    event_type: str
    zone_id: str | None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is long enough."""

    dwell_s: float
    clear_s: float
    cool_down_s: float


@dataclass(frozen=True, slots=True)
class Sight:
    """The condition as it shows in one frame.

    `since_s`: when it began, if what is seen tells (a car that has stood since ...); None: it began when first seen.
    """

    since_s: float | None = None
    confidence: float = 1.0
    label: str = ""
    count: int = 0
    boxes: tuple[Box, ...] = ()


class Condition:
    """Turns sightings, frame by frame, into signals; at most one condition at a time.

    `gaps_matter` is False where nobody has to look for the condition to last: a camera that is away.
    During the cool-down after an event a new condition may begin, but is not raised before the silence is over.
    """

    def __init__(self, subject: Subject, patience: Patience, *, gaps_matter: bool = True) -> None:
        self._gaps_matter = gaps_matter
        self.subject = subject
        self.patience = patience
        self._phase: Phase | None = None  # None, CANDIDATE or RAISED
        self._since_s = 0.0
        self._sight = Sight()
        self._present_s = 0.0  # when last seen
        self._misses = 0
        self._told_s = -math.inf  # when RAISED or ONGOING was last sent
        self._quiet_until_s = -math.inf
        self._updated_s = -math.inf

    @property
    def active(self) -> bool:
        """A candidate or a raised condition is under way."""
        return self._phase is not None

    @property
    def raised(self) -> bool:
        """An event is under way."""
        return self._phase is Phase.RAISED

    @property
    def in_doubt(self) -> bool:
        """It was missing in the latest frame, and is not yet given up."""
        return self.active and self._misses > 0

    def update(self, sight: Sight | None, at_s: float) -> list[Signal]:
        """Take in one frame; `sight` is None when the condition does not show in it."""
        signals = self.drop(at_s) if self._gap_too_long(at_s) else []
        self._updated_s = at_s
        if sight is None or self._is_another(sight, at_s):
            return signals + self._absent(at_s)
        return signals + self._present(sight, at_s)

    def rest(self, at_s: float) -> list[Signal]:
        """Let time pass in which nobody can look, as in a gap: what has waited too long by then has ended."""
        return self.drop(at_s) if self._gap_too_long(at_s) else []

    def drop(self, at_s: float) -> list[Signal]:
        """End the condition at once: the rule is no longer armed, or too long a gap has passed."""
        if self._phase is None:
            return []
        if self.raised:
            self._quiet_until_s = at_s + self.patience.cool_down_s
        self._phase = None
        return [self._signal(Phase.CLEARED, at_s)]

    def _gap_too_long(self, at_s: float) -> bool:
        return self._gaps_matter and at_s - self._updated_s > (MAX_GAP_S if self.raised else CANDIDATE_GAP_S)

    def _is_another(self, sight: Sight, at_s: float) -> bool:
        """Say whether what shows began after the raised event did and has not lasted long enough to carry it on."""
        if not self.raised or sight.since_s is None or sight.since_s <= self._since_s + SINCE_SLACK_S:
            return False
        return at_s - sight.since_s < self.patience.dwell_s

    def _absent(self, at_s: float) -> list[Signal]:
        self._misses += 1
        gone = self._misses >= FRAMES_TO_CLEAR and at_s - self._present_s > self.patience.clear_s
        return self.drop(at_s) if gone else []

    def _present(self, sight: Sight, at_s: float) -> list[Signal]:
        signals: list[Signal] = []
        self._misses, self._present_s = 0, at_s
        since_s = at_s if sight.since_s is None else sight.since_s
        if self._phase is Phase.CANDIDATE and sight.since_s is not None and since_s > self._since_s + SINCE_SLACK_S:
            signals += self.drop(at_s)
        if self._phase is None:
            self._phase, self._since_s = Phase.CANDIDATE, since_s
            self._sight = sight
            signals.append(self._signal(Phase.CANDIDATE, at_s))
        self._sight = sight
        return signals + self._go_on(at_s)

    def _go_on(self, at_s: float) -> list[Signal]:
        if self._phase is Phase.CANDIDATE:
            due = at_s - self._since_s >= self.patience.dwell_s and at_s >= self._quiet_until_s
            return self._tell(Phase.RAISED, at_s) if due else []
        return self._tell(Phase.ONGOING, at_s) if at_s - self._told_s >= ONGOING_EVERY_S else []

    def _tell(self, phase: Phase, at_s: float) -> list[Signal]:
        self._phase, self._told_s = Phase.RAISED, at_s
        return [self._signal(phase, at_s)]

    def _signal(self, phase: Phase, at_s: float) -> Signal:
        subject, sight = self.subject, self._sight
        return Signal(
            phase,
            subject.camera_id,
            subject.rule_id,
            subject.event_type,
            subject.zone_id,
            since_s=self._since_s,
            at_s=at_s,
            confidence=sight.confidence,
            label=sight.label,
            count=sight.count,
            boxes=sight.boxes,
        )
