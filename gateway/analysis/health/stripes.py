"""Streaks and bars: grey levels that go up and down, again and again, along the whole picture."""

from __future__ import annotations

import numpy as np

from detectors.health import HealthReading, Plane

LEAST_CYCLES = 10  # fewer are the scene: walls, floors, people side by side
PEAK_SHARE = 0.55  # of the power from there on, at one frequency and its neighbours: stripes repeat
_PEAK_BINS = 1
_WORTH_A_LOOK = 1.5  # grey levels; most pictures differ less from their reference, and cost no transform
# The strip that swings least, of the one that swings most: a chequered coat stands in one or two strips only.
TOGETHER = 0.25


def stripes(reading: HealthReading, usual: HealthReading) -> float:
    """Return how far stripes swing that the usual picture does not have, grey levels; 0.0: none."""
    return max(_swing(reading.rows, usual.rows), _swing(reading.columns, usual.columns))


def _swing(strips: Plane, usual: Plane) -> float:
    if float(np.abs(strips - usual).max()) < _WORTH_A_LOOK:
        return 0.0
    # A lamp switched on strengthens what the scene has of its own; that is no stripe.
    gain = float(np.vdot(strips, usual)) / max(float(np.vdot(usual, usual)), 1e-6)
    left = strips - np.float32(max(gain, 0.0)) * usual
    if float(left.mean(0).std()) < _WORTH_A_LOOK:
        return 0.0
    spectra = np.fft.rfft(left, axis=1)
    shared = spectra.mean(0)
    power = np.abs(shared[LEAST_CYCLES:]) ** 2
    if not power.any():
        return 0.0
    peak = int(power.argmax())
    if power[max(0, peak - _PEAK_BINS) : peak + _PEAK_BINS + 1].sum() < PEAK_SHARE * power.sum():
        return 0.0
    wave = shared[LEAST_CYCLES + peak]
    swings = np.sort((spectra[:, LEAST_CYCLES + peak] * np.conj(wave)).real) / max(float(np.abs(wave)), 1e-9)
    if swings[0] < TOGETHER * swings[-1]:
        return 0.0
    return 2 * float(np.median(swings)) / int(strips.shape[1])
