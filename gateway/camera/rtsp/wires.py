"""How packets reach us once a session plays: on the RTSP connection, or as datagrams. Only `wait` blocks."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
from collections import deque
from typing import Protocol

from gateway.camera.rtsp.framing import MAX_REST_BYTES, SLACK_BYTES, Framing
from gateway.camera.rtsp.reorder import Reorder
from gateway.camera.rtsp.units import FRAMING_BYTES

# Between two reads the kernel keeps what arrives: it wakes us early when this much is there.
WAKE_BYTES = 256 * 1024
UDP_BUFFER_BYTES = 1 << 20  # a 1080p keyframe must fit while nobody reads
# Where the kernel grants less, datagrams are fetched more often: the default takes 0.2 s of 4 Mbit/s.
UDP_HASTE_S = 0.05
_SCRATCH_BYTES = 384 * 1024
_IDLE_SCRATCHES = 4
_MAX_READS = 32  # at a time: 12 MiB, then whoever waits for the packets gets them
_MAX_UNSENT_BYTES = 64 * 1024
_LARGEST_DATAGRAM = 65_535
_PORT_ATTEMPTS = 50
_DOLLAR = 0x24
_BROKE = "the connection broke"
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_PUNCH = struct.pack(">BBHII", 0x80, 0, 0, 0, 0)  # an empty RTP packet opens the way through a firewall

# Buffers are borrowed for one read: a process needs as many as threads that read at once, and they stay in the cache.
_scratches: deque[bytearray] = deque(maxlen=_IDLE_SCRATCHES)


class PeerGone(Exception):
    """The camera closed or broke the connection; internal to this package."""


class Wire(Protocol):
    """What the receiver needs of either way."""

    def pace(self, *, batch: bool) -> None:
        """Let `wait` end late, with much to read, or at once with what there is."""

    def wait(self, seconds: float) -> None:
        """Block until there is something to read, or (in batches) enough of it; at most `seconds`."""

    def read(self) -> None:
        """Feed the framing with all that is there.

        Raises:
            PeerGone: There was nothing, and nothing will come.
        """

    def send(self, message: bytes) -> None:
        """Send an RTSP message."""

    def report(self, packet: bytes) -> None:
        """Send an RTCP packet."""

    def close(self) -> None:
        """Free what `__init__` took; the connection belongs to the session."""


class InterleavedWire:
    """Packets on the RTSP connection.

    Args:
        sock: The connection; becomes non-blocking.
        framing: Takes what is read.
        control_channel: Of RTCP packets.
        early: What was read already.
    """

    def __init__(self, sock: socket.socket, framing: Framing, control_channel: int, early: bytes = b"") -> None:
        self._sock = sock
        self._framing = framing
        self._control_channel = control_channel
        self._rest = early
        self._early = bool(early)
        self._unsent = b""
        self._batch = False
        self._gone = ""  # why nothing more will come
        self._by_records = isinstance(sock, ssl.SSLSocket)  # a read gives one record, whatever room there is
        sock.setblocking(False)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def pace(self, *, batch: bool) -> None:
        """Tell the kernel how much makes waking worth while."""
        if batch is self._batch:
            return
        self._batch = batch
        # Where a platform does not know it we are woken for less, and nothing is lost.
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, WAKE_BYTES if batch else 1)

    def wait(self, seconds: float) -> None:
        """Block; also until the camera closes."""
        self._poll.poll(seconds * 1000)

    def read(self) -> None:
        """Read all there is, in few large reads."""
        if self._gone:
            raise PeerGone(self._gone)
        scratch = _borrow()
        try:
            self._drain(memoryview(scratch))
        finally:
            _scratches.append(scratch)
        self._flush()

    def send(self, message: bytes) -> None:
        """Send, or keep what the kernel does not take now."""
        if len(self._unsent) < _MAX_UNSENT_BYTES:  # a camera that reads nothing for this long is told nothing more
            self._unsent += message
        self._flush()

    def report(self, packet: bytes) -> None:
        """Send on the control channel."""
        self.send(struct.pack(">BBH", _DOLLAR, self._control_channel, len(packet)) + packet)

    def close(self) -> None:
        """Nothing of its own."""

    def _drain(self, view: memoryview) -> None:
        room, kept = len(view) - SLACK_BYTES, self._restore(view)
        for _ in range(_MAX_READS):
            received = self._receive(view[kept:room])
            if not received:
                break
            kept = self._cut(view, kept + received)
            if received < WAKE_BYTES and not self._by_records:
                break  # less than there was room for: that was all
        self._rest = bytes(view[:kept])

    def _restore(self, view: memoryview) -> int:
        """Put what the last read left over in front; the first time it may be much."""
        rest, size = self._rest, len(view) - SLACK_BYTES - MAX_REST_BYTES
        kept = 0
        for at in range(0, len(rest), size):
            piece = rest[at : at + size]
            view[kept : kept + len(piece)] = piece
            kept += len(piece)
            if self._early:
                kept = self._cut(view, kept)
        self._early = False
        return kept

    def _cut(self, view: memoryview, end: int) -> int:
        used = self._framing.feed(view, end)
        view[: end - used] = view[used:end]
        return end - used

    def _receive(self, room: memoryview) -> int:
        try:
            received = self._sock.recv_into(room)
        except _NOT_YET:
            return 0
        except OSError:
            self._gone = _BROKE
            return 0
        if not received:
            self._gone = "the stream ended"
        return received

    def _flush(self) -> None:
        if not self._unsent:
            return
        try:
            self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except _NOT_YET:
            return
        except OSError:
            self._gone = _BROKE


class DatagramWire:
    """Packets as datagrams to a pair of ports of ours; RTSP messages on the connection.

    Args:
        control: The connection, with a framing of its own.
        messages: That framing.
        framing: Takes the packets.
    """

    def __init__(self, control: InterleavedWire, messages: Framing, ports: PortPair, framing: Framing) -> None:
        self._control = control
        self._messages = messages
        self._ports = ports
        self._framing = framing
        self._reorder = Reorder()
        self._batch = False
        self._poll = select.poll()
        self._poll.register(ports.rtp, select.POLLIN)
        self._short = ports.rtp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < UDP_BUFFER_BYTES

    def pace(self, *, batch: bool) -> None:
        """In batches, packets wake nobody."""
        self._batch = batch

    def wait(self, seconds: float) -> None:
        """Block; in batches until the time is over or the camera says or closes something."""
        if self._batch:
            self._control.wait(min(seconds, UDP_HASTE_S) if self._short else seconds)
        else:
            self._poll.poll(seconds * 1000)

    def read(self) -> None:
        """Read all datagrams there are, put them in order and frame them as on a connection."""
        self._control.read()
        scratch = _borrow()
        try:
            self._drain(memoryview(scratch))
        finally:
            _scratches.append(scratch)
        self._framing.controls += self._ports.controls()
        self._framing.messages += self._messages.messages
        self._messages.messages = []

    def send(self, message: bytes) -> None:
        """Send on the connection."""
        self._control.send(message)

    def report(self, packet: bytes) -> None:
        """Send to the camera's control port."""
        self._ports.report(packet)

    def close(self) -> None:
        """Free the ports."""
        self._ports.close()

    def _drain(self, view: memoryview) -> None:
        room = len(view) - SLACK_BYTES - FRAMING_BYTES - _LARGEST_DATAGRAM
        for _ in range(_MAX_READS):
            end, more = self._fill(view, room)
            self._framing.feed(view, end)
            if not more:
                return

    def _fill(self, view: memoryview, room: int) -> tuple[int, bool]:
        """Frame datagrams into the buffer; return where they end and whether there may be more."""
        end = 0
        while end < room:
            size = self._ports.receive(view[end + FRAMING_BYTES :])
            if not size:
                return self._released(view, end, room), False
            struct.pack_into(">BBH", view, end, _DOLLAR, 0, size)
            ahead = end + FRAMING_BYTES + size
            if self._reorder.in_order(view[end:ahead]):
                end = self._released(view, ahead, room)
        return end, True

    def _released(self, view: memoryview, end: int, room: int) -> int:
        while end < room and (packet := self._reorder.next()):
            view[end : end + len(packet)] = packet
            end += len(packet)
        return end


