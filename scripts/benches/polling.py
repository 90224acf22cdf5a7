"""How many cameras one core watches by their JPEG snapshots alone, against a keyframe of a stream per look.

A separate process serves 1080p snapshots, three in turn for each camera, no two cameras alike; this process polls them
with the real poller, client, decoder and analysis. Only this process's CPU time counts.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import av
import cv2
import numpy as np
import structlog
from aiohttp import web
from av.video.stream import VideoStream
from numpy.typing import NDArray

from camera_configs.models import CameraConfig
from gateway.analysis.analyst import Analyst
from gateway.analysis.ruleset import foreground_for, make_rules
from gateway.camera.decoder import KeyframeDecoders, PrivacyMask
from gateway.camera.lane import LanePool
from gateway.camera.packets import StoredPayload
from gateway.camera.snapshots.client import SnapshotAddress, SnapshotClient, SnapshotConnections
from gateway.camera.snapshots.look import decode_look
from gateway.camera.snapshots.look_queue import LookQueue
from gateway.camera.snapshots.poller import ModeChange, Polled, PolledCamera, SnapshotPoller
from gateway.camera.snapshots.watch import STREAM_UP_S, Mode
from gateway.clock import SystemClock
from gateway.types import Frame, Outcome, Packet, VideoFormat
from scripts.benches.machine import MachineMeter, say

Picture = NDArray[np.uint8]
Plane = NDArray[np.int16]

SIZE = (1920, 1080)
CADENCE_S = 10.0
VARIANTS = 3  # snapshots of one camera, in turn
QUALITY = 85
LEAST_BYTES = 200_000
NOISE = 2.5  # grey levels, standard deviation: a decent sensor by day
FINE = 6.5  # grey levels: leaves, plaster, asphalt
READY_TIMEOUT_S = 300.0  # painting and encoding come first
PROBE_TIMEOUT_S = 120
KEYFRAME_LOOKS = 60
_MB = 1e6
ENOUGH = 0.99  # of the looks due


def run(argv: Sequence[str]) -> int:
    """Measure and print; 1 when looks were missing."""
    parser = argparse.ArgumentParser(prog="scripts/bench polling", description=__doc__)
    parser.add_argument("--cameras", type=int, default=200, help="cameras, one snapshot per 10 s each")
    parser.add_argument("--seconds", type=float, default=60, help="measured, after the probing")
    options = parser.parse_args(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    cv2.setNumThreads(1)  # as a worker does: parallelism comes from the cameras
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(options.cameras, theirs), daemon=True)
    server.start()
    try:
        if not ours.poll(READY_TIMEOUT_S):
            print("the snapshot server did not start")
            return 1
        port, kilobytes = ours.recv()
        if kilobytes * 1000 < LEAST_BYTES:
            print(f"snapshots of {kilobytes:.0f} kB are easier than those of real cameras")
            return 1
        found = asyncio.run(_measure(options.cameras, options.seconds, port))
    finally:
        server.terminate()
        server.join()
    keyframe_ms = keyframe_look_ms()
    return _tell(found, keyframe_ms, kilobytes)


@dataclass(frozen=True, slots=True)
class Found:
    """What the measured stretch showed."""

    cameras: int
    wall_s: float
    cpu_s: float
    due: int
    done: int
    analysed: int
    dropped: int
    left_polling: int  # cameras whose stream was asked for: should be none
    rss_mb_per_camera: float
    doubt: str

    @property
    def per_core(self) -> float:
        """Cameras per core."""
        return self.cameras / (self.cpu_s / self.wall_s)

    @property
    def look_ms(self) -> float:
        """CPU of one look: HTTP, decoding and analysis."""
        return self.cpu_s / max(1, self.analysed) * 1000


def _tell(found: Found, keyframe_ms: float, kilobytes: float) -> int:
    enough = found.analysed >= ENOUGH * found.due
    rows = (
        (
            "cameras",
            f"{found.cameras}, one {SIZE[0]}x{SIZE[1]} snapshot of {kilobytes:.0f} kB per {CADENCE_S:g} s each",
        ),
        ("measured", f"{found.wall_s:.0f} s, {found.cpu_s:.1f} s of CPU"),
        ("looks", f"{found.analysed} analysed of {found.due} due, {found.done} fetched, {found.dropped} dropped"),
        ("left polling", f"{found.left_polling} cameras"),
        ("CPU per look", f"{found.look_ms:.2f} ms with HTTP, decoding and analysis"),
        ("by keyframe", f"{keyframe_ms:.2f} ms with decoding and analysis, receiving the stream not counted"),
        ("cameras/core", f"{found.per_core:.0f}" + ("" if enough else " (not valid: looks are missing)")),
        ("memory", f"{found.rss_mb_per_camera:.2f} MB per camera, its last three snapshots included"),
    )
    for name, text in rows:
        print(f"{name:<14}{text}")
    if found.doubt:
        print(f"{'doubt':<14}{found.doubt}")
    say(
        {
            "bench": "polling",
            "cameras_per_core": round(found.per_core),
            "rss_mb_per_camera": round(found.rss_mb_per_camera, 2),
            "cameras": found.cameras,
            "seconds": round(found.wall_s),
            "looks_done": found.analysed,
            "looks_due": found.due,
            "cpu_ms_per_look": round(found.look_ms, 2),
            "cpu_ms_per_keyframe_look": round(keyframe_ms, 2),
            "ratio_to_keyframe": round(keyframe_ms / found.look_ms, 2),
            "snapshot_kb": round(kilobytes),
            "doubt": found.doubt,
        }
    )
    return 0 if enough else 1


class Watching:
    """All that is on the watching side, for as many cameras as are added."""

    def __init__(self, connections: SnapshotConnections, lanes: LanePool) -> None:
        self._clock = SystemClock()
        self._analysts: dict[str, Analyst] = {}
        self._mask = PrivacyMask()
        self.analysed = 0
        self.reasons: Counter[str] = Counter()  # for each camera's change of mode
        self.queue = LookQueue(lanes, self._look, lambda camera_id, error: self.poller.report(camera_id, error))
        self.poller = SnapshotPoller(
            partial(SnapshotClient, connections=connections, clock=self._clock),
            self._clock,
            on_look=self.queue.put,
            on_change=self._note,
        )

    def add(self, number: int, port: int) -> None:
        camera = camera_config(number)
        self._analysts[camera.id] = analyst_of(camera)
        address = SnapshotAddress(camera.id, f"http://127.0.0.1:{port}/snapshot/{number}")
        self.poller.add(PolledCamera(address, CADENCE_S, self._mask))

    def _note(self, change: ModeChange) -> None:
        self.reasons[change.reason] += 1

    def _look(self, look: Polled) -> None:
        frame = decode_look(look.camera_id, look.jpeg, look.at_s, self._mask)
        self.poller.report(look.camera_id, self._analysts[look.camera_id].analyse(frame))
        self.analysed += 1

    def polling(self) -> int:
        return sum(self.poller.mode(camera_id) is Mode.POLLING for camera_id in self._analysts)


async def _measure(cameras: int, seconds: float, port: int) -> Found:
    async with AsyncExitStack() as stack:
        lanes = stack.enter_context(LanePool(1))
        connections = await stack.enter_async_context(SnapshotConnections())
        watching = Watching(connections, lanes)
        base_mb = _resident_mb()
        for number in range(cameras):
            watching.add(number, port)
        async with asyncio.TaskGroup() as group:
            polling = group.create_task(watching.poller.run())
            try:
                await _until_polling(watching, cameras)
                found = await _stretch(watching, cameras, seconds, base_mb)
            finally:
                polling.cancel()
    return found


async def _until_polling(watching: Watching, cameras: int) -> None:
    """Wait for the probes, then for the analysis to have learnt every scene."""
    await asyncio.sleep(STREAM_UP_S)
    for _ in range(PROBE_TIMEOUT_S):
        if watching.polling() == cameras:
            break
        await asyncio.sleep(1)
    await asyncio.sleep(3 * CADENCE_S)


async def _stretch(watching: Watching, cameras: int, seconds: float, base_mb: float) -> Found:
    counts, meter = watching.poller.counts, MachineMeter()
    due, done, analysed, dropped = counts.due, counts.done, watching.analysed, watching.queue.dropped
    began_s, cpu_s = time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - began_s
    return Found(
        cameras,
        wall_s,
        cpu_s,
        counts.due - due,
        counts.done - done,
        watching.analysed - analysed,
        watching.queue.dropped - dropped,
        cameras - watching.polling(),
        (_resident_mb() - base_mb) / cameras,
        meter.read().doubt,
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB


def camera_config(number: int) -> CameraConfig:
    """Return a camera watched for things left lying: a rule that one look per 10 s serves."""
    zone = {"id": "ground", "name": "地面", "polygon": [[0.1, 0.4], [0.9, 0.4], [0.9, 0.95], [0.1, 0.95]]}
    return CameraConfig.model_validate(
        {
            "id": f"camera-{number}",
            "name": f"{number} 号",
            "grids": ["grid-1"],
            "position": {"lon": 100.45, "lat": 38.93},
            "streams": [{"url": f"rtsp://127.0.0.1:1/{number}"}],
            "legal": {
                "purpose": "市容环境",
                "legal_basis": "art7_gov",
                "installer_unit": "街道办",
                "placement_class": "public_road",
            },
            "zones": [zone],
            "rules": [{"id": "left", "type": "abandoned_object", "zone": "ground", "cadence_s": CADENCE_S}],
        }
    )


def analyst_of(camera: CameraConfig) -> Analyst:
    """Return the analysis as a worker makes it, without a model."""
    rules = make_rules(camera)
    return Analyst(camera, rules, foreground_for(camera, rules), None, lambda at_s: datetime.fromtimestamp(at_s, UTC))


def keyframe_look_ms() -> float:
    """Return the CPU of one look at a stream's keyframe of the same scene, decoded as a worker does, analysed alike."""
    video, packets = _keyframes(Studio(1).moments())
    decoders, mask = KeyframeDecoders(), PrivacyMask()
    analyst = analyst_of(camera_config(0))

    def look(number: int) -> Outcome:
        packet = packets[number % VARIANTS]
        frame: Frame = decoders.decode("camera-0", video, packet, mask)
        return analyst.analyse(Frame("camera-0", number * CADENCE_S, 0, frame.luma, frame.origin, frame.to_bgr))

    for number in range(VARIANTS):
        look(number)
    began_s = time.process_time()
    for number in range(VARIANTS, VARIANTS + KEYFRAME_LOOKS):
        look(number)
    return (time.process_time() - began_s) / KEYFRAME_LOOKS * 1000


