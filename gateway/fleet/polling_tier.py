"""The cameras of a worker that are watched by their snapshots while nothing goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Protocol

from camera_configs.models import CameraConfig
from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.client import SnapshotAddress, SnapshotClient, SnapshotConnections
from gateway.camera.snapshots.look import decode_look
from gateway.camera.snapshots.look_queue import LookQueue, Turns
from gateway.camera.snapshots.poller import ModeChange, PollCounts, Polled, PolledCamera, SnapshotPoller
from gateway.camera.snapshots.view import ViewWatch
from gateway.camera.snapshots.watch import Mode
from gateway.clock import Clock
from gateway.fleet.duty import Duty
from gateway.fleet.passwords import Unseal, password_of
from gateway.types import Frame, Luma, Outcome


class PolledUnit(Protocol):
    """What the tier asks of a camera."""

    camera: CameraConfig
    duty: Duty
    mask: PrivacyMask

    def take_look(self, look: Polled) -> None:
        """Note that a look came; on the loop."""

    def look(self, frame: Frame) -> Outcome:
        """Analyse one look, on a lane's thread."""

    def change_mode(self, change: ModeChange | None) -> None:
        """Open or close the stream; None: it is not polled any more."""

    def stream_picture(self) -> tuple[bytes, float] | None:
        """Return the stream's last keyframe as JPEG, masks painted, and its moment; blocks."""


class PollingTier:
    """Polls those of a worker's cameras whose rules in force are all slow and that have a snapshot address.

    Args:
        connections: Entered by the caller for as long as the tier is used.
        lanes: Where looks are decoded and analysed.
        clock: Paces everything.
        unseal: Opens sealed passwords.
    """

    def __init__(
        self, connections: SnapshotConnections, lanes: Turns, clock: Clock, unseal: Unseal | None = None
    ) -> None:
        self._unseal = unseal
        self._units: dict[str, PolledUnit] = {}
        self._cadences: dict[str, float] = {}  # of the cameras the poller has
        self._views: dict[str, ViewWatch] = {}  # made on the loop, used on the lanes
        self._queue = LookQueue(lanes, self._work, lambda camera_id, error: self._poller.report(camera_id, error))
        fetcher_of = partial(SnapshotClient, connections=connections, clock=clock)
        self._poller = SnapshotPoller(fetcher_of, clock, on_look=self._take, on_change=self._change)

    @property
    def counts(self) -> PollCounts:
        """What was due and what became of it."""
        return self._poller.counts

    @property
    def counters(self) -> Mapping[str, float]:
        """The same by name, with what the queue of looks waits for (`waiting`) and has lost."""
        queue = self._queue
        lost = {"dropped": queue.dropped, "crashed": queue.crashes, "waiting": queue.waiting}
        return {**asdict(self.counts), **lost, "cameras": self._poller.polled}

    async def run(self) -> None:
        """Poll until cancelled; may be run again."""
        await self._poller.run()

    def follow(self, unit: PolledUnit) -> None:
        """Poll a camera, or leave it to its stream, as its duty is now; on the loop."""
        camera_id, duty = unit.camera.id, unit.duty
        if unit.camera.snapshot is None or not duty.armed:  # without a duty it stays as it is
            return
        present = self._cadences.get(camera_id)
        if not duty.slow and present is not None:
            del self._cadences[camera_id]
            self._poller.remove(camera_id)
            unit.change_mode(None)
        elif duty.slow and present != duty.cadence_s:
            self._units[camera_id] = unit
            self._cadences[camera_id] = duty.cadence_s
            self._poller.add(polled_camera(unit, self._unseal))

    def drop(self, camera_id: str) -> None:
        """Have nothing more to do with a camera; the next `follow` of one of that id begins anew. On the loop."""
        if self._cadences.pop(camera_id, None) is not None:
            self._poller.remove(camera_id)
        self._units.pop(camera_id, None)
        self._views.pop(camera_id, None)

    def report(self, camera_id: str, outcome: Outcome) -> None:
        """Hear what the analysis found in the stream; from any thread."""
        self._poller.report(camera_id, outcome)

    def hasten(self, camera_id: str) -> None:
        """Take a camera's next look now, if it is polled; on the loop."""
        self._poller.hasten(camera_id)

    def looks(self, camera_id: str) -> tuple[Polled, ...]:
        """Return the last looks of a camera, oldest first, masks not painted; on the loop."""
        return self._poller.looks(camera_id)

    @contextmanager
    def viewer(self, camera_id: str) -> Iterator[None]:
        """Keep the stream open while somebody watches live; on the loop."""
        with self._poller.viewer(camera_id):
            yield

    def _take(self, look: Polled) -> None:
        if look.camera_id not in self._units:
            return
        self._units[look.camera_id].take_look(look)
        self._queue.put(look)

    def _change(self, change: ModeChange) -> None:
        if change.mode is Mode.PROBING:  # what it finds sound is the view from then on
            self._views[change.camera_id] = ViewWatch()
        self._units[change.camera_id].change_mode(change)

    def _work(self, look: Polled) -> None:
        unit, view = self._units.get(look.camera_id), self._views.get(look.camera_id)
        if unit is None or view is None:  # dropped while this look waited
            return
        frame = decode_look(look.camera_id, look.jpeg, look.at_s, unit.mask)
        outcome = unit.look(frame)
        self._poller.report(look.camera_id, outcome)
        # What goes on before the lens is no other view; it opens the stream by itself.
        busy = outcome.moving or outcome.occupied
        other = None if busy else view.look(frame.small, look.at_s)
        if other is not None:
            self._poller.report(look.camera_id, other)


def polled_camera(unit: PolledUnit, unseal: Unseal | None = None) -> PolledCamera:
    """Return what the poller needs to know of a camera that has a snapshot address."""
    camera, snapshot = unit.camera, unit.camera.snapshot
    assert snapshot is not None  # noqa: S101 - the caller looked
    address = SnapshotAddress(
        camera.id,
        snapshot.url,
        snapshot.username,
        password_of(snapshot, unseal),
        snapshot.timeout_s,
        limit_key=camera.recorder or "",
    )
    return PolledCamera(address, unit.duty.cadence_s, unit.mask, partial(_reference, unit))


def _reference(unit: PolledUnit) -> Luma | None:
    found = unit.stream_picture()
    if found is None:
        return None
    jpeg, at_s = found
    return decode_look(unit.camera.id, jpeg, at_s, unit.mask).luma
