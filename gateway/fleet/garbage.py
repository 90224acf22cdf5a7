"""When a worker looks for garbage: seldom, and at a known time."""

from __future__ import annotations

import gc

from gateway.clock import Clock

# Packets come and go by the thousand and form no cycles: with the usual thresholds (700, 10, 10) the garbage collector
# took a tenth of the worker's time to find nothing (measured, 24 cameras).
THRESHOLDS = (50_000, 20, 1_000)
# What does form cycles, failed sessions above all, would then stay for hours. Going through everything takes 0.1 s.
EVERY_S = 60.0


async def collect_garbage(clock: Clock) -> None:
    """Take over from the collector's own counting, until cancelled."""
    usual = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        while True:
            await clock.sleep(EVERY_S)
            gc.collect()
    finally:
        gc.set_threshold(*usual)
