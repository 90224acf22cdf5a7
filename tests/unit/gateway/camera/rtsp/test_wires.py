"""Tests of gateway.camera.rtsp.wires, on real sockets."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.camera.rtsp import wires
from gateway.camera.rtsp.framing import Framing
from gateway.camera.rtsp.wires import DatagramWire, InterleavedWire, PeerGone, PortPair
from tests.unit.gateway.camera.rtsp.build import IDR, SLICE, frame, new_framing, picture, rtp

GENEROUS_S = 5.0


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection: ours, the camera's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        with ours, theirs:
            yield ours, theirs


def read_until(wire: InterleavedWire | DatagramWire, framing: Framing, units: int) -> None:
    """Read until so many units are cut."""
    until_s = time.monotonic() + GENEROUS_S
    while len(framing.units) < units and time.monotonic() < until_s:
        wire.wait(0.05)
        wire.read()
    assert len(framing.units) == units


@pytest.mark.parametrize("rudely", [False, True])
def test_a_camera_that_leaves_is_gone_after_its_last_packets(
    line: tuple[socket.socket, socket.socket], rudely: bool
) -> None:
    """First what came, then the news."""
    ours, theirs = line
    framing = new_framing()
    wire = InterleavedWire(ours, framing, 1)
    theirs.sendall(picture([IDR], 1, 0))
    read_until(wire, framing, 1)
    if rudely:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    wire.wait(GENEROUS_S)
    wire.read()
    with pytest.raises(PeerGone, match="broke" if rudely else "ended"):
        wire.read()


def test_what_was_read_before_comes_first(line: tuple[socket.socket, socket.socket]) -> None:
    """Whole and half packets from the opening, more than a buffer of them."""
    ours, theirs = line
    data = b"".join(rtp(b"\x41" + bytes(1000), n, n // 8, marker=n % 8 == 7) for n in range(800))
    framing = new_framing()
    wire = InterleavedWire(ours, framing, 1, data[:-500])
    theirs.sendall(data[-500:])
    read_until(wire, framing, 100)
    assert framing.lost == 0


def test_much_at_once_is_read_at_once(line: tuple[socket.socket, socket.socket]) -> None:
    """Several buffers full."""
    ours, theirs = line
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 << 20)
    framing = new_framing()
    wire = InterleavedWire(ours, framing, 1)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 << 20)
    theirs.sendall(b"".join(rtp(b"\x41" + bytes(1000), n, n // 8, marker=n % 8 == 7) for n in range(800)))
    read_until(wire, framing, 100)
    assert (framing.lost, framing.resyncs) == (0, 0)


def test_in_batches_little_wakes_nobody(line: tuple[socket.socket, socket.socket]) -> None:
    """The kernel keeps it until there is much of it; eager again, the first byte wakes."""
    ours, theirs = line
    wire = InterleavedWire(ours, new_framing(), 1)
    wire.pace(batch=True)
    wire.pace(batch=True)
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == wires.WAKE_BYTES
    theirs.sendall(b"x")
    wire.pace(batch=False)
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1
    wire.wait(GENEROUS_S)
    assert ours.recv(10) == b"x"


def test_a_camera_that_reads_nothing_is_not_waited_for(line: tuple[socket.socket, socket.socket]) -> None:
    """What is still to be said is bounded, and the rest is not said."""
    ours, theirs = line
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    wire = InterleavedWire(ours, new_framing(), 1)
    for _ in range(3000):
        wire.send(b"x" * 1000)
    theirs.setblocking(False)
    heard = 0
    while heard < 3_000_000:
        try:
            heard += len(theirs.recv(1 << 20))
        except BlockingIOError:
            break
    assert 0 < heard < 3_000_000


def test_reports_go_out_framed(line: tuple[socket.socket, socket.socket]) -> None:
    """On the control channel."""
    ours, theirs = line
    InterleavedWire(ours, new_framing(), 5).report(b"report")
    assert theirs.recv(100) == frame(b"report", 5)


def test_scratch_buffers_are_shared(line: tuple[socket.socket, socket.socket]) -> None:
    """A process keeps a few, however many cameras it reads."""
    ours, _ = line
    wire = InterleavedWire(ours, new_framing(), 1)
    for _ in range(20):
        wire.read()
    assert len(wires._scratches) <= 4


def datagram_wire(ours: socket.socket) -> tuple[DatagramWire, PortPair, Framing]:
    ports, framing, texts = PortPair("127.0.0.1"), new_framing(), Framing(new_framing()._packing, 255, 96)
    return DatagramWire(InterleavedWire(ours, texts, 255), texts, ports, framing), ports, framing


def test_datagrams_are_put_in_order_and_strangers_not_heard(line: tuple[socket.socket, socket.socket]) -> None:
    """As if they had come over the connection."""
    ours, theirs = line
    wire, ports, framing = datagram_wire(ours)
    packets = [rtp(SLICE, n, n, marker=True)[4:] for n in range(65_530, 65_545)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera, closing(wire):
        camera.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.sendto(packets[0], ("127.0.0.1", ports.numbers[0]))
        for packet in (packets[0], packets[2], packets[1], *packets[3:]):
            camera.sendto(packet, ("127.0.0.1", ports.numbers[0]))
        camera.sendto(b"\x80\xc8\x00\x00", ("127.0.0.1", ports.numbers[1]))
        theirs.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        wire.wait(GENEROUS_S)
        read_until(wire, framing, 15)
        assert framing.lost == 0
        until_s = time.monotonic() + GENEROUS_S
        while not (framing.controls and framing.messages) and time.monotonic() < until_s:
            wire.read()
    assert framing.controls == [b"\x80\xc8\x00\x00"]
    assert len(framing.messages) == 1


def test_the_way_is_opened_from_inside(line: tuple[socket.socket, socket.socket]) -> None:
    """A first packet to the camera's port, reports to the next; nothing where it named none."""
    ours, _ = line
    wire, ports, _ = datagram_wire(ours)
    with PortPairs() as (rtp_port, rtcp_port), closing(wire):
        wire.report(b"nowhere")
        ports.agree((rtp_port.getsockname()[1], rtcp_port.getsockname()[1]), "")
        wire.report(b"report")
        assert len(rtp_port.recv(100)) == 12
        assert rtcp_port.recv(100) == b"report"


def test_a_camera_that_closes_the_connection_is_gone(line: tuple[socket.socket, socket.socket]) -> None:
    """Whatever datagrams still come; also in batches, which wait for the connection."""
    ours, theirs = line
    wire, _, _ = datagram_wire(ours)
    with closing(wire):
        wire.pace(batch=True)
        theirs.close()
        wire.wait(GENEROUS_S)
        wire.read()
        with pytest.raises(PeerGone):
            wire.read()


class PortPairs:
    """Two sockets of a camera."""

    def __enter__(self) -> tuple[socket.socket, socket.socket]:
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for sock in self._sockets:
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(GENEROUS_S)
        return self._sockets[0], self._sockets[1]

    def __exit__(self, *_: object) -> None:
        for sock in self._sockets:
            sock.close()
