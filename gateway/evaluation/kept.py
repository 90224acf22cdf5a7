"""The events that were kept of a camera, with clips and verdicts, and rules to try on them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from camera_configs.models import CameraConfig
from camera_configs.problems import ConfigError, Problem
from camera_configs.yaml_source import read_yaml
from gateway.clock import Clock
from gateway.evaluation.dry_run import Kept, KeptLook
from storage.errors import RecordNotFound
from storage.protocols import MediaStore, Scope
from storage.records import Event, Evidence, EvidenceKind, Verdict
from storage.stores import Stores

# Newest first; a camera that flagged more than this in a span has other troubles than its thresholds.
MOST_EVENTS = 10_000
AUDIT_ACTION = "dry_run"
# In the name of a picture by which a polled camera was watched; the event's own picture has box and zone drawn in.
LOOK_MARK = "-look-"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when events began; aware."""

    start: datetime
    end: datetime


async def kept_events(stores: Stores, media: MediaStore, camera_id: str, span: Span, clock: Clock) -> list[Kept]:
    """Return a camera's events of a span in order of time; the register takes down that their clips were opened.

    Raises:
        StorageError: The database cannot be read or written.
    """
    recent = await stores.events.recent(Scope(None), camera_id, MOST_EVENTS)
    events = sorted((e for e in recent if span.start <= e.started_at <= span.end), key=lambda e: (e.started_at, e.id))
    files = await stores.events.evidence_of_many([e.id for e in events])
    detail = {"from": span.start.isoformat(), "to": span.end.isoformat(), "events": len(events)}
    await stores.audit.append(clock.now(), "system", AUDIT_ACTION, camera_id, detail)
    return [await _kept(stores, media, event, files) for event in events]


def with_rules(camera: CameraConfig, file: Path) -> CameraConfig:
    """Return the camera with the rules, and where given the zones, of a YAML file: lists as in its configuration.

    Raises:
        ConfigError: With all that is wrong with the file.
    """
    problems: list[Problem] = []
    tree = read_yaml(file, problems)
    given = None if tree is None else tree.plain()
    if not problems and (not isinstance(given, dict) or "rules" not in given or set(given) - {"rules", "zones"}):
        problems.append(Problem(file, 0, 0, "", "must hold `rules`, and may hold `zones`, and nothing else"))
    if problems or not isinstance(given, dict):
        raise ConfigError(problems)
    try:
        changed = CameraConfig.model_validate(camera.model_dump(exclude_unset=True) | given)
    except ValidationError as exc:
        raise ConfigError([_problem(file, e["loc"], e["msg"]) for e in exc.errors(include_url=False)]) from exc
    zones = {zone.id for zone in changed.zones}
    lost = [r for r in changed.rules if r.zone is not None and r.zone not in zones]
    if lost:
        raise ConfigError([Problem(file, 0, 0, f"rules[{r.id}].zone", f"no zone {r.zone!r}") for r in lost])
    return changed


async def _kept(stores: Stores, media: MediaStore, event: Event, files: Sequence[Evidence]) -> Kept:
    mine = [f for f in files if f.event_id == event.id]
    clip = next((f for f in mine if f.kind is EvidenceKind.CLIP), None)
    verdict = await _verdict(stores, event.id)
    if clip is not None:
        with suppress(RecordNotFound):
            return Kept(event, await media.open_path(clip.media_key), clip.segments, verdict)
    return Kept(event, None, verdict=verdict, looks=await _looks(media, mine))


async def _looks(media: MediaStore, files: Sequence[Evidence]) -> tuple[KeptLook, ...]:
    """Return the pictures of a polled camera whose moments are known, oldest first."""
    found: list[KeptLook] = []
    for file in files:
        if file.kind is EvidenceKind.SNAPSHOT and LOOK_MARK in file.media_key and file.segments:
            with suppress(RecordNotFound):
                found.append(KeptLook(await media.open_path(file.media_key), file.segments[0].wall_start))
    return tuple(sorted(found, key=lambda look: look.at))


async def _verdict(stores: Stores, event_id: str) -> Verdict | None:
    try:
        return (await stores.reviews.by_event(event_id)).verdict
    except RecordNotFound:
        return None


def _problem(file: Path, loc: Sequence[int | str], message: str) -> Problem:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
    return Problem(file, 0, 0, key, message.removeprefix("Value error, "))
