"""Simulated cameras: a real RTSP server and painted scenes with scripted incidents."""
