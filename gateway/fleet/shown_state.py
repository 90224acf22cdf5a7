"""How a camera with two watchers is shown: one state out of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from gateway.camera.alignment import apart
from gateway.camera.choice import Role
from gateway.camera.watcher import CameraWatcher
from storage.records import CameraState, CameraStateName

STREAMS_APART = "streams_apart"


def streams_apart(watchers: Iterable[CameraWatcher]) -> tuple[str, ...]:
    """Return the note for streams whose clocks cannot be the same: clips may be off by a second."""
    disagree = any(apart(a.utc_ahead_s, b.utc_ahead_s) for a, b in combinations(watchers, 2))
    return (STREAMS_APART,) if disagree else ()


def shown_state(told: Mapping[str, CameraState], analysed: Role, notes: Sequence[str]) -> CameraState:
    """Return the state of the stream analysed, with the format that people see and the counters of all.

    Args:
        told: What the watchers said last, by stream; at least one.
        analysed: The stream analysed now.
        notes: To be added to its own.
    """
    states = list(told.values())
    base = told.get(analysed, states[0])
    seen = told.get("main", base)
    seen = seen if seen.state is CameraStateName.ONLINE else base
    return replace(
        base,
        codec=seen.codec,
        width=seen.width,
        height=seen.height,
        fps=seen.fps,
        notes=(*base.notes, *notes),
        looks=sum(s.looks for s in states),
        dropped_gops=sum(s.dropped_gops for s in states),
        audited=sum(s.audited for s in states),
        audit_active=sum(s.audit_active for s in states),
        audit_missed=sum(s.audit_missed for s in states),
        refused_looks=sum(s.refused_looks for s in states),
        refused_bursts=sum(s.refused_bursts for s in states),
        lost_packets=sum(s.lost_packets for s in states),
    )
