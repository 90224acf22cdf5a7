"""Tests of gateway.camera.rtsp.units."""

from __future__ import annotations

import pytest

from gateway.camera.h264 import START_CODE, nal_units
from gateway.camera.rtsp.units import (
    H264,
    H265,
    Content,
    PackedUnit,
    Packing,
    content_of,
    continues_picture,
    parameter_sets,
)
from gateway.simulator.rtp import cut, stamp
from tests.unit.gateway.camera.rtsp.build import IDR, PPS, SEI, SLICE, SPS, fragments, picture, rtp

H265_VPS, H265_SPS, H265_PPS = b"\x40\x01vps", b"\x42\x01sps", b"\x44\x01pps"
H265_IDR, H265_SLICE, H265_CRA = b"\x26\x01" + b"\xaf" * 9, b"\x02\x01" + b"\xd0" * 9, b"\x2a\x01" + b"\xaf" * 9


def annex_b(*nals: bytes) -> bytes:
    return b"".join(START_CODE + nal for nal in nals)


def stap(*nals: bytes, head: bytes = b"\x78") -> bytes:
    return head + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def test_a_nal_unit_that_lost_a_fragment_is_left_out() -> None:
    """Whichever fragment it is; the whole ones before and after stay."""
    big = b"\x41\x9a" + bytes(range(1, 200))
    for lost in range(3):
        parts = fragments(big, 11)
        del parts[lost]
        raw = rtp(SEI, 10) + b"".join(parts) + rtp(SLICE, 14)
        assert PackedUnit(H264, raw).data() == annex_b(SEI, SLICE)


def test_of_nothing_whole_nothing_is_left() -> None:
    """The caller lets such a unit go."""
    assert PackedUnit(H264, b"".join(fragments(IDR, 1)[1:])).data() == b""
    assert PackedUnit(H264, b"".join(fragments(IDR, 1)[:-1])).data() == b""


def test_an_aggregate_cut_short_gives_what_is_whole() -> None:
    """Its last length points past the end."""
    raw = rtp(stap(SPS, PPS)[:-1], 1)
    assert PackedUnit(H264, raw).data() == annex_b(SPS)
    assert content_of(H264, raw) is Content.NO_PICTURE


@pytest.mark.parametrize("kind", [0, 25, 26, 27, 29, 30, 31])
def test_packets_of_modes_that_nobody_uses_are_passed_over(kind: int) -> None:
    """STAP-B, MTAP and FU-B belong to interleaved mode; the others are not assigned."""
    raw = rtp(bytes((kind,)) + b"whatever", 1) + rtp(IDR, 2)
    assert PackedUnit(H264, raw).data() == annex_b(IDR)


def test_empty_and_padded_packets_sources_and_extensions() -> None:
    """What stands in a packet beside the payload is not mistaken for it."""
    extension = b"\xbe\xde\x00\x01" + b"\x41\x41\x41\x41"
    raw = b"".join(
        (
            rtp(b"", 1),
            rtp(SEI + b"\x00\x00\x03", 2, flags=0xA0),  # three bytes of padding
            rtp(b"\x00\x00\x00\x09" + SPS, 3, flags=0x81),  # a contributing source
            rtp(extension + PPS, 4, flags=0x90),
            rtp(b"\x08", 5, flags=0xA0),  # padding longer than the packet
            rtp(IDR, 6),
        )
    )
    assert PackedUnit(H264, raw).data() == annex_b(SEI, SPS, PPS, IDR)
    assert content_of(H264, raw) is Content.KEYFRAME
    assert parameter_sets(H264, raw) == (SPS, PPS)


def test_fragments_with_extensions_are_put_together() -> None:
    """As cameras of the ONVIF replay kind send them."""
    big = b"\x65\x88" + bytes(range(90))
    parts = []
    for packet in fragments(big, 1):
        head, payload = bytearray(packet[:16]), packet[16:]
        head[4] |= 0x10
        head[2:4] = (len(payload) + 12 + 8).to_bytes(2, "big")
        parts.append(bytes(head) + b"\xab\xac\x00\x01abcd" + payload)
    assert PackedUnit(H264, b"".join(parts)).data() == annex_b(big)


