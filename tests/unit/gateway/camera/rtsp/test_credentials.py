"""Tests of gateway.camera.rtsp.credentials; expected digests are the RFCs' own examples, or the simulator's."""

from __future__ import annotations

import re

import pytest

from gateway.camera.challenges import Secret
from gateway.camera.rtsp.credentials import Answerer
from gateway.simulator.credentials import REALM, digest_answer

MUFASA = Secret("Mufasa", "Circle of Life")
# RFC 7616, 3.9.1
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
OWN_NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def part(header: str | None, name: str) -> str:
    found = re.search(rf'\b{name}="?([^",]*)', header or "")
    return found.group(1) if found else ""


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Bearer realm=x",
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", qop="auth-int"',
    ],
)
def test_what_we_cannot_answer_is_not_answered(challenge: str) -> None:
    """The refusal then stands."""
    answerer = Answerer(MUFASA)
    assert not answerer.challenged([challenge])
    assert answerer.header("DESCRIBE", "rtsp://x/") is None


def test_without_a_secret_nothing_is_answered() -> None:
    """No anonymous guesses."""
    assert not Answerer(None).challenged(['Basic realm="r"'])


def test_refused_credentials_are_not_tried_again() -> None:
    """Cameras lock accounts; a stale nonce is another matter, and so is a fresh one after success."""
    answerer = Answerer(MUFASA)
    assert answerer.challenged(['Digest realm="r", nonce="1"'])
    assert not answerer.challenged(['Digest realm="r", nonce="2"'])
    assert answerer.challenged(['Digest realm="r", nonce="3", stale=TRUE'])
    answerer.accept()
    assert answerer.challenged(['Digest realm="r", nonce="4"'])
    assert part(answerer.header("PLAY", "x"), "nonce") == "4"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_rfc(algorithm: str, expected: str) -> None:
    """RFC 7616, 3.9.1."""
    answerer = Answerer(MUFASA, nonce=lambda: OWN_NONCE)
    answerer.challenged([RFC_7616.format(algorithm)])
    header = answerer.header("GET", "/dir/index.html")
    assert part(header, "response") == expected
    assert part(header, "nc") == "00000001"
    assert part(answerer.header("GET", "/dir/index.html"), "nc") == "00000002"
    assert part(header, "opaque") == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_digests_without_qop_as_the_simulator_makes_them() -> None:
    """RFC 2069."""
    answerer = Answerer(Secret("ad min", "p:ss"))
    answerer.challenged([f'Digest realm="{REALM}", nonce="abc"'])
    header = answerer.header("PLAY", "rtsp://x/y")
    assert part(header, "response") == digest_answer("ad min", "p:ss", "PLAY", "rtsp://x/y", "abc")
    assert "qop" not in (header or "")


def test_the_session_variant() -> None:
    """Its key takes both nonces."""
    answerer = Answerer(MUFASA, nonce=lambda: OWN_NONCE)
    answerer.challenged([RFC_7616.format("MD5-sess")])
    assert len(part(answerer.header("GET", "/"), "response")) == 32


def test_the_strongest_offer_is_taken() -> None:
    """Of several headers, or several challenges in one."""
    basic, md5, sha = (
        'Basic realm="a, Digest b"',
        'Digest realm="r", nonce="1"',
        'Digest realm="r", nonce="2", algorithm=SHA-256',
    )
    for offers in ([basic, md5, sha], [f"{basic}, {md5}, {sha}"]):
        answerer = Answerer(MUFASA)
        assert answerer.challenged(offers)
        assert part(answerer.header("PLAY", "x"), "algorithm") == "SHA-256"
    answerer = Answerer(Secret("a", "ü:"))
    assert answerer.challenged([basic])
    assert answerer.header("PLAY", "x") == "Basic YTrDvDo="


def test_quotes_in_names_do_not_end_them() -> None:
    """Neither in what the camera says nor in what we answer."""
    answerer = Answerer(Secret('a"b', "x"))
    answerer.challenged([r'Digest realm="r\"s", nonce="1"'])
    header = answerer.header("PLAY", "x") or ""
    assert r'username="a\"b", realm="r\"s"' in header


def test_the_password_is_in_no_repr() -> None:
    """Of neither."""
    assert "Circle" not in f"{MUFASA!r} {Answerer(MUFASA)!r}"
