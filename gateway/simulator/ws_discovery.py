"""The answering half of WS-Discovery (April 2005): simulated devices say where they are when somebody probes."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from xml.etree.ElementTree import ParseError

import structlog
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gateway.interfaces import ipv4_interfaces
from gateway.simulator.onvif_words import probe_match

DISCOVERY_GROUP = "239.255.255.250"
DISCOVERY_PORT = 3702
_WSA = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
_PROBE = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}Probe"
_TYPES = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}Types"
_OURS = frozenset({"NetworkVideoTransmitter", "Device"})
_LOOPBACK = "127.0.0.1"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Presence:
    """What one device says of itself when probed."""

    endpoint: str
    scopes: tuple[str, ...]
    port: int
    advertised_host: str | None = None  # None: the address by which the asker is reached


class DiscoveryResponder(asyncio.DatagramProtocol):
    """Answers probes for several devices that share an address.

    Args:
        presences: The devices.
        host: Where they listen; a wildcard: the address by which each asker is reached.
    """

    def __init__(self, presences: Sequence[Presence], host: str) -> None:
        self._presences = presences
        self._host = None if ipaddress.ip_address(host).is_unspecified else host
        self._transport: asyncio.DatagramTransport | None = None

    async def listen(self, port: int = DISCOVERY_PORT) -> asyncio.DatagramTransport:
        """Open the port on every interface that can be had, loopback included; raises OSError."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=_listening(port))
        return transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers leave."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a probe that asks for the likes of us."""
        message_id = probe_id(data)
        if message_id is None or self._transport is None or not self._reachable_from(addr[0]):
            return
        for presence in self._presences:
            host = presence.advertised_host or self._host or _address_towards(addr)
            address = f"http://{host}:{presence.port}/onvif/device_service"
            answer_id = f"urn:uuid:{uuid.uuid4()}"
            answer = probe_match(answer_id, message_id, presence.endpoint, presence.scopes, address)
            self._transport.sendto(answer, addr)

    def _reachable_from(self, peer: str) -> bool:
        return self._host is None or not _is_loopback(self._host) or _is_loopback(peer)


def probe_id(data: bytes) -> str | None:
    """Return the message id of a probe that we answer; None for anything else."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    probe = root.find(f".//{_PROBE}")
    if probe is None:
        return None
    wanted = {word.rpartition(":")[2] for word in (probe.findtext(_TYPES) or "").split()}
    if wanted and not wanted & _OURS:
        return None
    return (root.findtext(f".//{_WSA}MessageID") or "").strip() or None


def _listening(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", port))
        joined = [_join(sock, interface.address) for interface in ipv4_interfaces()]
    except OSError:
        sock.close()
        raise
    if not any(joined):
        logger.warning("no interface takes part in discovery")
    sock.setblocking(False)
    return sock


def _join(sock: socket.socket, address: str) -> bool:
    membership = struct.pack("4s4s", socket.inet_aton(DISCOVERY_GROUP), socket.inet_aton(address))
    try:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    except OSError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def _address_towards(peer: tuple[str, int]) -> str:
    """Return the address of ours by which a peer is reached; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(peer)
        except OSError:
            return _LOOPBACK
        return str(sock.getsockname()[0])
