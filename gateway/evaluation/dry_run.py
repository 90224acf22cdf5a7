"""What a camera's rules, as they are or as they shall become, would have flagged in the clips that were kept of it.

A clip shows one event and some seconds around it, so this says what a rule would have made of what was flagged, not
what it would have found besides. Where a clip leaves out a dull middle, its last picture is shown again until the clip
goes on: nothing is known to have changed in between, and a dwell of minutes is then lived through as it was.

A clip begins seconds before its event, while the camera had been watched for hours: some events cannot be seen in their
clips at all. So what the rules tried do not flag is shown to the present rules too, as a control; where these do not
flag it either, the clip tells nothing about the change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from camera_configs.models import CameraConfig, SiteConfig
from camera_configs.taxonomy import is_camera_fault
from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.look import decode_look
from gateway.evaluation.cameras import FROZEN, dwell_of
from gateway.evaluation.pipeline import Eyes, Session, duration_of, frames_of, masks_of, rules_for
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
    UNKNOWN = "unknown"  # what was kept does not tell; see `Because`


class Because(StrEnum):
    """Why nothing can be said, or what speaks without any clip."""

    NOTHING = ""
    CONTROL = "control"  # the present rules do not flag it in what was kept, either
    TOO_SHORT = "too_short"  # the clip ends before the rule's dwell is over
    NO_CLIP = "no_clip"
    FROZEN = "frozen"  # a clip does not tell a frozen picture from one left out
    NO_RULE = "no_rule"  # nothing looks for such events


@dataclass(frozen=True, slots=True)
class KeptLook:
    """A picture by which a polled camera was watched, and the moment of it."""

    file: Path
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """An event with its clip and what people said of it.

    Attributes:
        clip: None when none was kept, or its file is gone.
        looks: The pictures that led to the event, oldest first, where the camera was polled; stand in for a clip.
        verdict: None while it waits.
    """

    event: Event
    clip: Path | None
    segments: tuple[ClipSegment, ...] = ()
    verdict: Verdict | None = None
    looks: tuple[KeptLook, ...] = ()

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
        because: Why nothing can be said, or why it is not flagged whatever the clip shows.
        reason: The same for people; "" otherwise.
    """

    kept: Kept
    would: Would
    raised: Raised | None = None
    others: tuple[Raised, ...] = ()
    reason: str = ""
    because: Because = Because.NOTHING


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
    def unknown(self) -> dict[str, int]:
        """Why nothing can be said, and of how many events."""
        found = Counter(r.because.value for r in self.events if r.would is Would.UNKNOWN)
        return {because.value: found[because.value] for because in Because if found[because.value]}

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
        present: With the rules in force: the control. None: these are the rules tried.
    """

    site: SiteConfig
    camera: CameraConfig
    eyes: Eyes
    time_zone: ZoneInfo
    present: CameraConfig | None = None

    def session(self, starts_at: datetime) -> Session:
        """Return a new session for a clip that begins then."""
        site = self.site.model_copy(update={"cameras": (self.camera,)})
        return Session(self.camera, self.eyes, starts_at, site=site, time_zone=self.time_zone)

    @property
    def control(self) -> Trial | None:
        """The same with the rules in force; None where these are tried."""
        if self.present is None or _judging(self.present) == _judging(self.camera):
            return None
        return replace(self, camera=self.present, present=None)


def _judging(camera: CameraConfig) -> tuple[object, ...]:
    """Return what of a camera decides what is flagged."""
    return camera.rules, camera.zones, camera.perspective, camera.detector


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
        reason = "a clip does not tell a frozen picture from one left out"
        return Replayed(kept, Would.UNKNOWN, reason=reason, because=Because.FROZEN)
    if kept.clip is None and not kept.looks:
        return Replayed(kept, Would.UNKNOWN, reason="no clip was kept", because=Because.NO_CLIP)
    found = _shown(kept, trial)
    if found.would is not Would.NOT_FLAGGED or found.because is Because.NO_RULE:
        return found
    control = trial.control
    if control is not None and _shown(kept, control).would is Would.FLAGGED:
        return found
    reason = "the present rules do not flag it in what was kept, either"
    return replace(found, would=Would.UNKNOWN, reason=reason, because=Because.CONTROL)


def _shown(kept: Kept, trial: Trial) -> Replayed:
    """Show what was kept to the rules; what they do not flag counts as not flagged."""
    event, origin = kept.event, _origin(kept)
    session, last_s = trial.session(origin), 0.0
    for frame in held(_frames(kept, trial.camera, origin)):
        session.take(frame)
        last_s = frame.at_s
    watched = session.finish(last_s if kept.clip is None else duration_of(kept.clip))
    span_s = tuple((moment - origin).total_seconds() for moment in (event.started_at, event.raised_at))
    mine = [r for r in watched.events if r.event_type == event.event_type and _near(r, *span_s)]
    others = tuple(r for r in watched.events if r not in mine and r.event_type != FROZEN)
    if mine:
        same_rule = next((r for r in mine if r.rule == event.rule_id), mine[0])
        return Replayed(kept, Would.FLAGGED, same_rule, others)
    return _unflagged(kept, trial.camera, others, last_s - span_s[0])


def _origin(kept: Kept) -> datetime:
    if kept.clip is None:
        return kept.looks[0].at
    return kept.segments[0].wall_start if kept.segments else kept.event.started_at


def _frames(kept: Kept, camera: CameraConfig, origin: datetime) -> Iterator[Frame]:
    if kept.clip is not None:
        yield from at_moments(frames_of(camera, kept.clip), kept.segments)
        return
    mask = PrivacyMask(masks_of(camera))
    for look in kept.looks:
        yield decode_look(camera.id, look.file.read_bytes(), (look.at - origin).total_seconds(), mask)


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
        "unknown": found.unknown,
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
    if found.unknown:
        parts = (f"{n} {_WORDS[Because(why)]}" for why, n in found.unknown.items())
        lines.append(f"# cannot be told: {', '.join(parts)}")
    return "\n".join([*lines, *(_sum(found, verdict) for verdict in found.verdicts)])


def _near(raised: Raised, started_s: float, raised_s: float) -> bool:
    return raised.start_s <= raised_s + SLACK_S and raised.end_s >= started_s - SLACK_S


def _unflagged(kept: Kept, camera: CameraConfig, others: tuple[Raised, ...], shown_s: float) -> Replayed:
    rules = [r for r in camera.rules if r.enabled and r.type == kept.event.event_type]
    patient = [r for r in rules if dwell_of(r) > shown_s]
    if rules and len(patient) == len(rules):
        reason = f"the clip shows {shown_s:.0f} s of it, the rule waits for {min(map(dwell_of, rules)):.0f} s"
        return Replayed(kept, Would.UNKNOWN, others=others, reason=reason, because=Because.TOO_SHORT)
    if not rules and not is_camera_fault(kept.event.event_type):  # faults are armed without a rule
        reason = "no rule of this type"
        return Replayed(kept, Would.NOT_FLAGGED, others=others, reason=reason, because=Because.NO_RULE)
    return Replayed(kept, Would.NOT_FLAGGED, others=others)


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
        "because": each.because.value,
    }


_WORDS = {
    Because.CONTROL: "not flagged by the present rules either",
    Because.TOO_SHORT: "with a clip shorter than the rule's dwell",
    Because.NO_CLIP: "without a clip",
    Because.FROZEN: "of a frozen picture",
}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _sum(found: DryRun, verdict: str) -> str:
    counts = {would: found.count(verdict, would) for would in Would}
    return (
        f"# {verdict}: {sum(counts.values())} events, {counts[Would.FLAGGED]} would be flagged, "
        f"{counts[Would.NOT_FLAGGED]} would not, {counts[Would.UNKNOWN]} cannot be told"
    )
