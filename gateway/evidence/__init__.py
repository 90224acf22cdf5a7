"""Clips, snapshots and thumbnails: written, fsynced, probed, hashed."""
