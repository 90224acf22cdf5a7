"""Signed, durable hand-over of cases to the governance platform."""
