"""What the machine and its processes use, read from /proc."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MB = 1e6
# Fields of /proc/PID/stat after the name, counted from 0.
_PARENT, _USER, _SYSTEM, _CHILD_USER, _CHILD_SYSTEM, _THREADS, _RESIDENT = 1, 11, 12, 13, 14, 17, 21
_STEAL = 7  # of the first line of /proc/stat
# Beyond these a figure says more about the neighbours than about us.
MAX_STOLEN = 0.05
MAX_BUSY = 0.97  # of all cores: somebody did not get what it asked for


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What one process and its descendants use at one moment.

    Attributes:
        cpu_s: User and system seconds since the start, of all threads, living children and children that ended.
        rss_mb: Resident memory, 1 MB = 10^6 bytes; pages that processes share count for each.
        threads: Of all of them.
        descriptors: Open files, of all of them.
    """

    cpu_s: float
    rss_mb: float
    threads: int
    descriptors: int


def use_of(pid: int) -> ProcessUse:
    """Read a process and its descendants; raises `ProcessLookupError` when it has ended."""
    fields = [_stat(p) for p in (pid, *descendants(pid))]
    if not fields[0]:
        raise ProcessLookupError(pid)
    found = [f for f in fields if f]
    ticks = sum(int(f[_USER]) + int(f[_SYSTEM]) + int(f[_CHILD_USER]) + int(f[_CHILD_SYSTEM]) for f in found)
    pages = sum(int(f[_RESIDENT]) for f in found)
    open_files = sum(_open_files(p) for p in (pid, *descendants(pid)))
    return ProcessUse(ticks / _TICKS_PER_S, pages * _PAGE_BYTES / _MB, sum(int(f[_THREADS]) for f in found), open_files)


def descendants(pid: int) -> list[int]:
    """Return the living children of a process, theirs, and so on."""
    found: list[int] = []
    for task in PROC.glob(f"{pid}/task/*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def _stat(pid: int) -> list[str]:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _open_files(pid: int) -> int:
    try:
        return sum(1 for _ in (PROC / str(pid) / "fd").iterdir())
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class MachineUse:
    """Shares of all cores' time over a stretch."""

    busy: float
    stolen: float  # taken by the hypervisor for other guests

    @property
    def doubt(self) -> str:
        """Why figures of that stretch are not to be trusted; empty when they are."""
        if self.stolen > MAX_STOLEN:
            return f"{self.stolen:.0%} of the CPU time was stolen by other guests"
        if self.busy > MAX_BUSY:
            return f"the machine was full ({self.busy:.0%} busy)"
        return ""


class MachineMeter:
    """Measures the whole machine from its making to `read`."""

    def __init__(self) -> None:
        self._before = _cpu_times()

    def read(self) -> MachineUse:
        """Return what was used since."""
        passed = [now - then for now, then in zip(_cpu_times(), self._before, strict=True)]
        total = sum(passed[: _STEAL + 1]) or 1
        idle = passed[3] + passed[4]
        return MachineUse(1 - idle / total, passed[_STEAL] / total)


def _cpu_times() -> list[int]:
    return [int(word) for word in (PROC / "stat").read_text().splitlines()[0].split()[1:]]


def machine() -> dict[str, object]:
    """Return what a figure should be read with."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in (PROC / "cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {"machine": model, "cores": os.cpu_count() or 1, "load_1min": round(os.getloadavg()[0], 2)}


@dataclass(frozen=True, slots=True)
class Span:
    """What one process used over a stretch of wall time."""

    wall_s: float
    cpu_s: float
    rss_mb: float  # at the end

    @property
    def cores(self) -> float:
        """Cores kept busy on average."""
        return self.cpu_s / self.wall_s


class ProcessMeter:
    """Measures a process with its descendants from its making to `read`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began_s = time.monotonic()
        self._before = use_of(pid)

    def read(self) -> Span:
        """Return what was used since; raises `ProcessLookupError` when the process has ended."""
        use = use_of(self._pid)
        return Span(time.monotonic() - self._began_s, use.cpu_s - self._before.cpu_s, use.rss_mb)


def say(result: Mapping[str, object]) -> None:
    """Print the last line: one JSON object on one line."""
    print(json.dumps({**result, **machine()}, ensure_ascii=False), flush=True)
