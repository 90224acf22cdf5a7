"""What happens to the packets that the gate chose: decode, analyse, tell the gate. Runs on a lane's thread."""

from __future__ import annotations

import math
from collections.abc import Callable

from gateway.camera.decoder import FrameDecoder, KeyframeDecoders, PrivacyMask
from gateway.camera.gate import ActivityGate, DecodeRequest
from gateway.errors import StreamCorrupt
from gateway.types import Frame, FrameOrigin, Outcome, Packet, VideoFormat

Analyse = Callable[[Frame], Outcome]
Glance = Callable[[Frame], bool]


class Inspection:
    """Decodes and analyses the frames of one camera; each moment at most once and never back in time.

    Args:
        camera_id: Goes into frames.
        gate: Hears every result.
        decoders: Shared by all cameras.
        analyse: Looks at one frame; called in order of time.
        on_outcome: Hears every result too, after the gate; called on the lane's thread.
        mask: Painted before analysis.
        glance: Tells, without remembering the frame, whether a look seems to show movement. With it the burst also
            covers the GOP before the look, so that the analysis sees how the activity began.

    Attributes:
        frames: Analysed so far.
        undecodable: Keyframes of which no picture came.
    """

    def __init__(  # noqa: PLR0917 - wired once, by the watcher
        self,
        camera_id: str,
        gate: ActivityGate,
        decoders: KeyframeDecoders,
        analyse: Analyse,
        on_outcome: Callable[[Outcome], None],
        mask: PrivacyMask,
        *,
        glance: Glance | None = None,
    ) -> None:
        self._camera_id = camera_id
        self._gate = gate
        self._decoders = decoders
        self._analyse = analyse
        self._on_outcome = on_outcome
        self._mask = mask
        self._glance = glance
        self._video: VideoFormat | None = None
        self._burst: FrameDecoder | None = None
        self._seen_s = -math.inf  # the last moment analysed
        self.frames = 0
        self.undecodable = 0

    def work(self, request: DecodeRequest, video: VideoFormat, behind_s: float = 0.0) -> None:
        """Carry out one request.

        Args:
            request: What to decode.
            video: The format of its packets.
            behind_s: How far its last packet is behind the camera; bursts are thinned out by it.

        Raises:
            StreamCorrupt: A keyframe could not be decoded.
        """
        if video != self._video:
            self._video, self._burst = video, None
        if request.kind is FrameOrigin.LOOK and request.fps is None:
            for packet in request.packets:
                self._look(packet, video, again=request.again)
        else:
            self._continue(request, video, behind_s)

    def _look(self, packet: Packet, video: VideoFormat, *, again: bool) -> None:
        self._burst = None  # over: its decoder holds whole pictures, 15 MB of them at 1080p
        if packet.at_s <= self._seen_s:
            return
        try:
            frame = self._decoders.decode(self._camera_id, video, packet, self._mask)
        except StreamCorrupt:
            self.undecodable += 1
            raise
        seems_to_move = self._glance is not None and not again and self._glance(frame)
        if not (seems_to_move and self._gate.report_glance(frame.at_s)):
            self._conclude(frame)

    def _continue(self, request: DecodeRequest, video: VideoFormat, behind_s: float) -> None:
        if self._burst is None:
            self._burst = FrameDecoder(self._camera_id, video, self._mask, self._gate.policy.burst_fps)
        if request.restart:
            self._burst.restart()
        for frame in self._burst.decode(request.packets, self._seen_s, behind_s, request.fps):
            self._conclude(frame)

    def _conclude(self, frame: Frame) -> None:
        outcome = self._analyse(frame)
        self._seen_s = frame.at_s
        self.frames += 1
        self._gate.report(outcome)
        self._on_outcome(outcome)
