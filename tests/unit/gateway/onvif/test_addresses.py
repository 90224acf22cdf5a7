"""Addresses are put on the host that was contacted, and never carry user information."""

from __future__ import annotations

import pytest

from gateway.onvif.addresses import (
    BadAddress,
    bare_host,
    device_address,
    host_of,
    same_port,
    same_service,
    same_stream,
    stream_address,
)

REACHED = "http://203.0.113.7:8088/onvif/device_service"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("10.1.2.3", "http://10.1.2.3/onvif/device_service"),
        (" 10.1.2.3:8000 ", "http://10.1.2.3:8000/onvif/device_service"),
        ("http://10.1.2.3/", "http://10.1.2.3/onvif/device_service"),
        ("https://cam.example/onvif/dev?x=1#f", "https://cam.example/onvif/dev?x=1"),
        ("[fe80::1]:80", "http://[fe80::1]:80/onvif/device_service"),
    ],
)
def test_device_addresses(given: str, address: str) -> None:
    """In full, or a host alone."""
    assert device_address(given) == address


@pytest.mark.parametrize(
    "given", ["", "ftp://x/", "http://", "http://a:b@host/", "file:///etc/passwd", "http://h:99999/"]
)
def test_bad_device_addresses(given: str) -> None:
    """Other schemes, no host, credentials, impossible ports."""
    with pytest.raises(BadAddress):
        device_address(given)


@pytest.mark.parametrize(
    "given", ["file:///etc/passwd", "http://h/", "rtsp://", "rtsp://u:p@h/1", "rtsp://h:x/", "cam"]
)
def test_bad_stream_addresses(given: str) -> None:
    """A file above all: it would be read on this machine."""
    with pytest.raises(BadAddress):
        stream_address(given)
    with pytest.raises(BadAddress):
        same_stream("http://h/", REACHED)


def test_a_right_host_is_believed_about_its_port() -> None:
    """Services of one device may have ports of their own."""
    assert same_service("http://203.0.113.7:9000/onvif/media", REACHED) == "http://203.0.113.7:9000/onvif/media"


def test_a_wrong_host_is_replaced() -> None:
    """Behind a forwarded port its port is wrong too; unless its ports are known to hold."""
    assert same_service("http://192.168.1.64/onvif/media?a=1", REACHED) == "http://203.0.113.7:8088/onvif/media?a=1"
    wrong = "http://192.168.1.64:81/snap.jpg"
    assert same_service(wrong, REACHED, ports_hold=True) == "http://203.0.113.7:81/snap.jpg"
    assert same_service("http://x/s", "https://h/d") == "https://h/s"


def test_user_information_is_taken_out() -> None:
    """Devices write their passwords into addresses."""
    assert same_service("http://admin:secret@203.0.113.7:81/s", REACHED) == "http://203.0.113.7:81/s"
    assert same_stream("rtsp://admin:secret@192.168.1.64:554/ch1", REACHED) == "rtsp://203.0.113.7/ch1"
    assert host_of("http://admin:secret@h:80/x") == "h"


def test_streams_keep_their_port() -> None:
    """RTSP is another service: nothing is known of how its port is forwarded."""
    assert same_stream("rtsp://192.168.1.64:8554/ch1?p=2", REACHED) == "rtsp://203.0.113.7:8554/ch1?p=2"
    assert same_stream("rtsp://[fe80::2]/1", "http://[fe80::1]/x") == "rtsp://[fe80::1]/1"


def test_ports_compare_with_their_defaults() -> None:
    """80 may be written or not."""
    assert same_port("http://a/x", "http://b:80/y")
    assert not same_port("http://a:81/x", "http://b/y")
    assert not same_port("nonsense://[", REACHED)


def test_hosts_of_nonsense_are_empty() -> None:
    """Nothing is raised where people only want to be shown something."""
    assert (host_of("http://[bad"), bare_host("http://[bad"), bare_host("x")) == ("", "", "")
