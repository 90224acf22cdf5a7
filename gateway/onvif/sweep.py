"""Finding devices by address: every address of some ranges is asked the one thing that anybody may ask, the time."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence

import aiohttp

from gateway.onvif.addresses import DEVICE_PATH
from gateway.onvif.discovery import Found
from gateway.onvif.safe_xml import UnsafeXml, local_name, parse_message
from gateway.onvif.soap import CONNECT_TIMEOUT_S

MAX_ADDRESSES = 4096
MAX_PORTS = 8
DEFAULT_PORTS = (80,)
# Enough for a network of 4,096 silent addresses in a minute and a half, few enough for any switch and firewall.
CONCURRENCY = 128
ANSWER_TIMEOUT_S = 4.0
_MAX_ANSWER_BYTES = 64 * 1024
_ASK = (
    b'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)
_ONVIF = b"http://www.onvif.org/"


class BadRange(ValueError):
    """A range that cannot be read, or too many addresses; the text says which."""


def addresses_in(ranges: Iterable[str]) -> list[str]:
    """Return the addresses of `10.1.2.0/24`, `10.1.2.5-10.1.2.40`, `10.1.2.5-40` and `10.1.2.5`, each once, in order.

    Raises:
        BadRange: One cannot be read, or there are more than 4,096.
    """
    found: dict[str, None] = {}
    for text in ranges:
        for address in _addresses(text.strip()):
            found[str(address)] = None
            if len(found) > MAX_ADDRESSES:
                raise BadRange(f"more than {MAX_ADDRESSES} addresses")
    if not found:
        raise BadRange("no address")
    return list(found)


async def sweep(
    addresses: Sequence[str], ports: Sequence[int], tell: Callable[[Found], object], asked: Callable[[], object]
) -> None:
    """Ask every address at every port; blocks until all have answered or not.

    Args:
        addresses: As `addresses_in` returns them.
        ports: Of HTTP.
        tell: Called on the loop with each device.
        asked: Called on the loop after each question.
    """
    waiting = iter([(address, port) for port in ports[:MAX_PORTS] for address in addresses])
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
        ) as session,
        asyncio.TaskGroup() as group,
    ):
        for number in range(min(CONCURRENCY, len(addresses) * len(ports))):
            group.create_task(_ask_all(session, waiting, tell, asked), name=f"sweep-{number}")


async def _ask_all(
    session: aiohttp.ClientSession,
    waiting: Iterator[tuple[str, int]],
    tell: Callable[[Found], object],
    asked: Callable[[], object],
) -> None:
    for address, port in waiting:
        url = f"http://{address}{'' if port == 80 else f':{port}'}{DEVICE_PATH}"
        if await _is_device(session, url):
            tell(Found(key=url, xaddr=url, host=address))
        asked()


async def _is_device(session: aiohttp.ClientSession, url: str) -> bool:
    headers = {"Content-Type": "application/soap+xml; charset=utf-8", "User-Agent": "GridPatrol"}
    try:
        async with session.post(url, data=_ASK, headers=headers, allow_redirects=False) as response:
            return speaks_onvif(await response.content.read(_MAX_ANSWER_BYTES))
    except (TimeoutError, aiohttp.ClientError, ValueError):
        return False


def speaks_onvif(answer: bytes) -> bool:
    """Say whether an answer is the time, or a refusal that only an ONVIF device would word so."""
    try:
        root = parse_message(answer)
    except UnsafeXml:
        return False
    names = {local_name(element.tag) for element in root.iter()}
    return "GetSystemDateAndTimeResponse" in names or ("Fault" in names and _ONVIF in answer)


def _addresses(text: str) -> Iterator[ipaddress.IPv4Address]:
    try:
        if "/" in text:
            network = ipaddress.IPv4Network(text, strict=False)
            yield from network.hosts()
            return
        first, _, last = text.partition("-")
        start = ipaddress.IPv4Address(first.strip())
        end = start if not last else ipaddress.IPv4Address(_completed(first.strip(), last.strip()))
    except ValueError as exc:
        raise BadRange(f"not a range of IPv4 addresses: {text[:64]}") from exc
    if end < start:
        raise BadRange(f"ends before it begins: {text[:64]}")
    yield from (ipaddress.IPv4Address(number) for number in range(int(start), int(end) + 1))


def _completed(first: str, last: str) -> str:
    """Return the end of a range in full: `10.1.2.5-40` ends at 10.1.2.40."""
    return last if "." in last else f"{first.rpartition('.')[0]}.{last}"
