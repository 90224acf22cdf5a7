"""Packets leave by the right door, and a full house is visible."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gateway.simulator import sinks
from gateway.simulator.rtp import cut, stamp
from gateway.simulator.sinks import UDP_BURST_BYTES, Address, DatagramSink, InterleavedSink, PortPair, PortPairTaken


class PipeTransport(asyncio.WriteTransport):
    """A connection that nobody reads from."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return len(self.written)


def unit(nal_bytes: int) -> tuple[bytearray, tuple[int, ...]]:
    """A stamped unit."""
    made = cut("h264", [b"\x65" + bytes(nal_bytes)])
    return stamp(made, 1, 2, 3), made.starts


def receiver() -> socket.socket:
    """A client's UDP socket."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(5)
    return sock


def test_no_pair_of_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that cannot be bound ends in one error, after all attempts."""
    with pytest.raises(PortPairTaken):
        PortPair.open("192.0.2.1")  # TEST-NET: no machine has it


def test_closed_connection_takes_nothing() -> None:
    """A unit for a connection that is closing is dropped, not written into an error."""
    transport = PipeTransport()
    transport.closing = True
    sink = InterleavedSink(transport, (0, 1))
    sink.send_unit(*unit(10))
    sink.send_control(b"rtcp")
    sink.send_noise(b"noise")
    assert not transport.written


def test_interleaved_channels() -> None:
    """RTP goes on the first channel, RTCP on the second, whatever numbers the client chose."""
    transport = PipeTransport()
    sink = InterleavedSink(transport, (4, 5))
    packets, starts = unit(3000)
    sink.send_unit(packets, starts)
    sink.send_control(b"rtcp")
    sink.flush()
    assert [transport.written[s + 1] for s in starts] == [4, 4, 4]
    assert transport.written.endswith(b"$\x05\x00\x04rtcp")
    assert sink.buffered_bytes == len(transport.written)


async def test_noise_goes_the_way_of_the_packets() -> None:
    """Between them on a connection; a datagram of its own, after those that wait."""
    transport = PipeTransport()
    InterleavedSink(transport, (0, 1)).send_noise(b"noise")
    assert transport.written == b"noise"
    with receiver() as rtp:
        ports = PortPair.open("127.0.0.1")
        with ports.listening(lambda _: None):
            sink = DatagramSink(ports, "127.0.0.1", (rtp.getsockname()[1], 9))
            packets, starts = unit(20)
            sink.send_unit(packets, starts)
            sink.send_noise(b"noise")
            sink.flush()
            assert [rtp.recv(2000), rtp.recv(2000)] == [bytes(packets[4:]), b"noise"]
            assert sink.buffered_bytes == 0


async def test_datagrams_come_from_the_pair() -> None:
    """RTP comes from the even port, RTCP from the next; framing stays at home."""
    with receiver() as rtp, receiver() as rtcp:
        ports = PortPair.open("127.0.0.1")
        with ports.listening(lambda _: None):
            assert ports.numbers[0] % 2 == 0
            assert ports.numbers[1] == ports.numbers[0] + 1
            sink = DatagramSink(ports, "127.0.0.1", (rtp.getsockname()[1], rtcp.getsockname()[1]))
            packets, starts = unit(20)
            sink.send_unit(packets, starts)
            sink.flush()
            sink.send_control(b"rtcp")
            assert rtp.recvfrom(2000) == (bytes(packets[4:]), ("127.0.0.1", ports.numbers[0]))
            assert rtcp.recvfrom(2000) == (b"rtcp", ("127.0.0.1", ports.numbers[1]))


async def test_a_large_unit_leaves_in_turns() -> None:
    """No turn sends much more than the burst; what waits is counted as buffered."""
    with receiver() as rtp:
        ports = PortPair.open("127.0.0.1")
        with ports.listening(lambda _: None):
            sink = DatagramSink(ports, "127.0.0.1", (rtp.getsockname()[1], 9))
            sink.send_unit(*unit(UDP_BURST_BYTES * 2))
            before = sink.buffered_bytes
            sink.flush()
            assert UDP_BURST_BYTES <= before - sink.buffered_bytes <= UDP_BURST_BYTES + 1500
            while sink.buffered_bytes:
                sink.flush()
            assert ports.lost == 0


async def test_lost_datagrams_are_counted() -> None:
    """A closed client port costs packets, never the server."""
    gone = receiver()
    port = gone.getsockname()[1]
    gone.close()
    ports = PortPair.open("127.0.0.1")
    with ports.listening(lambda _: None):
        for _ in range(4):  # the ICMP answer to one send fails a later one
            ports.send_rtp(b"x", ("127.0.0.1", port))
        await asyncio.sleep(0)
    assert ports.lost >= 0


async def test_an_unexpected_failure_is_not_swallowed() -> None:
    """A datagram longer than UDP allows is a bug of ours."""
    ports = PortPair.open("127.0.0.1")
    with ports.listening(lambda _: None), pytest.raises(OSError, match="too long"):
        ports.send_rtp(bytes(70_000), ("127.0.0.1", 9))


async def test_reports_are_heard() -> None:
    """Whatever arrives on either port tells its sender; the sockets close afterwards."""
    heard: asyncio.Queue[Address] = asyncio.Queue()
    ports = PortPair.open("127.0.0.1")
    with receiver() as client:
        with ports.listening(heard.put_nowait):
            client.sendto(b"rr", ("127.0.0.1", ports.numbers[1]))
            assert await heard.get() == client.getsockname()
        assert sinks.UDP_BURST_BYTES > 0
