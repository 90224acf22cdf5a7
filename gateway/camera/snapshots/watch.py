"""Poll or stream? One camera's decision, from what its snapshots and their analysis say; no I/O."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.camera.snapshots.client import Snapshot
from gateway.camera.snapshots.jpeg import same_picture
from gateway.camera.snapshots.probe import Trouble, Verdict, slow_limit_s
from gateway.camera.snapshots.view import OtherView
from gateway.errors import CameraError
from gateway.supervise import Backoff
from gateway.types import Outcome, Phase

QUIET_S = 60.0  # the stream stays for this long after the last activity, so that a pause does not close it
RETRY_S = 600.0  # after trouble with the snapshots, until they are probed again; doubles up to an hour
LONGEST_RETRY_S = 3_600.0
SOUND_FOR_S = 7_200.0  # polling that lasted this long makes earlier trouble forgotten
IN_A_ROW = 3  # so many looks in trouble, one after another, end the polling
# The stream is up and has shown a keyframe by then, to compare with.
STREAM_UP_S = 10.0
_ROUNDING = 1e-6  # of a cadence: the moment of a poll itself is never taken for just before it
_FROZEN = "camera_fault.frozen"
_AT_WORK = frozenset({Phase.CANDIDATE, Phase.RAISED, Phase.ONGOING})


class Mode(StrEnum):
    """How a camera is watched now. In every mode but `POLLING` its stream is open: it is never unwatched."""

    PROBING = "probing"  # the stream watches while the snapshots are being tried
    POLLING = "polling"
    STREAMING = "streaming"


class Step(StrEnum):
    """What is to be done next."""

    PROBE = "probe"
    POLL = "poll"
    REST = "rest"  # nothing but to ask again at that time


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do, and the moment for it."""

    step: Step
    at_s: float


