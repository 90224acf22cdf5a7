"""A city's review queue as rows: what a year leaves behind, made up but shaped like one.

A few grids, cameras and types make most of the events; people judge within a day; what waits came in the last days.
The same number makes the same rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from camera_configs.taxonomy import EVENT_TYPES

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
YEAR_S = 365 * 86_400.0
WAITING_S = 5 * 86_400.0
VERDICTS = ("confirmed", "rejected", "on_site", "unclear")
TYPES = tuple(sorted(EVENT_TYPES))

EVENT_COLUMNS = (
    "id", "camera_id", "grid_id", "region_code", "event_type", "rule_id", "zone_id", "severity", "state", "started_at",
    "raised_at", "last_seen_at", "ended_at", "confidence", "label", "count", "boxes", "zone_polygon", "detector",
    "run_id", "auto_report", "concluded",
)  # fmt: skip
ITEM_COLUMNS = (
    "id", "event_id", "camera_id", "grid_id", "event_type", "severity", "created_at", "verdict", "reason", "note",
    "judged_by", "judged_at", "case_id",
)  # fmt: skip
FILE_COLUMNS = (
    "id", "event_id", "kind", "media_key", "content_type", "size_bytes", "sha256", "created_at", "width", "height",
    "duration_s", "codec", "masked", "segments",
)  # fmt: skip
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class City:
    """How many there are of everything; `files` of each event that waits, and of one in ten that was judged."""

    open_items: int
    closed_items: int
    grids: int = 2_000
    cameras: int = 8_000
    accounts: int = 500
    files: int = 2

    def grid(self, share: float) -> str:
        """Return the grid at this place among all, 0 the busiest."""
        return f"grid-{min(int(share * self.grids), self.grids - 1):04}"


@dataclass(frozen=True, slots=True)
class Flagged:
    """An event, its item and its files."""

    event: Row
    item: Row
    files: list[Row]


def flagged(city: City) -> Iterator[Flagged]:
    """Yield everything in the order in which it happened, the waiting ones last."""
    dice = random.Random(1)  # noqa: S311  # made-up data, the same each time
    for number in range(city.closed_items + city.open_items):
        waits = number >= city.closed_items
        nth = number - city.closed_items if waits else number
        span_s, of = (WAITING_S, city.open_items) if waits else (YEAR_S - WAITING_S, city.closed_items)
        at = NOW - timedelta(seconds=(WAITING_S if not waits else 0) + span_s * (1 - nth / of))
        yield _one(city, dice, number, at, waits=waits)


def _one(city: City, dice: random.Random, number: int, at: datetime, *, waits: bool) -> Flagged:
    grid = min(int(city.grids * dice.random() ** 2), city.grids - 1)
    per_grid = city.cameras // city.grids
    camera_id = f"cam-{grid * per_grid + int(per_grid * dice.random()):05}"
    kind = TYPES[min(int(len(TYPES) * dice.random() ** 1.5), len(TYPES) - 1)]
    severity, grid_id, event_id = EVENT_TYPES[kind].severity.value, f"grid-{grid:04}", f"evt_{number:026}"
    event = (
        event_id, camera_id, grid_id, "371121001001", kind, "rule-1", "zone-1", severity, "closed", at, at, at,
        at + timedelta(seconds=40), 0.75, "object", 1, "[[0.1, 0.2, 0.3, 0.4]]", "[[0, 0], [1, 0], [1, 1]]", "motion",
        "run-1", False, True,
    )  # fmt: skip
    said: Row = (None, "", "", None, None, None)
    if not waits:
        judged_at = at + timedelta(seconds=dice.expovariate(1 / 3_600))
        said = (dice.choice(VERDICTS), "", "", f"acc-{dice.randrange(city.accounts):04}", judged_at, None)
    item = (f"rev_{number:026}", event_id, camera_id, grid_id, kind, severity, at, *said)
    return Flagged(
        event, item, [_file(event_id, at, nth) for nth in range(city.files if waits or number % 10 == 0 else 0)]
    )


def _file(event_id: str, at: datetime, nth: int) -> Row:
    kind, content_type = ("thumbnail", "image/jpeg") if nth == 0 else ("clip", "video/mp4")
    key = f"{event_id}.{kind}"
    return (f"evd_{event_id[4:]}{nth}", event_id, kind, key, content_type, 50_000, "0" * 64, at, 320, 180, 0.0, "",
            False, "[]")  # fmt: skip


def accounts(city: City) -> Iterator[Row]:
    """Yield those who judged: id, name, display name."""
    for number in range(city.accounts):
        yield (f"acc-{number:04}", f"worker-{number:04}", f"网格员 {number:04}")
