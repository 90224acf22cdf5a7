"""Thousands of cameras, a page at a time: what a list, a map and a health board are cut from."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import cast

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from gateway.desk.camera_index import Mask, Positions, SortField
from gateway.desk.pulse import Pulse, Snapshot
from gateway.web.context import WebContext
from gateway.web.routes import Call
from storage import cursors
from storage.errors import InvalidCursor
from storage.records import CameraStateName

PULSE: web.AppKey[Pulse] = web.AppKey("pulse", Pulse)

# What somebody must look at comes first.
_URGENCY = (
    CameraStateName.AUTH_FAILED, CameraStateName.NOT_VIDEO, CameraStateName.CORRUPT, CameraStateName.UNREACHABLE,
    CameraStateName.RESET, CameraStateName.SILENT, CameraStateName.STALLED, CameraStateName.ENDED,
    CameraStateName.OFFLINE, CameraStateName.WAITING, CameraStateName.CONNECTING, CameraStateName.ONLINE,
    CameraStateName.DISABLED,
)  # fmt: skip
_TURNS = np.array([_URGENCY.index(name) for name in CameraStateName], np.float64)


def make_pulse(context: WebContext) -> Pulse:
    """Return the pulse that the composition root shares with us, or one of our own."""
    return context.pulse or Pulse(context.stores.desk, context.stores.changes, context.clock)


async def read_pulse(call: Call) -> Snapshot:  # type: ignore[type-arg]  # of any query and body
    """Return all cameras as they are now."""
    return await call.request.app[PULSE].read(call.context.site)


def filtered(snapshot: Snapshot, mask: Mask, states: Sequence[CameraStateName]) -> Mask:
    """Return those of a mask that are in one of the states; without any, all of them."""
    if not states:
        return mask
    return mask & snapshot.in_states(states)


def page_of(snapshot: Snapshot, mask: Mask, sort: str, cursor: str | None, limit: int) -> tuple[list[int], str | None]:
    """Return the positions of one page, and the cursor of the next.

    Raises:
        InvalidCursor: Of another list or order.
    """
    descending, by = sort.startswith("-"), sort.removeprefix("-")
    kind = f"cameras {sort}"
    after = [str(key) for key in cursors.decode(kind, cursor, (str, str))] if cursor else []
    if by in {"state", "since"}:
        rest = _by_number(snapshot, mask, _numbers(snapshot, by), after, descending=descending)
    else:
        rest = snapshot.index.ordered(mask, cast(SortField, by), descending=descending, after=after)
    page = [int(n) for n in rest[:limit]]
    more = len(rest) > limit
    return page, cursors.encode(kind, *_key(snapshot, page[-1], by)) if more else None


def _numbers(snapshot: Snapshot, by: str) -> NDArray[np.float64]:
    found: NDArray[np.float64] = _TURNS[snapshot.columns.codes] if by == "state" else snapshot.columns.since
    return found


def _by_number(
    snapshot: Snapshot, mask: Mask, numbers: NDArray[np.float64], after: Sequence[str], *, descending: bool
) -> Positions:
    """Return the cameras of a mask in order of a number, then of their ids, which is that of their positions."""
    found = np.flatnonzero(mask)
    keys = numbers[found]
    if after:
        try:
            last = float.fromhex(after[0])
        except ValueError as exc:
            raise InvalidCursor(after[0]) from exc
        place = bisect.bisect_left(snapshot.index.ids, after[1])
        there = snapshot.index.ids[place : place + 1] == [after[1]]
        if descending:
            keep = (keys < last) | ((keys == last) & (found < place))
        else:
            keep = (keys > last) | ((keys == last) & (found >= place + there))
        found, keys = found[keep], keys[keep]
    order = np.argsort(keys, kind="stable")
    ordered: Positions = found[order[::-1] if descending else order]
    return ordered


def _key(snapshot: Snapshot, position: int, by: str) -> tuple[str, str]:
    if by in {"state", "since"}:
        return float(_numbers(snapshot, by)[position]).hex(), snapshot.index.ids[position]
    return snapshot.index.key(position, cast(SortField, by))
