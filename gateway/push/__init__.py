"""Waking people's browsers by Web Push (RFC 8030, 8291, 8292) with keys of our own."""
