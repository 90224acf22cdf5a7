"""How much time of the models the cameras of a worker may take, and which camera has had how much of it.

Looks that are due are never refused, they overdraw. What gives way is haste: where something moves, the model sees a
camera every 0.3 s while there is time for it, and more seldom when there is not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from detectors.base import Detections, Detector, Image
from detectors.pool import InferencePool
from gateway.camera.budget import CpuBudget


class ModelBudget:
    """Seconds of models per second, shared fairly among cameras; safe from any thread.

    Args:
        seconds: Of model time per second: passes side by side.
        now_s: Monotonic seconds, by which the budget is filled.

    Raises:
        ValueError: `seconds` is not above zero.
    """

    def __init__(self, seconds: float, now_s: Callable[[], float]) -> None:
        self._budget = CpuBudget(seconds)
        self._now_s = now_s
        self._lock = threading.Lock()
        self._refused = 0

    @property
    def refused(self) -> int:
        """How often a camera that moved had to wait for its next pass."""
        with self._lock:
            return self._refused

    def allows_haste(self, camera_id: str) -> bool:
        """Say whether a camera may have a pass before its next look is due; a refusal is counted."""
        with self._lock:
            allowed = self._budget.allows_burst(camera_id, self._now_s())
            self._refused += not allowed
            return allowed

    def spend(self, camera_id: str, seconds: float) -> None:
        """Note time that a camera's pictures took."""
        with self._lock:
            self._budget.spend(camera_id, seconds, self._now_s())


def metered(
    detectors: Mapping[str, Detector | None], camera_id: str, budget: ModelBudget | None
) -> Mapping[str, Detector | None]:
    """Return a camera's ways to the shared models; the same where there is no budget, and what is no pool as it is."""
    if budget is None:
        return detectors
    return {
        spec: MeteredModel(found, camera_id, budget) if isinstance(found, InferencePool) else found
        for spec, found in detectors.items()
    }


class MeteredModel:
    """One camera's way to a shared model: the same detector, its time booked to the camera."""

    per_camera = False

    def __init__(self, pool: InferencePool, camera_id: str, budget: ModelBudget) -> None:
        self.name = pool.name
        self.labels = pool.labels
        self.wants_luma = pool.wants_luma
        self._pool = pool
        self._camera_id = camera_id
        self._budget = budget

    def may_hurry(self) -> bool:
        """Say whether there is time for a pass before the camera's next look is due."""
        return self._budget.allows_haste(self._camera_id)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Find objects as the model does; passes are shared, so a camera pays the usual price of a picture.

        Raises:
            InferenceError: See `InferencePool.detect`.
        """
        try:
            return self._pool.detect(images)
        finally:
            self._budget.spend(self._camera_id, self._pool.metrics.image_s * len(images))