class PollWatch:
    """Decides about one camera; called from one thread, with moments of one clock that never go back.

    Args:
        camera_id: Also spreads the cameras over the cadence: each has its own phase, the same after every restart.
        cadence_s: One look per so many seconds.
        now_s: The moment from which on it is watched.
        quiet_s: See `QUIET_S`.
        retry_s: See `RETRY_S`.
        rng: Returns a float in [0, 1).

    Attributes:
        mode: How the camera is watched now.
        reason: Why it is not polled: "activity", "viewer", "starting" or a `Trouble` (which, while probing, is not
            known to be one yet); empty while polling.
        detail: The same for people, where there is more to say.
    """

    def __init__(
        self,
        camera_id: str,
        cadence_s: float,
        now_s: float,
        *,
        quiet_s: float = QUIET_S,
        retry_s: float = RETRY_S,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.cadence_s = cadence_s
        self._phase_s = cadence_s * (zlib.crc32(camera_id.encode()) / 2**32)
        self._quiet_s = quiet_s
        self._backoff = Backoff(retry_s, LONGEST_RETRY_S, jitter=0.3, stable_s=SOUND_FOR_S, rng=rng)
        self._views = Backoff(retry_s, LONGEST_RETRY_S, jitter=0.3, stable_s=SOUND_FOR_S, rng=rng)
        self._viewed_s = self._views_until_s = -math.inf  # when another view was noticed last; not again before
        self.mode = Mode.PROBING
        self.reason = "starting"
        self.detail = ""
        self._until_s = now_s + STREAM_UP_S + self._phase_s  # nothing is tried before
        self._active_s = self._seen_s = -math.inf  # when something went on last; when anything was analysed last
        self._first_due_s: float | None = None  # of the first poll, which may not wait for its phase
        self._viewers = 0
        self._polled_s = now_s  # since when it is polled, or was last
        self._size: tuple[int, int] | None = None
        self._before: bytes | None = None
        self._failures = self._same = self._slow = 0  # in a row

    @property
    def wants_stream(self) -> bool:
        """True while the stream must be open."""
        return self.mode is not Mode.POLLING

    def next_step(self, now_s: float) -> NextStep:
        """Return what to do next; `at_s` is never before `now_s`."""
        self._settle(now_s)
        if self.mode is Mode.PROBING:
            return NextStep(Step.PROBE, max(now_s, self._until_s))
        if self.mode is Mode.POLLING:
            at_s = self.next_poll_s(now_s)
            # The stream was looked at in its own phase: both phases in a row could be two cadences.
            return NextStep(Step.POLL, at_s if self._first_due_s is None else max(now_s, min(at_s, self._first_due_s)))
        return NextStep(Step.REST, self._rests_until_s(now_s))

    def next_poll_s(self, now_s: float) -> float:
        """Return the first moment after `now_s` in this camera's phase; looks that are missed are not made up for."""
        turns = math.floor((now_s - self._phase_s) / self.cadence_s + _ROUNDING) + 1
        return turns * self.cadence_s + self._phase_s

    def hasten(self, now_s: float) -> bool:
        """Poll at once; False where that is not for the snapshots to do now."""
        if self.mode is not Mode.POLLING:
            return False
        self._first_due_s = now_s
        return True

    def note_verdict(self, verdict: Verdict, at_s: float) -> None:
        """Take a probe's result."""
        if self.mode is not Mode.PROBING:
            return
        if verdict.trouble is not None:
            self._distrust(verdict.trouble, verdict.detail, at_s)
            return
        self._forget_troubles()
        self._size, self._polled_s = verdict.size, at_s
        if self._busy(at_s):
            self.mode, self.reason, self.detail = Mode.STREAMING, self._why_streaming(), ""
        else:
            self._enter_polling()

    def note_look(self, snapshot: Snapshot, at_s: float) -> None:
        """Take a snapshot that came whole."""
        if self.mode is not Mode.POLLING:
            return
        self._first_due_s = None
        self._failures = 0
        before, self._before = self._before, snapshot.jpeg
        self._same = self._same + 1 if before is not None and same_picture(before, snapshot.jpeg) else 0
        self._slow = self._slow + 1 if snapshot.took_s >= slow_limit_s(self.cadence_s) else 0
        size = (snapshot.width, snapshot.height)
        if self._size not in {None, size}:
            self._distrust(Trouble.DIFFERENT, f"snapshots are now {size[0]} x {size[1]} px", at_s)
        elif self._same >= IN_A_ROW:
            self._distrust(Trouble.STALE, f"the same picture {self._same + 1} times", at_s)
        elif self._slow >= IN_A_ROW:
            self._distrust(Trouble.SLOW, f"{self._slow} slow snapshots, the last took {snapshot.took_s:.1f} s", at_s)

    def note_failure(self, error: CameraError, at_s: float) -> None:
        """Take a snapshot that did not come, or could not be decoded. Refused credentials count at once."""
        if self.mode is not Mode.POLLING:
            return
        self._first_due_s = None
        self._failures += 1
        if self._failures >= IN_A_ROW or error.state == "auth_failed":
            self._distrust(Trouble.FAILED, error.detail or error.state, at_s)

    def note_other_view(self, other: OtherView, at_s: float) -> None:
        """Take word that the looks show another view: open the stream, and probe as soon as it shows something.

        The probe tells whether the whole camera has turned (then its snapshots are as good as before, and the stream
        has been seen) or the snapshots alone. Day and night change a view too: not before `retry_s` has passed since
        the last time, and twice that, up to an hour, when it comes again and again.
        """
        if self.mode is not Mode.POLLING or at_s < self._views_until_s:
            return
        self._views_until_s = at_s + self._views.next_pause_s(at_s - self._viewed_s)
        self._viewed_s = at_s
        self._until_s = at_s + STREAM_UP_S
        self.mode, self.reason, self.detail = Mode.PROBING, Trouble.DIFFERENT.value, other.detail

    def note_outcome(self, outcome: Outcome) -> None:
        """Take the analysis of a look, or of a frame while streaming: anything going on wants the stream.

        Snapshots that repeat one picture are in trouble rather than busy: whether the camera itself stands still, its
        stream tells.
        """
        self._seen_s = max(self._seen_s, outcome.at_s)
        at_work = [s for s in outcome.signals if s.phase in _AT_WORK]
        if self.mode is Mode.POLLING and any(s.event_type == _FROZEN for s in at_work):
            self._distrust(Trouble.STALE, "the picture does not change", outcome.at_s)
            return
        if not (outcome.moving or outcome.occupied or at_work):
            return
        self._active_s = max(self._active_s, outcome.at_s)
        if self.mode is Mode.POLLING:
            self.mode, self.reason = Mode.STREAMING, "activity"

    def add_viewer(self) -> None:
        """Somebody watches live: the stream is needed until `remove_viewer`."""
        self._viewers += 1
        if self.mode is Mode.POLLING:
            self.mode, self.reason = Mode.STREAMING, "viewer"

    def remove_viewer(self) -> None:
        """One viewer less."""
        self._viewers = max(0, self._viewers - 1)

    def _settle(self, now_s: float) -> None:
        """Leave streaming when its reason is over."""
        if self.mode is not Mode.STREAMING:
            return
        if self.reason in set(Trouble):
            if now_s >= self._until_s:
                self.mode = Mode.PROBING
        elif not self._busy(now_s):
            self._enter_polling()
        else:
            self.reason = self._why_streaming()

    def _rests_until_s(self, now_s: float) -> float:
        if self.reason in set(Trouble):
            return max(now_s, self._until_s)
        quiet_at_s = self._active_s + self._quiet_s
        return quiet_at_s if quiet_at_s > now_s else now_s + self.cadence_s

    def _busy(self, now_s: float) -> bool:
        return self._viewers > 0 or now_s < self._active_s + self._quiet_s

    def _why_streaming(self) -> str:
        return "viewer" if self._viewers else "activity"

    def _enter_polling(self) -> None:
        self.mode, self.reason, self.detail = Mode.POLLING, "", ""
        self._first_due_s = None if math.isinf(self._seen_s) else self._seen_s + self.cadence_s
        self._forget_troubles()

    def _distrust(self, trouble: Trouble, detail: str, at_s: float) -> None:
        ran_for_s = at_s - self._polled_s if self.mode is Mode.POLLING else 0.0
        self._until_s = at_s + self._backoff.next_pause_s(ran_for_s)
        self.mode, self.reason, self.detail = Mode.STREAMING, trouble.value, detail

    def _forget_troubles(self) -> None:
        self._failures = self._same = self._slow = 0
        self._before = None
