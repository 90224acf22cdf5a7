"""Scripted faults of a simulated camera: what may go wrong, when, and how it is written. Nothing here does I/O.

Time base: seconds of the path's own fault clock, which begins with the first request for the path (RTSP or snapshot)
and runs on over reconnects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from gateway.clock import Clock
from gateway.errors import GridPatrolError

Unit = Literal["none", "seconds", "ms", "percent", "ppm", "count", "file"]

GRAMMAR = "[PATH:]KIND[=VALUE][@START[+LENGTH]][,every=PERIOD]"


class Kind(NamedTuple):
    """What is known of a fault by its name. `default` None: a value must be given."""

    says: str
    unit: Unit = "none"
    default: float | None = 0.0
    lasts: bool = True  # False: happens once at its start unless a length is given


KINDS: Mapping[str, Kind] = {
    # Connections and answers.
    "stall": Kind("nothing is sent; the connection stays and requests are answered"),
    "half_open": Kind("nothing is sent nor answered, connections stay: a cut cable"),
    "silent": Kind("requests are not answered; what plays goes on"),
    "refuse": Kind("connections are reset at their first request (on arrival when all paths refuse)"),
    "reset": Kind("sessions are cut with a TCP reset", lasts=False),
    "end": Kind("sessions get BYE and the end of the connection", lasts=False),
    "auth": Kind("401 to every request, whatever the password"),
    "busy": Kind("453 to SETUP and PLAY, 503 to snapshots"),
    "not_found": Kind("404 to every request"),
    # Packets.
    "loss": Kind("RTP packets are lost at random", "percent", None),
    "mid_gop_loss": Kind("what follows one keyframe is lost up to the next", lasts=False),
    "reorder": Kind("RTP packets change places with the next", "percent", 0.1),
    "corrupt": Kind("RTP packets with flipped bytes in their payload", "percent", None),
    "garbage": Kind("bytes that are no packet before each picture"),
    "slow": Kind("sent at this share of real time; what is late follows when it is over", "percent", 0.5),
    "jitter": Kind("pictures leave late by up to so many ms", "ms", None),
    "no_rtcp": Kind("no sender reports"),
    # Pictures.
    "switch": Kind("another file from then on; another codec also ends the sessions", "file", None),
    "tiny_nals": Kind("so many tiny NAL units before each picture", "count", 1000.0),
    "truncate": Kind("pictures are cut in half"),
    "freeze": Kind("the same keyframe again and again"),
    # Clocks.
    "clock_offset": Kind("the camera's wall clock is wrong by so many seconds all the time", "seconds", None),
    "clock_step": Kind("the camera's wall clock steps", "seconds", None),
    "clock_rate": Kind("the camera's crystal is off: wall clock and RTP clock drift by so many ppm", "ppm", None),
    "pts_jump": Kind("RTP time jumps", "seconds", None),
    "pts_back": Kind("every fifth picture is stamped too early", "seconds", 0.5),
    "pts_wrap": Kind("RTP time passes 2**32 so many seconds after the start", "seconds", 5.0),
    # Snapshots.
    "snap_stale": Kind("snapshots show the same old picture"),
    "snap_slow": Kind("snapshots take so many seconds", "seconds", 3.0),
    "snap_other": Kind("snapshots show another view (upside down, or of FILE)", "file", 0.0),
    "snap_error": Kind("snapshots fail with 500"),
    "snap_truncated": Kind("snapshots are cut in half"),
}

_WRITTEN: Mapping[Unit, str] = {
    "none": "", "seconds": "=S", "ms": "=MS", "percent": "=P%", "ppm": "=PPM", "count": "=N", "file": "=FILE",
}  # fmt: skip
_CONSTANT = frozenset({"clock_offset", "pts_wrap"})  # neither a length nor a period would mean anything
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_TIME_UNITS_S = {None: 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(%|ms|s|ppm)?")
_SUFFIXES: Mapping[Unit, frozenset[str | None]] = {
    "seconds": frozenset({None, "s", "ms"}),
    "ms": frozenset({None, "ms", "s"}),
    "percent": frozenset({"%"}),
    "ppm": frozenset({None, "ppm"}),
    "count": frozenset({None}),
}
_WANTED: Mapping[Unit, str] = {
    "seconds": "seconds, such as 5 or -2.5s",
    "ms": "milliseconds, such as 200 or 200ms",
    "percent": "per cent, such as 5%",
    "ppm": "parts per million, such as 50 or -50ppm",
    "count": "a number, such as 1000",
    "file": "a FILE",
}
_SHAPE = re.compile(r"(?:(?P<path>[^=@]*?):)?(?P<kind>[^=@:,]*)(?:=(?P<value>.*?))?(?:@(?P<when>[^@=]*))?$")
_EVERY = re.compile(r"(?:\s*,\s*|\s+)every=(.*)$")
_MAY_BE_NEGATIVE = frozenset({"clock_offset", "clock_step", "clock_rate", "pts_jump"})


class BadFault(GridPatrolError):
    """A fault is written wrongly; the words name the part."""


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """One scripted fault.

    Attributes:
        kind: A key of `KINDS`.
        value: In the kind's base unit (seconds also for `jitter`; shares from 0 to 1); None: the kind's default.
        at_s: Start of the first occurrence.
        for_s: How long each lasts; None: for good, or once where the kind does not last.
        every_s: From start to start; None: one occurrence.
        file: Of `switch` and `snap_other`.

    Raises:
        BadFault: The parts do not fit together.
    """

    kind: str
    value: float | None = None
    at_s: float = 0.0
    for_s: float | None = None
    every_s: float | None = None
    file: Path | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadFault(f"{self.kind!r} is no fault; there are: {' '.join(KINDS)}")
        if self.value is None and self.file is None and KINDS[self.kind].default is None:
            raise BadFault(f"{self.kind} needs {_WANTED[KINDS[self.kind].unit]}: {self.kind}=…")
        self._check_value()
        self._check_times()

    @property
    def amount(self) -> float:
        """The value, or the kind's default."""
        return (KINDS[self.kind].default or 0.0) if self.value is None else self.value

    def started(self, t_s: float) -> int:
        """Return how many occurrences have begun."""
        if t_s < self.at_s:
            return 0
        return 1 if self.every_s is None else int((t_s - self.at_s) // self.every_s) + 1

    def since(self, t_s: float) -> float | None:
        """Return when the occurrence began that is in force, None when there is none."""
        begun_s = self._begun_s(t_s)
        return begun_s if begun_s is not None and t_s < begun_s + self._length_s else None

    def changed_s(self, t_s: float) -> float:
        """Return when it last came into force or went; 0 when never yet."""
        begun_s = self._begun_s(t_s)
        if begun_s is None:
            return 0.0
        return begun_s if t_s < begun_s + self._length_s else begun_s + self._length_s

    def total_s(self, t_s: float) -> float:
        """Return for how long it has been in force, all occurrences together."""
        begun_s = self._begun_s(t_s)
        if begun_s is None:
            return 0.0
        earlier = self.started(t_s) - 1
        return (earlier * min(self._length_s, self.every_s or 0.0)) + min(t_s - begun_s, self._length_s)

    def shift(self, t_s: float) -> float:
        """Return what a step adds up to: its amount while in force, or once for each occurrence without length."""
        if self.for_s is None:
            return self.amount * self.started(t_s)
        return self.amount if self.since(t_s) is not None else 0.0

    @property
    def _length_s(self) -> float:
        if self.for_s is not None:
            return self.for_s
        return math.inf if KINDS[self.kind].lasts else 0.0

    def _begun_s(self, t_s: float) -> float | None:
        count = self.started(t_s)
        return self.at_s + (count - 1) * (self.every_s or 0.0) if count else None

    def _check_value(self) -> None:
        unit = KINDS[self.kind].unit
        if self.value is not None and unit in {"none", "file"}:
            raise BadFault(f"{self.kind} takes no number")
        if self.file is not None and unit != "file":
            raise BadFault(f"{self.kind} takes no file")
        if self.amount < 0 and self.kind not in _MAY_BE_NEGATIVE:
            raise BadFault(f"{self.kind} cannot be negative")
        if unit == "percent" and not 0 < self.amount <= 1:
            raise BadFault(f"{self.kind} must be above 0% and at most 100%")

    def _check_times(self) -> None:
        if self.kind in _CONSTANT and (self.for_s, self.every_s) != (None, None):
            raise BadFault(f"{self.kind} has neither length nor period")
        if self.at_s < 0 or (self.for_s is not None and self.for_s <= 0):
            raise BadFault(f"{self.kind}: a start cannot be negative, and a length must be above 0")
        if self.every_s is not None and self.every_s < max(self.for_s or 0.0, 0.001):
            raise BadFault(f"{self.kind}: the period must be above 0 and no shorter than the length")


class Timeline:
    """The faults of one path on its own clock. All that it says is for the moment asked about; nothing is consumed."""

    def __init__(self, faults: Iterable[FaultSpec], clock: Clock) -> None:
        self._clock = clock
        self._by_kind: dict[str, list[FaultSpec]] = {}
        for fault in faults:
            self._by_kind.setdefault(fault.kind, []).append(fault)
        self._first_s: float | None = None

    def touch(self) -> None:
        """Note a request for the path; the first starts its fault clock."""
        if self._first_s is None:
            self._first_s = self._clock.monotonic()

    @property
    def now_s(self) -> float:
        """Seconds since the first request, 0 before it."""
        return self.at(self._clock.monotonic())

    def at(self, monotonic_s: float) -> float:
        """Convert from the monotonic clock; never negative."""
        return 0.0 if self._first_s is None else max(0.0, monotonic_s - self._first_s)

    def monotonic(self, t_s: float) -> float:
        """Convert to the monotonic clock; only after the first request."""
        return (self._first_s or 0.0) + t_s

    def all(self, kind: str) -> list[FaultSpec]:
        """Return the faults of a kind."""
        return self._by_kind.get(kind, [])

    def active(self, *kinds: str, t_s: float | None = None) -> FaultSpec | None:
        """Return a fault of one of the kinds that is in force at `t_s` (default: now)."""
        at_s = self.now_s if t_s is None else t_s
        for kind in kinds:
            for fault in self._by_kind.get(kind, ()):
                if fault.since(at_s) is not None:
                    return fault
        return None

    def started(self, kind: str, t_s: float) -> int:
        """Return how many occurrences of a kind have begun."""
        return sum(fault.started(t_s) for fault in self.all(kind))

    def drift_s(self, t_s: float) -> float:
        """Return by how much the camera's crystal has run ahead."""
        return sum(fault.amount * 1e-6 * fault.total_s(t_s) for fault in self.all("clock_rate"))

    def wall_shift_s(self, t_s: float) -> float:
        """Return by how much the camera's wall clock is ahead."""
        steps = (*self.all("clock_step"), *self.all("clock_offset"))
        return self.drift_s(t_s) + sum(fault.shift(t_s) for fault in steps)

    def rtp_shift_s(self, t_s: float) -> float:
        """Return by how much the RTP clock is ahead."""
        return self.drift_s(t_s) + sum(fault.shift(t_s) for fault in self.all("pts_jump"))

    def lag_s(self, t_s: float) -> float:
        """Return how far sending is behind because the line is slow."""
        slow = self.active("slow", t_s=t_s)
        since_s = None if slow is None else slow.since(t_s)
        return 0.0 if slow is None or since_s is None else (1.0 - slow.amount) * (t_s - since_s)


def explained() -> list[str]:
    """Return the grammar and a line for each kind, for people."""
    grammar = (
        f"A fault is {GRAMMAR}, such as stall@30s+10s or cam1:loss=5%@1m+20s,every=2m. Without PATH it is of all paths;"
        " without LENGTH it lasts, or happens once. Times (ms, s, m, h) count from the first request for the path."
    )
    return [
        grammar,
        *(f"{name}{_value_written(kind)}: {kind.says}" for name, kind in KINDS.items()),
    ]


def _value_written(kind: Kind) -> str:
    written = _WRITTEN[kind.unit]
    return written if kind.default is None or not written else f"[{written}]"


def parse_fault(text: str) -> tuple[str | None, FaultSpec]:
    """Read a fault as `GRAMMAR` has it; return the path's name (None: all paths) and the fault.

    Raises:
        BadFault: With the whole and the part that is wrong.
    """
    try:
        return _parsed(text)
    except BadFault as exc:
        raise BadFault(f"fault {text!r}: {exc}") from exc


def _parsed(text: str) -> tuple[str | None, FaultSpec]:
    every = _EVERY.search(text)
    found = _SHAPE.match(text[: every.start()] if every else text)
    if found is None:
        raise BadFault(f"is not {GRAMMAR}")
    path, kind, value, when = (part.strip() if part is not None else None for part in found.groups())
    if not kind or kind not in KINDS:
        raise BadFault(f"{kind!r} is no fault; there are: {' '.join(KINDS)}")
    if path is not None and not path.strip("/"):
        raise BadFault("no path before ':'")
    number, file = (None, None) if value is None else _value(kind, value)
    start, plus, length = ("0", "", "") if when is None else when.partition("+")
    spec = FaultSpec(
        kind,
        number,
        _seconds(start, "start"),
        _seconds(length, "length") if plus else None,
        _seconds(every[1], "period") if every else None,
        file,
    )
    return (path.strip("/") if path else None), spec


def _value(kind: str, text: str) -> tuple[float | None, Path | None]:
    unit = KINDS[kind].unit
    if unit == "none":
        raise BadFault(f"{kind} takes no value, but {text!r} is given")
    if unit == "file":
        if not text:
            raise BadFault(f"{kind}= needs a FILE")
        return None, Path(text)
    found = _NUMBER.fullmatch(text)
    if found is None or found[2] not in _SUFFIXES[unit]:
        raise BadFault(f"{text!r} is not {_WANTED[unit]}")
    return float(found[1]) * _scale(unit, found[2]), None


def _scale(unit: Unit, suffix: str | None) -> float:
    if unit == "percent":
        return 0.01
    return 0.001 if suffix == "ms" or (unit == "ms" and suffix is None) else 1.0


def _seconds(text: str, what: str) -> float:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise BadFault(f"the {what} {text!r} is no time, such as 30s, 500ms, 2m or 1h")
    return float(found[1]) * _TIME_UNITS_S[found[2]]
