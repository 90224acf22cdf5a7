"""The probe of snapshots against the simulated camera and its faults: each trouble gets its own name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest

from gateway.camera.decoder import PrivacyMask, luma_of
from gateway.camera.snapshots.client import SnapshotAddress, SnapshotClient, SnapshotConnections
from gateway.camera.snapshots.probe import Verdict, Yardstick, probe
from gateway.clock import SystemClock
from gateway.simulator.faults import FaultSpec
from gateway.simulator.painter import render_scene
from gateway.simulator.scenes import SCENES
from gateway.simulator.server import PathSpec, RtspServer

SECONDS = 6
CADENCE_S = 20.0
TIMEOUT_S = 4.0  # longer than the fault that answers slowly, 3 s


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a painted recording."""
    out = tmp_path_factory.mktemp("scene") / "scene.mp4"
    render_scene(next(iter(SCENES)), out, seconds=SECONDS)
    return out


@asynccontextmanager
async def simulated(file: Path, *faults: FaultSpec) -> AsyncIterator[str]:
    """Serve one camera that wants Digest; yields its snapshot's address."""
    spec = PathSpec("gate", file, auth="digest", username="viewer", password="pw", faults=faults)
    server = RtspServer([spec], http_port=0)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        yield server.snapshot_url("gate")
        task.cancel()


async def verdict(url: str, file: Path) -> Verdict:
    """Probe the camera against the first keyframe of its stream."""
    with av.open(str(file)) as container:
        reference = luma_of(next(container.decode(video=0))).copy()
    address = SnapshotAddress("gate", url, "viewer", "pw", TIMEOUT_S)
    async with SnapshotConnections() as connections:
        client = SnapshotClient(address, connections, SystemClock())
        return await probe(client, Yardstick("gate", CADENCE_S, PrivacyMask(), reference), SystemClock())


@pytest.mark.parametrize(
    ("fault", "trouble", "words"),
    [
        ("snap_stale", "poll_stale", "one and the same picture"),
        ("snap_slow", "poll_slow", "less than 1.5 s is needed"),
        ("snap_other", "poll_different", "do not show what the stream shows"),
        ("snap_error", "poll_failed", "answers 500"),
        ("snap_truncated", "poll_failed", "cut short"),
        ("not_found", "poll_failed", "no snapshot at this address"),
        ("busy", "poll_failed", "too busy"),
        ("auth", "poll_failed", "access refused"),
        ("silent", "poll_failed", "says nothing"),
    ],
)
async def test_each_fault_is_told_apart(scene: Path, fault: str, trouble: str, words: str) -> None:
    """By its code, and in words for people."""
    async with simulated(scene, FaultSpec(fault)) as url:
        found = await verdict(url, scene)
    assert found.trouble == trouble
    assert words in found.detail


async def test_a_sound_camera_may_be_polled(scene: Path) -> None:
    """Fresh, quick, and the stream's own view."""
    async with simulated(scene) as url:
        found = await verdict(url, scene)
    assert found.sound
    assert found.compared
    assert found.size == (960, 540)
