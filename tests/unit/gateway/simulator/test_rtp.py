"""RTP packets hold exactly what went in, and say so."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.nal import Codec
from gateway.simulator.rtp import MAX_PAYLOAD_BYTES, CutUnit, cut, framed, goodbye, nals_of, sender_report, stamp

Packets = list[tuple[int, int, int, int, int, bytes]]


def unpack(layout: bytes, starts: tuple[int, ...]) -> Packets:
    """Return (first byte, marker and type, sequence, timestamp, SSRC, payload) of each packet."""
    packets = []
    for start, end in zip(starts, (*starts[1:], len(layout)), strict=True):
        dollar, channel, size = struct.unpack_from(">BBH", layout, start)
        assert (dollar, channel, size) == (0x24, 0, end - start - 4)
        flags, kind, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", layout, start + 4)
        packets.append((flags, kind, sequence, timestamp, ssrc, layout[start + 16 : end]))
    return packets


def rebuilt(codec: Codec, payloads: list[bytes]) -> list[bytes]:
    """Put fragments together as a receiver does."""
    nals: list[bytes] = []
    for payload in payloads:
        kind = payload[0] & 0x1F if codec == "h264" else (payload[0] >> 1) & 0x3F
        head = 1 if codec == "h264" else 2
        if kind not in {28, 49}:
            nals.append(payload)
            continue
        mark = payload[head]
        if mark & 0x80:
            first = (payload[0] & 0xE0) | (mark & 0x1F) if codec == "h264" else payload[0] & 0x81 | (mark & 0x3F) << 1
            nals.append(bytes((first,)) + (b"" if codec == "h264" else payload[1:2]))
        nals[-1] += payload[head + 1 :]
    return nals


@given(
    codec=st.sampled_from(["h264", "hevc"]),
    sizes=st.lists(st.integers(3, 400), min_size=1, max_size=5),
    limit=st.integers(20, 120),
)
def test_any_unit_survives_cutting(codec: Codec, sizes: list[int], limit: int) -> None:
    """What a receiver rebuilds is what was cut, no payload is too long, and only the last packet is marked."""
    head = b"\x65" if codec == "h264" else b"\x26\x01"
    nals = [head + bytes(i % 251 for i in range(size)) for size in sizes]
    unit = cut(codec, nals, limit)
    packets = unpack(unit.layout, unit.starts)
    assert rebuilt(codec, [p[5] for p in packets]) == nals
    assert max(len(p[5]) for p in packets) <= limit
    assert [bool(p[1] & 0x80) for p in packets] == [False] * (len(packets) - 1) + [True]
    assert unit.payload_bytes == sum(len(p[5]) for p in packets)


def test_fragments_mark_their_start_and_end() -> None:
    """Start and end bits stand on the first and last fragment only."""
    unit = cut("h264", [b"\x65" + bytes(MAX_PAYLOAD_BYTES * 2)])
    payloads = [p[5] for p in unpack(unit.layout, unit.starts)]
    assert [p[0] for p in payloads] == [0x7C] * 3
    assert [p[1] & 0xC0 for p in payloads] == [0x80, 0, 0x40]


def test_h265_fragment_header() -> None:
    """The payload header says 49 and keeps layer and temporal id; the type moves to the third byte."""
    unit = cut("hevc", [b"\x26\x01" + bytes(60)], 40)
    first = unpack(unit.layout, unit.starts)[0][5]
    assert ((first[0] >> 1) & 0x3F, first[1], first[2]) == (49, 1, 0x80 | 19)


def test_empty_unit_has_no_packets() -> None:
    """Nothing in, nothing out."""
    assert cut("h264", []) == CutUnit(b"", ())


def test_stamp_counts_over_the_edge() -> None:
    """Sequence numbers go from 65535 to 0; the layout itself is not changed."""
    unit = cut("h264", [b"\x67a", b"\x68b", b"\x65c"])
    packets = unpack(bytes(stamp(unit, 65_535, 7, 0xDEADBEEF)), unit.starts)
    assert [p[2] for p in packets] == [65_535, 0, 1]
    assert {(p[3], p[4]) for p in packets} == {(7, 0xDEADBEEF)}
    assert {p[2] for p in unpack(unit.layout, unit.starts)} == {0}


@pytest.mark.parametrize("timestamp", [5, 2**32 + 5])
def test_sender_report_maps_wall_clock_to_rtp_time(timestamp: int) -> None:
    """NTP counts from 1900, with the fraction in the low word; RTP time is taken modulo 2**32."""
    report = sender_report(9, utc_s=1_000_000_000.25, timestamp=timestamp, packets=3, octets=400)
    flags, kind, length, ssrc, whole, part, rtp, packets, octets = struct.unpack_from(">BBHIIIIII", report)
    assert (flags, kind, length, ssrc) == (0x80, 200, 6, 9)
    assert (whole - 2_208_988_800, part) == (1_000_000_000, 2**30)
    assert (rtp, packets, octets) == (5, 3, 400)


def test_description_follows_and_is_padded() -> None:
    """The compound packet ends with a CNAME of whole words."""
    description = sender_report(9, utc_s=0, timestamp=0, packets=0, octets=0)[28:]
    assert description[:2] == b"\x81\xca"
    assert (int.from_bytes(description[2:4], "big") + 1) * 4 == len(description)
    assert description.endswith(b"\x00")


def test_goodbye_and_framing() -> None:
    """BYE names the source; framing states channel and length."""
    assert framed(1, goodbye(0x01020304)) == b"$\x01\x00\x08\x81\xcb\x00\x01\x01\x02\x03\x04"


@pytest.mark.parametrize(("codec", "head"), [("h264", b"\x65"), ("h264", b"\x06"), ("hevc", b"\x26\x01")])
def test_cutting_can_be_undone(codec: Codec, head: bytes) -> None:
    """Whole units and fragments become the NAL units they were."""
    nals = [head + bytes(range(1, size % 250 + 2)) * (size // 250 + 1) for size in (3, 900, 1500, 20_000)]
    assert nals_of(codec, cut(codec, nals)) == nals
