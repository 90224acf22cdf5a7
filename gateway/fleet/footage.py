"""What one camera's evidence is made of: packets of the stream that shows most, in the time of the one analysed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from gateway.camera.alignment import shift_s
from gateway.camera.decoder import PrivacyMask
from gateway.camera.picture import picture_at
from gateway.camera.snapshots.poller import Polled
from gateway.camera.watcher import CameraWatcher
from gateway.fleet.stream_side import StreamSide
from gateway.types import Bgr, Packet, VideoFormat

# Packets further apart have something missing between them.
GAP_S = 2.0
# So much more must the substream show for a clip to be of low resolution.
LEAST_GAIN_S = 2.0


class Stretch(NamedTuple):
    """Packets of one stream, from a keyframe on; moments are those of the stream analysed."""

    video: VideoFormat
    packets: Sequence[Packet]


class Footage:
    """The packets of a camera's streams, and the looks that led to what began at a moment. Used on the loop.

    Args:
        camera_id: Goes into pictures.
        streams: Whose rings are held and cut from.
        analysed: Returns the watcher whose moments signals have.
        mask: Painted over pictures.
        looks_before: Returns the looks that led to what began then.
    """

    def __init__(
        self,
        camera_id: str,
        streams: StreamSide,
        analysed: Callable[[], CameraWatcher],
        mask: PrivacyMask,
        looks_before: Callable[[float], Sequence[Polled]] = lambda _: (),
    ) -> None:
        self._camera_id = camera_id
        self._streams = streams
        self._analysed = analysed
        self._mask = mask
        self.looks_before = looks_before

    def pin(self, key: str, from_s: float) -> None:
        """Hold the rings from that moment on."""
        self._streams.pin(key, from_s)

    def unpin(self, key: str) -> None:
        """Let the rings go."""
        self._streams.unpin(key)

    @property
    def lag_s(self) -> float:
        """How much later than in the stream analysed a moment may be in the rings; never negative."""
        return max(0.0, *(self._shift_s(watcher) or 0.0 for watcher in self._streams.watchers.values()))

    def between(self, start_s: float, end_s: float) -> Stretch | None:
        """Return what to show of that time, from the keyframe before: of the main stream wherever it has as much."""
        best: Stretch | None = None
        best_s = -LEAST_GAIN_S
        for role in ("main", "sub"):
            watcher = self._streams.watchers.get(role)
            found = None if watcher is None else self._of(watcher, start_s)
            shown_s = 0.0 if found is None else covered_s([p.at_s for p in found.packets], start_s, end_s)
            if found is not None and shown_s >= best_s + LEAST_GAIN_S:
                best, best_s = found, shown_s
        return best

    def picture(self, at_s: float) -> Bgr | None:
        """Return the main stream's picture of that moment, masks painted; blocks for decoding.

        None where the main stream is the one analysed, whose picture the signal brought; where it has none of that
        moment; and where nobody knows how its moments compare: the thing in question may have moved on.
        """
        main = self._streams.watchers["main"]
        if main is self._analysed() or self._shift_s(main) is None:
            return None
        found = self._of(main, at_s)
        frame = found and picture_at(self._camera_id, found.video, found.packets, at_s, self._mask)
        return frame.bgr if frame else None

    def _of(self, watcher: CameraWatcher, start_s: float) -> Stretch | None:
        shift = self._shift_s(watcher) or 0.0
        packets, video = watcher.ring.since(start_s + shift), watcher.video
        if not packets or video is None:
            return None
        return Stretch(video, [replace(p, at_s=p.at_s - shift) for p in packets] if shift else packets)

    def _shift_s(self, watcher: CameraWatcher) -> float | None:
        analysed = self._analysed()
        return 0.0 if watcher is analysed else shift_s(analysed.utc_ahead_s, watcher.utc_ahead_s)


def covered_s(moments: Sequence[float], start_s: float, end_s: float) -> float:
    """Return how much of a stretch of time is shown by packets of these moments, given in order."""
    inside = [min(max(at_s, start_s), end_s) for at_s in moments]
    steps = zip(pairwise(moments), pairwise(inside), strict=True)
    return sum(b - a for (before_s, after_s), (a, b) in steps if after_s - before_s <= GAP_S and b > a)