class PortPair:
    """Our two UDP ports, an even one for RTP and the next for RTCP.

    Args:
        host: The camera's numeric address; datagrams from elsewhere are not ours.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._to: tuple[int, int] | None = None
        self.rtp, self.rtcp = _bound_pair(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._from = {host}

    @property
    def numbers(self) -> tuple[int, int]:
        """Port numbers for SETUP."""
        return self.rtp.getsockname()[1], self.rtcp.getsockname()[1]

    def agree(self, server_ports: tuple[int, int] | None, source: str) -> None:
        """Learn where the camera sends from, and open the way for it."""
        self._to = server_ports
        self._from |= {source} - {""}
        if server_ports is not None:
            _send(self.rtp, _PUNCH, (self._host, server_ports[0]))

    def receive(self, room: memoryview) -> int:
        """Return the size of the next datagram from the camera, 0 when there is none."""
        while True:
            try:
                size, sender = self.rtp.recvfrom_into(room)
            except OSError:  # nothing there, or an ICMP message of an earlier packet
                return 0
            if size and sender[0] in self._from:
                return size

    def controls(self) -> list[bytes]:
        """Return the control packets that came."""
        found: list[bytes] = []
        with contextlib.suppress(OSError):
            while len(found) < _MAX_READS:
                packet, sender = self.rtcp.recvfrom(_LARGEST_DATAGRAM)
                found += [packet] if sender[0] in self._from else []
        return found

    def report(self, packet: bytes) -> None:
        """Send a control packet, if the camera said where to."""
        if self._to is not None:
            _send(self.rtcp, packet, (self._host, self._to[1]))

    def close(self) -> None:
        """Free both ports."""
        self.rtp.close()
        self.rtcp.close()


def _send(sock: socket.socket, packet: bytes, to: tuple[str, int]) -> None:
    with contextlib.suppress(OSError):  # as good as lost on the way
        sock.sendto(packet, to)


def _borrow() -> bytearray:
    try:
        return _scratches.pop()
    except IndexError:
        return bytearray(_SCRATCH_BYTES)


def _bound_pair(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
    for _ in range(_PORT_ATTEMPTS):
        with contextlib.suppress(OSError):
            return _try_pair(family)
    return _try_pair(family)


def _try_pair(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(2))
        first.bind(("", 0))
        port = first.getsockname()[1]
        second.bind(("", port + 1 if port % 2 == 0 else 0))
        if port % 2:
            raise OSError("odd port")
        first.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)
        first.setblocking(False)
        second.setblocking(False)
        stack.pop_all()
        return first, second
