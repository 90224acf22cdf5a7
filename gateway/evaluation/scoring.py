"""What was flagged against what is there: hits, misses and false alarms. Pure; all times are seconds of the recording.

A raised event of a rule answers a true event of that rule if it begins between `start_s - tolerance_s` and
`min(end_s, start_s + dwell_s + LATE_S)`; one answers one, and as many are answered as can be. What answers nothing is
a false alarm where somebody said that it would be one: its rule is armed by the clip, or its type is known not to
occur in it. Everything else was not annotated and is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from camera_configs.taxonomy import EVENT_TYPES
from gateway.types import Box

# Later than this after it was due, an event is of no use to the truth it would answer.
LATE_S = 5.0
# True events shorter than their dwell and this are not counted: nobody can say whether they were due.
LEAST_BEYOND_DWELL_S = 1.0
# A picture that is covered, black or does not change: three names for one thing that people see.
ALIKE = frozenset({"camera_fault.black", "camera_fault.covered", "camera_fault.frozen"})
# Words of truth files for types of the taxonomy.
_OTHER_WORDS = {"camera_fault.defocused": "camera_fault.blurred"}


def known_type(name: str) -> str:
    """Return the taxonomy's id for a type as truth files call it; unknown words are returned as they are."""
    return name if name in EVENT_TYPES else _OTHER_WORDS.get(name, name)


@dataclass(frozen=True, slots=True)
class TruthEvent:
    """Something that is visible from `start_s` to `end_s`; `rule` is a rule's id or, for a camera fault, its type."""

    rule: str
    event_type: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Raised:
    """An event that was flagged: since when it lasted, when it was raised and when it was last seen.

    `zone` and `boxes` (0-1 of the picture) say where; nothing here goes by them.
    """

    rule: str
    event_type: str
    start_s: float
    raised_s: float
    end_s: float
    zone: tuple[tuple[float, float], ...] = ()
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Raised events of this type that begin in this stretch are neither right nor wrong."""

    event_type: str
    from_s: float = 0.0
    until_s: float = float("inf")

    def covers(self, raised: Raised) -> bool:
        """Say whether the event is one of those."""
        return raised.event_type == self.event_type and self.from_s <= raised.start_s <= self.until_s


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a clip is judged.

    Attributes:
        dwell_s: Of each rule and armed fault, by id or type; an event is due so long after its start.
        armed: Rules whose events are false alarms where nothing is true.
        negative_for: Types likewise.
        tolerance_s: Of the starts that were written down.
        ignored: What is neither right nor wrong.
    """

    dwell_s: Mapping[str, float]
    armed: frozenset[str]
    negative_for: frozenset[str]
    tolerance_s: float
    ignored: tuple[Ignored, ...] = ()

    def due_s(self, event: TruthEvent) -> float:
        """Return when the event should be raised."""
        return event.start_s + self.dwell_s.get(event.rule, 0.0)

    def counts(self, event: TruthEvent) -> bool:
        """Say whether the event is long enough to be counted."""
        return event.end_s - self.due_s(event) >= LEAST_BEYOND_DWELL_S

    def in_time(self, event: TruthEvent, raised: Raised) -> bool:
        """Say whether the raised event begins when the true one may be said to."""
        last_s = min(event.end_s, self.due_s(event) + LATE_S)
        return event.start_s - self.tolerance_s <= raised.start_s <= last_s

    def is_false(self, raised: Raised) -> bool:
        """Say whether an event that answers nothing is a false alarm."""
        if any(each.covers(raised) for each in self.ignored):
            return False
        return raised.rule in self.armed or raised.event_type in self.negative_for


@dataclass(frozen=True, slots=True)
class Hit:
    """A true event, the raised one that answers it, and by how much that came after it was due (negative: before)."""

    truth: TruthEvent
    raised: Raised
    delay_s: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """One clip, judged."""

    hits: tuple[Hit, ...]
    misses: tuple[TruthEvent, ...]
    false_alarms: tuple[Raised, ...]


