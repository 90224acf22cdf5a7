"""How much crossed the lines of a camera, by the hour: numbers, nothing about the single thing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from camera_configs.models import CameraConfig
from gateway.access.rights import Right
from gateway.web.camera_api import visible_camera
from gateway.web.coverage_models import SpanQuery
from gateway.web.models import Answer, FieldProblem
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from storage.records_counts import LineCount

LONGEST_SPAN = dt.timedelta(days=31)
DEFAULT_SPAN = dt.timedelta(hours=24)


class HourCount(Answer):
    """One hour of one kind; `hour` is its beginning. Hours in which nothing crossed are left out."""

    hour: dt.datetime
    label: str
    along: int
    against: int


class LineCounts(Answer):
    """One line. `along`: the way of its arrow. `objects`: what is counted now; none: nothing any more."""

    zone_id: str
    name: str
    objects: list[str]
    along: int
    against: int
    hours: list[HourCount]


class CameraCounts(Answer):
    """All lines of a camera that are counted, or were within the span; the last hour may be going on."""

    start: dt.datetime
    end: dt.datetime
    lines: list[LineCounts]


async def _camera(call: Call[SpanQuery, None]) -> CameraCounts:
    camera = visible_camera(call.context, call.principal, Right.CAMERA_READ, call.id("camera_id"))
    start, end = _span(call.query, call.context.clock.now())
    found = await call.context.stores.counts.hours(camera.id, start, end)
    ids = dict.fromkeys([*(z.id for z in camera.zones if z.count), *(c.zone_id for c in found)])
    lines = [_line(camera, zone_id, [c for c in found if c.zone_id == zone_id]) for zone_id in ids]
    return CameraCounts(start=start, end=end, lines=lines)


def _span(query: SpanQuery, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return whole hours: the one in which the span begins counts whole."""
    end = (query.end or now).replace(microsecond=0)
    start = (query.start or end - DEFAULT_SPAN).replace(minute=0, second=0, microsecond=0)
    if not dt.timedelta(0) < end - start <= LONGEST_SPAN + dt.timedelta(hours=1):
        wrong = FieldProblem(field="from", message=f"must be before 'to', by {LONGEST_SPAN.days} days at most")
        raise ProblemRaised(422, "invalid", f"from: {wrong.message}", errors=[wrong])
    return start, end


def _line(camera: CameraConfig, zone_id: str, counts: Sequence[LineCount]) -> LineCounts:
    zone = next((z for z in camera.zones if z.id == zone_id), None)
    return LineCounts(
        zone_id=zone_id,
        name=zone.name if zone else zone_id,
        objects=list(zone.count) if zone else [],
        along=sum(c.along for c in counts),
        against=sum(c.against for c in counts),
        hours=[HourCount(hour=c.hour, label=c.label, along=c.along, against=c.against) for c in counts],
    )


ROUTES = [
    Route(
        method="GET",
        path="/cameras/{camera_id}/counts",
        handle=_camera,
        summary="Show how much crossed a camera's lines, by the hour, the last 24 hours unless told",
        tag="cameras",
        access=Right.CAMERA_READ,
        query=SpanQuery,
        answer=CameraCounts,
    ),
]
