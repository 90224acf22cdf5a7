"""The deadline light of a case."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

Light = Literal["green", "yellow", "red"]

YELLOW_FROM = 0.8  # share of the time allowed, as city platforms have it


def light(opened: datetime, deadline: datetime, now: datetime) -> Light:
    """Return green up to 80 % of the time allowed, yellow up to the deadline itself, red after it."""
    if now > deadline:
        return "red"
    return "green" if now - opened <= (deadline - opened) * YELLOW_FROM else "yellow"
