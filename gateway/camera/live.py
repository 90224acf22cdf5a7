"""Live view without decoding: H.264 packets repacked as fragmented MP4 for a browser's Media Source Extensions."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Any

import av
from av.container import OutputContainer

from gateway.camera import h264
from gateway.types import Packet, VideoFormat

# What a viewer may lag behind before packets are dropped to the next keyframe.
MAX_QUEUED_PACKETS = 750  # 30 s at 25 fps: the longest GOP of thrifty encoders fits
_TIMESCALE = 90_000  # ticks per second of the MP4
_NOMINAL_TICKS = _TIMESCALE // 25
_MOVFLAGS = "empty_moov+default_base_moof+frag_every_frame+skip_trailer+cmaf"


def codec_string(video: VideoFormat, keyframe: Packet | None = None) -> str | None:
    """Return the RFC 6381 codec of a stream that browsers can play this way, None for any other.

    The profile is the one of the real parameter set, from the description or from a keyframe that carries it.
    """
    if video.codec != "h264":
        return None
    info = h264.sequence_info(_parameter_sets(video, keyframe))
    return info.codec_string if info else None


def with_size(video: VideoFormat, keyframe: Packet) -> VideoFormat:
    """Complete an H.264 format, of which the description said no size, from a keyframe's own parameter set."""
    info = h264.sequence_info(_parameter_sets(video, keyframe)) if video.codec == "h264" else None
    return replace(video, width=info.width, height=info.height) if info else video


class LiveMuxer:
    """Turns packets into MP4 fragments, one per picture; decoding times begin at zero. For one thread at a time.

    The first `mux` must be given a keyframe, and returns the initialisation segment.
    """

    def __init__(self, video: VideoFormat) -> None:
        self._video = video
        self._sink = _Sink()
        self._output: OutputContainer = av.open(
            self._sink, "w", format="mp4", options={"movflags": _MOVFLAGS, "video_track_timescale": str(_TIMESCALE)}
        )
        self._stream = self._output.add_mux_stream(
            "h264", width=video.width, height=video.height, time_base=Fraction(1, _TIMESCALE)
        )
        self._scale = video.time_base * _TIMESCALE
        self._shift: int | None = None  # added to the packets' own ticks
        self._last_dts = 0

    def mux(self, packet: Packet) -> bytes:
        """Return the bytes that are ready now; a picture's fragment comes out with the next picture."""
        native = self._native(packet)
        dts = round(packet.dts * self._scale)
        self._shift = -dts if self._shift is None else self._shift
        native.dts = self._last_dts = dts + self._shift
        native.pts = round(packet.pts * self._scale) + self._shift
        self._output.mux_one(native)
        return self._sink.take()

    def close_gap(self, packet: Packet) -> None:
        """Let `packet` follow the last one directly: pictures between them were dropped."""
        self._shift = self._last_dts + _NOMINAL_TICKS - round(packet.dts * self._scale)

    def close(self) -> None:
        """Free the muxer."""
        self._output.close()

    def _native(self, packet: Packet) -> Any:
        """Return the packet as the muxer takes it."""
        payload = packet.payload.data()
        if h264.is_avcc(self._video.extradata):
            payload = h264.lengths_to_annex_b(payload, self._video.extradata)
        if self._shift is None:
            payload = self._with_parameter_sets(payload)
        native: Any = av.Packet(payload)
        native.stream = self._stream
        native.time_base = Fraction(1, _TIMESCALE)
        native.is_keyframe = packet.keyframe
        return native

    def _with_parameter_sets(self, payload: bytes) -> bytes:
        """The muxer takes its configuration from the first picture, so it must hold the parameter sets."""
        if h264.has_both(h264.parameter_sets(payload)):
            return payload
        return h264.to_annex_b(h264.parameter_sets(self._video.extradata)) + payload


