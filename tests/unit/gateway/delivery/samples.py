"""Deliveries for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.records import Delivery, DeliveryState

START = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "whsec_" + "dGVzdC1zZWNyZXQtb2YtMjQtYnl0ZXM="


def make_delivery(number: int = 1, case_id: str = "case_1", endpoint_id: str = "plat") -> Delivery:
    """Return a delivery that is due at `START`; higher numbers come later."""
    return Delivery(
        id=f"dlv_{number:03}",
        case_id=case_id,
        endpoint_id=endpoint_id,
        message_type="cn.gridpatrol.case.opened",
        body=f'{{"number": {number}, "place": "东街 3 号"}}',
        state=DeliveryState.PENDING,
        attempts=0,
        not_before=START,
        lease_until=None,
        created_at=START,
    )
