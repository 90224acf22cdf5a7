"""Watching a camera by its own JPEG snapshots: no stream at all until something happens."""