class LiveFeed:
    """One viewer's packets: filled by the camera's thread, emptied on the viewer's event loop.

    Holds `MAX_QUEUED_PACKETS`; when full all of them go and the next keyframe begins anew, counted in `dropped`.
    Browsers are told `video/mp4; codecs="{codec}"`.
    """

    def __init__(self, video: VideoFormat, codec: str, loop: asyncio.AbstractEventLoop) -> None:
        self.video = video
        self.codec = codec
        self._loop = loop
        self._lock = threading.Lock()
        self._ready = asyncio.Event()
        self._packets: deque[tuple[Packet, bool]] = deque()  # True: follows a gap
        self._last_dts: int | None = None
        self._gap = True  # wait for a keyframe
        self._early: list[Packet] | None = []  # offered before `start`
        self._closed = False
        self.dropped = 0

    def start(self, last_gop: list[Packet]) -> None:
        """Begin with the packets since the last keyframe, then those offered meanwhile."""
        with self._lock:
            early, self._early = self._early or [], None
            for packet in (*last_gop, *early):
                self._queue(packet)
        self._wake()

    def put(self, packet: Packet) -> None:
        """Offer a packet from any thread; one that was offered before is ignored."""
        with self._lock:
            if self._early is not None:
                self._early.append(packet)
                return
            self._queue(packet)
        self._wake()

    def _queue(self, packet: Packet) -> None:
        if self._closed or (self._last_dts is not None and packet.dts <= self._last_dts):
            return
        if len(self._packets) >= MAX_QUEUED_PACKETS:
            self.dropped += len(self._packets)
            self._packets.clear()
            self._gap = True
        if self._gap and not packet.keyframe:
            self.dropped += self._last_dts is not None
            return
        self._packets.append((packet, self._gap))
        self._gap = False
        self._last_dts = packet.dts

    def close(self) -> None:
        """End the feed from any thread: what is queued is still delivered."""
        with self._lock:
            self._closed = True
        self._wake()

    async def fragments(self) -> AsyncIterator[bytes]:
        """Yield the initialisation segment and then fragments, until the feed is closed. Cancelling is safe."""
        muxer = LiveMuxer(self.video)
        first = True
        try:
            while (queued := await self._next()) is not None:
                packet, gap = queued
                if gap and not first:
                    muxer.close_gap(packet)
                first = False
                if data := muxer.mux(packet):
                    yield data
        finally:
            muxer.close()

    async def _next(self) -> tuple[Packet, bool] | None:
        while True:
            self._ready.clear()
            with self._lock:
                if self._packets:
                    return self._packets.popleft()
                if self._closed:
                    return None
            await self._ready.wait()

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ready.set)


class LiveHub:
    """The viewers of one camera; costs nothing while there are none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feeds: tuple[LiveFeed, ...] = ()

    @property
    def viewers(self) -> int:
        """Feeds open now."""
        return len(self._feeds)

    def publish(self, packet: Packet) -> None:
        """Give a packet to all viewers; called by the camera's thread for every packet."""
        for feed in self._feeds:
            feed.put(packet)

    def end(self) -> None:
        """Close all feeds: the stream's format changed, viewers must begin anew."""
        for feed in self._feeds:
            feed.close()

    def subscribe(self, video: VideoFormat, codec: str, last_gop: Callable[[], list[Packet]]) -> Subscription:
        """Return a new viewer's feed as a context manager; call on the viewer's event loop.

        Args:
            video: The stream's format now.
            codec: Its RFC 6381 name.
            last_gop: Asked for the packets since the last keyframe: the picture is there at once.
        """
        return Subscription(self, LiveFeed(video, codec, asyncio.get_running_loop()), last_gop)

    def add(self, feed: LiveFeed) -> None:
        """Begin to publish to a feed."""
        with self._lock:
            self._feeds = (*self._feeds, feed)

    def remove(self, feed: LiveFeed) -> None:
        """Stop publishing to a feed."""
        with self._lock:
            self._feeds = tuple(f for f in self._feeds if f is not feed)


class Subscription:
    """A feed for as long as it is entered: `with hub.subscribe(...) as feed: async for data in feed.fragments()`."""

    def __init__(self, hub: LiveHub, feed: LiveFeed, last_gop: Callable[[], list[Packet]]) -> None:
        self._hub = hub
        self._feed = feed
        self._last_gop = last_gop

    def __enter__(self) -> LiveFeed:
        self._hub.add(self._feed)  # before asking for the past: nothing may fall between the two
        self._feed.start(self._last_gop())
        return self._feed

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hub.remove(self._feed)
        self._feed.close()


class _Sink:
    """Collects what the muxer writes; it cannot seek, so the muxer does not try."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def _parameter_sets(video: VideoFormat, keyframe: Packet | None) -> list[bytes]:
    units = h264.parameter_sets(video.extradata)
    if keyframe is not None and not h264.has_both(units):
        units = h264.parameter_sets(keyframe.payload.data())
    return units
