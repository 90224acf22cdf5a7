"""Tests of gateway.camera."""
