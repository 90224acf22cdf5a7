"""XML from strangers: bounded, without document types, read or refused, never expanded."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_MESSAGE_BYTES = 1024 * 1024  # the answers of a device with dozens of profiles are about 200 KiB
MAX_DATAGRAM_BYTES = 64 * 1024
# Honest messages are some twenty elements deep and of some thousands.
_MAX_ELEMENTS = 20_000


class UnsafeXml(ValueError):
    """Too long, not XML, or with a document type, which no SOAP message may have."""


class _Seen(Exception):
    """The root element was reached."""


def parse_message(data: bytes, limit_bytes: int = MAX_DATAGRAM_BYTES) -> Element:
    """Return the root of a message.

    Raises:
        UnsafeXml: It must not or cannot be read.
    """
    if len(data) > limit_bytes:
        raise UnsafeXml("too long")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as exc:
        raise UnsafeXml(type(exc).__name__) from exc
    if sum(1 for _ in root.iter()) > _MAX_ELEMENTS:
        raise UnsafeXml("too many elements")
    return root


def check_prologue(data: bytes) -> None:
    """Read a message up to its root element, for a parser that would take a document type.

    A document type can only stand before the root; what comes after it may be as sloppy as devices are.

    Raises:
        UnsafeXml: It is too long, has a document type, or does not begin as XML.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise UnsafeXml("too long")
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = _stop
    try:
        parser.Parse(data, True)
    except _Seen:
        return
    except (expat.ExpatError, ValueError, LookupError) as exc:
        raise UnsafeXml(type(exc).__name__) from exc
    raise UnsafeXml("no element")


def local_name(tag: str) -> str:
    """Return an element's name without its namespace."""
    return tag.rpartition("}")[2]


def _refuse(*_: object) -> None:
    raise UnsafeXml("a document type")


def _stop(*_: object) -> None:
    raise _Seen
