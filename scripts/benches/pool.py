"""How much of the bare runtime's throughput is left when many cameras' threads share it through the pool.

Both sides do the same work per picture: preparing it, the forward pass, reading the answer. Raw is the better of two
plain loops without any sharing, on as many threads as the pool may run passes side by side: picture by picture, and in
full batches. The pool is called by as many threads as there are cameras, one picture at a time.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from detectors.base import Image
from detectors.fire_smoke import open_fire_smoke
from detectors.onnx_model import OnnxDetector
from detectors.onnx_session import SessionOptions
from detectors.pool import InferencePool, PoolMetrics
from scripts.benches.machine import MachineMeter, say

PICTURE_PX = (640, 360)  # crops and substream pictures are about so large
PICTURES = 16
WARM_UP_S = 0.7


@dataclass(frozen=True, slots=True)
class Rates:
    """Pictures per second: medians over the rounds.

    Attributes:
        raw: By pictures of one pass.
        pool: Through the pool.
        metrics: Of the last round's pool.
    """

    raw: Mapping[int, float]
    pool: float
    metrics: PoolMetrics

    @property
    def best_raw(self) -> float:
        """The better of the plain loops."""
        return max(self.raw.values())


def run(argv: Sequence[str]) -> int:
    """Measure one model; see `--help`."""
    options = _arguments().parse_args(argv)
    detector = _detector(options.model)
    meter = MachineMeter()
    rates = _measure(detector, options)
    _print(rates, options)
    say(
        {
            "bench": "pool",
            "pool_fps": round(rates.pool, 1),
            "raw_fps": round(rates.best_raw, 1),
            "ratio": round(rates.pool / rates.best_raw, 3),
            "model": detector.name,
            "providers": list(detector.providers),
            "callers": options.callers,
            "threads": options.threads,
            "mean_batch": round(rates.metrics.mean_batch, 2),
            "includes": "preparing, forward pass and reading the answer, on both sides",
            "stolen": round(meter.read().stolen, 3),
        }
    )
    return 0


def _measure(detector: OnnxDetector, options: argparse.Namespace) -> Rates:
    """Measure all ways of calling in turn, again and again: a busy moment of the machine then hits them alike."""
    pictures = _pictures()
    seconds = options.seconds / options.rounds
    raw: dict[int, list[float]] = {size: [] for size in sorted({1, detector.images_per_pass})}
    pooled: list[float] = []
    metrics = PoolMetrics()
    for _ in range(options.rounds):
        for size, found in raw.items():
            found.append(rate(partial(detector.detect, pictures[:size]), size, options.threads, seconds))
        with InferencePool(detector, options.threads, options.max_batch, options.max_wait_ms / 1000) as pool:
            pooled.append(rate(partial(pool.detect, pictures[:1]), 1, options.callers, seconds))
            metrics = pool.metrics
    return Rates({size: median(found) for size, found in raw.items()}, median(pooled), metrics)


def rate(call: Callable[[], object], images: int, threads: int, seconds: float) -> float:
    """Return pictures per second of so many threads that call again and again; the first moments do not count."""
    ends_s = time.monotonic() + WARM_UP_S + seconds
    begins_s = ends_s - seconds
    counts = [0] * threads

    def work(index: int) -> None:
        while time.monotonic() < ends_s:
            call()
            counts[index] += images * (begins_s <= time.monotonic() <= ends_s)

    workers = [threading.Thread(target=work, args=(i,), name=f"caller:{i}") for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench pool", description=__doc__)
    parser.add_argument("--model", type=Path, help="an .onnx file (default: the shipped fire and smoke detector)")
    parser.add_argument("--callers", type=int, default=50, help="cameras' threads (default 50)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="passes side by side (default: cores)")
    parser.add_argument("--max-batch", type=int, default=8, help="pictures of one pass at most (default 8)")
    parser.add_argument("--max-wait-ms", type=float, default=0.0, help="how long a pass waits for company (default 0)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of measuring for each way of calling (default 30)")
    parser.add_argument("--rounds", type=int, default=10, help="turns in which that is done (default 10)")
    return parser


def _detector(model: Path | None) -> OnnxDetector:
    session = SessionOptions(threads=1)
    return OnnxDetector(model, session=session) if model is not None else open_fire_smoke(session)


def _pictures() -> list[Image]:
    """Return grainy pictures: what is in them changes a pass by next to nothing, their size a lot."""
    grain = np.random.default_rng(1)
    return [grain.integers(60, 190, (PICTURE_PX[1], PICTURE_PX[0], 3), np.uint8) for _ in range(PICTURES)]


def _print(rates: Rates, options: argparse.Namespace) -> None:
    for size, fps in rates.raw.items():
        print(f"raw, {options.threads} threads, {size} a pass{fps:22.1f} pictures/s")
    print(f"pool, {options.callers} callers, {options.threads} passes side by side{rates.pool:8.1f} pictures/s")
    metrics = rates.metrics
    print(f"mean batch {metrics.mean_batch:.2f}, mean wait {1000 * metrics.waited_s / (metrics.images or 1):.1f} ms")
    print(f"refused {metrics.refused}, expired {metrics.expired}, failed {metrics.failed}")
