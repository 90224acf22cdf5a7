"""What a worker counts, as it comes with its heartbeat: the front shows it to Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TypeGuard

from detectors.base import Detector
from detectors.pool import InferencePool
from gateway.fleet.coverage import CoverageLedger
from gateway.fleet.hints import HintTier
from gateway.fleet.model_budget import ModelBudget
from gateway.fleet.polling_tier import PollingTier

Counters = dict[str, dict[str, float]]


def worker_counters(
    detectors: Mapping[str, Detector | None],
    polling: PollingTier | None,
    ledger: CoverageLedger,
    hints: HintTier | None = None,
    models: ModelBudget | None = None,
) -> Counters:
    """Return the counters since the worker's start, by part and name; for `WorkerRecord.counters`."""
    found: Counters = {f"inference:{name}": asdict(d.metrics) for name, d in detectors.items() if _is_pool(d)}
    if polling is not None:
        found["polling"] = dict(polling.counters)
    if hints is not None:
        found["hints"] = dict(hints.counters)
    if models is not None:
        found["models"] = {"refused_haste": models.refused}
    return found | {"coverage": {"blurred": ledger.blurred}}


def _is_pool(detector: Detector | None) -> TypeGuard[InferencePool]:
    return isinstance(detector, InferencePool)
