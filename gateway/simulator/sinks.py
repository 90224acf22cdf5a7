"""Where a viewer's packets go: into its RTSP connection, or out as UDP datagrams. Used on the event loop only."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from gateway.errors import GridPatrolError
from gateway.simulator.rtp import FRAMING_BYTES, framed

# A keyframe of 200 KB sent in one go overruns a receive buffer of Linux's default size (about 90 packets), so
# datagrams beyond this much wait for the next turn of the pacing loop: 26 Mbit/s at 100 turns a second.
UDP_BURST_BYTES = 32 * 1024
_PORT_ATTEMPTS = 50  # an even port is free with its odd neighbour in all but a few tries
_CHANNEL_OFFSET = 1  # from "$" to the channel number
# The peer went away, or the host's own queue is full: with UDP the packet is simply lost.
_LOST = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOBUFS, errno.EAGAIN, errno.EPERM})

Address = tuple[str, int]


class PortPairTaken(GridPatrolError):
    """No even UDP port with a free odd neighbour could be had."""


class Sink(Protocol):
    """Takes stamped units and control packets; never blocks, and says how much it still holds."""

    @property
    def buffered_bytes(self) -> int:
        """What was taken and has not left the process yet."""

    def send_unit(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        """Take one access unit laid out as `rtp.CutUnit.layout`; the sink may change and keep the buffer."""

    def send_control(self, packet: bytes) -> None:
        """Take one RTCP packet."""

    def send_noise(self, noise: bytes) -> None:
        """Take bytes that are no packet at all, for a camera that is out of order."""

    def flush(self) -> None:
        """Send on what had to wait; called at every turn of the pacing loop."""


class InterleavedSink:
    """RTP and RTCP inside the RTSP connection; the transport's write buffer is the queue."""

    def __init__(self, transport: asyncio.WriteTransport, channels: tuple[int, int]) -> None:
        self._transport = transport
        self._channels = channels

    @property
    def buffered_bytes(self) -> int:
        """The connection's write buffer, without what the kernel holds."""
        return self._transport.get_write_buffer_size()

    def send_unit(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        """Write the whole unit at once; a closed connection takes nothing."""
        if self._transport.is_closing():
            return
        channel = self._channels[0]
        if channel:
            for start in starts:
                packets[start + _CHANNEL_OFFSET] = channel
        self._transport.write(packets)

    def send_control(self, packet: bytes) -> None:
        """Write one RTCP packet on the second channel."""
        if not self._transport.is_closing():
            self._transport.write(framed(self._channels[1], packet))

    def send_noise(self, noise: bytes) -> None:
        """Write the bytes between packets as they are."""
        if not self._transport.is_closing():
            self._transport.write(noise)

    def flush(self) -> None:
        """Nothing waits here: the transport sends on by itself."""


class DatagramSink:
    """RTP and RTCP as datagrams from the server's pair of ports to the client's; paced to `UDP_BURST_BYTES` a turn."""

    def __init__(self, ports: PortPair, host: str, client_ports: tuple[int, int]) -> None:
        self._ports = ports
        self._rtp_to = (host, client_ports[0])
        self._rtcp_to = (host, client_ports[1])
        self._waiting: deque[memoryview] = deque()  # bounded by the viewer, which drops GOPs by `buffered_bytes`
        self._waiting_bytes = 0

    @property
    def buffered_bytes(self) -> int:
        """The datagrams that wait for their turn."""
        return self._waiting_bytes

    def send_unit(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        """Queue the packets; they leave with the flush that ends this turn of the pacing loop."""
        view = memoryview(packets)
        for start, end in zip(starts, (*starts[1:], len(packets)), strict=True):
            self._waiting.append(view[start + FRAMING_BYTES : end])
            self._waiting_bytes += end - start - FRAMING_BYTES

    def send_control(self, packet: bytes) -> None:
        """Send one RTCP packet at once."""
        self._ports.send_rtcp(packet, self._rtcp_to)

    def send_noise(self, noise: bytes) -> None:
        """Queue the bytes as a datagram among the RTP packets."""
        self._waiting.append(memoryview(noise))
        self._waiting_bytes += len(noise)

    def flush(self) -> None:
        """Send as much as one turn may."""
        budget = UDP_BURST_BYTES
        while self._waiting and budget > 0:
            packet = self._waiting.popleft()
            budget -= len(packet)
            self._waiting_bytes -= len(packet)
            self._ports.send_rtp(packet, self._rtp_to)


class PortPair:
    """The server's two UDP ports, an even one for RTP and the next for RTCP, shared by all its sessions."""

    def __init__(self, rtp: socket.socket, rtcp: socket.socket) -> None:
        self._rtp = rtp
        self._rtcp = rtcp
        self.numbers: tuple[int, int] = (rtp.getsockname()[1], rtcp.getsockname()[1])
        self.lost = 0  # packets that the kernel would not take

    @classmethod
    def open(cls, host: str) -> PortPair:
        """Bind a pair.

        Raises:
            PortPairTaken: After many attempts.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for _ in range(_PORT_ATTEMPTS):
            with contextlib.suppress(OSError):
                return cls(*_bind_pair(family, host))
        raise PortPairTaken(host)

    @contextlib.contextmanager
    def listening(self, heard: Callable[[Address], None]) -> Iterator[None]:
        """Call `heard` with the sender of whatever arrives while inside; then close both sockets."""
        loop = asyncio.get_running_loop()
        for sock in (self._rtp, self._rtcp):
            loop.add_reader(sock, self._read, sock, heard)
        try:
            yield
        finally:
            for sock in (self._rtp, self._rtcp):
                loop.remove_reader(sock)
                sock.close()

    def send_rtp(self, packet: memoryview | bytes, to: Address) -> None:
        """Send without waiting; counts what is lost here."""
        self._send(self._rtp, packet, to)

    def send_rtcp(self, packet: bytes, to: Address) -> None:
        """Send without waiting; counts what is lost here."""
        self._send(self._rtcp, packet, to)

    def _send(self, sock: socket.socket, packet: memoryview | bytes, to: Address) -> None:
        try:
            sock.sendto(packet, to)
        except OSError as exc:
            if exc.errno not in _LOST:
                raise
            self.lost += 1

    def _read(self, sock: socket.socket, heard: Callable[[Address], None]) -> None:
        with contextlib.suppress(OSError):  # an ICMP error of an earlier packet is told to the next read
            _, sender = sock.recvfrom(2048)
            heard((sender[0], sender[1]))


def _bind_pair(family: socket.AddressFamily, host: str) -> tuple[socket.socket, socket.socket]:
    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(2))
        first.bind((host, 0))
        port = first.getsockname()[1]
        if port % 2:
            raise OSError(errno.EADDRNOTAVAIL, "odd")
        second.bind((host, port + 1))
        first.setblocking(False)
        second.setblocking(False)
        stack.pop_all()
        return first, second
