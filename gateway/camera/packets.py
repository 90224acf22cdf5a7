"""What every source of packets gives, whatever it reads from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from gateway.types import Payload, VideoFormat

# How long a source may keep packets back while nobody waits for them.
BATCH_S = 0.3


class StoredPayload:
    """Bytes that are there already."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def data(self) -> bytes:
        """Return them."""
        return self._data


class RawPacket(NamedTuple):
    """One compressed access unit as the camera gave it; times are the camera's own."""

    payload: Payload
    pts: int | None
    dts: int | None
    keyframe: bool
    size: int  # bytes it takes in memory
    arrival_s: float  # monotonic; media seconds for an unpaced recording


class WallClock(NamedTuple):
    """The camera's own clock at one moment of its stream, as its newest RTCP sender report told."""

    utc_s: float  # Unix time
    pts: int  # ticks, comparable with `RawPacket.pts` of the same session
    arrival_s: float  # when the report was read, monotonic


class PacketSource(Protocol):
    """One session with one stream. All calls come from one thread; only `eager` may be set from another.

    Attributes:
        eager: True: hand packets over as they arrive; False: keeping them back for `BATCH_S` is fine, and cheaper.
    """

    eager: bool

    @property
    def wall_clock(self) -> WallClock | None:
        """The newest sender report, None while there was none or where there are none."""

    @property
    def lost_packets(self) -> int:
        """Network packets of this session that never came."""

    def open(self) -> VideoFormat:
        """Connect and learn the format; blocks for the open timeout at most, plus the resolver's own time.

        Raises:
            CameraError: Of the kind that the camera page shows.
        """

    def packets(self) -> Iterator[RawPacket]:
        """Yield packets of the video track until the stream ends; each `next` blocks for the read timeout at most.

        Raises:
            StreamEnded, StreamStalled, StreamCorrupt, StreamFormatChanged: It never returns without one of these.
        """

    def close(self) -> None:
        """Let go; safe at any time, also when `open` failed."""
