"""Probes go out on every interface; answers are read once each, and never trusted about where they come from."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gateway.clock import FakeClock
from gateway.interfaces import Interface
from gateway.onvif.discovery import MAX_FOUND, Found, _Inbox, discover, probe, read_matches
from gateway.onvif.safe_xml import UnsafeXml, parse_message
from gateway.simulator.onvif_words import probe_match
from gateway.simulator.ws_discovery import probe_id
from tests.unit.gateway.onvif.rig import serving, spec
from tests.unit.gateway.onvif.test_safe_xml import LAUGHS

LOOPBACK = Interface("lo", "127.0.0.1")
SCOPES = ("onvif://www.onvif.org/name/%E6%B5%B7%E5%BA%B7", "onvif://www.onvif.org/hardware/DS-2CD", "other://x/name/no")


def answer(addresses: str, endpoint: str = "urn:uuid:1", scopes: tuple[str, ...] = SCOPES) -> bytes:
    return probe_match("urn:uuid:a", "urn:uuid:q", endpoint, scopes, addresses)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", LAUGHS, b"<a/>" * 3, b"x" * 70_000])
def test_hostile_answers_are_refused(data: bytes) -> None:
    """And told as such, so that the inbox can go on."""
    with pytest.raises(UnsafeXml):
        read_matches(data, "10.0.0.1")


def test_an_answer_is_read() -> None:
    """Name and model come from the scopes, escapes undone."""
    [found] = read_matches(answer("http://10.0.0.1/onvif/device_service"), "10.0.0.1")
    assert found == Found("urn:uuid:1", "http://10.0.0.1/onvif/device_service", "10.0.0.1", "海康", "DS-2CD")


def test_the_address_of_the_sender_is_preferred() -> None:
    """Devices list all they have, IPv6 and the addresses of other networks too."""
    addresses = "http://[fe80::1]/onvif/device_service http://192.168.1.64/onvif/x http://10.0.0.1:8000/onvif/y"
    assert read_matches(answer(addresses), "10.0.0.1")[0].xaddr == "http://10.0.0.1:8000/onvif/y"


def test_a_wrong_host_is_put_on_the_sender() -> None:
    """An answer cannot send us elsewhere; its port is kept."""
    [found] = read_matches(answer("http://[fe80::1]/v6 http://127.0.0.1:8000/onvif/device_service"), "10.0.0.1")
    assert (found.xaddr, found.host) == ("http://10.0.0.1:8000/onvif/device_service", "10.0.0.1")


def test_over_loopback_this_machines_own_addresses_are_believed() -> None:
    """A device on this machine may listen on one of them only; elsewhere they would be somebody else's."""
    data = answer("http://192.0.2.2:8899/onvif/device_service")
    assert read_matches(data, "127.0.0.1", ["127.0.0.1", "192.0.2.2"])[0].host == "192.0.2.2"
    assert read_matches(data, "127.0.0.1", ["127.0.0.1"])[0].host == "127.0.0.1"
    assert read_matches(data, "10.0.0.1", ["127.0.0.1", "192.0.2.2"])[0].host == "10.0.0.1"


@pytest.mark.parametrize("addresses", ["", "ftp://10.0.0.1/", "http://u:p@10.0.0.1/", "10.0.0.1", "http://["])
def test_answers_without_an_address_are_left_out(addresses: str) -> None:
    """There would be nothing to connect to."""
    assert read_matches(answer(addresses), "10.0.0.1") == []


def test_without_endpoint_the_address_is_the_key() -> None:
    """Some devices leave it empty."""
    [found] = read_matches(answer("http://10.0.0.1/d", endpoint="", scopes=()), "10.0.0.1")
    assert (found.key, found.name, found.hardware) == ("http://10.0.0.1/d", "", "")


def test_what_is_no_match_is_nothing() -> None:
    """A probe of somebody else's, a fault, any XML."""
    assert read_matches(probe("dn:NetworkVideoTransmitter"), "10.0.0.1") == []
    assert read_matches(b"<a><b/></a>", "10.0.0.1") == []


def test_probes_are_sound() -> None:
    """They carry an id of their own, and ask for one type."""
    first, second = probe("tds:Device"), probe("tds:Device")
    assert first != second
    assert probe_id(first) is not None
    assert b"tds:Device" in first
    parse_message(first)


def test_each_device_is_told_once_and_not_without_end() -> None:
    """Devices answer each of several probes; a flood of made-up ones stops somewhere."""
    told: list[Found] = []
    inbox = _Inbox(told.append)
    for _ in range(3):
        inbox.datagram_received(answer("http://10.0.0.1/d"), ("10.0.0.1", 3702))
    inbox.datagram_received(b"nonsense", ("10.0.0.1", 3702))
    assert len(told) == 1
    inbox._seen |= {str(n) for n in range(MAX_FOUND)}
    inbox.datagram_received(answer("http://10.0.0.2/d", "urn:uuid:2"), ("10.0.0.2", 3702))
    assert len(told) == 1


async def test_simulated_devices_are_found_on_loopback() -> None:
    """Three of one machine, each by its own endpoint; one that names a wrong host is found where it is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    devices = [spec("one"), spec("two", advertised_host="10.9.9.9"), spec("three", username="")]
    clock, found, three = FakeClock(), list[Found](), asyncio.Event()

    def tell(each: Found) -> None:
        found.append(each)
        if len(found) == 3:
            three.set()

    async with serving(*devices, discovery_port=port) as server, asyncio.TaskGroup() as group:
        searching = group.create_task(discover(tell, clock, 4.0, [LOOPBACK], ("239.255.255.250", port)))
        async with asyncio.timeout(10):
            await three.wait()
        for _ in range(4):
            await clock.advance(2.0)
        async with asyncio.timeout(10):
            await searching
        assert {f.name: f.xaddr for f in found} == {name: server.url(name) for name in ("one", "two", "three")}


async def test_an_interface_that_cannot_be_used_is_left_out() -> None:
    """Others are probed all the same."""
    clock = FakeClock()
    async with asyncio.TaskGroup() as group:
        searching = group.create_task(discover(lambda _: None, clock, 1.0, [Interface("gone", "203.0.113.250")]))
        for _ in range(4):
            await clock.advance(1.0)
        await searching
