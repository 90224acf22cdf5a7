"""What a camera's rules, as they are or as they shall become, would have flagged in the clips that were kept of it.

A clip shows one event and some seconds around it, so this says what a rule would have made of what was flagged, not
what it would have found besides. Where a clip leaves out a dull middle, its last picture is shown again until the clip
goes on: nothing is known to have changed in between, and a dwell of minutes is then lived through as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from camera_configs.models import CameraConfig, SiteConfig
from camera_configs.taxonomy import is_camera_fault
from gateway.evaluation.cameras import FROZEN, dwell_of
from gateway.evaluation.pipeline import Eyes, Session, duration_of, frames_of, rules_for
from gateway.evaluation.scoring import Raised
from gateway.types import Frame
from storage.records import ClipSegment, Event, Verdict

# A picture that stands for a stretch left out is shown this often: more than enough looks for any rule.
HELD_EVERY_S = 2.0
LEAST_GAP_S = 4.0  # between two pictures; less is a slow camera
# Begin and end of an event, as another configuration sees it, may be this far from what was kept.
SLACK_S = 2.0


class Would(StrEnum):
    """What becomes of an event under the rules tried."""

    FLAGGED = "flagged"
    NOT_FLAGGED = "not_flagged"
    UNKNOWN = "unknown"  # the clip ends before the rule's dwell is over, or no clip was kept


@dataclass(frozen=True, slots=True)
class Kept:
    """An event with its clip and what people said of it.

    Attributes:
        clip: None when none was kept, or its file is gone.
        verdict: None while it waits.
    """

    event: Event
    clip: Path | None
    segments: tuple[ClipSegment, ...] = ()
    verdict: Verdict | None = None

    @property
    def verdict_name(self) -> str:
        """For people."""
        return "waiting" if self.verdict is None else self.verdict.value


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event under the rules tried.

    Attributes:
        raised: What stands for it now, None where nothing does.
        others: What else would have been flagged in the clip.
        reason: Why nothing can be said, or why the rule cannot run; "" otherwise.
    """

    kept: Kept
    would: Would
    raised: Raised | None = None
    others: tuple[Raised, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would have been flagged, beside what was.

    Attributes:
        unarmed: Rule id and reason of every rule that cannot run.
    """

    camera_id: str
    events: tuple[Replayed, ...]
    unarmed: tuple[tuple[str, str], ...]

    def count(self, verdict: str, would: Would) -> int:
        """Return how many events of a verdict come out so."""
        return sum(r.kept.verdict_name == verdict and r.would is would for r in self.events)

    @property
    def verdicts(self) -> list[str]:
        """Those that occur, by name."""
        return sorted({r.kept.verdict_name for r in self.events})


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        site: To which the camera belongs; its event types say what rules leave open.
        camera: With the rules to be tried.
        time_zone: In which schedules are meant.
    """

    site: SiteConfig
    camera: CameraConfig
    eyes: Eyes
    time_zone: ZoneInfo

    def session(self, starts_at: datetime) -> Session:
        """Return a new session for a clip that begins then."""
        site = self.site.model_copy(update={"cameras": (self.camera,)})
        return Session(self.camera, self.eyes, starts_at, site=site, time_zone=self.time_zone)


def dry_run(trial: Trial, kept: Sequence[Kept], progress: Callable[[str], None] = lambda _: None) -> DryRun:
    """Replay kept events under a camera's rules.

    Raises:
        CameraError: A clip cannot be read.
    """
    replayed = []
    for number, each in enumerate(kept, 1):
        replayed.append(replay(each, trial))
        progress(f"[{number}/{len(kept)}] {each.event.id} {each.event.event_type}: {replayed[-1].would.value}")
    unarmed = rules_for(trial.camera, trial.eyes, trial.site.event_type).unarmed
    return DryRun(trial.camera.id, tuple(replayed), unarmed)


def replay(kept: Kept, trial: Trial) -> Replayed:
    """Show one clip to a camera's rules, at the moments at which it was taken.

    Raises:
        CameraError: The clip cannot be read.
    """
    event = kept.event
    if event.event_type == FROZEN:
        return Replayed(kept, Would.UNKNOWN, reason="a clip does not tell a frozen picture from one left out")
    if kept.clip is None:
        return Replayed(kept, Would.UNKNOWN, reason="no clip was kept")
    origin = kept.segments[0].wall_start if kept.segments else event.started_at
    session, last_s = trial.session(origin), 0.0
    for frame in held(at_moments(frames_of(trial.camera, kept.clip), kept.segments)):
        session.take(frame)
        last_s = frame.at_s
    watched = session.finish(duration_of(kept.clip))
    span_s = tuple((moment - origin).total_seconds() for moment in (event.started_at, event.raised_at))
    mine = [r for r in watched.events if r.event_type == event.event_type and _near(r, *span_s)]
    others = tuple(r for r in watched.events if r not in mine and r.event_type != FROZEN)
    if mine:
        same_rule = next((r for r in mine if r.rule == event.rule_id), mine[0])
        return Replayed(kept, Would.FLAGGED, same_rule, others)
    return _unflagged(kept, trial.camera, others, last_s - span_s[0])


def at_moments(frames: Iterable[Frame], segments: Sequence[ClipSegment]) -> Iterator[Frame]:
    """Put a clip's frames at the moments at which they were taken, in seconds since the clip's first."""
    for frame in frames:
        segment = next((s for s in reversed(segments) if frame.at_s >= s.clip_start_s - 1e-3), None)
        if segment is None:
            yield frame
            continue
        gap_s = (segment.wall_start - segments[0].wall_start).total_seconds() - segment.clip_start_s
        yield replace(frame, at_s=frame.at_s + gap_s + segments[0].clip_start_s)


def held(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Fill stretches that a clip leaves out with the picture before them."""
    before: Frame | None = None
    for frame in frames:
        if before is not None and frame.at_s - before.at_s > LEAST_GAP_S:
            missing = math.ceil((frame.at_s - before.at_s) / HELD_EVERY_S) - 1
            for n in range(1, missing + 1):
                yield replace(before, at_s=before.at_s + n * HELD_EVERY_S)
        yield frame
        before = frame


def to_json(found: DryRun) -> dict[str, Any]:
    """Return the outcome as plain data."""
    return {
        "camera": found.camera_id,
        "verdicts": {v: {would.value: found.count(v, would) for would in Would} for v in found.verdicts},
        "unarmed": [{"rule": rule, "reason": reason} for rule, reason in found.unarmed],
        "events": [_plain(each) for each in found.events],
    }


def to_text(found: DryRun) -> str:
    """Return a line per event, then how each verdict comes out."""
    lines = [f"{'started':26}{'type':24}{'rule':16}{'verdict':12}{'would be':13}why / what else"]
    for each in found.events:
        event = each.kept.event
        more = ", ".join(sorted({f"{r.event_type} by {r.rule}" for r in each.others}))
        words = "; ".join(filter(None, (each.reason, more and f"besides: {more}")))
        lines.append(
            f"{event.started_at.isoformat(timespec='seconds'):26}{event.event_type:24}{event.rule_id:16}"
            f"{each.kept.verdict_name:12}{each.would.value:13}{words}"
        )
    lines += [f"# rule {rule} cannot run: {reason}" for rule, reason in found.unarmed]
    return "\n".join([*lines, *(_sum(found, verdict) for verdict in found.verdicts)])


def _near(raised: Raised, started_s: float, raised_s: float) -> bool:
    return raised.start_s <= raised_s + SLACK_S and raised.end_s >= started_s - SLACK_S


def _unflagged(kept: Kept, camera: CameraConfig, others: tuple[Raised, ...], shown_s: float) -> Replayed:
    rules = [r for r in camera.rules if r.enabled and r.type == kept.event.event_type]
    patient = [r for r in rules if dwell_of(r) > shown_s]
    if rules and len(patient) == len(rules):
        reason = f"the clip shows {shown_s:.0f} s of it, the rule waits for {min(map(dwell_of, rules)):.0f} s"
        return Replayed(kept, Would.UNKNOWN, others=others, reason=reason)
    named = bool(rules) or is_camera_fault(kept.event.event_type)  # faults are armed without a rule
    return Replayed(kept, Would.NOT_FLAGGED, others=others, reason="" if named else "no rule of this type")


def _plain(each: Replayed) -> dict[str, Any]:
    event = each.kept.event
    return {
        "id": event.id,
        "type": event.event_type,
        "rule": event.rule_id,
        "started_at": _iso(event.started_at),
        "verdict": each.kept.verdict_name,
        "would": each.would.value,
        "by_rule": each.raised.rule if each.raised else None,
        "others": [{"type": r.event_type, "rule": r.rule} for r in each.others],
        "reason": each.reason,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _sum(found: DryRun, verdict: str) -> str:
    counts = {would: found.count(verdict, would) for would in Would}
    return (
        f"# {verdict}: {sum(counts.values())} events, {counts[Would.FLAGGED]} would be flagged, "
        f"{counts[Would.NOT_FLAGGED]} would not, {counts[Would.UNKNOWN]} cannot be told"
    )
