"""Plans, events and pictures for the tests of patrols."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from camera_configs.models import CameraConfig, LegalCard, Position, RuleConfig, StreamConfig, ZoneConfig
from storage.records import Case, CaseState, CaseStep, Event, EventState, ReviewItem
from storage.records_patrol import PatrolPlan, PatrolPoint, PatrolWindow, Task, TaskKind

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # a Monday, 12:00 in Shanghai


def a_plan(*windows: tuple[str, str], **changes: Any) -> PatrolPlan:
    plan = PatrolPlan(
        id="plan-1",
        name="早巡",
        grid_id="east",
        points=(PatrolPoint("p1", "cam-1", "河堤", 20.0), PatrolPoint("p2", "cam-2", "桥头", 30.0)),
        windows=tuple(PatrolWindow(*window) for window in windows or (("09:00", "10:30"),)),
        weekdays=(),
        assignees=(),
        enabled=True,
        version=1,
        updated_by="acc-leader",
        updated_at=NOON,
    )
    return replace(plan, **changes)


def a_camera(camera_id: str = "cam-1", **changes: Any) -> CameraConfig:
    config = CameraConfig(
        id=camera_id,
        name=f"{camera_id} 东街",
        grids=("east",),
        position=Position(lon=117.0, lat=36.6, place="东街 3 号"),
        streams=(StreamConfig(url="rtsp://camera.example/main"),),
        legal=LegalCard(
            purpose="消防通道", legal_basis="art7_gov", installer_unit="街道办", placement_class="public_road"
        ),
        zones=(ZoneConfig(id="lane", name="通道", polygon=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))),),
        rules=(RuleConfig(id="blocked", type="fire_lane_blocked", zone="lane"),),
    )
    return config.model_copy(update=changes)


def an_event(**changes: Any) -> Event:
    event = Event(
        id="evt-1",
        camera_id="cam-1",
        grid_id="east",
        region_code="370100000000",
        event_type="fire_lane_blocked",
        rule_id="blocked",
        zone_id="lane",
        severity="S2",
        state=EventState.CLOSED,
        started_at=NOON,
        raised_at=NOON,
        last_seen_at=NOON,
        ended_at=NOON,
        confidence=0.8,
        label="vehicle",
        count=1,
        boxes=((0.2, 0.6, 0.4, 0.8),),
        zone_polygon=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)),
        detector="onnx:nano",
        run_id="run-1",
    )
    return replace(event, **changes)


def an_item(**changes: Any) -> ReviewItem:
    return replace(ReviewItem.waiting_for(an_event(), NOON), **changes)


def a_case(**changes: Any) -> Case:
    event = an_event()
    case = Case(
        id="case-1",
        event_id=event.id,
        camera_id=event.camera_id,
        grid_id=event.grid_id,
        region_code=event.region_code,
        event_type=event.event_type,
        severity=event.severity,
        place="东街 3 号",
        lon=117.0,
        lat=36.6,
        state=CaseState.FED_BACK,
        number="2026-001",
        opened_at=NOON,
        opened_by="acc-li",
        deadline_at=None,
        updated_at=NOON,
    )
    return replace(case, **changes)


def a_step(**changes: Any) -> CaseStep:
    return replace(CaseStep("step-1", "case-1", CaseState.FED_BACK, NOON, "platform:city"), **changes)


def a_task(**changes: Any) -> Task:
    task = Task(
        id="task-1",
        kind=TaskKind.CHECK,
        grid_id="east",
        title="东街",
        what="fire_lane_blocked",
        place="东街 3 号",
        lon=117.0,
        lat=36.6,
        created_at=NOON,
        created_by="acc-li",
        due_at=None,
    )
    return replace(task, **changes)


def an_image(width: int = 64, height: int = 48, kind: str = "JPEG", **saving: Any) -> bytes:
    """Return an encoded picture: red on its left half, grey on its right."""
    picture = Image.new("RGB", (width, height), (128, 128, 128))
    picture.paste((200, 30, 30), (0, 0, width // 2, height))
    out = io.BytesIO()
    picture.save(out, kind, **saving)
    return out.getvalue()
