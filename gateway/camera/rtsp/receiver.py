"""A camera's stream as packets: opens a session, reads in batches, keeps the session, names every end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import structlog

from camera_configs.models import StreamConfig
from gateway.camera import h264
from gateway.camera.packets import BATCH_S, RawPacket, WallClock
from gateway.camera.rtsp import rtcp
from gateway.camera.rtsp.framing import CutUnit, Framing
from gateway.camera.rtsp.messages import Message, TransportAnswer, answer, parse
from gateway.camera.rtsp.sdp import VideoTrack
from gateway.camera.rtsp.sequence import Shape, shape_of
from gateway.camera.rtsp.session import Session
from gateway.camera.rtsp.timing import StreamTimes
from gateway.camera.rtsp.units import Content, PackedUnit, Packing, content_of, parameter_sets
from gateway.camera.rtsp.wires import DatagramWire, InterleavedWire, PeerGone, PortPair, Wire
from gateway.errors import (
    CameraError,
    CameraReset,
    CameraSilent,
    StreamCorrupt,
    StreamEnded,
    StreamFormatChanged,
    StreamStalled,
)
from gateway.types import VideoFormat

logger = structlog.get_logger(__name__)

# A keyframe tells the truth where descriptions are stale; a stream that does not begin with one is not waited for.
FORMAT_WAIT_S = 1.0
REPORT_EVERY_S = 5.0  # receiver reports: some cameras take their absence for ours
TEARDOWN_WAIT_S = 0.2
_OPENING_WAIT_S = 0.05
_NOMINAL_FPS = 25
_MOST_PREFIX_BYTES = 64 * 1024  # parameter sets and messages sent as a unit of their own
_NO_CHANNEL = 255  # the connection beside datagrams carries no packets
_LEAVING = frozenset({"TEARDOWN", "REDIRECT"})


class OtherEncoding(Exception):
    """The video is of a codec that we do not take apart; internal to the camera package.

    Attributes:
        encoding: Its name in the description.
    """

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        super().__init__(encoding)


class RtspReceiver:
    """One session with one stream of H.264 or H.265. As `PacketSource`, but `open` may raise `OtherEncoding`.

    Args:
        camera_id: Named in errors.
        stream: Address, transport and timeouts.
        password: Of `stream.username`; never in errors, logs or requests other than as an answer to a challenge.

    Attributes:
        eager: See `PacketSource`; a stream is read eagerly until its first keyframe.
    """

    def __init__(self, camera_id: str, stream: StreamConfig, password: str | None = None) -> None:
        self.eager = False
        self._camera_id = camera_id
        self._stream = stream
        self._password = password
        self._session: Session | None = None
        self._ports: PortPair | None = None
        self._wire: Wire | None = None
        self._framing: Framing | None = None
        self._intake: Intake | None = None
        self._first: list[RawPacket] = []
        self._end: CameraError | None = None  # of a stream that was over while it was opened
        self._packets_seen = 0
        self._heard_s = 0.0  # when the last RTP packet was read
        self._alive_s = self._reported_s = 0.0  # when a keep-alive and a receiver report were last sent
        self._source = secrets.randbits(32)
        self._sender: rtcp.SenderReport | None = None
        self._wall_clock: WallClock | None = None

    @property
    def wall_clock(self) -> WallClock | None:
        """The newest sender report."""
        return self._wall_clock

    @property
    def lost_packets(self) -> int:
        """RTP packets missing by their numbers."""
        return self._framing.lost if self._framing is not None else 0

    def open(self) -> VideoFormat:
        """Connect, play, and wait for the first packets: for a keyframe, if one comes soon."""
        session = self._session = Session(self._camera_id, self._stream, self._password)
        track = session.describe()
        if track.packing is None:
            raise OtherEncoding(track.encoding)
        self._ports = PortPair(session.peer.host) if self._stream.transport == "udp" else None
        agreed = session.set_up(track, self._ports.numbers if self._ports else None)
        session.play()
        self._framing, self._wire = self._joined(session, track, track.packing, agreed)
        self._intake = Intake(self._camera_id, track, track.packing)
        self._heard_s = self._alive_s = time.monotonic()
        self._await_first(session, self._wire, self._intake)
        return self._intake.settle()

    def packets(self) -> Iterator[RawPacket]:
        """Yield units; between two reads the kernel keeps what arrives."""
        wire, intake = self._wire, self._intake
        if wire is None or intake is None:
            raise RuntimeError("packets() before open()")
        yield from self._first
        self._first = []
        if self._end is not None:
            raise self._end
        while True:
            self._upkeep(wire)
            wire.pace(batch=intake.began and not self.eager)
            wire.wait(BATCH_S)
            yield from self._read(wire, intake)

    def close(self) -> None:
        """Say goodbye, without waiting long for the answer, and free the sockets."""
        if self._wire is not None:
            self._tear_down(self._wire)
            self._wire.close()
            self._wire = None
        if self._ports is not None:
            self._ports.close()
            self._ports = None
        if self._session is not None:
            self._session.close()
            self._session = None

    def _joined(
        self, session: Session, track: VideoTrack, packing: Packing, agreed: TransportAnswer
    ) -> tuple[Framing, Wire]:
        peer = session.peer
        early = peer.finish()
        if self._ports is None:
            channels = agreed.channels or (0, 1)
            framing = Framing(packing, channels[0], track.payload_type, channels[1])
            return framing, InterleavedWire(peer.sock, framing, channels[1], early)
        self._ports.agree(agreed.server_ports, agreed.source)
        framing, texts = Framing(packing, 0, track.payload_type), Framing(packing, _NO_CHANNEL, track.payload_type)
        control = InterleavedWire(peer.sock, texts, _NO_CHANNEL, early)
        return framing, DatagramWire(control, texts, self._ports, framing)

    def _await_first(self, session: Session, wire: Wire, intake: Intake) -> None:
        """Read until a keyframe came, or it is clear that none comes at once."""
        until_s = session.deadline_s
        began = False
        while not intake.began and time.monotonic() < until_s:
            wire.wait(_OPENING_WAIT_S)
            if not self._opening_read(session, wire, intake):
                return
            if self._packets_seen and not began:
                began = True
                until_s = min(until_s, time.monotonic() + FORMAT_WAIT_S)
        if not self._packets_seen:
            raise CameraSilent(self._camera_id, f"{session.peer.where}: describes a stream and sends no picture")

    def _opening_read(self, session: Session, wire: Wire, intake: Intake) -> bool:
        """Collect what there is; False when the stream is over already, which is told after its packets."""
        try:
            self._first.extend(self._read(wire, intake))  # keeps those before the error
        except (StreamEnded, StreamFormatChanged) as error:
            if not self._first:
                detail = f"{session.peer.where}: closes the connection before the first picture"
                raise CameraReset(self._camera_id, detail) from None
            self._end = error
        return self._end is None

    def _read(self, wire: Wire, intake: Intake) -> Iterator[RawPacket]:
        framing = self._framing
        assert framing is not None  # noqa: S101 - made with the wire
        try:
            wire.read()
        except PeerGone as gone:
            raise StreamEnded(self._camera_id, f"{self._where}: {gone}") from None
        now_s = time.monotonic()
        if framing.packets != self._packets_seen:
            self._packets_seen, self._heard_s = framing.packets, now_s
        if framing.units:
            units, framing.units = framing.units, []
            for cut in units:
                packet = intake.take(cut, now_s)
                if packet is not None:
                    yield packet
        if framing.controls or framing.messages:
            self._listen(framing, wire, intake, now_s)
        if framing.hopeless:
            raise StreamCorrupt(self._camera_id, f"{self._where}: data in which no packet can be found")

    @property
    def _where(self) -> str:
        return self._session.peer.where if self._session is not None else ""

    def _upkeep(self, wire: Wire) -> None:
        session, framing = self._session, self._framing
        assert session is not None  # noqa: S101 - made with the wire
        assert framing is not None  # noqa: S101
        now_s = time.monotonic()
        if now_s - self._heard_s >= self._stream.read_timeout_s:
            raise StreamStalled(self._camera_id, "no packet for the read timeout")
        if now_s - self._alive_s >= session.timeout_s / 2:
            self._alive_s = now_s
            wire.send(session.keep_alive())
        if now_s - self._reported_s >= REPORT_EVERY_S and framing.source is not None:
            self._reported_s = now_s
            wire.report(self._receiver_report(framing, now_s))

    def _receiver_report(self, framing: Framing, now_s: float) -> bytes:
        return rtcp.receiver_report(
            self._source,
            framing.source or 0,
            lost=framing.lost,
            highest=framing.last_sequence,
            middle=self._sender.middle if self._sender else 0,
            delay_s=now_s - self._wall_clock.arrival_s if self._wall_clock else 0.0,
        )

    def _listen(self, framing: Framing, wire: Wire, intake: Intake, now_s: float) -> None:
        """Hear what the camera says between the pictures."""
        controls, framing.controls = framing.controls, []
        texts, framing.messages = framing.messages, []
        for packet in controls:
            told = rtcp.read(packet)
            if told.report is not None:
                self._sender = told.report
                self._wall_clock = WallClock(told.report.utc_s, intake.ticks_near(told.report.timestamp), now_s)
            if told.goodbye:
                raise StreamEnded(self._camera_id, f"{self._where}: the stream ended")
        for text in texts:
            message = parse(text)
            if message is not None:
                self._respond(message, wire)

    def _respond(self, message: Message, wire: Wire) -> None:
        assert self._session is not None  # noqa: S101 - made with the wire
        if message.status:
            try:
                reply = self._session.heard(message)
            except LookupError:
                raise StreamEnded(self._camera_id, f"{self._where}: the camera has dropped the session") from None
        else:
            reply = answer(message)
        if reply:
            wire.send(reply)
        if message.method in _LEAVING or (message.method == "ANNOUNCE" and _is_notice(message)):
            raise StreamEnded(self._camera_id, f"{self._where}: the stream ended")

    def _tear_down(self, wire: Wire) -> None:
        assert self._session is not None  # noqa: S101 - made with the wire
        until_s = time.monotonic() + TEARDOWN_WAIT_S
        with suppress(PeerGone):
            wire.pace(batch=False)
            wire.send(self._session.tear_down())
            # What still arrives must be read: closing with data unread resets, and a reset may overtake the request.
            while time.monotonic() < until_s and self._framing is not None and not self._framing.messages:
                wire.wait(TEARDOWN_WAIT_S / 4)
                wire.read()


class Intake:
    """From cut units to packets: keyframes, times, and whether the format is still the described one.

    Attributes:
        began: A keyframe came.
        torn_units: Let go, for nothing of them came whole.
    """

    def __init__(self, camera_id: str, track: VideoTrack, packing: Packing) -> None:
        self._camera_id = camera_id
        self._track = track
        self._packing = packing
        self._sets = track.sets
        self._shape = shape_of(packing, track.sets)
        self._times = StreamTimes(track.clock_hz, *self._pace_of(self._shape))
        self._prefix = b""
        self._inband: tuple[bytes, ...] = ()
        self._settled = False
        self.began = False
        self.torn_units = 0

    def settle(self) -> VideoFormat:
        """Return the format; a keyframe of another size is an error from now on."""
        self._settled = True
        shape, track = self._shape, self._track
        return VideoFormat(
            codec=self._packing.codec,
            width=shape.width if shape else 0,
            height=shape.height if shape else 0,
            time_base=Fraction(1, track.clock_hz),
            extradata=h264.to_annex_b(list(self._sets)),
            fps=track.fps or (shape.fps if shape else None),
        )

    def ticks_near(self, timestamp: int) -> int:
        """Return a sender report's timestamp in the ticks of the packets."""
        return self._times.near(timestamp)

    def take(self, cut: CutUnit, arrival_s: float) -> RawPacket | None:
        """Return a unit as a packet; None for one without a picture, which then goes with the next.

        Raises:
            StreamFormatChanged: Its pictures are of another size than `settle` said.
        """
        raw = self._prefix + cut.raw if self._prefix else cut.raw
        content = content_of(self._packing, raw)
        self._prefix = b""
        if content is Content.NO_PICTURE:
            self._prefix = raw if len(raw) <= _MOST_PREFIX_BYTES else b""
            return None
        unit = PackedUnit(self._packing, raw)
        if cut.torn and not unit.data():
            self.torn_units += 1
            return None
        keyframe = content is Content.KEYFRAME
        if keyframe:
            self._inspect(raw)
        pts, dts = self._times.place(cut.timestamp)
        return RawPacket(unit, pts, dts, keyframe, len(raw), arrival_s)

    def _inspect(self, raw: bytes) -> None:
        first, self.began = not self.began, True
        sets = parameter_sets(self._packing, raw)
        if sets == self._inband:
            return
        self._inband = sets
        shape = shape_of(self._packing, sets)
        if shape is None:
            return
        if first and not self._settled:
            self._adopt(sets, shape)
        elif self._shape is not None and shape[:2] != self._shape[:2]:
            raise StreamFormatChanged(self._camera_id, f"the pictures are now {shape.width} x {shape.height}")
        self._shape = shape

    def _adopt(self, sets: tuple[bytes, ...], shape: Shape) -> None:
        """The stream itself knows better than its description."""
        self._times.reshape(*self._pace_of(shape))
        if {self._packing.kind(nal[0]) for nal in sets} == set(self._packing.sets):
            self._sets = sets

    def _pace_of(self, shape: Shape | None) -> tuple[int, int]:
        """Return the depth of the reordering and the usual ticks between pictures."""
        fps = self._track.fps or (shape.fps if shape else None) or _NOMINAL_FPS
        return shape.reordered if shape else 0, max(1, round(self._track.clock_hz / fps))


def _is_notice(message: Message) -> bool:
    """Tell the announcement of an end (draft 2326bis, 9.12) from that of a new description."""
    return bool(message.header("notice") or message.header("x-notice"))
