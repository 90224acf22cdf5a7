"""Which addresses a browser may make us call."""

from __future__ import annotations

import pytest

from gateway.push.endpoints import AllowedHosts, are_keys
from tests.unit.gateway.push.service import Browser, text_of

HOSTS = AllowedHosts(["push.example", " Notify.Example ", "http://127.0.0.1:8099/"])


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/to/a",
        "https://push.example:8443/to/a",
        "https://notpush.example/to/a",
        "https://push.example.evil.example/to/a",
        "https://user@push.example/to/a",
        "https://127.0.0.1:8099/to/a",
        "http://127.0.0.1:80990/to/a",
        "http://169.254.169.254/latest",
        "ftp://push.example/a",
        "https://[::1/a",
        "push.example/a",
        "",
    ],
)
def test_everything_else_is_refused(endpoint: str) -> None:
    """Other hosts, other ports, credentials, no https, and what is no address."""
    assert not HOSTS.allows(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.example/to/a",
        "https://eu.push.example/a?b=c",
        "https://a.NOTIFY.example/w",
        "http://127.0.0.1:8099/to/a",
    ],
)
def test_named_services_are_called(endpoint: str) -> None:
    """A host with all below it, or an origin to the letter."""
    assert HOSTS.allows(endpoint)


def test_no_hosts_means_off() -> None:
    """A deployment without a way out names none."""
    assert HOSTS
    assert not AllowedHosts(["", " "])


def test_keys_are_those_of_a_browser() -> None:
    """A point on the curve and sixteen bytes."""
    browser = Browser("a")
    auth = text_of(browser.auth)
    assert are_keys(browser.p256dh, auth)
    assert are_keys(browser.p256dh + "=", auth + "==")
    assert not are_keys(browser.p256dh[:-4] + "AAAA", auth)
    assert not are_keys(browser.p256dh[:40], auth)
    assert not are_keys(browser.p256dh, auth[:-3])
    assert not are_keys("*" * 87, auth)
