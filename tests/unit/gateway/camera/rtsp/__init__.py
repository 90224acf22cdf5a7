"""Tests of gateway.camera.rtsp."""
