"""WS-Discovery (April 2005), the asking half: one probe per interface, matches gathered for a few seconds."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import structlog

from gateway.clock import Clock
from gateway.interfaces import Interface, ipv4_interfaces
from gateway.onvif.addresses import BadAddress, bare_host, device_address, same_service
from gateway.onvif.profiles import MAX_TEXT
from gateway.onvif.safe_xml import MAX_DATAGRAM_BYTES, UnsafeXml, parse_message

GROUP = ("239.255.255.250", 3702)
DEFAULT_SECONDS = 4.0
MAX_SECONDS = 15.0
MAX_FOUND = 4096  # as many as a sweep may ask
MAX_INTERFACES = 32
# Datagrams get lost; a second and third probe cost nothing.
_REPEAT_AFTER_S = (0.0, 0.4, 1.2)
_HOPS = 2  # through one router that passes multicast on, at most
# Devices answer to one type or the other, and older ones to the first only.
_TYPES = ("dn:NetworkVideoTransmitter", "tds:Device")
_WSA = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
_WSD = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"
_LOOPBACK = "127."
_SCOPE = "onvif://www.onvif.org/"
_MOST_MATCHES = 64  # in one message; a proxy may answer for several devices

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A device that was found.

    Attributes:
        key: Its endpoint reference, or its address where it gave none.
        xaddr: Its device service, on the host that answered.
        host: That host.
        name, hardware: As it says itself; may be empty.
    """

    key: str
    xaddr: str
    host: str
    name: str = ""
    hardware: str = ""


async def discover(
    tell: Callable[[Found], object],
    clock: Clock,
    seconds: float = DEFAULT_SECONDS,
    interfaces: Sequence[Interface] | None = None,
    group: tuple[str, int] = GROUP,
) -> None:
    """Probe on every interface and tell of each device once, as it answers.

    Args:
        tell: Called on the loop.
        clock: Waits.
        seconds: How long to listen.
        interfaces: None: all of this machine's with an IPv4 address, loopback included.
        group: Where probes go.
    """
    own = list(ipv4_interfaces() if interfaces is None else interfaces)[:MAX_INTERFACES]
    inbox = _Inbox(tell, [interface.address for interface in own])
    loop = asyncio.get_running_loop()
    transports: list[asyncio.DatagramTransport] = []
    try:
        for interface in own:
            sock = _socket_on(interface)
            if sock is not None:
                transport, _ = await loop.create_datagram_endpoint(lambda: inbox, sock=sock)
                transports.append(transport)
        await _probe(transports, group, clock, min(seconds, MAX_SECONDS))
    finally:
        for transport in transports:
            transport.close()


def probe(types: str) -> bytes:
    """Return a probe for devices of a type."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">'
        f"<s:Header><wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>"
        "<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>"
        "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action></s:Header>"
        f"<s:Body><d:Probe><d:Types>{types}</d:Types></d:Probe></s:Body></s:Envelope>"
    ).encode()


def read_matches(data: bytes, sender: str, own: Collection[str] = ()) -> list[Found]:
    """Return the devices in an answer to a probe; addresses on another host are put on the sender's.

    Args:
        data: The datagram.
        sender: Who sent it.
        own: This machine's addresses: what answers over loopback may be listening on any of them.

    Raises:
        UnsafeXml: It must not or cannot be read.
    """
    root = parse_message(data, MAX_DATAGRAM_BYTES)
    matches = [e for kind in ("ProbeMatch", "Hello") for e in root.iter(f"{_WSD}{kind}")]
    hosts = (sender, *own) if sender.startswith(_LOOPBACK) else (sender,)
    found = [_match(match, hosts) for match in matches[:_MOST_MATCHES]]
    return [each for each in found if each is not None]


class _Inbox(asyncio.DatagramProtocol):
    def __init__(self, tell: Callable[[Found], object], own: Collection[str] = ()) -> None:
        self._tell = tell
        self._own = own
        self._seen: set[str] = set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            found = read_matches(data, addr[0], self._own)
        except UnsafeXml as exc:
            logger.debug("an answer that cannot be read", sender=addr[0], cause=str(exc))
            return
        for each in found:
            if each.key not in self._seen and len(self._seen) < MAX_FOUND:
                self._seen.add(each.key)
                self._tell(each)

    def error_received(self, exc: Exception) -> None:
        logger.debug("probe not delivered", cause=str(exc))


async def _probe(
    transports: Iterable[asyncio.DatagramTransport], group: tuple[str, int], clock: Clock, seconds: float
) -> None:
    waited_s = 0.0
    for at_s in (s for s in _REPEAT_AFTER_S if s < seconds):
        await clock.sleep(at_s - waited_s)
        waited_s = at_s
        for transport in transports:
            for types in _TYPES:
                transport.sendto(probe(types), group)
    await clock.sleep(seconds - waited_s)


def _socket_on(interface: Interface) -> socket.socket | None:
    """Return a socket that sends multicast through one interface; None where that cannot be had."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface.address))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _HOPS)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)  # simulated devices live on this machine
        sock.bind((interface.address, 0))
        sock.setblocking(False)
    except OSError as exc:
        logger.warning("interface left out of discovery", interface=interface.name, cause=str(exc))
        sock.close()
        return None
    return sock


def _match(match: Element, hosts: Sequence[str]) -> Found | None:
    addresses = (match.findtext(f".//{_WSD}XAddrs") or "").split()
    xaddr = _best(addresses, hosts)
    if xaddr is None:
        return None
    endpoint = (match.findtext(f".//{_WSA}EndpointReference/{_WSA}Address") or "").strip()[:MAX_TEXT]
    scopes = (match.findtext(f".//{_WSD}Scopes") or "").split()
    return Found(
        key=endpoint or xaddr,
        xaddr=xaddr,
        host=bare_host(xaddr),
        name=_scope(scopes, "name/"),
        hardware=_scope(scopes, "hardware/"),
    )


def _best(addresses: Sequence[str], hosts: Sequence[str]) -> str | None:
    """Return the address on the host that answered, or else the first one, put on that host."""
    usable = [a for a in addresses if _is_usable(a)]
    own = next((a for host in hosts for a in usable if bare_host(a) == host), None)
    if own is not None or not usable:
        return own
    first = next((a for a in usable if ":" not in bare_host(a)), usable[0])
    return same_service(first, f"http://{hosts[0]}", ports_hold=True)


def _is_usable(address: str) -> bool:
    try:
        device_address(address)
    except BadAddress:
        return False
    return address.startswith(("http://", "https://"))


def _scope(scopes: Iterable[str], kind: str) -> str:
    start = _SCOPE + kind
    return next((unquote(s.removeprefix(start))[:MAX_TEXT] for s in scopes if s.startswith(start)), "")
