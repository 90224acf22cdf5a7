"""What becomes of units and packets, to the byte."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from gateway.simulator.damage import Wire, noise, truncated, with_tiny_nals
from gateway.simulator.nal import Codec, nal_type
from gateway.simulator.rtp import CutUnit, cut, nals_of, stamp

SOUND = {"loss": 0.0, "reorder": 0.0, "corrupt": 0.0}


def parts(layout: bytes | bytearray, starts: tuple[int, ...]) -> list[bytes]:
    """The packets, each checked against its own length field."""
    found = [bytes(layout[s:e]) for s, e in zip(starts, (*starts[1:], len(layout)), strict=False)]
    assert all(p[0] == 0x24 and int.from_bytes(p[2:4], "big") == len(p) - 4 for p in found)
    return found


def markers(unit: CutUnit) -> list[bool]:
    """Of each packet."""
    return [bool(p[5] & 0x80) for p in parts(unit.layout, unit.starts)]


@pytest.mark.parametrize("nal_bytes", [30, 1300, 1500, 9000])
def test_truncated_is_whole_packets_with_a_marker(nal_bytes: int) -> None:
    """Never nothing, never everything."""
    unit = cut("h264", [b"\x65" + bytes(range(1, 251)) * (nal_bytes // 250 + 1)])
    short = truncated(unit)
    assert 0 < short.payload_bytes < unit.payload_bytes
    assert markers(short) == [False] * (len(short.starts) - 1) + [True]


def test_truncated_tiny_unit() -> None:
    """A NAL unit of a few bytes still has its header."""
    short = truncated(cut("h264", [b"\x65abc"]))
    assert nals_of("h264", short) == [b"\x65a"]


@pytest.mark.parametrize(("codec", "kind"), [("h264", 6), ("hevc", 39)])
def test_tiny_nals_come_first(codec: Codec, kind: int) -> None:
    """As many as wanted, the picture unchanged behind them, one marker."""
    picture = b"\x65" * 3000 if codec == "h264" else b"\x26\x01" * 1500
    unit = cut(codec, [picture])
    more = with_tiny_nals(codec, unit, 50)
    nals = nals_of(codec, more)
    assert [nal_type(codec, n) for n in nals[:-1]] == [kind] * 50
    assert nals[-1] == picture
    assert markers(more) == [False] * (len(more.starts) - 1) + [True]


def test_no_tiny_nals() -> None:
    """Zero is the unit itself."""
    unit = cut("h264", [b"\x65abc"])
    assert with_tiny_nals("h264", unit, 0) == unit


def test_noise_has_no_dollar() -> None:
    """So that a reader can find the next packet."""
    made = [noise(Random(i)) for i in range(200)]
    assert all(made)
    assert not any(b"$" in m for m in made)


def carried(wire: Wire, units: int, **shares: float) -> list[bytes]:
    """Send units of three packets each; return what arrives."""
    unit = cut("h264", [b"\x65" + bytes(3500)])
    got: list[bytes] = []
    for number in range(units):
        layout, starts = wire.carry(stamp(unit, number * 3, number, 7), unit.starts, **(SOUND | shares))
        got += parts(layout, starts)
    return got


def sequences(packets: list[bytes]) -> list[int]:
    """RTP sequence numbers."""
    return [int.from_bytes(p[6:8], "big") for p in packets]


def test_sound_line_changes_nothing() -> None:
    """All packets in order."""
    assert sequences(carried(Wire(Random(1)), 10)) == list(range(30))


def test_lost_packets_leave_gaps() -> None:
    """About the share asked for; all of them at 100 %; the same ones each time."""
    got = carried(Wire(Random(1)), 200, loss=0.2)
    assert 0.75 < len(got) / 600 < 0.85
    assert got == carried(Wire(Random(1)), 200, loss=0.2)
    assert carried(Wire(Random(1)), 5, loss=1.0) == []


def test_swapped_packets_are_all_there() -> None:
    """Neighbours change places, over the end of a unit too; nothing is lost but the one still held."""
    got = sequences(carried(Wire(Random(1)), 100, reorder=0.3))
    assert got != sorted(got)
    assert len(set(range(300)) - set(got)) <= 1
    assert max(abs(number - place) for place, number in enumerate(got)) == 1
    assert any(a % 3 == 0 and b == a - 1 for a, b in itertools.pairwise(got))


def test_flipped_bytes_are_in_the_payload() -> None:
    """Headers and fragment headers stay right."""
    sound = carried(Wire(Random(1)), 50)
    broken = carried(Wire(Random(1)), 50, corrupt=1.0)
    assert [p[:20] for p in broken] == [p[:20] for p in sound]
    assert sum(a != b for a, b in zip(broken, sound, strict=True)) > 140


def test_flipping_a_tiny_packet() -> None:
    """One without room for anything is no error."""
    unit = cut("h264", [b"\x65"])
    layout, starts = Wire(Random(1)).carry(stamp(unit, 0, 0, 0), unit.starts, **(SOUND | {"corrupt": 1.0}))
    assert len(parts(layout, starts)) == 1
