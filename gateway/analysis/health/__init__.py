"""Faults of the camera itself, from the pictures that are decoded anyway and from its state."""
