"""Truth files: which recordings show what, when, and by which rules it is to be flagged. `docs/evaluation.md` has the
format. A file is read whole or not at all, and everything that is wrong with it is told at once.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from camera_configs.models import CameraConfig
from camera_configs.problems import ConfigError, Problem, likely
from camera_configs.taxonomy import EVENT_TYPES, is_camera_fault
from gateway.camera.source import FileSource
from gateway.errors import CameraError
from gateway.evaluation.cameras import FAULT_DWELL_S, camera_with, dwell_of, with_faults
from gateway.evaluation.pipeline import BEGINNING
from gateway.evaluation.scoring import Ignored, Terms, TruthEvent, known_type

# "treat smoke alarms after 25 s as neither right nor wrong", in a clip's notes.
_NOTE = re.compile(r"(\w+) alarms after (?:about )?(\d+(?:\.\d+)?) ?s as neither right nor wrong", re.IGNORECASE)
_LIKENESS = 0.8  # of an unknown key to a known one; less is no slip of the hand
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording, what it shows, and the camera it stands for.

    Attributes:
        file: Its name in the truth file.
        hard: Why it is reported apart; empty: it counts.
        starts_at: Aware; rules with a schedule go by it.
    """

    file: str
    path: Path
    camera: CameraConfig
    events: tuple[TruthEvent, ...]
    terms: Terms
    hard: str = ""
    starts_at: datetime = BEGINNING


class _Entry(BaseModel):
    """Unknown keys are for people; see `_slips`."""

    model_config = ConfigDict(frozen=True, extra="allow")


class _Event(_Entry):
    rule: str = Field(min_length=1)
    type: str = ""
    start_s: Seconds
    end_s: Seconds
    notes: Any = None
    count: Any = None

    @model_validator(mode="after")
    def _in_order(self) -> _Event:
        if self.end_s <= self.start_s:
            raise ValueError("end_s must be later than start_s")
        return self


class _Span(_Entry):
    type: str
    from_s: Seconds = 0.0
    until_s: float = float("inf")


class _Setup(_Entry):
    rules: tuple[dict[str, Any], ...] = ()
    masks: tuple[list[Any], ...] = ()
    fault_dwell_s: float | None = Field(default=None, ge=0, le=86_400)


class _Clip(_Entry):
    file: str = Field(min_length=1)
    setup: _Setup = _Setup()
    events: tuple[_Event, ...] = ()
    negative_for: tuple[str, ...] = ()
    tolerance_s: Seconds = 0.5
    ignore: tuple[_Span, ...] = ()
    starts_at: AwareDatetime = BEGINNING
    hard: str | bool | None = None
    notes: str | None = None
    shows: Any = None
    realism: Any = None
    licence: Any = None
    media: Any = None


def load_truth(truth: Path, media: Path, only: Sequence[str] = (), fault_dwell_s: float = FAULT_DWELL_S) -> list[Clip]:
    """Read a truth file and check that every recording it names can be opened.

    Args:
        truth: JSON.
        media: Folder of the recordings.
        only: Names of clips, with or without suffix; empty: all.
        fault_dwell_s: How long camera faults must last, where a clip does not say.

    Raises:
        ConfigError: With everything that is wrong, each with file, clip and field.
    """
    reading = _Reading(truth, media, fault_dwell_s)
    clips = [clip for number, raw in enumerate(_entries(truth)) if (clip := reading.clip(number, raw)) is not None]
    names = {name for clip in clips for name in (clip.file, Path(clip.file).stem)}
    for name in only:
        if name not in names and not reading.problems:
            reading.add(name, "", "is not in the truth file", likely(name, sorted(names)))
    if reading.problems:
        raise ConfigError(reading.problems)
    return [clip for clip in clips if not only or {clip.file, Path(clip.file).stem} & set(only)]


