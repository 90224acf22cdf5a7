"""What Prometheus reads at `/metrics`: counters kept here, gauges asked of the database at every reading."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from gateway.web.worker_metrics import WorkerMetrics
from storage.protocols import Scope
from storage.records import CLOCK_FAIL_S, CLOCK_WARN_S, CameraState, CameraStateName
from storage.stores import Stores

# From a cached answer to the longest that a client waits.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

# Fields of `CameraState` that only grow while a worker runs, and begin anew with it.
_COUNTERS = (
    "looks",
    "dropped_gops",
    "audited",
    "audit_active",
    "audit_missed",
    "refused_looks",
    "refused_bursts",
    "lost_packets",
)


class WebMetrics:
    """The metrics of the front process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.requests = Counter(
            "gridpatrol_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "gridpatrol_http_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=registry
        )
        self._outbox = Gauge("gridpatrol_outbox_deliveries", "Deliveries by state", ["state"], registry=registry)
        self._waiting = Gauge(
            "gridpatrol_review_waiting", "Items that wait, by severity", ["severity"], registry=registry
        )
        self._cameras = Gauge("gridpatrol_cameras", "Cameras by state", ["state"], registry=registry)
        self._tiers = Gauge("gridpatrol_cameras_by_tier", "Online cameras by tier", ["tier"], registry=registry)
        self._notes = Gauge("gridpatrol_cameras_noted", "Cameras by what limits them", ["note"], registry=registry)
        self._clocks = Gauge(
            "gridpatrol_cameras_clock_off", "Cameras whose clock is off, by seconds or more", ["by"], registry=registry
        )
        self._watching = Gauge(
            "gridpatrol_watching", "Sums over cameras since their workers started", ["what"], registry=registry
        )
        self._workers = WorkerMetrics()
        registry.register(self._workers)

    async def render(self, stores: Stores) -> bytes:
        """Return the exposition text.

        Raises:
            StoreUnavailable: The gauges cannot be read.
        """
        depth = await stores.outbox.depth()
        waiting = await stores.reviews.counts(Scope(None))
        states = list((await stores.fleet.states()).values())
        self._workers.workers = await stores.fleet.workers()
        gauges: dict[Gauge, Mapping[str, int]] = {
            self._outbox: depth,
            self._waiting: waiting,
            self._watching: _sums(states),
        }
        gauges[self._cameras] = Tally(state.state.value for state in states)
        online = [state for state in states if state.state is CameraStateName.ONLINE]
        gauges[self._tiers] = Tally(state.tier for state in online if state.tier)
        gauges[self._notes] = Tally(note for state in states for note in state.notes)
        gauges[self._clocks] = {f"{limit_s:g}": _off_by(online, limit_s) for limit_s in (CLOCK_WARN_S, CLOCK_FAIL_S)}
        for gauge, values in gauges.items():
            gauge.clear()
            for label, number in values.items():
                gauge.labels(label).set(number)
        return generate_latest(self._registry)


def _sums(states: Sequence[CameraState]) -> dict[str, int]:
    return {name: sum(getattr(state, name) for state in states) for name in _COUNTERS}


def _off_by(states: Sequence[CameraState], limit_s: float) -> int:
    return sum(state.clock_offset_s is not None and abs(state.clock_offset_s) >= limit_s for state in states)
