"""Is a camera's snapshot good enough to be watched by? Asked three times, and judged in plain words."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.client import Snapshot
from gateway.camera.snapshots.jpeg import same_picture
from gateway.camera.snapshots.likeness import likeness, structure_of
from gateway.camera.snapshots.look import decode_look
from gateway.clock import Clock
from gateway.errors import CameraError
from gateway.types import Luma

SNAPSHOTS = 3
# Longer than a second, so that a printed clock shows another one each time.
GAP_S = 1.2
LEAST_WIDTH_PX = 320
SLOW_S = 1.5  # a camera that needs this long encodes the snapshot in spare time; the picture is old when it comes
SLOW_SHARE = 0.25  # of the cadence
MAX_STRETCH = 0.08  # difference of width over height
# The same view at real recordings: 0.55-0.95 minutes later, 0.27 with a crowd before the lens; other views: 0.0-0.2.
LEAST_LIKENESS = 0.5
# Analogue heritage: these sizes are shown stretched, whatever the sensor's shape.
_STRETCHED_SIZES = frozenset({(704, 576), (720, 576), (704, 480), (720, 480), (352, 288), (352, 240)})


class Trouble(StrEnum):
    """Why a camera is not watched by its snapshots."""

    STALE = "poll_stale"  # the same picture again and again
    SLOW = "poll_slow"
    DIFFERENT = "poll_different"  # not the view of the stream, in which the zones were drawn
    FAILED = "poll_failed"  # no picture, no whole picture, or too small a one


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe found.

    Attributes:
        trouble: None: sound.
        detail: For people; empty when sound.
        took_s: Median time of a snapshot, None when none came.
        size: Width and height, px; None when none came.
        compared: The view was held against the stream's and is the same.
    """

    trouble: Trouble | None
    detail: str = ""
    took_s: float | None = None
    size: tuple[int, int] | None = None
    compared: bool = False

    @property
    def sound(self) -> bool:
        """True when the camera may be watched by its snapshots."""
        return self.trouble is None


class Fetcher(Protocol):
    """One camera's snapshots, as `SnapshotClient` gives them."""

    async def fetch(self) -> Snapshot:
        """Fetch one snapshot; raises `CameraError`."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the snapshots are held against.

    Attributes:
        camera_id: For errors.
        cadence_s: Of the polling that is asked for.
        mask: Painted before comparing, as it was in `reference`.
        reference: Luma of a keyframe of the camera's stream, masks painted, any size; None: nothing to compare with.
    """

    camera_id: str
    cadence_s: float
    mask: PrivacyMask
    reference: Luma | None = None


async def take_three(fetcher: Fetcher, clock: Clock) -> list[Snapshot]:
    """Fetch what `judge` wants to see, `GAP_S` apart.

    Raises:
        CameraError: One of them could not be fetched.
    """
    found = [await fetcher.fetch()]
    while len(found) < SNAPSHOTS:
        await clock.sleep(GAP_S)
        found.append(await fetcher.fetch())
    return found


async def probe(fetcher: Fetcher, yardstick: Yardstick, clock: Clock) -> Verdict:
    """Fetch three snapshots and judge them, the latter in a thread; never raises a camera's failure."""
    try:
        return await asyncio.to_thread(judge, await take_three(fetcher, clock), yardstick)
    except CameraError as exc:
        return Verdict(Trouble.FAILED, exc.detail or exc.state)


def judge(snapshots: Sequence[Snapshot], yardstick: Yardstick) -> Verdict:
    """Judge at least two snapshots of one camera, in order of time; the cheap questions come first.

    Raises:
        CameraError: The last one cannot be decoded.
    """
    last = snapshots[-1]
    took_s = statistics.median(s.took_s for s in snapshots)
    size = (last.width, last.height)
    luma = decode_look(yardstick.camera_id, last.jpeg, last.at_s, yardstick.mask).luma
    found = (
        _too_small(size)
        or _too_slow(took_s, yardstick.cadence_s)
        or _stale(snapshots)
        or _other_view(size, luma, yardstick.reference)
    )
    trouble, detail = found or (None, "")
    compared = trouble is None and yardstick.reference is not None
    return Verdict(trouble, detail, took_s, size, compared)


def slow_limit_s(cadence_s: float) -> float:
    """Return the time from which on a snapshot counts as slow."""
    return min(SLOW_S, cadence_s * SLOW_SHARE)


def _too_small(size: tuple[int, int]) -> tuple[Trouble, str] | None:
    if size[0] >= LEAST_WIDTH_PX:
        return None
    return Trouble.FAILED, f"snapshots are {size[0]} x {size[1]} px; at least {LEAST_WIDTH_PX} px of width are needed"


def _too_slow(took_s: float, cadence_s: float) -> tuple[Trouble, str] | None:
    limit_s = slow_limit_s(cadence_s)
    if took_s < limit_s:
        return None
    return Trouble.SLOW, f"a snapshot takes {took_s:.1f} s; less than {limit_s:.1f} s is needed"


def _stale(snapshots: Sequence[Snapshot]) -> tuple[Trouble, str] | None:
    if not all(same_picture(one.jpeg, other.jpeg) for one, other in pairwise(snapshots)):
        return None
    span_s = snapshots[-1].at_s - snapshots[0].at_s
    return Trouble.STALE, f"{len(snapshots)} snapshots within {span_s:.0f} s are one and the same picture"


def _other_view(size: tuple[int, int], luma: Luma, reference: Luma | None) -> tuple[Trouble, str] | None:
    if reference is None:
        return None
    stream_size = (reference.shape[1], reference.shape[0])
    if not _STRETCHED_SIZES & {size, stream_size}:
        stretch = size[0] / size[1] / (stream_size[0] / stream_size[1])
        if abs(stretch - 1) > MAX_STRETCH:
            return Trouble.DIFFERENT, f"snapshots are {_by(size)} px, the stream {_by(stream_size)}: another section"
    here, there = structure_of(luma), structure_of(reference)
    if here is None and there is None:  # fog, or night without a lamp: nothing speaks against it
        return None
    like = likeness(there, here) if here is not None and there is not None else 0.0
    if like >= LEAST_LIKENESS:
        return None
    return Trouble.DIFFERENT, f"snapshots do not show what the stream shows (likeness {like:.2f})"


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
