"""From a confirmed event to a case and its messages."""

from __future__ import annotations

import json
from datetime import timedelta

from cloudevents.core.formats.json import JSONFormat

from gateway.casework.open_case import AUTOMATIC, Confirmation, Terms, open_case
from storage.records import CaseState, DeliveryState
from tests.unit.gateway.casework.scenes import NOW, fire_lane_event, numbered, scene

MA = Confirmation("acc_ma", "马玉兰", "车主电话无人接听")


def terms(*endpoints: str) -> Terms:
    return Terms(endpoints, undo_window_s=10, make_id=numbered())


def test_a_case_without_endpoints_sends_nothing() -> None:
    """A gateway on its own still keeps cases."""
    case, step, deliveries = open_case(scene(), MA, terms(), NOW)
    assert deliveries == []
    assert (step.case_id, step.state, step.actor, step.at) == (case.id, CaseState.OPENED, "acc_ma", NOW)


def test_a_case_says_what_where_and_until_when() -> None:
    """Place and position come from the camera, the deadline from the table and the calendar."""
    case, _, _ = open_case(scene(), MA, terms("city"), NOW)
    assert (case.event_id, case.state, case.number, case.opened_by) == ("evt_1", CaseState.OPENED, None, "acc_ma")
    assert (case.place, case.lon, case.lat) == ("东街 3 号楼东侧，消防车通道入口", 100.4497, 38.9349)
    assert case.deadline_at == NOW + timedelta(minutes=30)
    assert case.note == "车主电话无人接听"


def test_every_endpoint_gets_its_own_delivery_after_the_undo_window() -> None:
    """Nothing leaves while the verdict can be taken back."""
    case, _, deliveries = open_case(scene(), MA, terms("city", "county"), NOW)
    assert [d.endpoint_id for d in deliveries] == ["city", "county"]
    assert len({d.id for d in deliveries}) == 2
    for delivery in deliveries:
        assert (delivery.case_id, delivery.state, delivery.attempts) == (case.id, DeliveryState.PENDING, 0)
        assert delivery.not_before == NOW + timedelta(seconds=10)
        assert delivery.message_type == "cn.gridpatrol.case.opened"


def test_an_automatic_case_is_sent_at_once() -> None:
    """Nobody could undo it, and smoke cannot wait."""
    case, step, (delivery,) = open_case(scene(), AUTOMATIC, terms("city"), NOW)
    assert (case.opened_by, step.actor) == ("auto", "auto")
    assert delivery.not_before == NOW
    assert json.loads(delivery.body)["data"]["case"]["confirmed_by"] == "auto"


def test_the_body_is_a_cloudevent_that_the_library_reads_back() -> None:
    """Attributes and data, read by the standard's own library."""
    case, _, (delivery,) = open_case(scene(), MA, terms("city"), NOW)
    event = JSONFormat().read(None, delivery.body)
    assert event.get_attributes() == {
        "specversion": "1.0",
        "id": delivery.id,
        "type": "cn.gridpatrol.case.opened",
        "source": "/gridpatrol/620702199001",
        "subject": case.id,
        "time": NOW,
        "datacontenttype": "application/json",
    }


def test_the_data_is_what_a_dispatcher_needs() -> None:
    """The whole message, word for word: platforms are built against it."""
    _, _, (delivery,) = open_case(scene(), MA, terms("city"), NOW)
    assert json.loads(delivery.body)["data"] == {
        "case": {
            "id": "case_1",
            "event_id": "evt_1",
            "event_type": "fire_lane_blocked",
            "event_type_zh": "占用消防车通道",
            "severity": "S2",
            "grid_code": "62070219900101",
            "grid_id": "dongjie-1",
            "region_code": "620702199001",
            "place": "东街 3 号楼东侧，消防车通道入口",
            "lon": 100.4497,
            "lat": 38.9349,
            "started_at": "2026-03-02T01:58:00Z",
            "raised_at": "2026-03-02T01:58:10Z",
            "opened_at": "2026-03-02T02:00:00Z",
            "deadline_at": "2026-03-02T02:30:00Z",
            "confirmed_by": "马玉兰",
            "note": "车主电话无人接听",
            "codes": {"cm": None, "ga": None, "gb": None},
            "label": "vehicle",
        },
        "evidence": [
            {"id": "evd_1", "kind": "clip", "sha256": "ab" * 32, "content_type": "video/mp4", "size_bytes": 1234}
        ],
        "callback": {"type": "cn.gridpatrol.case.state", "path": "/api/v1/callbacks/city"},
    }


def test_an_event_without_label_sends_none() -> None:
    """An empty label would read as a finding."""
    _, _, (delivery,) = open_case(scene(fire_lane_event(label="")), MA, terms("city"), NOW)
    assert "label" not in json.loads(delivery.body)["data"]["case"]


def test_the_body_holds_no_address_of_footage_and_no_key() -> None:
    """Evidence is named by id and hash only; where it lies is nobody's business outside."""
    _, _, (delivery,) = open_case(scene(), MA, terms("city"), NOW)
    assert "http" not in delivery.body
    assert "rtsp" not in delivery.body
    assert "x.mp4" not in delivery.body
