"""Event types of the faults that a camera's pictures and state can show, as the shipped table names them."""

from __future__ import annotations

BLACK = "camera_fault.black"
FROZEN = "camera_fault.frozen"
COVERED = "camera_fault.covered"
BLURRED = "camera_fault.blurred"
TOO_BRIGHT = "camera_fault.too_bright"
TOO_DARK = "camera_fault.too_dark"
NOISE = "camera_fault.noise"
STREAK = "camera_fault.streak"
COLOUR_CAST = "camera_fault.colour_cast"
MOVED = "camera_fault.moved"
LOSS = "camera_fault.loss"
CLOCK = "camera_fault.clock"

# Read from pictures and armed on every camera. Of darkness only a site knows whether it is a fault: a street whose
# lamps go out at midnight is dark by design.
ALWAYS_FROM_PICTURES = (BLACK, FROZEN, COVERED, BLURRED, TOO_BRIGHT, NOISE, STREAK, COLOUR_CAST, MOVED)
# Armed apart from the rules of a scene, each by its own means.
ARMED_APART = frozenset({*ALWAYS_FROM_PICTURES, TOO_DARK, LOSS, CLOCK})
