"""A confirmed event becomes a case and one message to every platform that wants to know.

Nothing is sent or saved here: the caller saves case, step and deliveries in the transaction that saves the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from camera_configs.models import CameraConfig, GridConfig
from camera_configs.taxonomy import EventTypeSpec
from gateway.casework.calendar import WorkingCalendar
from storage.ids import new_id
from storage.records import Case, CaseState, CaseStep, Delivery, DeliveryState, Event, Evidence

OPENED_TYPE = "cn.gridpatrol.case.opened"
STATE_TYPE = "cn.gridpatrol.case.state"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who opens a case: a person's account, or nobody (`AUTOMATIC`) where the rule says `auto_report`."""

    account_id: str
    display_name: str
    note: str = ""


AUTOMATIC = Confirmation(AUTO, AUTO)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every case of this gateway.

    Attributes:
        endpoint_ids: The platforms to be told.
        undo_window_s: A person may take the verdict back for so long; nothing is sent before.
    """

    endpoint_ids: tuple[str, ...]
    undo_window_s: float
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    make_id: Callable[[str], str] = new_id


@dataclass(frozen=True, slots=True)
class Scene:
    """An event with all that is known of where it happened."""

    event: Event
    evidence: Sequence[Evidence]
    camera: CameraConfig
    grid: GridConfig
    spec: EventTypeSpec  # as the site words and codes it


def open_case(scene: Scene, by: Confirmation, terms: Terms, now: datetime) -> tuple[Case, CaseStep, list[Delivery]]:
    """Return the case, the first step of its timeline and a delivery for each endpoint.

    The deadline runs from `now`. Deliveries wait for the undo window; those of an automatic case, which nobody could
    take back, do not.
    """
    case = _case(scene, by, terms, now)
    step = CaseStep(terms.make_id("step"), case.id, CaseState.OPENED, now, by.account_id, by.note)
    wait_s = 0.0 if by.account_id == AUTO else terms.undo_window_s
    not_before = now + timedelta(seconds=wait_s)
    deliveries = [
        _delivery(scene, by, case, endpoint, (terms.make_id("msg"), not_before)) for endpoint in terms.endpoint_ids
    ]
    return case, step, deliveries


def _case(scene: Scene, by: Confirmation, terms: Terms, now: datetime) -> Case:
    event, position = scene.event, scene.camera.position
    return Case(
        id=terms.make_id("case"),
        event_id=event.id,
        camera_id=event.camera_id,
        grid_id=event.grid_id,
        region_code=event.region_code,
        event_type=event.event_type,
        severity=event.severity,
        place=position.place or scene.camera.name,
        lon=position.lon,
        lat=position.lat,
        state=CaseState.OPENED,
        number=None,
        opened_at=now,
        opened_by=by.account_id,
        deadline_at=terms.calendar.add(scene.spec.deadline, now),
        updated_at=now,
        note=by.note,
    )


def _delivery(scene: Scene, by: Confirmation, case: Case, endpoint_id: str, message: tuple[str, datetime]) -> Delivery:
    message_id, not_before = message
    data = {
        "case": _case_data(scene, by, case),
        "evidence": [_evidence_data(evidence) for evidence in scene.evidence],
        "callback": {"type": STATE_TYPE, "path": f"/api/v1/callbacks/{endpoint_id}"},
    }
    return Delivery(
        id=message_id,
        case_id=case.id,
        endpoint_id=endpoint_id,
        message_type=OPENED_TYPE,
        body=_cloud_event(message_id, case, data),
        state=DeliveryState.PENDING,
        attempts=0,
        not_before=not_before,
        lease_until=None,
        created_at=case.opened_at,
    )


def _cloud_event(message_id: str, case: Case, data: dict[str, Any]) -> str:
    attributes = {
        "specversion": "1.0",
        "id": message_id,
        "type": OPENED_TYPE,
        "source": f"/gridpatrol/{case.region_code}",
        "subject": case.id,
        "time": case.opened_at,
        "datacontenttype": "application/json",
    }
    return JSONFormat().write(CloudEvent(attributes, data)).decode()


def _case_data(scene: Scene, by: Confirmation, case: Case) -> dict[str, Any]:
    event, spec = scene.event, scene.spec
    data = {
        "id": case.id,
        "event_id": event.id,
        "event_type": event.event_type,
        "event_type_zh": spec.zh,
        "severity": case.severity,
        "grid_code": scene.grid.code,
        "grid_id": case.grid_id,
        "region_code": case.region_code,
        "place": case.place,
        "lon": case.lon,
        "lat": case.lat,
        "started_at": event.started_at,
        "raised_at": event.raised_at,
        "opened_at": case.opened_at,
        "deadline_at": case.deadline_at,
        "confirmed_by": by.display_name,
        "note": case.note,
        "codes": {"cm": spec.cm_code, "ga": spec.ga_code, "gb": spec.gb_code},
    }
    return data | ({"label": event.label} if event.label else {})


def _evidence_data(evidence: Evidence) -> dict[str, Any]:
    """Name a file without an address: who may fetch it signs in and asks for it by id."""
    return {
        "id": evidence.id,
        "kind": evidence.kind.value,
        "sha256": evidence.sha256,
        "content_type": evidence.content_type,
        "size_bytes": evidence.size_bytes,
    }
