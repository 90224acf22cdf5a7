"""Streams in: open, read, keep a ring, choose what to decode."""
