"""What is kept of lines that are counted: numbers, nothing about the single thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LineCount:
    """How many things of a kind crossed a line within an hour.

    Attributes:
        hour: Its beginning: UTC, a whole hour.
        label: Group of the things: "person", "vehicle", "nonmotor", "animal".
        source: Who counted. Each source tells its own sum of the hour, and tells it again as it grows.
        along: Crossings the way of the line's arrow.
        against: Crossings the other way.
    """

    camera_id: str
    zone_id: str
    hour: datetime
    label: str
    source: str
    along: int
    against: int
