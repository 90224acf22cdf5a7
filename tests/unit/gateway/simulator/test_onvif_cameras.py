"""Paths of the simulator become devices: their streams told as they are, substreams found by their names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.simulator.onvif_cameras import OnvifOptions, onvif_devices
from gateway.simulator.server import PathSpec, RtspServer, UnknownPath
from tests.unit.gateway.simulator.clips import Recording, encode


async def test_paths_become_devices(tmp_path: Path) -> None:
    """`gate-sub` is the substream of `gate`; `lone-sub` is a device, for there is no `lone`."""
    file = encode(tmp_path / "a.mp4", Recording())
    login = {"auth": "digest", "username": "admin", "password": "secret"}
    specs = [PathSpec(name, file, **login) for name in ("gate", "gate-sub", "a/b", "lone-sub")]  # type: ignore[arg-type]
    server = RtspServer(specs, http_port=0)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        await server.ready.wait()
        devices = onvif_devices(server, specs, OnvifOptions(clock_offset_s=-60.0, advertised_host="10.9.9.9"))
        running.cancel()
    assert [(d.name, len(d.streams)) for d in devices] == [("gate", 2), ("a-b", 1), ("lone-sub", 1)]
    gate = devices[0]
    main, sub = gate.streams
    assert (gate.username, gate.password, gate.clock_offset_s, gate.advertised_host) == (
        "admin",
        "secret",
        -60,
        "10.9.9.9",
    )
    assert main.stream_url == server.url("gate")
    assert main.snapshot_url == server.snapshot_url("gate")
    assert (main.facts.token, sub.facts.token) == ("gate", "gate-sub")
    clip = server.clip("gate")
    assert (main.facts.encoding, main.facts.width, main.facts.height) == ("H264", clip.width, clip.height)
    assert main.facts.bitrate_kbps > 0
    assert main.facts.gop > 0
    with pytest.raises(UnknownPath):
        server.clip("none")


async def test_without_snapshots(tmp_path: Path) -> None:
    """No port for them, no address of them."""
    spec = PathSpec("gate", encode(tmp_path / "a.mp4", Recording()))
    server = RtspServer([spec])
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        await server.ready.wait()
        [gate] = onvif_devices(server, [spec], OnvifOptions())
        running.cancel()
    assert gate.streams[0].snapshot_url is None
    assert not gate.username
