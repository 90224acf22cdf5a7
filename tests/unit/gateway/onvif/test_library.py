"""Importing the ONVIF library changes nothing for others."""

from __future__ import annotations

import subprocess
import sys

from gateway.onvif.library import WSDL_DIR
from gateway.onvif.soap import DEVICE, EVENTS, MEDIA, PTZ

CHECK = """
import logging
import gateway.onvif.soap
root = logging.getLogger()
assert root.handlers == [], root.handlers
assert root.level == logging.WARNING, root.level
assert not logging.getLogger("zeep.transports").isEnabledFor(logging.DEBUG)
assert not logging.getLogger("onvif").isEnabledFor(logging.DEBUG)
"""


def test_import_leaves_logging_alone() -> None:
    """No handler, no level; and no message with a login in it is ever written."""
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_descriptions_are_there() -> None:
    """The files that the bindings name come with the library."""
    for binding in (DEVICE, MEDIA, PTZ, EVENTS):
        assert (WSDL_DIR / binding.file).is_file()
