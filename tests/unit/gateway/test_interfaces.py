"""The machine's own interfaces are listed with their addresses."""

from __future__ import annotations

import fcntl
import ipaddress
import socket

import pytest

from gateway.interfaces import Interface, ipv4_interfaces


def test_loopback_is_there() -> None:
    """Every machine has it; each address is one."""
    found = ipv4_interfaces()
    assert Interface("lo", "127.0.0.1") in found
    assert all(ipaddress.IPv4Address(each.address) for each in found)
    assert len({each.name for each in found}) == len(found)


def test_interfaces_without_address_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says so by an error."""

    def refuse(*_: object) -> bytes:
        raise OSError("no address")

    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "tunnel0")])
    monkeypatch.setattr(fcntl, "ioctl", refuse)
    assert ipv4_interfaces() == []
