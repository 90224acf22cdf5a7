"""What the workers count, for Prometheus: as of their last heartbeat, beginning anew with each of their starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from storage.records import WorkerRecord


@dataclass(frozen=True, slots=True)
class _Family:
    """One metric; a counter's name gets `_total` from the client library."""

    name: str
    text: str
    part: str  # of `WorkerRecord.counters`, up to a colon
    key: str
    gauge: bool = False


# `gridpatrol_inference_*` have the labels worker and model, the others worker.
_FAMILIES = (
    _Family("gridpatrol_inference_passes", "Passes of the model", "inference", "passes"),
    _Family("gridpatrol_inference_images", "Pictures given to the model", "inference", "images"),
    _Family("gridpatrol_inference_wait_seconds", "Time that requests waited for a pass", "inference", "waited_s"),
    _Family("gridpatrol_inference_refused", "Requests turned away: the queue was full", "inference", "refused"),
    _Family("gridpatrol_inference_expired", "Requests given up after the timeout", "inference", "expired"),
    _Family("gridpatrol_inference_failed", "Requests whose pass failed", "inference", "failed"),
    _Family("gridpatrol_inference_split", "Batches that failed and were tried one by one", "inference", "split"),
    _Family("gridpatrol_inference_waiting", "Requests that wait", "inference", "waiting", gauge=True),
    _Family("gridpatrol_polling_looks_due", "Snapshots that should have been taken", "polling", "due"),
    _Family("gridpatrol_polling_looks_done", "Snapshots that came whole", "polling", "done"),
    _Family("gridpatrol_polling_looks_failed", "Snapshots that did not come", "polling", "failed"),
    _Family("gridpatrol_polling_looks_missed", "Snapshots left out for lack of time", "polling", "missed"),
    _Family("gridpatrol_polling_looks_dropped", "Snapshots that came and were not analysed", "polling", "dropped"),
    _Family("gridpatrol_polling_looks_crashed", "Snapshots whose analysis failed", "polling", "crashed"),
    _Family("gridpatrol_polling_probes", "Times that a camera's snapshots were tried", "polling", "probes"),
    _Family("gridpatrol_polling_waiting", "Snapshots that wait for their analysis", "polling", "waiting", gauge=True),
    _Family("gridpatrol_polling_cameras", "Cameras watched by snapshots alone", "polling", "cameras", gauge=True),
    _Family("gridpatrol_coverage_blurred_rows", "Rows given up as unknown", "coverage", "blurred"),
)


class WorkerMetrics(Collector):
    """Attributes:
    workers: Whose figures `collect` returns; set before every reading.
    """

    def __init__(self) -> None:
        self.workers: Sequence[WorkerRecord] = ()

    def collect(self) -> Iterator[Metric]:
        """Return all families, those too that no worker has anything to say of."""
        beats = GaugeMetricFamily(
            "gridpatrol_worker_heartbeat_timestamp_seconds", "Last sign of life", labels=["worker"]
        )
        for worker in self.workers:
            beats.add_metric([worker.worker_id], worker.heartbeat_at.timestamp())
        yield beats
        yield from (self._family(family) for family in _FAMILIES)

    def _family(self, family: _Family) -> Metric:
        labels = ["worker", "model"] if family.part == "inference" else ["worker"]
        kind = GaugeMetricFamily if family.gauge else CounterMetricFamily
        made = kind(family.name, family.text, labels=labels)
        for worker in self.workers:
            for model, counters in _parts(worker, family.part):
                if family.key in counters:
                    made.add_metric([worker.worker_id, model][: len(labels)], counters[family.key])
        return made


def _parts(worker: WorkerRecord, name: str) -> Iterator[tuple[str, Mapping[str, float]]]:
    for part, counters in worker.counters.items():
        head, _, model = part.partition(":")
        if head == name:
            yield model, counters
