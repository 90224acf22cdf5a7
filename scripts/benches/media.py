"""Where the shared recordings and weights lie, if this machine has them."""

from __future__ import annotations

import os
from pathlib import Path


def media_dir() -> Path:
    """Return the folder that GRIDPATROL_MEDIA names, or `shared/media` beside the checkout; it may not exist."""
    default = Path(__file__).resolve().parents[3] / "shared" / "media"
    return Path(os.environ.get("GRIDPATROL_MEDIA", default))
