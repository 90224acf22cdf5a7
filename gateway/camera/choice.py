"""Which of a camera's two streams is analysed: the substream, as long as it does. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gateway.camera.gate import LONG_GOP_S

Role = Literal["main", "sub"]

# A stream that comes back within this time is waited for.
PATIENCE_S = 3.0
# One that is being opened for longer: after a restart hundreds of streams wait for their turn.
OPENING_PATIENCE_S = 12.0
# The substream must have been sound for so long before the analysis goes back: each change costs it its background.
SETTLE_S = 20.0
SUB_UNAVAILABLE = "sub_unavailable"
SUB_LONG_GOP = "sub_long_gop"
EVIDENCE_FROM_SUB = "evidence_from_sub"


class StreamFacts(NamedTuple):
    """How a stream does now."""

    online: bool
    hopeless: bool = False  # it cannot be had as it is configured: no such path, no codec of ours
    opening: bool = False  # for the first time, or after a change of its format
    gop_s: float | None = None  # from keyframe to keyframe, or since the last where that is longer; None: not known yet


class StreamChoice:
    """Follows a camera's main and sub stream, both of which are received; changing over needs no reconnection.

    Args:
        keep_to_sub: The substream is analysed however rare its keyframes are.

    Attributes:
        analysed: The stream to be analysed now.
        notes: What is worth a word on the camera's page, of `storage.records.CAMERA_NOTES`.
    """

    def __init__(self, *, keep_to_sub: bool = False) -> None:
        self._keep_to_sub = keep_to_sub
        self.analysed: Role = "sub"
        self.notes: tuple[str, ...] = ()
        self._trouble = ""  # the substream's, now
        self._since_s = 0.0  # since when it has had this one, or none
        self._reason = ""  # why the main stream is analysed
        self._main_lost_s: float | None = None

    def begin(self, now_s: float) -> None:
        """Both streams are being opened: give each the time it needs."""
        self._since_s = now_s
        self._main_lost_s = now_s

    def follow(self, now_s: float, main: StreamFacts, sub: StreamFacts) -> None:
        """Decide again; call about once a second while the streams are wanted."""
        trouble = self._trouble_of(main, sub)
        if trouble != self._trouble:
            self._trouble, self._since_s = trouble, now_s
        lasted_s = now_s - self._since_s
        enough_s = 0.0 if sub.hopeless else OPENING_PATIENCE_S if sub.opening else PATIENCE_S
        if self.analysed == "sub" and trouble and main.online and lasted_s >= enough_s:
            self.analysed = "main"
        elif self.analysed == "main" and ((sub.online and not main.online) or (not trouble and lasted_s >= SETTLE_S)):
            self.analysed = "sub"
        self._note(now_s, main, sub)

    def _trouble_of(self, main: StreamFacts, sub: StreamFacts) -> str:
        if not sub.online:
            return SUB_UNAVAILABLE
        rare = sub.gop_s is not None and sub.gop_s >= LONG_GOP_S
        often = main.online and main.gop_s is not None and main.gop_s < LONG_GOP_S
        return SUB_LONG_GOP if rare and often and not self._keep_to_sub else ""

    def _note(self, now_s: float, main: StreamFacts, sub: StreamFacts) -> None:
        self._reason = self._trouble or self._reason
        if main.online:
            self._main_lost_s = None
        elif self._main_lost_s is None:
            self._main_lost_s = now_s
        lost = self._main_lost_s is not None and now_s - self._main_lost_s >= PATIENCE_S
        notes = ((self._reason, self.analysed == "main"), (EVIDENCE_FROM_SUB, lost and sub.online))
        self.notes = tuple(note for note, holds in notes if holds)
