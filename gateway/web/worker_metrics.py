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
    _Family("gridpatrol_inference_busy_seconds", "Time that passes took", "inference", "busy_s"),
    _Family("gridpatrol_models_refused_haste", "Moving scenes that waited for a look", "models", "refused_haste"),
    _Family("gridpatrol_polling_looks_due", "Snapshots that should have been taken", "polling", "due"),
    _Family("gridpatrol_polling_looks_done", "Snapshots that came whole", "polling", "done"),
    _Family("gridpatrol_polling_looks_failed", "Snapshots that did not come", "polling", "failed"),
    _Family("gridpatrol_polling_looks_missed", "Snapshots left out for lack of time", "polling", "missed"),
    _Family("gridpatrol_polling_looks_dropped", "Snapshots that came and were not analysed", "polling", "dropped"),
    _Family("gridpatrol_polling_looks_crashed", "Snapshots whose analysis failed", "polling", "crashed"),
    _Family("gridpatrol_polling_probes", "Times that a camera's snapshots were tried", "polling", "probes"),
    _Family("gridpatrol_polling_waiting", "Snapshots that wait for their analysis", "polling", "waiting", gauge=True),
    _Family("gridpatrol_polling_cameras", "Cameras watched by snapshots alone", "polling", "cameras", gauge=True),
    _Family("gridpatrol_polling_looks_hinted", "Snapshots that a hint brought forward", "polling", "hinted"),
    _Family("gridpatrol_hints_taken", "Hints of cameras' own devices that were taken in", "hints", "taken"),
    _Family("gridpatrol_hints_motion", "Of these: of motion", "hints", "motion"),
    _Family("gridpatrol_hints_tamper", "Of these: of tampering", "hints", "tamper"),
    _Family("gridpatrol_hints_signal_loss", "Of these: of a lost picture", "hints", "signal_loss"),
    _Family("gridpatrol_hints_dropped_identity", "Events about who somebody is, dropped unread", "hints", "identity"),
    _Family("gridpatrol_hints_dropped_other", "Events on no list, dropped unread", "hints", "other"),
    _Family("gridpatrol_hints_unreadable", "Events without a state that can be read", "hints", "unreadable"),
    _Family("gridpatrol_hints_unplaced", "Hints of a channel that is no camera", "hints", "unplaced"),
    _Family("gridpatrol_hints_looks", "Looks that hints asked for", "hints", "looks"),
    _Family("gridpatrol_hints_failures", "Subscriptions that broke off or were not had", "hints", "failures"),
    _Family("gridpatrol_hints_devices", "Devices to be listened to", "hints", "devices", gauge=True),
    _Family("gridpatrol_hints_connected", "Devices that are listened to", "hints", "connected", gauge=True),
    _Family("gridpatrol_hints_left_out", "Cameras left out: too many devices", "hints", "left_out", gauge=True),
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
