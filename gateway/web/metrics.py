"""What Prometheus reads at `/metrics`: counters kept here, gauges asked of the database at every reading."""

from __future__ import annotations

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from storage.protocols import Scope
from storage.stores import Stores

# From a cached answer to the longest that a client waits.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


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

    async def render(self, stores: Stores) -> bytes:
        """Return the exposition text.

        Raises:
            StoreUnavailable: The gauges cannot be read.
        """
        depth = await stores.outbox.depth()
        waiting = await stores.reviews.counts(Scope(None))
        states = Tally(state.state.value for state in (await stores.fleet.states()).values())
        for gauge, values in ((self._outbox, depth), (self._waiting, waiting), (self._cameras, states)):
            gauge.clear()
            for label, number in values.items():
                gauge.labels(label).set(number)
        return generate_latest(self._registry)
