"""Frames and time in, event signals out; pure, no I/O."""
