"""What a person says of a case that came back as handled, and the message that tells the platform.

Nothing is sent or saved here: the caller saves step and deliveries in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from gateway.casework.open_case import Confirmation, Terms
from storage.records import Case, CaseState, CaseStep, Delivery, DeliveryState

CHECKED_TYPE = "cn.gridpatrol.case.checked"
CHECKS = frozenset({CaseState.VERIFIED, CaseState.REWORK})


def check_case(
    case: Case, state: CaseState, by: Confirmation, terms: Terms, now: datetime
) -> tuple[CaseStep, list[Delivery]]:
    """Return the step of the timeline and a delivery for each endpoint.

    Args:
        state: VERIFIED (核查通过) or REWORK (返工).
        by: Who says so; the note goes along.
    """
    if state not in CHECKS:
        raise ValueError(state)
    step = CaseStep(terms.make_id("step"), case.id, state, now, by.account_id, by.note)
    return step, list(_deliveries(case, step, by, terms))


def _deliveries(case: Case, step: CaseStep, by: Confirmation, terms: Terms) -> Iterable[Delivery]:
    for endpoint_id in terms.endpoint_ids:
        message_id = terms.make_id("msg")
        yield Delivery(
            id=message_id,
            case_id=case.id,
            endpoint_id=endpoint_id,
            message_type=CHECKED_TYPE,
            body=_cloud_event(message_id, case, step, by),
            state=DeliveryState.PENDING,
            attempts=0,
            not_before=step.at,
            lease_until=None,
            created_at=step.at,
        )


def _cloud_event(message_id: str, case: Case, step: CaseStep, by: Confirmation) -> str:
    attributes = {
        "specversion": "1.0",
        "id": message_id,
        "type": CHECKED_TYPE,
        "source": f"/gridpatrol/{case.region_code}",
        "subject": case.id,
        "time": step.at,
        "datacontenttype": "application/json",
    }
    data = {
        "case": {"id": case.id, "number": case.number, "event_id": case.event_id},
        "result": step.state.value,
        "checked_at": step.at,
        "checked_by": by.display_name,
        "note": step.note,
    }
    return JSONFormat().write(CloudEvent(attributes, data)).decode()
