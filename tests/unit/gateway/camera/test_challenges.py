"""Tests of gateway.camera.challenges; how RTSP and HTTP use it is tested with their own modules."""

from __future__ import annotations

import pytest

from gateway.camera.challenges import Challenge, Secret, read_challenges

MUFASA = Secret("Mufasa", "Circle of Life")


def test_schemes_are_not_looked_for_inside_names() -> None:
    """A realm may say anything."""
    [basic] = read_challenges(['Basic realm="a, Digest nonce=1"'])
    assert (basic.nonce, basic.realm) == ("", "a, Digest nonce=1")


@pytest.mark.parametrize(("text", "stale"), [("", False), (", stale=false", False), (", stale=TRUE", True)])
def test_a_stale_nonce_is_told_from_a_wrong_password(text: str, *, stale: bool) -> None:
    """In any case of letters."""
    [challenge] = read_challenges([f'Digest realm="r", nonce="1"{text}'])
    assert challenge.stale is stale


def test_an_algorithm_is_named_only_where_the_camera_named_one() -> None:
    """Old cameras stumble over what they did not say."""
    assert "algorithm" not in Challenge("r", "n").answer(MUFASA, "GET", "/", 1, "own")
    assert "algorithm=MD5-sess" in Challenge("r", "n", "MD5-sess", "auth").answer(MUFASA, "GET", "/", 1, "own")


def test_the_password_is_in_no_repr() -> None:
    """Nor in any answer but Basic."""
    assert "Circle" not in repr(MUFASA)
    assert "Circle" not in Challenge("r", "n").answer(MUFASA, "GET", "/", 1, "own")
