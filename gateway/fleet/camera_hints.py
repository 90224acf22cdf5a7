"""What a camera's own device believes to see: when that is a reason to look, and what people are told of it."""

from __future__ import annotations

import math

from gateway.onvif.topics import HintKind

LEAST_BETWEEN_S = 1.0  # looks at a camera that speaks without end
# A device tells of motion once, when it begins: while it goes on it is looked at so often, for so long.
AGAIN_S = 5.0
GOES_ON_S = 60.0
# See `CAMERA_NOTES`.
NOTES = {HintKind.TAMPER: "device_tamper", HintKind.SIGNAL_LOSS: "device_signal_loss"}


class CameraHints:
    """One camera's; used on the worker's event loop, with moments of one clock."""

    def __init__(self) -> None:
        self._since: dict[HintKind, float] = {}  # what the device says now, and since when
        self._asked_s = -math.inf
        self._owed = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What the device believes of the camera itself."""
        return tuple(note for kind, note in NOTES.items() if kind in self._since)

    def take(self, kind: HintKind, now_s: float, *, active: bool) -> bool:
        """Take a hint; True: look now. The end of tampering or of a lost signal is worth a look too."""
        if active:
            self._since[kind] = now_s
            self._owed = True
        elif self._since.pop(kind, None) is not None:
            self._owed |= kind in NOTES
        return self.due(now_s)

    def due(self, now_s: float) -> bool:
        """Say whether to look now; True once for each look."""
        moving_s = self._since.get(HintKind.MOTION, -math.inf)
        goes_on = now_s < moving_s + GOES_ON_S and now_s >= self._asked_s + AGAIN_S
        if not (self._owed or goes_on) or now_s < self._asked_s + LEAST_BETWEEN_S:
            return False
        self._owed, self._asked_s = False, now_s
        return True

    def forget(self) -> None:
        """The device cannot be heard any more: nothing that it said holds."""
        self._since.clear()
        self._owed = False
