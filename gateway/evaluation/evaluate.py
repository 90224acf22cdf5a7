"""All clips of a truth file, one after another: watched, judged, counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.evaluation.pipeline import Eyes, Watched, watch
from gateway.evaluation.scoring import Judgement, Tally, judge, quiet_s, tally, together
from gateway.evaluation.truth import Clip

# Fewer true events of a type say little of it.
LEAST_TRUTH = 3
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class ClipResult:
    """One clip: what the pipeline made of it, and how that compares with what is there."""

    clip: Clip
    watched: Watched
    judgement: Judgement

    def reason(self, rule: str) -> str:
        """Return why a rule could not run, "" when it could."""
        return dict(self.watched.unarmed).get(rule, "")


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts over some clips, by event type.

    Attributes:
        hours: Of recordings.
        quiet_hours: Of those, without anything of what was written down.
        quiet_false_alarms: False alarms that began in them.
    """

    types: dict[str, Tally]
    hours: float
    quiet_hours: float
    quiet_false_alarms: int

    @property
    def whole(self) -> Tally:
        """All types together."""
        return together(self.types.values())

    @property
    def common(self) -> Tally:
        """The types with `LEAST_TRUTH` true events and more, together."""
        return together(t for t in self.types.values() if t.truth >= LEAST_TRUTH)

    @property
    def false_alarms_per_hour(self) -> float:
        """Per hour of one camera."""
        return self.whole.false_alarms / self.hours if self.hours else 0.0

    @property
    def quiet_false_alarms_per_hour(self) -> float:
        """Per hour of one camera on which nothing is to be seen."""
        return self.quiet_false_alarms / self.quiet_hours if self.quiet_hours else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that came of a truth file.

    Attributes:
        model: The object model's name.
        gated: The gate was in force.
        wall_s: How long it took; the one thing that another run does not repeat.
    """

    results: tuple[ClipResult, ...]
    model: str
    gated: bool
    wall_s: float

    @property
    def counted(self) -> Sums:
        """The clips that count."""
        return sums(r for r in self.results if not r.clip.hard)

    @property
    def hard(self) -> Sums:
        """The clips that are reported apart."""
        return sums(r for r in self.results if r.clip.hard)

    @property
    def realtime_factor(self) -> float:
        """Seconds of recordings per second of work."""
        return sum(r.watched.duration_s for r in self.results) / self.wall_s if self.wall_s > 0 else 0.0


def evaluate(
    clips: Sequence[Clip],
    eyes: Eyes,
    *,
    gated: bool = True,
    progress: Callable[[str], None] = lambda _: None,
    stopwatch_s: Callable[[], float] = time.perf_counter,
) -> Evaluation:
    """Watch and judge clips.

    Raises:
        RecordingFailed, CameraError: A recording broke off; nothing is reported.
    """
    began_s = stopwatch_s()
    results = []
    for number, clip in enumerate(clips, 1):
        results.append(_one(clip, eyes, gated=gated))
        progress(f"[{number}/{len(clips)}] {clip.file}: {_words(results[-1].judgement)}")
    return Evaluation(tuple(results), eyes.name, gated, stopwatch_s() - began_s)


def sums(results: Iterable[ClipResult]) -> Sums:
    """Count over clips."""
    mine = list(results)
    quiet = [(r, quiet_s(r.clip.events, r.watched.duration_s)) for r in mine]
    return Sums(
        tally(r.judgement for r in mine),
        sum(r.watched.duration_s for r in mine) / _HOUR_S,
        sum(seconds for _, seconds in quiet) / _HOUR_S,
        sum(_in_quiet(r) for r in mine),
    )


def _one(clip: Clip, eyes: Eyes, *, gated: bool) -> ClipResult:
    watched = watch(clip.path, clip.camera, eyes, gated=gated, starts_at=clip.starts_at)
    return ClipResult(clip, watched, judge(clip.events, watched.events, clip.terms))


def _in_quiet(result: ClipResult) -> int:
    events = result.clip.events
    return sum(not any(e.start_s <= a.start_s <= e.end_s for e in events) for a in result.judgement.false_alarms)


def _words(judgement: Judgement) -> str:
    return f"{len(judgement.hits)} hits, {len(judgement.misses)} misses, {len(judgement.false_alarms)} false alarms"
