"""Whether each fault of a camera is told, and nothing else is: faults put into real recordings, at three strengths.

Each recording is sampled into looks, played to and fro for as long as is needed, sound at first, then with the fault,
then sound again. Time is that of the looks, not of the machine. Pictures are changed at full size, after decoding.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from detectors.picture import read_picture
from gateway.analysis.condition import Condition, Patience, Sight, Subject
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.monitor import HealthMonitor
from gateway.types import Bgr, Frame, FrameOrigin, Luma, Phase
from scripts.benches.injected import INJECTORS, STRENGTHS, held, settled
from scripts.benches.machine import say
from scripts.benches.media import media_dir

LOOK_EVERY_S = 2.0
SAMPLED_EVERY_S = 1.0  # of the recording: played at half its speed, so that short ones last
SOUND_S = 40.0
FAULTY_S = 40.0
CAST_S = 90.0  # colours are read once a minute
AFTER_S = 20.0
CLEAN_S = 600.0  # the recording as it is, to and fro
DWELL_S = 10.0  # far below the shipped ones: what is told within so little is told within more
CLEAR_S = 3.0
MODERATE = 1
MEDIA_MISSING = 3  # exit code
LEAST_LOOKS = 6
# One of these tells people the same.
ALIKE = frozenset({fault.BLACK, fault.COVERED, fault.FROZEN})
MADE_UP = "derived_"  # recordings with faults or things put in are left out: they would measure the putting in
KINDS = (*INJECTORS, fault.FROZEN)


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault, of one strength, in one recording.

    Attributes:
        told: An event of this fault was raised while it lasted.
        otherwise: What else was told of it, short names.
        false: What was told of while nothing was wrong, or not taken back after the end.
    """

    clip: str
    kind: str
    strength: int
    told: bool
    otherwise: tuple[str, ...]
    false: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What one recording gave.

    Attributes:
        trials: With each fault.
        alarms: What was told of in the recording as it is.
        filmed_s: How much of it there is.
    """

    trials: tuple[Trial, ...]
    alarms: tuple[str, ...]
    filmed_s: float


class Watch:
    """A monitor with a condition for each fault, as the rules have it.

    Attributes:
        told: Event type and moment of each event that was raised.
    """

    def __init__(self, dwell_s: float = DWELL_S) -> None:
        self._monitor = HealthMonitor()
        patience = Patience(dwell_s, CLEAR_S, cool_down_s=0.0)
        kinds = fault.ALWAYS_FROM_PICTURES
        self._conditions = {k: Condition(Subject("cam", k, k, None), patience) for k in kinds}
        self.told: list[tuple[str, float]] = []

    def look(self, frame: Frame) -> None:
        """Take in one look."""
        health = self._monitor.update(frame, read_picture(frame.luma, frame.small))
        for kind, condition in self._conditions.items():
            sight = Sight(health.since_s) if health.fault == kind else None
            signals = condition.update(sight, frame.at_s)
            self.told += [(kind, s.at_s) for s in signals if s.phase is Phase.RAISED]

    @property
    def open(self) -> set[str]:
        """Faults that are still told of."""
        return {kind for kind, condition in self._conditions.items() if condition.raised}


def run(argv: Sequence[str]) -> int:
    """Measure; see `--help`."""
    options = _arguments().parse_args(argv)
    files = [f for f in sorted((media_dir() / "open").glob("*.mp4")) if not f.stem.startswith(MADE_UP)]
    files = [f for f in files if not options.clips or f.stem in options.clips]
    if not files:
        print(f"no recordings in {media_dir() / 'open'}: set GRIDPATROL_MEDIA to their folder", file=sys.stderr)
        return MEDIA_MISSING
    strengths = [STRENGTHS.index(s) for s in options.strengths]
    with ProcessPoolExecutor(options.jobs) as pool:
        found = list(pool.map(partial(examine, strengths=strengths), files))
    _print_table([t for f in found for t in f.trials], strengths)
    for file, findings in zip(files, found, strict=True):
        if findings.alarms:
            print(f"{file.stem}: nothing wrong, but told: {', '.join(findings.alarms)}")
    _summarise(found)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench faults", description=__doc__)
    parser.add_argument("--clips", nargs="*", default=[], help="names without .mp4 (default: all)")
    parser.add_argument("--strengths", nargs="*", default=list(STRENGTHS), choices=STRENGTHS)
    parser.add_argument("--jobs", type=int, default=2, help="recordings at a time")
    return parser


def examine(file: Path, strengths: Sequence[int]) -> Findings:
    """Put every fault into one recording, and watch it as it is."""
    cv2.setNumThreads(1)
    looks = looks_of(file, SAMPLED_EVERY_S)
    every_s = SAMPLED_EVERY_S if len(looks) >= LEAST_LOOKS else SAMPLED_EVERY_S / 2
    looks = looks if len(looks) >= LEAST_LOOKS else looks_of(file, every_s)
    trials = tuple(trial(file.stem, looks, kind, strength) for kind in KINDS for strength in strengths)
    watch, order = Watch(), to_and_fro(len(looks))
    for number in range(int(CLEAN_S / LOOK_EVERY_S)):
        watch.look(frame_of(looks[next(order)], number * LOOK_EVERY_S))
    return Findings(trials, tuple(_short(kind) for kind, _ in watch.told), len(looks) * every_s)


def trial(name: str, looks: Sequence[Bgr], kind: str, strength: int) -> Trial:
    """Play one recording sound, faulty and sound again."""
    watch = Watch()
    for frame in scenario(looks, kind, strength):
        watch.look(frame)
    end_s = SOUND_S + lasts_s(kind)
    during = {told for told, at_s in watch.told if SOUND_S <= at_s <= end_s}
    astray = {told for told, at_s in watch.told if not SOUND_S <= at_s <= end_s} | watch.open
    meant = ALIKE if kind in ALIKE else {kind}
    return Trial(name, kind, strength, bool(during & meant), _names(during - meant), _names(astray))


def scenario(looks: Sequence[Bgr], kind: str, strength: int) -> Iterator[Frame]:
    """Yield the looks of a trial."""
    order = to_and_fro(len(looks))
    before = looks[0]
    end_s = SOUND_S + lasts_s(kind)
    for number in range(int((end_s + AFTER_S) / LOOK_EVERY_S)):
        at_s = number * LOOK_EVERY_S
        faulty = SOUND_S <= at_s < end_s
        picture = looks[next(order)]
        if kind == fault.FROZEN:
            picture = held(before, strength, number) if faulty else picture
        elif faulty:
            picture = INJECTORS[kind](picture, strength, number)
        elif kind == fault.MOVED:
            picture = settled(picture)
        before = before if faulty else picture
        yield frame_of(picture, at_s)


def lasts_s(kind: str) -> float:
    """Return how long a fault is put in."""
    return CAST_S if kind == fault.COLOUR_CAST else FAULTY_S


def looks_of(file: Path, every_s: float) -> list[Bgr]:
    """Decode a recording and keep a picture every so many seconds."""
    kept: list[Bgr] = []
    due_s = 0.0
    with av.open(str(file)) as container:
        container.streams.video[0].thread_count = 1
        for picture in container.decode(video=0):
            if float(picture.time or 0.0) >= due_s:
                due_s += every_s
                kept.append(np.asarray(picture.to_ndarray(format="bgr24"), np.uint8))
    return kept


def to_and_fro(count: int) -> Iterator[int]:
    """Yield 0, 1 ... count-1 ... 1, 0, 1 ... without end: no picture twice in a row, no jump."""
    while True:
        yield from range(count - 1)
        yield from range(count - 1, 0, -1)


def frame_of(bgr: Bgr, at_s: float) -> Frame:
    """Wrap a picture as the decoder would."""
    luma: Luma = np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV)[:, :, 0], np.uint8)
    return Frame("cam", at_s, 0, luma, FrameOrigin.LOOK, lambda: bgr)


def _print_table(trials: Sequence[Trial], strengths: Sequence[int]) -> None:
    print(f"{'fault':14}" + "".join(f"{STRENGTHS[s]:>12}" for s in strengths) + "  not told, or told otherwise")
    for kind in KINDS:
        cells, remarks = "", []
        for strength in strengths:
            mine = [t for t in trials if t.kind == kind and t.strength == strength]
            cells += f"{f'{sum(t.told for t in mine)}/{len(mine)}':>12}"
            remarks += [_remark(t) for t in mine if t.strength >= MODERATE and not (t.told and not t.otherwise)]
            remarks += [f"{t.clip}: false {', '.join(t.false)}" for t in mine if t.false]
        print(f"{_short(kind):14}{cells}  {'; '.join(remarks)}", flush=True)


def _remark(trial_: Trial) -> str:
    said = f" (told: {', '.join(trial_.otherwise)})" if trial_.otherwise else ""
    return f"{trial_.clip} {STRENGTHS[trial_.strength]}{said}"


def _summarise(found: Sequence[Findings]) -> None:
    trials = [t for f in found for t in f.trials]
    rates = {}
    for strength, name in enumerate(STRENGTHS):
        mine = [t for t in trials if t.strength == strength]
        if mine:
            rates[name] = round(sum(t.told for t in mine) / len(mine), 4)
    say(
        {
            "bench": "faults",
            "detection_rate": rates,
            "trials": len(trials),
            "false_in_trials": sum(bool(t.false) for t in trials),
            "false_alarms_clean": sum(len(f.alarms) for f in found),
            "clean_hours_played": round(len(found) * CLEAN_S / 3_600, 2),
            "clean_hours_filmed": round(sum(f.filmed_s for f in found) / 3_600, 3),
            "recordings": len(found),
            "dwell_s": DWELL_S,
            "look_every_s": LOOK_EVERY_S,
        }
    )


def _names(kinds: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(_short(kind) for kind in kinds))


def _short(kind: str) -> str:
    return kind.partition(".")[2]
