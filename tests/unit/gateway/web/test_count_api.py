"""Counts over HTTP: in scope, by line and hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.records_counts import LineCount
from tests.unit.gateway.web.house import House, SignedIn

NOW = datetime(2027, 3, 1, 10, 20, tzinfo=UTC)


def a_count(hours_ago: int, along: int, against: int, label: str = "vehicle", zone: str = "gate") -> LineCount:
    hour = NOW.replace(minute=0) - timedelta(hours=hours_ago)
    return LineCount("cam-east", zone, hour, label, "run-1", along, against)


@pytest.fixture
async def counted(house: House) -> House:
    """A town whose clock has just come to the fixed moment, with a line that has been counted."""
    house.clock.ahead += NOW - house.clock.now()
    await house.stores.counts.put(
        [
            a_count(0, 3, 1),
            a_count(1, 2, 0),
            a_count(1, 5, 0, "person"),
            a_count(26, 9, 9),
            a_count(2, 1, 0, zone="old"),
        ]
    )
    return house


async def test_a_camera_outside_the_scope_is_not_there(signed_in: SignedIn) -> None:
    """Nor is anything for those without the right."""
    worker = await signed_in("grid-worker")
    assert (await worker.get("/api/v1/cameras/cam-west/counts")).status == 404
    auditor = await signed_in("auditor")
    assert (await auditor.get("/api/v1/cameras/cam-east/counts")).status == 403


@pytest.mark.parametrize(
    "span", ["from=2027-03-02T00:00:00Z&to=2027-03-01T00:00:00Z", "from=2027-01-01T00:00:00Z&to=2027-03-01T00:00:00Z"]
)
async def test_spans_that_make_no_sense_are_refused(signed_in: SignedIn, span: str) -> None:
    """As 422, naming the field."""
    answer = await (await signed_in("grid-worker")).get(f"/api/v1/cameras/cam-east/counts?{span}")
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, "from")


@pytest.mark.usefixtures("counted")
async def test_the_last_day_by_line_and_hour(signed_in: SignedIn) -> None:
    """Sums and hours, also of a line that is not there any more; what is older is left out."""
    answer = await (await signed_in("grid-worker")).get("/api/v1/cameras/cam-east/counts")
    told: dict[str, Any] = await answer.json()
    lines = {line["zone_id"]: line for line in told["lines"]}
    assert set(lines) == {"gate", "old"}
    assert (lines["gate"]["along"], lines["gate"]["against"], lines["old"]["objects"]) == (10, 1, [])
    assert [(h["hour"], h["label"], h["along"]) for h in lines["gate"]["hours"]] == [
        ("2027-03-01T09:00:00Z", "person", 5),
        ("2027-03-01T09:00:00Z", "vehicle", 2),
        ("2027-03-01T10:00:00Z", "vehicle", 3),
    ]


async def test_a_camera_without_lines_has_none(signed_in: SignedIn) -> None:
    """The page shows nothing then."""
    answer = await (await signed_in("grid-worker")).get("/api/v1/cameras/cam-east/counts")
    assert (await answer.json())["lines"] == []
