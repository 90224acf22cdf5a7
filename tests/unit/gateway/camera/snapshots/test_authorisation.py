"""Tests of gateway.camera.snapshots.authorisation."""

from __future__ import annotations

import pytest

from gateway.camera.challenges import read_challenges
from gateway.camera.snapshots.authorisation import Authorisation

DIGEST = 'Digest realm="r", nonce="n1", qop="auth"'


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Digest",
        'Digest realm="r"',
        'Digest realm="r", nonce=""',
        "Negotiate abc",
        'Bearer realm="x"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", qop="auth-conf"',
    ],
)
def test_what_cannot_be_answered_is_no_challenge(header: str) -> None:
    """The camera's account is not risked on a guess."""
    assert read_challenges([header]) == []
    assert not Authorisation("u", "p").accept([header], answered_fresh=False)


def test_the_strongest_offer_comes_first() -> None:
    """In one header or in several, in whatever order."""
    sha = 'Digest realm="r", nonce="n2", algorithm="SHA-256"'
    for headers in (['Basic realm="r"', DIGEST, sha], [f'Basic realm="r", {DIGEST}, {sha}']):
        assert [(c.nonce, c.hash_name) for c in read_challenges(headers)] == [
            ("n2", "SHA-256"),
            ("n1", "MD5"),
            ("", "MD5"),
        ]


def test_an_unknown_scheme_behind_a_known_one_does_not_disturb() -> None:
    """Its realm is not the one to be answered."""
    [challenge] = read_challenges([f'{DIGEST}, Bearer realm="other", nonce="n9"'])
    assert (challenge.realm, challenge.nonce) == ("r", "n1")


def test_nobody_is_named_without_credentials() -> None:
    """A camera without a user answers no challenge."""
    nobody = Authorisation(None, None)
    assert not nobody.accept([DIGEST], answered_fresh=False)
    assert nobody.header("/") is None


def test_nothing_is_sent_before_it_is_asked_for() -> None:
    """The first request goes without."""
    assert Authorisation("u", "p").header("/") is None


def test_refused_basic_is_not_sent_again() -> None:
    """The password is wrong, and asking once more would count against the account."""
    known = Authorisation("u", "p")
    assert known.accept(["Basic"], answered_fresh=False)
    assert known.header("/") == "Basic dTpw"
    assert not known.accept(["Basic"], answered_fresh=False)
    assert known.header("/") is None


def test_the_answer_of_rfc_2617_without_qop() -> None:
    """Old cameras know no `qop`: the digest then needs neither count nor nonce of ours."""
    known = Authorisation("Mufasa", "Circle Of Life")
    known.accept(
        ['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'], answered_fresh=False
    )
    header = known.header("/dir/index.html") or ""
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in header
    assert "cnonce" not in header


def test_auth_int_is_answered_where_nothing_else_is_offered() -> None:
    """With the hash of an empty body."""
    known = Authorisation("u", "p")
    assert known.accept(['Digest realm="r", nonce="n", qop="auth-int"'], answered_fresh=False)
    assert "qop=auth-int, nc=00000001" in (known.header("/") or "")


def test_each_answer_counts_on() -> None:
    """A count used twice is taken for a replay; a new nonce begins anew."""
    known = Authorisation("u", "p")
    counts = []
    for nonce in ("n1", "n2"):
        known.accept([f'Digest realm="r", nonce="{nonce}", qop="auth"'], answered_fresh=False)
        counts += [(known.header("/") or "").split("nc=")[1][:8] for _ in range(2)]
    assert counts == ["00000001", "00000002", "00000001", "00000002"]
