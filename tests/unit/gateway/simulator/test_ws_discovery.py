"""Probes are answered by devices that are meant, on the way by which the asker can reach them."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from gateway.onvif.discovery import probe, read_matches
from gateway.simulator.ws_discovery import DiscoveryResponder, Presence, probe_id

PROBE = probe("dn:NetworkVideoTransmitter")


class Transport:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, tuple[str, int]]] = []

    def sendto(self, data: bytes, addr: tuple[str, int]) -> None:
        self.sent.append((data, addr))


def heard(data: bytes, peer: str, host: str, *presences: Presence) -> list[str]:
    """Return the addresses that a responder answers with."""
    responder, transport = DiscoveryResponder(presences or [Presence("urn:uuid:1", ("s",), 8800)], host), Transport()
    responder.connection_made(cast("asyncio.DatagramTransport", transport))
    responder.datagram_received(data, (peer, 50_000))
    return [read_matches(sent, peer)[0].xaddr for sent, _ in transport.sent]


@pytest.mark.parametrize("data", [b"", b"\xff", b"<a/>", b"<!DOCTYPE a><a/>", PROBE.replace(b"d:Probe", b"d:Hello")])
def test_what_is_no_probe_is_not_answered(data: bytes) -> None:
    """Whatever reaches the port."""
    assert probe_id(data) is None
    assert heard(data, "127.0.0.1", "127.0.0.1") == []


def test_printers_are_somebody_else() -> None:
    """Only those who look for the likes of us, or for anything."""
    assert probe_id(PROBE.replace(b"dn:NetworkVideoTransmitter", b"wsdp:Printer")) is None
    assert probe_id(PROBE.replace(b"dn:NetworkVideoTransmitter", b"")) is not None
    assert probe_id(probe("tds:Device")) is not None


def test_each_device_answers_for_itself() -> None:
    """With its own port."""
    found = heard(PROBE, "127.0.0.1", "127.0.0.1", Presence("urn:uuid:1", (), 1), Presence("urn:uuid:2", (), 2))
    assert found == ["http://127.0.0.1:1/onvif/device_service", "http://127.0.0.1:2/onvif/device_service"]


def test_a_loopback_device_answers_loopback_only() -> None:
    """Nobody else could reach it."""
    assert heard(PROBE, "192.0.2.77", "127.0.0.1") == []


def test_a_device_on_all_addresses_names_the_way_to_the_asker() -> None:
    """A wildcard is no address."""
    assert heard(PROBE, "127.0.0.1", "0.0.0.0") == ["http://127.0.0.1:8800/onvif/device_service"]