def judge(truth: Sequence[TruthEvent], raised: Sequence[Raised], terms: Terms) -> Judgement:
    """Compare what was flagged in one clip with what is there."""
    due = sorted((e for e in truth if terms.counts(e)), key=lambda e: (e.start_s, e.rule))
    flagged = sorted(raised, key=lambda r: (r.start_s, r.rule))
    answers = _answers(due, flagged, terms)
    hits = tuple(Hit(due[i], flagged[j], flagged[j].raised_s - terms.due_s(due[i])) for i, j in sorted(answers.items()))
    short = [e for e in truth if not terms.counts(e)]
    taken = set(answers.values())
    left = [r for j, r in enumerate(flagged) if j not in taken and not _tells_of_any(short, r, terms)]
    misses = tuple(e for i, e in enumerate(due) if i not in answers)
    return Judgement(hits, misses, tuple(r for r in left if terms.is_false(r)))


@dataclass(slots=True)
class Tally:
    """Counts of one event type, or of all."""

    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    delays_s: list[float] = field(default_factory=list)

    @property
    def truth(self) -> int:
        """True events that were counted."""
        return self.hits + self.misses

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall, 0-1; None where there is nothing to find and nothing was flagged."""
        whole = 2 * self.hits + self.misses + self.false_alarms
        return 2 * self.hits / whole if whole else None

    @property
    def median_delay_s(self) -> float | None:
        """From when the events were due to when they were raised; None without hits."""
        return median(self.delays_s) if self.delays_s else None


def tally(judgements: Iterable[Judgement]) -> dict[str, Tally]:
    """Count by event type, in order of the types' names; a hit counts for the type that is true."""
    found: dict[str, Tally] = {}
    for judgement in judgements:
        for hit in judgement.hits:
            mine = found.setdefault(hit.truth.event_type, Tally())
            mine.hits += 1
            mine.delays_s.append(hit.delay_s)
        for miss in judgement.misses:
            found.setdefault(miss.event_type, Tally()).misses += 1
        for alarm in judgement.false_alarms:
            found.setdefault(alarm.event_type, Tally()).false_alarms += 1
    return dict(sorted(found.items()))


def together(tallies: Iterable[Tally]) -> Tally:
    """Add up the counts of several types."""
    whole = Tally()
    for each in tallies:
        whole.hits += each.hits
        whole.misses += each.misses
        whole.false_alarms += each.false_alarms
        whole.delays_s += each.delays_s
    return whole


def quiet_s(truth: Iterable[TruthEvent], duration_s: float) -> float:
    """Return for how many seconds of a recording nothing of what was written down is there."""
    busy_s, until_s = 0.0, 0.0
    for start_s, end_s in sorted((e.start_s, min(e.end_s, duration_s)) for e in truth):
        busy_s += max(0.0, end_s - max(start_s, until_s))
        until_s = max(until_s, end_s)
    return max(0.0, duration_s - busy_s)


def _answers(due: Sequence[TruthEvent], flagged: Sequence[Raised], terms: Terms) -> dict[int, int]:
    """Return which raised event answers which true one; as many as can be, the very fault before one that is alike."""
    exact = [_candidates(e, flagged, terms, alike=False) for e in due]
    loose = [_candidates(e, flagged, terms, alike=True) for e in due]
    owner: dict[int, int] = {}
    for choices in (exact, loose):
        for i in range(len(due)):
            if i not in owner.values():
                _assign(i, choices, owner, set())
    return {i: j for j, i in owner.items()}


def _assign(i: int, choices: Sequence[Sequence[int]], owner: dict[int, int], tried: set[int]) -> bool:
    """Find an answer for a true event, moving others to another of theirs where that makes room (Kuhn)."""
    for j in choices[i]:
        if j in tried:
            continue
        tried.add(j)
        if j not in owner or _assign(owner[j], choices, owner, tried):
            owner[j] = i
            return True
    return False


def _candidates(event: TruthEvent, flagged: Sequence[Raised], terms: Terms, *, alike: bool) -> list[int]:
    fits = [
        j
        for j, r in enumerate(flagged)
        if (_same(event, r) or (alike and _alike(event, r))) and terms.in_time(event, r)
    ]
    return sorted(fits, key=lambda j: (not _same(event, flagged[j]), abs(flagged[j].start_s - event.start_s)))


def _tells_of_any(events: Iterable[TruthEvent], raised: Raised, terms: Terms) -> bool:
    return any((_same(e, raised) or _alike(e, raised)) and terms.in_time(e, raised) for e in events)


def _same(event: TruthEvent, raised: Raised) -> bool:
    return event.rule in {raised.rule, raised.event_type}


def _alike(event: TruthEvent, raised: Raised) -> bool:
    return event.event_type in ALIKE and raised.event_type in ALIKE
