"""The plain types that pass between the stages of the gateway.

Time base: every `at_s` is seconds of `Clock.monotonic` (for a recording read faster than real time: media seconds
from an arbitrary start). Boxes and polygons are normalised: x and y in 0-1 of the full picture, origin top left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.preprocess import shrink

SMALL_WIDTH_PX = 240  # what all readings of the whole picture work on

Luma = NDArray[np.uint8]  # shape (h, w)
Bgr = NDArray[np.uint8]  # shape (h, w, 3)
Chroma = NDArray[np.uint8]  # shape (h, w, 2): blue and red difference (Cb, Cr), grey is 128


class Box(NamedTuple):
    """A rectangle in 0-1 of the picture: left, top, right, bottom."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What a video stream is, as its container or SDP said and its first packets showed."""

    codec: str  # "h264", "hevc", "mjpeg"
    width: int  # px; 0 while unknown
    height: int  # px; 0 while unknown
    time_base: Fraction  # seconds per tick of pts and dts
    extradata: bytes  # codec configuration (Annex B parameter sets or avcC/hvcC), may be empty
    fps: float | None  # frames per second as announced, None when the camera does not say


class Payload(Protocol):
    """The bytes of one access unit, made when asked for: most are never decoded, nor kept in a clip."""

    def data(self) -> bytes:
        """Return the whole unit: Annex B, or with lengths where the stream's `extradata` is an avcC box."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One compressed access unit, in decode order."""

    payload: Payload
    pts: int  # ticks of time_base, rebased so that it never jumps back within a session
    dts: int
    time_base: Fraction
    keyframe: bool
    size: int  # bytes
    at_s: float  # when this picture was taken, on the monotonic clock (see camera.timeline)


class FrameOrigin(StrEnum):
    """Why a frame was decoded."""

    LOOK = "look"  # a single keyframe
    BURST = "burst"  # one of a sequence decoded while something moves


@dataclass(slots=True)
class Frame:
    """One decoded picture. `luma` is there at once; colour is converted only when asked for."""

    camera_id: str
    at_s: float
    pts: int
    luma: Luma  # read-only; full resolution, of a polled snapshot at least 480 px wide
    origin: FrameOrigin
    to_bgr: Callable[[], Bgr]  # converts once on first call; see `bgr`
    _bgr: Bgr | None = field(default=None, repr=False)
    _small: Luma | None = field(default=None, repr=False)
    # Every n-th sample of the colour planes, which costs next to nothing; None where only a conversion gives colours.
    to_chroma: Callable[[], Chroma] | None = field(default=None, repr=False)

    @property
    def small(self) -> Luma:
        """The luma plane at 240 px width at most, proportions kept; made on first use and kept.

        Glance, background and readings of the picture all begin with it: shrinking a 1080p plane costs more than
        what each of them does then.
        """
        if self._small is None:
            self._small = shrink(self.luma, SMALL_WIDTH_PX)
        return self._small

    @property
    def bgr(self) -> Bgr:
        """Uint8 BGR, shape (h, w, 3); converted on first use and kept."""
        if self._bgr is None:
            self._bgr = self.to_bgr()
        return self._bgr

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.luma.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.luma.shape[0])


@dataclass(frozen=True, slots=True)
class Track:
    """One object followed inside one camera for as long as it stays; its id means nothing elsewhere."""

    id: int
    label: str  # "person", "vehicle", "nonmotor", "animal" ... or "foreground" when no model is in use
    box: Box
    confidence: float
    first_seen_s: float
    last_seen_s: float
    still_since_s: float | None  # since when the box has not moved, None while it moves


class Phase(StrEnum):
    """Where a rule's condition stands."""

    CANDIDATE = "candidate"  # the condition began; dwell is running: hold the ring from here
    RAISED = "raised"  # dwell fulfilled: an event
    ONGOING = "ongoing"  # still true, sent at most once a second while raised
    CLEARED = "cleared"  # gone for longer than the rule's clear_s (or a candidate that came to nothing)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a rule says about its zone, in order of time; at most one condition per (rule, zone) at once."""

    phase: Phase
    camera_id: str
    rule_id: str
    event_type: str  # taxonomy id, for example "zone_intrusion" or "camera_fault.black"
    zone_id: str | None  # None: the whole picture
    since_s: float  # when the condition began (not when the dwell was over)
    at_s: float  # the frame, or moment, that led to this signal
    confidence: float = 1.0
    label: str = ""
    count: int = 0
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Crossing:
    """Something crossed a line that is counted. A number in the making: nothing else of it is kept."""

    zone_id: str
    label: str  # "person", "vehicle", "nonmotor", "animal"
    along: bool  # the way of the line's arrow
    at_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the analysis of one frame tells the gate that chose it, and the event builder."""

    at_s: float
    moving: bool  # something moves in an armed zone: decode on
    occupied: bool  # something that an armed rule cares for is there, even if still: keep looking closely
    signals: tuple[Signal, ...] = ()
    # Above 0: whatever moves, every rule that it concerns has raised its event, and the least patient of them calls it
    # over after so many seconds of absence.
    settled_s: float = 0.0
    crossings: tuple[Crossing, ...] = ()
