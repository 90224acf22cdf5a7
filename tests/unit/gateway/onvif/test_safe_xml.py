"""Messages from strangers are read or refused, in no time and no memory."""

from __future__ import annotations

import pytest

from gateway.onvif.safe_xml import (
    MAX_DATAGRAM_BYTES,
    MAX_MESSAGE_BYTES,
    UnsafeXml,
    check_prologue,
    local_name,
    parse_message,
)

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b']><lolz a="&j;">&j;</lolz>'
)
HOSTILE = {
    "billion laughs": LAUGHS,
    "external entity": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
    "bare document type": b"<!DOCTYPE r><r/>",
    "document type in UTF-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r><r/>'.encode("utf-16"),
    "unknown encoding": b'<?xml version="1.0" encoding="x-nothing"?><r/>',
    "encoding that lies": b'<?xml version="1.0" encoding="UTF-16"?><r/>',
    "empty": b"",
    "no XML": b"HTTP is not XML",
    "binary": bytes(range(256)),
    "only a comment": b"<!-- nothing -->",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_messages_are_refused(data: bytes) -> None:
    """By both ways of reading, with the same error."""
    with pytest.raises(UnsafeXml):
        parse_message(data)
    with pytest.raises(UnsafeXml):
        check_prologue(data)


def test_what_is_too_long_is_not_even_looked_at() -> None:
    """Datagrams and answers have bounds of their own."""
    with pytest.raises(UnsafeXml, match="too long"):
        parse_message(b"<r>" + b" " * MAX_DATAGRAM_BYTES + b"</r>")
    with pytest.raises(UnsafeXml, match="too long"):
        check_prologue(b"<r>" + b" " * MAX_MESSAGE_BYTES + b"</r>")
    with pytest.raises(UnsafeXml, match="too many"):
        parse_message(b"<r>" + b"<a/>" * 20_000 + b"</r>", MAX_MESSAGE_BYTES)


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0"?><r a="1"><b>x</b></r>',
        "<r>摄像机</r>".encode(),
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><r/>',
        '<?xml version="1.0" encoding="iso-8859-1"?><r>\xe9</r>'.encode("latin-1"),
        b"<!-- a comment --><?pi?><r/>",
    ],
)
def test_honest_messages_pass(data: bytes) -> None:
    """Encodings, comments and instructions are nobody's harm."""
    assert parse_message(data).tag == "r"
    check_prologue(data)


def test_only_the_beginning_must_be_sound_for_a_lenient_parser() -> None:
    """Devices write control characters into names; a document type cannot follow the root."""
    check_prologue(b"<r><b>\x03 sloppy & unescaped</b>")


def test_local_name() -> None:
    """With or without a namespace."""
    assert [local_name(tag) for tag in ("{urn:x}Name", "Name")] == ["Name", "Name"]
