"""Addresses that devices give away, put right: they often name another host than the one that answers."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit

DEVICE_PATH = "/onvif/device_service"
_HTTP = frozenset({"http", "https"})
_RTSP = frozenset({"rtsp", "rtsps"})
_DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


class BadAddress(ValueError):
    """No address that can be asked."""


def device_address(text: str) -> str:
    """Return the address of a device service, from one in full or from a host (and port) alone.

    Raises:
        BadAddress: Another scheme, user information, or no host.
    """
    text = text.strip()
    parts = _split(text if "://" in text else f"http://{text}")
    if parts.scheme not in _HTTP or not parts.hostname or parts.username is not None or parts.password is not None:
        raise BadAddress("not an http address without user information")
    path = parts.path if parts.path.strip("/") else DEVICE_PATH
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def stream_address(text: str) -> str:
    """Return an RTSP address as it may be opened and kept.

    Raises:
        BadAddress: Another scheme (a file, above all), user information, or no host.
    """
    parts = _split(text.strip())
    if parts.scheme not in _RTSP or not parts.hostname or parts.username is not None or parts.password is not None:
        raise BadAddress("not an rtsp address without user information")
    return urlunsplit(parts._replace(fragment=""))


def same_service(advertised: str, contacted: str, *, ports_hold: bool = False) -> str:
    """Return an advertised HTTP address as it can be reached by one who reached `contacted`.

    A device that names another host does not know how it is reached: behind a forwarded port its own port is as
    wrong as its host, so both are replaced. One that names the right host is believed about its port.

    Args:
        advertised: As the device gave it.
        contacted: Where the device was reached.
        ports_hold: The device's ports are known to be those it is reached by, only its host is wrong.

    Raises:
        BadAddress: It is no HTTP address.
    """
    parts, reached = _split(advertised.strip()), _split(contacted)
    if parts.scheme not in _HTTP or not parts.hostname:
        raise BadAddress("not an http address")
    if parts.hostname == reached.hostname:
        return urlunsplit(parts._replace(netloc=_netloc(parts), fragment=""))
    if ports_hold:
        return urlunsplit(parts._replace(netloc=_joined(reached.hostname or "", _port(parts)), fragment=""))
    return urlunsplit(parts._replace(scheme=reached.scheme, netloc=_netloc(reached), fragment=""))


def same_port(advertised: str, contacted: str) -> bool:
    """Say whether two HTTP addresses are of one port; False for what is no address."""
    try:
        parts, reached = _split(advertised.strip()), _split(contacted)
    except BadAddress:
        return False
    return (parts.port or _DEFAULT_PORTS.get(parts.scheme)) == (reached.port or _DEFAULT_PORTS.get(reached.scheme))


def same_stream(advertised: str, contacted: str) -> str:
    """Return an advertised RTSP address on the host that was contacted, its port kept, without user information.

    Raises:
        BadAddress: It is no RTSP address.
    """
    parts, reached = _split(advertised.strip()), _split(contacted)
    if parts.scheme not in _RTSP or not parts.hostname:
        raise BadAddress("not an rtsp address")
    return urlunsplit(parts._replace(netloc=_joined(reached.hostname or "", _port(parts)), fragment=""))


def host_of(address: str) -> str:
    """Return host and port for people, never user information; empty for what is no address."""
    try:
        return _netloc(_split(address))
    except BadAddress:
        return ""


def bare_host(address: str) -> str:
    """Return the host alone; empty for what is no address."""
    try:
        return _split(address).hostname or ""
    except BadAddress:
        return ""


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname
    except ValueError as exc:
        raise BadAddress("not an address") from exc
    return parts


def _netloc(parts: SplitResult) -> str:
    return _joined(parts.hostname or "", _port(parts))


def _port(parts: SplitResult) -> int | None:
    return None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port


def _joined(host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"
