"""The parts of onvif-zeep-async that are used, imported without what the import does to everybody's logging.

Importing the library sets up the root logger (`logging.basicConfig`), for every process that imports it. At debug
level it and zeep write whole messages, logins included, so that both are kept above it.
"""

from __future__ import annotations

import logging
from pathlib import Path

_root = logging.getLogger()
_handlers, _level = _root.handlers[:], _root.level

import onvif  # noqa: E402
from onvif.client import AsyncTransportProtocolErrorHandler as LibraryTransport  # noqa: E402
from onvif.client import UsernameDigestTokenDtDiff as LoginToken  # noqa: E402
from onvif.client import ZeepAsyncClient as SoapClient  # noqa: E402
from onvif.client import _cached_document as service_description  # noqa: E402
from onvif.wsa import WsAddressingIfMissingPlugin as Addressing  # noqa: E402

_root.handlers[:] = _handlers
_root.setLevel(_level)
for _chatty in ("zeep", "onvif"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

WSDL_DIR = Path(onvif.__file__).parent / "wsdl"

__all__ = ["WSDL_DIR", "Addressing", "LibraryTransport", "LoginToken", "SoapClient", "service_description"]
