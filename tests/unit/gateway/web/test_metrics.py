"""What Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable

from storage.records import CameraState, CameraStateName
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


async def test_metrics_add_up_what_limits_the_watching(house: House, browser: Callable[[], Client]) -> None:
    """Tiers, notes, clocks and refused looks; an offline camera has neither tier nor clock."""
    now, online = house.clock.now(), CameraStateName.ONLINE
    await house.stores.fleet.save_states(
        [
            CameraState("a", online, now, now, tier="poll", notes=("poll_slow",), refused_looks=2, audit_missed=1),
            CameraState("b", online, now, now, tier="main", notes=("poll_slow", "long_gop"), clock_offset_s=-31.0),
            CameraState("c", online, now, now, tier="main", clock_offset_s=5.0, refused_looks=40),
            CameraState("d", CameraStateName.OFFLINE, now, now, tier="main", clock_offset_s=99.0),
        ]
    )
    text = await (await browser().get("/metrics")).text()
    for line in (
        'gridpatrol_cameras_by_tier{tier="main"} 2.0',
        'gridpatrol_cameras_by_tier{tier="poll"} 1.0',
        'gridpatrol_cameras_noted{note="poll_slow"} 2.0',
        'gridpatrol_cameras_noted{note="long_gop"} 1.0',
        'gridpatrol_cameras_clock_off{by="5"} 2.0',
        'gridpatrol_cameras_clock_off{by="30"} 1.0',
        'gridpatrol_watching{what="refused_looks"} 42.0',
        'gridpatrol_watching{what="audit_missed"} 1.0',
        'gridpatrol_watching{what="lost_packets"} 0.0',
    ):
        assert line in text
