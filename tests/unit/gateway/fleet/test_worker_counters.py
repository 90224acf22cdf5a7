"""What a worker counts, by part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np

from detectors.pool import InferencePool
from gateway.camera.snapshots.client import SnapshotConnections
from gateway.clock import FakeClock
from gateway.fleet.coverage import MAX_WAITING_ROWS, CoverageLedger
from gateway.fleet.model_budget import ModelBudget
from gateway.fleet.polling_tier import PollingTier
from gateway.fleet.worker_counters import worker_counters
from storage.records import CoverageState
from tests.unit.gateway.analysis.making import FakeDetector
from tests.unit.gateway.fleet.test_polling_tier import Now, Unit

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_worker_without_models_and_polling_counts_its_ledger_only() -> None:
    """Motion is no model; what has nothing to count is not there."""
    ledger = CoverageLedger(NOON)
    assert worker_counters({"motion": None}, None, ledger) == {"coverage": {"blurred": 0}}
    for second in range(MAX_WAITING_ROWS + 5):
        state = CoverageState.LOOKED if second % 2 else CoverageState.OFFLINE
        ledger.note("cam", "grid", state, NOON + timedelta(seconds=second))
    assert worker_counters({}, None, ledger)["coverage"]["blurred"] > 0


def test_models_count_by_name() -> None:
    """Passes and images of each pool; a detector without a pool counts nothing."""
    with InferencePool(FakeDetector()) as pool:
        pool.detect([np.zeros((8, 8, 3), np.uint8)])
        found = worker_counters({"onnx:x": pool, "bare": FakeDetector()}, None, CoverageLedger(NOON))
    assert set(found) == {"inference:onnx:x", "coverage"}
    assert (found["inference:onnx:x"]["passes"], found["inference:onnx:x"]["images"]) == (1, 1)


def test_polling_counts_looks_and_losses() -> None:
    """With the cameras that are polled now: none before its probe."""
    tier = PollingTier(cast(SnapshotConnections, None), Now(), FakeClock())
    tier.follow(Unit())
    found = worker_counters({}, tier, CoverageLedger(NOON))["polling"]
    assert found == dict.fromkeys(found, 0)
    assert set(found) >= {"due", "done", "failed", "missed", "probes", "dropped", "crashed", "waiting", "cameras"}


def test_refused_haste_is_counted() -> None:
    """Of the models' budget, where there is one."""
    budget = ModelBudget(0.1, lambda: 0.0)
    budget.spend("gate", 5.0)
    assert not budget.allows_haste("gate")
    assert worker_counters({}, None, CoverageLedger(NOON), models=budget)["models"] == {"refused_haste": 1}
