"""What Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable

from storage.records import CameraStateName
from tests.unit.gateway.web.house import Client, House


async def test_metrics_count_what_matters(house: House, browser: Callable[[], Client]) -> None:
    """Outbox, queue, cameras and requests; routes by declaration, so that scanners add nothing."""
    await house.add_event()
    await house.report("cam-east", CameraStateName.ONLINE)
    client = browser()
    await client.get("/api/v1/review/rev_1")
    await client.get("/wp-admin/setup.php")
    text = await (await client.get("/metrics")).text()
    assert 'gridpatrol_outbox_deliveries{state="dead"} 0.0' in text
    assert 'gridpatrol_review_waiting{severity="S2"} 1.0' in text
    assert 'gridpatrol_cameras{state="online"} 1.0' in text
    assert 'route="/api/v1/review/{item_id}",status="401"' in text
    assert "wp-admin" not in text
