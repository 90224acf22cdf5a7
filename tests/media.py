"""Where the shared recordings lie, if this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

REQUIRE_ALL = os.environ.get("GRIDPATROL_REQUIRE_ALL") == "1"


def media_dir() -> Path:
    """Return the folder of recordings and weights; it may not exist."""
    default = Path(__file__).resolve().parents[2] / "shared" / "media"
    return Path(os.environ.get("GRIDPATROL_MEDIA", default))