@pytest.mark.parametrize(
    ("nals", "content"),
    [
        ([SLICE], Content.PICTURE),
        ([SEI, SLICE], Content.PICTURE),
        ([IDR], Content.KEYFRAME),
        ([SPS, PPS, SLICE], Content.PICTURE),  # some repeat the sets before any picture
        ([SPS, PPS, b"\x41\x88intra"], Content.KEYFRAME),  # some never send an IDR picture
        ([SPS, b"\x06\x06\x01\xc4\x80", SLICE], Content.KEYFRAME),  # or refresh little by little
        ([SPS, PPS, b"\x41\x00"], Content.PICTURE),  # cut short
        ([SLICE, SPS], Content.PICTURE),
        ([PPS, SEI], Content.NO_PICTURE),
        ([stap(SPS, PPS, IDR)], Content.KEYFRAME),
        ([stap(SEI, SLICE)], Content.PICTURE),
    ],
)
def test_what_a_unit_is(nals: list[bytes], content: Content) -> None:
    """By its NAL units up to the first slice."""
    assert content_of(H264, picture(nals, 1, 0)) is content


@pytest.mark.parametrize(
    ("nals", "content"),
    [
        ([H265_SLICE], Content.PICTURE),
        ([H265_IDR], Content.KEYFRAME),
        ([H265_CRA], Content.KEYFRAME),
        ([H265_VPS, H265_SPS, H265_PPS], Content.NO_PICTURE),
        ([H265_SPS, H265_SLICE], Content.PICTURE),
        ([stap(H265_VPS, H265_SPS, H265_PPS, head=b"\x60\x01"), H265_IDR], Content.KEYFRAME),
    ],
)
def test_what_a_unit_of_h265_is(nals: list[bytes], content: Content) -> None:
    """Random access pictures, or parameter sets before the first slice."""
    assert content_of(H265, picture(nals, 1, 0)) is content


def test_a_fragmented_slice_tells_what_it_is() -> None:
    """By any of its fragments."""
    assert content_of(H264, b"".join(fragments(IDR, 1))) is Content.KEYFRAME
    assert content_of(H264, b"".join(fragments(IDR, 1)[1:])) is Content.KEYFRAME
    assert content_of(H264, b"".join(fragments(SLICE, 1))) is Content.PICTURE
    intra = fragments(b"\x41\x88" + bytes(30), 2)
    assert content_of(H264, rtp(SPS, 1) + b"".join(intra)) is Content.KEYFRAME
    assert content_of(H264, rtp(SPS, 1) + b"".join(intra[1:])) is Content.PICTURE


def test_nothing_at_all_is_no_picture() -> None:
    """A packet without payload is not read past its end."""
    assert content_of(H264, b"") is Content.NO_PICTURE
    assert content_of(H264, rtp(b"", 1) + rtp(b"", 2)) is Content.NO_PICTURE


@pytest.mark.parametrize(
    ("packing", "codec", "nals"),
    [
        (H264, "h264", [SPS, PPS, SEI, b"\x65" + bytes(range(1, 250)) * 40]),
        (H265, "hevc", [H265_VPS, H265_SPS, H265_PPS, b"\x26\x01" + bytes(range(1, 250)) * 40]),
    ],
)
@pytest.mark.parametrize("limit", [100, 1400])
def test_what_another_hand_packed_comes_out_as_it_was(
    packing: Packing, codec: str, nals: list[bytes], limit: int
) -> None:
    """The simulator's packetiser is written from the other side of the same standards."""
    unit = cut(codec, nals, limit)  # type: ignore[arg-type]
    raw = bytes(stamp(unit, 65_530, 1, 2))  # over the wrap of the numbers
    assert PackedUnit(packing, raw).data() == annex_b(*nals)
    assert list(nal_units(PackedUnit(packing, raw).data())) == nals
    assert content_of(packing, raw) is Content.KEYFRAME
    assert parameter_sets(packing, raw) == tuple(n for n in nals if packing.kind(n[0]) in packing.sets)


def test_thousands_of_tiny_nal_units() -> None:
    """A unit of them is slow to look at only up to its first slice."""
    raw = picture([SEI] * 4000 + [IDR] * 1000, 65_000, 0)
    assert content_of(H264, raw) is Content.KEYFRAME
    assert PackedUnit(H264, raw).data().count(START_CODE) == 5000


def test_whether_a_packet_goes_on_with_the_picture_before() -> None:
    """Later fragments and later slices do; a first slice and a parameter set begin something new."""
    begin, middle, _ = fragments(b"\x41\x80" + bytes(30), 1)
    assert not continues_picture(H264, begin)
    assert continues_picture(H264, middle)
    assert continues_picture(H264, fragments(b"\x41\x40" + bytes(30), 1)[0])  # of a later slice
    assert continues_picture(H264, rtp(b"\x41\x40later", 1))
    assert not continues_picture(H264, rtp(SLICE, 1))
    assert not continues_picture(H264, rtp(SPS, 1))
    assert not continues_picture(H264, rtp(b"", 1))
    assert continues_picture(H265, rtp(b"\x02\x01\x20later", 1))
    assert not continues_picture(H265, rtp(H265_SLICE, 1))
