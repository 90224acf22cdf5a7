"""Ranges are read strictly and bounded; every address is asked, and only devices are told of."""

from __future__ import annotations

import pytest

from gateway.onvif.discovery import Found
from gateway.onvif.sweep import MAX_ADDRESSES, BadRange, addresses_in, speaks_onvif, sweep
from tests.unit.gateway.onvif.rig import http, peer, serving, spec
from tests.unit.gateway.onvif.test_safe_xml import LAUGHS


def test_ranges() -> None:
    """Networks, ranges in full and short, single addresses; each address once."""
    assert addresses_in(["10.1.2.5-10.1.2.7", "10.1.2.6", " 10.1.3.1 - 2 "]) == [
        "10.1.2.5",
        "10.1.2.6",
        "10.1.2.7",
        "10.1.3.1",
        "10.1.3.2",
    ]
    network = addresses_in(["10.1.2.0/24"])
    assert (len(network), network[0], network[-1]) == (254, "10.1.2.1", "10.1.2.254")
    assert addresses_in(["10.1.2.9/32"]) == ["10.1.2.9"]


@pytest.mark.parametrize(
    "text", ["", "camera.example", "10.1.2", "10.1.2.9-10.1.2.3", "10.1.2.0/33", "::1/64", "10.1.2.1-x"]
)
def test_bad_ranges(text: str) -> None:
    """Names are not resolved: a range is what it says."""
    with pytest.raises(BadRange):
        addresses_in([text])


@pytest.mark.parametrize("ranges", [["10.0.0.0/8"], ["0.0.0.0-255.255.255.255"], ["10.1.0.0/20", "10.2.0.0/20"], []])
def test_too_many_and_none(ranges: list[str]) -> None:
    """Found out without listing them all."""
    with pytest.raises(BadRange):
        addresses_in(ranges)


def test_as_many_as_are_allowed() -> None:
    """Exactly the bound passes."""
    assert len(addresses_in(["10.0.0.0-10.0.15.255"])) == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (b"<html><body>login</body></html>", False),
        (b"", False),
        (LAUGHS, False),
        (b"<a>http://www.onvif.org/</a>", False),
        (b"<s:Envelope xmlns:s='x'><s:Fault/></s:Envelope>", False),
        (b"<e xmlns:ter='http://www.onvif.org/ver10/error'><Fault>ter:NotAuthorized</Fault></e>", True),
        (b"<e xmlns:t='http://www.onvif.org/ver10/device/wsdl'><t:GetSystemDateAndTimeResponse/></e>", True),
    ],
)
def test_what_a_device_says(answer: bytes, is_one: bool) -> None:
    """The time, or a refusal in ONVIF's own words; web servers say neither."""
    assert speaks_onvif(answer) is is_one


async def test_a_sweep_finds_devices_only() -> None:
    """A web server, a closed port and something that hangs up are asked, and are none."""
    found: list[Found] = []
    asked: list[None] = []
    page = http(b"<html/>", "200 OK")
    async with serving(spec("one"), spec("two")) as server, peer(lambda _: page) as web, peer(lambda _: b"") as rude:
        ports = [int(server.url(name).split(":")[2].split("/")[0]) for name in ("one", "two")]
        await sweep(["127.0.0.1"], [*ports, web.port, rude.port, 9], found.append, lambda: asked.append(None))
        assert {f.xaddr for f in found} == {server.url("one"), server.url("two")}
        assert len(asked) == 5
        assert all(f.host == "127.0.0.1" for f in found)
