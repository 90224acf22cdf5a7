from __future__ import annotations

import pytest

from gateway.evidence.annexb import START_CODE, converter, is_annexb, parameter_sets

SPS, PPS = b"\x67\x64\x00\x0d", b"\x68\xee"
AVCC = b"\x01\x64\x00\x0d\xff\xe1\x00\x04" + SPS + b"\x01\x00\x02" + PPS


@pytest.mark.parametrize("extradata", [AVCC[:7], AVCC[:9], AVCC[:12], b"\x01"])
def test_torn_configuration_is_refused(extradata: bytes) -> None:
    """A record that ends too early raises instead of giving half a parameter set."""
    with pytest.raises(ValueError, match="too early"):
        parameter_sets("h264", extradata)


def test_torn_packet_is_refused() -> None:
    """A unit longer than its packet is an error."""
    with pytest.raises(ValueError, match="goes on"):
        converter("h264", AVCC)(b"\x00\x00\x00\x09abc")


def test_byte_streams_stay_as_they_are() -> None:
    """Annex B, or a stream without configuration, is passed through."""
    data = START_CODE + SPS
    assert is_annexb(data)
    assert is_annexb(b"")
    assert parameter_sets("h264", data) == data
    assert converter("h264", b"")(data) == data


def test_avcc_is_unpacked() -> None:
    """Parameter sets come out in order, units get start codes for their lengths."""
    assert not is_annexb(AVCC)
    assert parameter_sets("h264", AVCC) == START_CODE + SPS + START_CODE + PPS
    assert converter("h264", AVCC)(b"\x00\x00\x00\x02ab\x00\x00\x00\x01c") == START_CODE + b"ab" + START_CODE + b"c"


def test_hvcc_is_unpacked() -> None:
    """The arrays of an hvcC record give their units, whatever their number."""
    arrays = b"\x20\x00\x01\x00\x02vv" + b"\x21\x00\x02\x00\x01s\x00\x01t"
    hvcc = b"\x01" + bytes(20) + b"\x03" + b"\x02" + arrays
    assert parameter_sets("hevc", hvcc) == b"".join(START_CODE + u for u in (b"vv", b"s", b"t"))
    assert converter("hevc", hvcc)(b"\x00\x00\x00\x01x") == START_CODE + b"x"
