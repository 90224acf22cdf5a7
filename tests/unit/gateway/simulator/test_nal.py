"""NAL units are found whatever the container calls them."""

from __future__ import annotations

import pytest

from gateway.simulator.nal import (
    CodecConfig,
    MalformedNal,
    access_unit,
    nal_type,
    parameter_sets_of,
    parse_config,
    split_annex_b,
    split_prefixed,
    sps_of,
)

SPS, PPS, IDR, AUD = b"\x67\x42\xc0\x1f", b"\x68\xce", b"\x65idr", b"\x09\xf0"
VPS5, SPS5, PPS5 = b"\x40\x01v", b"\x42\x01s", b"\x44\x01p"
AVCC = b"\x01\x42\xc0\x1f\xff\xe1" + b"\x00\x04" + SPS + b"\x01\x00\x02" + PPS


def hvcc(length_size: int = 4) -> bytes:
    """An hvcC record with one VPS, SPS and PPS."""
    arrays = b"".join(bytes((t, 0, 1, 0, len(n))) + n for t, n in ((32, VPS5), (33, SPS5), (34, PPS5)))
    return b"\x01" + bytes(20) + bytes((0xFC | (length_size - 1), 3)) + arrays


def test_length_beyond_the_end_is_refused() -> None:
    """A NAL unit longer than its access unit is an error, not a short unit."""
    with pytest.raises(MalformedNal):
        split_prefixed(b"\x00\x00\x00\x09abc", 4)


@pytest.mark.parametrize("record", [AVCC[:7], AVCC[:-1], b"\x01\x42", b"\x02" + AVCC[1:]])
def test_broken_avcc_is_refused(record: bytes) -> None:
    """A record cut short or of an unknown version cannot be used."""
    with pytest.raises(MalformedNal):
        parse_config("h264", record)


def test_broken_hvcc_is_refused() -> None:
    """A record cut short cannot be used."""
    with pytest.raises(MalformedNal):
        parse_config("hevc", hvcc()[:-2])


def test_missing_sps_is_named() -> None:
    """An SDP cannot be written without an SPS."""
    with pytest.raises(MalformedNal, match="sequence parameter set"):
        sps_of("h264", [PPS])


def test_avcc_gives_length_size_and_sets() -> None:
    """SPS and PPS come out whole, lengths are four bytes."""
    assert parse_config("h264", AVCC) == CodecConfig("h264", 4, (SPS, PPS))


@pytest.mark.parametrize("length_size", [1, 2, 4])
def test_hvcc_gives_length_size_and_sets(length_size: int) -> None:
    """VPS, SPS and PPS come out in decoder order."""
    assert parse_config("hevc", hvcc(length_size)) == CodecConfig("hevc", length_size, (VPS5, SPS5, PPS5))


def test_annex_b_extradata_and_none_at_all() -> None:
    """Start codes of three and four bytes both work; without extradata the sets are unknown."""
    assert parse_config("h264", b"\x00\x00\x00\x01" + PPS + b"\x00\x00\x01" + SPS) == CodecConfig("h264", 0, (SPS, PPS))
    assert parse_config("h264", b"") == CodecConfig("h264", 0, ())


def test_annex_b_split_drops_padding_zeros() -> None:
    """Zero bytes between units belong to nobody."""
    assert split_annex_b(b"\x00\x00\x01\x65a\x00\x00\x00\x01\x41b\x00") == [b"\x65a", b"\x41b"]
    assert split_annex_b(b"no start code") == []


def test_prefixed_split_skips_empty_units() -> None:
    """A length of zero is padding."""
    assert split_prefixed(b"\x00\x02\x65a\x00\x00\x00\x01\x41", 2) == [b"\x65a", b"\x41"]


def test_keyframe_without_sets_gets_them() -> None:
    """A decoder that joins at this keyframe finds what it needs in band."""
    config = CodecConfig("h264", 1, (SPS, PPS))
    unit = bytes((len(AUD),)) + AUD + bytes((len(IDR),)) + IDR
    assert access_unit(config, unit, keyframe=True) == [SPS, PPS, IDR]
    assert access_unit(config, unit, keyframe=False) == [IDR]


def test_keyframe_with_its_own_sets_keeps_them() -> None:
    """Sets are not sent twice."""
    own = b"\x67other"
    config = CodecConfig("h264", 0, (SPS, PPS))
    unit = b"".join(b"\x00\x00\x01" + n for n in (own, PPS, IDR))
    assert access_unit(config, unit, keyframe=True) == [own, PPS, IDR]


def test_types_and_duplicates() -> None:
    """Types are read from the right bits; a repeated set counts once."""
    assert (nal_type("h264", IDR), nal_type("hevc", SPS5)) == (5, 33)
    assert parameter_sets_of("hevc", [PPS5, VPS5, VPS5, SPS5]) == (VPS5, SPS5, PPS5)
