"""Only the right answer opens a path."""

from __future__ import annotations

from base64 import b64encode

import pytest

from gateway.simulator.credentials import REALM, Login, digest_answer
from gateway.simulator.messages import Request

URL = "rtsp://127.0.0.1:8554/a%20b"
BASIC = Login("basic", "admin", "p:ss w0rd%")
DIGEST = Login("digest", 'ad"min', "p:ss w0rd%")


def with_header(value: str, method: str = "DESCRIBE") -> Request:
    """A request with an Authorization header."""
    return Request(method, URL, {"authorization": value})


def digest(password: str = DIGEST.password, nonce: str = "n1", uri: str = URL, method: str = "DESCRIBE") -> str:
    """A digest header as ffmpeg writes it."""
    answer = digest_answer(DIGEST.username, password, method, uri, nonce)
    return f'Digest username="ad\\"min", realm="{REALM}", nonce="{nonce}", uri="{uri}", response="{answer}"'


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic " + b64encode(b"admin:no").decode(), digest()])
def test_basic_refuses(header: str) -> None:
    """No, broken, wrong, or another scheme's credentials."""
    assert not BASIC.admits(with_header(header), "n1")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Digest",
        digest(password="no"),
        digest(nonce="stale"),
        digest(uri="rtsp://127.0.0.1:8554/other"),
        digest(method="PLAY"),
        digest(uri="rtsp://[x"),
        digest().replace("response", "resp"),
        "Basic " + b64encode(b"admin:p:ss w0rd%").decode(),
    ],
)
def test_digest_refuses(header: str) -> None:
    """Wrong password, old nonce, another path or method, or parts missing."""
    assert not DIGEST.admits(with_header(header), "n1")


def test_right_answers_are_admitted() -> None:
    """Colons, blanks, quotes and percent signs are part of credentials."""
    assert Login().admits(Request("DESCRIBE", URL), "n1")
    assert BASIC.admits(with_header("basic " + b64encode(b"admin:p:ss w0rd%").decode()), "n1")
    assert DIGEST.admits(with_header(digest()), "n1")


def test_escaping_of_the_uri_may_differ() -> None:
    """A client that hashes the decoded path, or one without host, still means this path."""
    assert DIGEST.admits(with_header(digest(uri="/a b/")), "n1")


def test_challenges_name_the_realm() -> None:
    """Only digests carry a nonce."""
    assert BASIC.challenge("n1") == f'Basic realm="{REALM}"'
    assert DIGEST.challenge("n1") == f'Digest realm="{REALM}", nonce="n1"'


def test_password_is_not_shown() -> None:
    """A login in a log line keeps its secret."""
    assert "p:ss" not in repr(BASIC)


def test_digest_of_the_rfc() -> None:
    """The hash is the one of RFC 2069: MD5 of secret, nonce and request."""
    assert len(digest_answer("u", "p", "PLAY", "/", "n")) == 32
    assert digest_answer("u", "p", "PLAY", "/", "n") != digest_answer("u", "p", "PLAY", "/", "m")