def _keyframes(pictures: Sequence[Picture]) -> tuple[VideoFormat, list[Packet]]:
    """Encode each picture as a keyframe of the size that 2 Mbit/s with a GOP of 2 s leaves it, about 130 kB."""
    with av.open(os.devnull, "w", format="null") as container:
        options = {"preset": "veryfast", "qp": "24", "g": "1", "bf": "0"}
        stream: VideoStream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        native = []
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            native += stream.encode(frame)
        native += stream.encode(None)
    base = Fraction(1, 25)
    video = VideoFormat("h264", *SIZE, base, b"", 25.0)
    return video, [Packet(StoredPayload(bytes(p)), i, i, base, True, p.size, float(i)) for i, p in enumerate(native)]


class Studio:
    """Makes pictures no two of which are alike, quickly: its planes of structure and of grain are shifted each time."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        fine = cv2.GaussianBlur(self._rng.normal(0, 1, SIZE[::-1]).astype(np.float32), (0, 0), 1.5)
        self._fine = (FINE / float(fine.std()) * fine).astype(np.int16)
        self._grain = np.round(self._rng.normal(0, NOISE, SIZE[::-1])).astype(np.int16)

    def scene(self) -> Plane:
        """Return an outdoor scene, int16 grey: sky, walls with windows, asphalt, with the fine structure of things."""
        width, height = SIZE
        scene = np.empty((height, width), np.int16)
        scene[: height // 3] = self._rng.integers(150, 210)
        scene[height // 3 :] = self._rng.integers(70, 130)
        for _ in range(14):
            x, y = self._rng.integers(0, width - 200), self._rng.integers(height // 8, height // 2)
            w, h = self._rng.integers(80, 400), self._rng.integers(60, 300)
            scene[y : y + h, x : x + w] = self._rng.integers(50, 200)
            scene[y + 10 : y + h : 40, x + 10 : x + w - 10] //= 2
        scene[height // 4 :] += self._shifted(self._fine)[height // 4 :]
        return scene

    def moment(self, scene: Plane, second: int) -> Picture:
        """Return the scene as a sensor sees it at one moment, uint8 BGR, with the camera's clock printed on it."""
        grey = np.clip(scene + self._shifted(self._grain), 0, 255).astype(np.uint8)
        picture = np.asarray(cv2.merge([grey, np.roll(grey, 2, axis=1), grey // 2 + 60]), np.uint8)
        clock = f"2026-01-05 12:00:{second:02d}"
        cv2.putText(picture, clock, (40, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (255, 255, 255), 3)
        return picture

    def moments(self) -> list[Picture]:
        """Return one camera's pictures in turn."""
        scene = self.scene()
        return [self.moment(scene, number * int(CADENCE_S)) for number in range(VARIANTS)]

    def _shifted(self, plane: Plane) -> Plane:
        by = (int(self._rng.integers(SIZE[1])), int(self._rng.integers(SIZE[0])))
        return np.roll(plane, by, axis=(0, 1))


def _serve(cameras: int, ready: Connection) -> None:
    studio, options = Studio(1), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    pictures = [[cv2.imencode(".jpg", p, options)[1].tobytes() for p in studio.moments()] for _ in range(cameras)]
    mean = sum(len(jpeg) for own in pictures for jpeg in own) / (cameras * VARIANTS)
    asyncio.run(_answer(pictures, lambda port: ready.send((port, mean / 1000))))


async def _answer(pictures: Sequence[Sequence[bytes]], started: Callable[[int], object]) -> None:
    turns = [0] * len(pictures)

    async def snapshot(request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        turns[number] += 1
        body = pictures[number][turns[number] % VARIANTS]
        return web.Response(body=body, content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/snapshot/{number}", snapshot)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=120)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    started(runner.addresses[0][1])
    await asyncio.Event().wait()  # until the process is terminated
