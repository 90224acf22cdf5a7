"""What Prometheus reads of the workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from detectors.pool import PoolMetrics
from gateway.camera.snapshots.poller import PollCounts
from gateway.web.worker_metrics import _FAMILIES, WorkerMetrics
from storage.records import WorkerRecord
from tests.unit.gateway.web.house import Client, House

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def worker(worker_id: str, counters: dict[str, dict[str, float]]) -> WorkerRecord:
    return WorkerRecord(worker_id, "run_1", 1, "http://127.0.0.1:1", "token", (), NOW, NOW, counters)


def text_of(*workers: WorkerRecord) -> str:
    registry, metrics = CollectorRegistry(), WorkerMetrics()
    registry.register(metrics)
    metrics.workers = workers
    return generate_latest(registry).decode()


def test_worker_of_another_version_breaks_nothing() -> None:
    """Names and parts that are not known are left out, and so are figures that it does not have."""
    text = text_of(worker("w0", {"polling": {"due": 1, "new": 2}, "brewing": {"cups": 3}}), worker("w1", {}))
    assert 'gridpatrol_polling_looks_due_total{worker="w0"} 1.0' in text
    assert "cups" not in text
    assert "gridpatrol_polling_looks_done_total{" not in text


def test_every_worker_and_model_is_a_series() -> None:
    """Two workers with one model each, and one with two."""
    text = text_of(
        worker("w0", {"inference:a": {"passes": 5, "waiting": 1}, "inference:b:c": {"passes": 6}}),
        worker("w1", {"inference:a": {"passes": 7, "waited_s": 0.5}}),
    )
    for line in (
        'gridpatrol_inference_passes_total{model="a",worker="w0"} 5.0',
        'gridpatrol_inference_passes_total{model="b:c",worker="w0"} 6.0',
        'gridpatrol_inference_passes_total{model="a",worker="w1"} 7.0',
        'gridpatrol_inference_wait_seconds_total{model="a",worker="w1"} 0.5',
        'gridpatrol_inference_waiting{model="a",worker="w0"} 1.0',
        'gridpatrol_worker_heartbeat_timestamp_seconds{worker="w1"} 1.7953056e+09',
    ):
        assert line in text
    assert "# TYPE gridpatrol_inference_passes_total counter" in text
    assert "# TYPE gridpatrol_inference_waiting gauge" in text


def test_all_that_pool_and_poller_count_is_shown() -> None:
    """A counter that is added there and forgotten here would be counted for nobody."""
    shown = {(family.part, family.key) for family in _FAMILIES}
    counted = {("inference", key) for key in asdict(PoolMetrics())} | {("polling", key) for key in asdict(PollCounts())}
    assert counted <= shown
    assert len({family.name for family in _FAMILIES}) == len(_FAMILIES) == len(shown)


async def test_front_shows_what_the_workers_last_said(house: House, browser: Callable[[], Client]) -> None:
    """Asked of the database at each reading; a worker that is gone is no series any more."""
    await house.stores.fleet.register(worker("w0", {"polling": {"done": 8}}))
    line = 'gridpatrol_polling_looks_done_total{worker="w0"} 8.0'
    assert line in await (await browser().get("/metrics")).text()
    await house.stores.fleet.unregister("w0", "run_1")
    assert line not in await (await browser().get("/metrics")).text()