def _entries(truth: Path) -> list[Any]:
    try:
        whole = json.loads(truth.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        words = exc.strerror if isinstance(exc, OSError) else "is not UTF-8"
        raise ConfigError([Problem(truth, 0, 0, "", f"cannot be read: {words}")]) from exc
    except json.JSONDecodeError as exc:
        raise ConfigError([Problem(truth, exc.lineno, exc.colno, "", f"is not JSON: {exc.msg}")]) from exc
    if not isinstance(whole, list) or not whole:
        raise ConfigError([Problem(truth, 0, 0, "", "must be a list of clips, and not an empty one")])
    return whole


class _Reading:
    """Turns entries into clips and gathers what is wrong."""

    def __init__(self, truth: Path, media: Path, fault_dwell_s: float) -> None:
        self._truth = truth
        self._media = media
        self._fault_dwell_s = fault_dwell_s
        self._seen: set[str] = set()
        self.problems: list[Problem] = []

    def add(self, clip: str, field: str, message: str, hint: str = "") -> None:
        """Note a problem."""
        key = f"{clip}: {field}" if field else clip
        self.problems.append(Problem(self._truth, 0, 0, key, message, hint))

    def clip(self, number: int, raw: Any) -> Clip | None:
        """Return a clip, None when something is wrong with it."""
        name = raw.get("file") if isinstance(raw, dict) else None
        label, before = str(name or f"clip {number + 1}"), len(self.problems)
        entry = self._parsed(label, raw)
        if entry is None:
            return None
        self._check_names(label, entry)
        path = self._recording(label, entry)
        camera = self._camera(label, entry, path)
        if camera is None or len(self.problems) > before:
            return None
        return _clip_of(entry, path, camera, self._dwell_s(entry))

    def _parsed(self, label: str, raw: Any) -> _Clip | None:
        try:
            entry = _Clip.model_validate(raw)
        except ValidationError as exc:
            self._tell(label, exc)
            return None
        for field, message, hint in _slips(entry):
            self.add(label, field, message, hint)
        return entry

    def _tell(self, label: str, exc: ValidationError) -> None:
        for problem in exc.errors(include_url=False, include_input=False, include_context=False):
            self.add(label, _dotted(problem["loc"]), problem["msg"].removeprefix("Value error, "))

    def _check_names(self, label: str, entry: _Clip) -> None:
        if entry.file in self._seen:
            self.add(label, "file", "stands in the truth file twice")
        self._seen.add(entry.file)
        ids = [str(rule.get("id")) for rule in entry.setup.rules]
        for n, event in enumerate(entry.events):
            if event.rule not in ids and not is_camera_fault(event.rule):
                hint = likely(event.rule, ids) or "name a rule of setup.rules or a camera fault"
                self.add(label, f"events[{n}].rule", f"no rule {event.rule!r} in setup.rules", hint)

    def _recording(self, label: str, entry: _Clip) -> Path:
        path = self._media / entry.file
        if not path.resolve().is_relative_to(self._media.resolve()):
            self.add(label, "file", "leads out of the folder of recordings")
            return path
        source = FileSource(label, path, realtime=False)
        try:
            source.open()
        except CameraError as exc:
            self.add(label, "file", f"{exc.detail}" + ("" if path.exists() else f" in {self._media}"))
        finally:
            source.close()
        return path

    def _camera(self, label: str, entry: _Clip, path: Path) -> CameraConfig | None:
        sound = True
        for n, rule in enumerate(entry.setup.rules):
            sound &= self._is_sound(label, f"setup.rules[{n}].", [rule], path)
        if not sound or not self._is_sound(label, "setup.", entry.setup.rules, path, entry.setup.masks):
            return None
        annotated = {known_type(name) for name in (*entry.negative_for, *(e.type or e.rule for e in entry.events))}
        camera = camera_with(entry.setup.rules, path, entry.setup.masks)
        return with_faults(camera, annotated, self._dwell_s(entry))

    def _is_sound(
        self, label: str, prefix: str, rules: Sequence[dict[str, Any]], path: Path, masks: Sequence[Any] = ()
    ) -> bool:
        try:
            camera_with(rules, path, masks)
        except ValidationError as exc:
            for problem in exc.errors(include_url=False, include_input=False, include_context=False):
                field = _plain(problem["loc"], single=len(rules) == 1 and prefix != "setup.")
                self.add(label, (prefix + field).removesuffix("."), problem["msg"].removeprefix("Value error, "))
            return False
        return True

    def _dwell_s(self, entry: _Clip) -> float:
        own = entry.setup.fault_dwell_s
        return self._fault_dwell_s if own is None else own


def _clip_of(entry: _Clip, path: Path, camera: CameraConfig, fault_dwell_s: float) -> Clip:
    types = {rule.id: rule.type for rule in camera.rules}
    asked = {str(rule["id"]) for rule in entry.setup.rules}
    name_of = {i: kind if is_camera_fault(kind) else i for i, kind in types.items()}
    dwell_s = {name_of[rule.id]: dwell_of(rule) for rule in camera.rules}
    events = tuple(_event_of(e, types, name_of) for e in entry.events)
    faults = {e.rule: fault_dwell_s for e in events if is_camera_fault(e.rule)}
    terms = Terms(
        dwell_s={**faults, **dwell_s},
        armed=frozenset(name_of[i] for i in asked),
        negative_for=frozenset(map(known_type, entry.negative_for)),
        tolerance_s=entry.tolerance_s,
        ignored=tuple(_ignored(entry)),
    )
    return Clip(entry.file, path, camera, events, terms, str(entry.hard or ""), entry.starts_at)


def _event_of(event: _Event, types: dict[str, str], name_of: dict[str, str]) -> TruthEvent:
    kind = types.get(event.rule) or known_type(event.type or event.rule)
    rule = name_of.get(event.rule) or known_type(event.rule)
    return TruthEvent(rule, kind, event.start_s, event.end_s)


def _ignored(entry: _Clip) -> Iterator[Ignored]:
    for span in entry.ignore:
        yield Ignored(known_type(span.type), span.from_s, span.until_s)
    for word, from_s in _NOTE.findall(entry.notes or ""):
        yield from (Ignored(kind, float(from_s)) for kind in EVENT_TYPES if word.lower() in re.split(r"[_.]", kind))


def _slips(entry: _Clip) -> Iterator[tuple[str, str, str]]:
    """Yield unknown keys that look like known ones misspelt; others are for people."""
    parts: list[tuple[str, BaseModel]] = [("", entry), ("setup.", entry.setup)]
    parts += [(f"events[{n}].", event) for n, event in enumerate(entry.events)]
    parts += [(f"ignore[{n}].", span) for n, span in enumerate(entry.ignore)]
    for prefix, model in parts:
        for key in model.model_extra or {}:
            if difflib.get_close_matches(key, list(type(model).model_fields), n=1, cutoff=_LIKENESS):
                yield f"{prefix}{key}", "is not a known key", likely(key, type(model).model_fields)


def _dotted(loc: Sequence[int | str]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")


def _plain(loc: Sequence[int | str], *, single: bool) -> str:
    """Return a place in the camera's configuration as a place in the truth file."""
    parts = list(loc)
    if single and parts[:1] in (["rules"], ["zones"]):
        return "zone" + _dotted(parts[3:]) if parts[0] == "zones" and parts[2:3] != ["id"] else _dotted(parts[2:])
    return _dotted(parts)
