"""Each fault of a camera's stream, one by one, against the watcher that has to live through it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
import pytest

from camera_configs.models import StreamConfig
from gateway.camera.lane import LanePool
from gateway.camera.watcher import CameraWatcher, Surroundings, WatchPlan
from gateway.evidence.layout import lay_out
from gateway.evidence.mp4 import copy_packets, probe
from gateway.simulator.faults import parse_fault
from gateway.simulator.server import PathSpec
from gateway.supervise import Backoff
from gateway.types import Frame, Outcome
from storage.records import CameraState, CameraStateName
from tests.integration.simulator_rig import serving
from tests.unit.gateway.simulator.clips import Recording, encode

GOP = 10  # pictures of 25 a second
ALL_FAULTS_OVER_S = 3.2
ENOUGH_LATER_FRAMES = 3
PATIENCE_S = 40.0
FORMER_BATCH_S = 0.5
# Each is over after 3 s at the latest, or lasts and must be lived with.
FAULTS = {
    "stall": "stall@1s+2s",
    "half_open": "half_open@1s+2s",
    "silent": "silent@0s+2s",
    "refuse": "refuse@0s+1s",
    "reset": "reset@1s",
    "end": "end@1s",
    "auth": "auth@0s+1s",
    "busy": "busy@0s+1s",
    "not_found": "not_found@0s+1s",
    "loss": "loss=5%@0.5s+2s",
    "loss_udp": "loss=5%@0.5s+2s",
    "mid_gop_loss": "mid_gop_loss@1s",
    "reorder": "reorder=20%@0.5s+2s",
    "reorder_udp": "reorder=20%",
    "corrupt": "corrupt=20%@0.5s+2s",
    "garbage": "garbage@0.5s+2s",
    "slow": "slow=30%@0.5s+2s",
    "jitter": "jitter=150",
    "no_rtcp": "no_rtcp",
    "switch": "switch={larger}@1.5s",
    "codec": "switch={other}@1.5s",
    "tiny_nals": "tiny_nals=500@0.5s+1s",
    "truncate": "truncate@0.5s+2s",
    "freeze": "freeze@0.5s+2s",
    "clock_offset": "clock_offset=40s",
    "clock_step": "clock_step=-3600s@1s",
    "clock_rate": "clock_rate=500ppm",
    "pts_jump": "pts_jump=1000s@1.5s",
    "pts_jump_back": "pts_jump=-1000s@1.5s",
    "pts_back": "pts_back=0.5s@0.5s+2s",
    "pts_wrap": "pts_wrap=1.5s",
}
# What is told of a camera while it lasts.
NAMED = {
    "stall": {"stalled"},
    "half_open": {"stalled"},
    "silent": {"silent"},
    "refuse": {"reset"},
    "reset": {"ended", "reset"},
    "end": {"ended"},
    "auth": {"auth_failed"},
    "busy": {"waiting"},
    "not_found": {"not_video"},
    "codec": {"ended"},
}


@dataclass
class Watched:
    """One camera, and all that was told of it."""

    states: list[CameraState] = field(default_factory=list)
    frames: list[tuple[float, int]] = field(default_factory=list)  # moment, width
    watcher: CameraWatcher | None = None

    def analyse(self, frame: Frame) -> Outcome:
        self.frames.append((frame.at_s, frame.width))
        return Outcome(frame.at_s, moving=False, occupied=True)

    def recovered(self, after_s: float) -> bool:
        """Online, and pictures analysed that were taken after that moment."""
        later = [at_s for at_s, _ in self.frames if at_s > after_s]
        return self.states[-1].state is CameraStateName.ONLINE and len(later) >= ENOUGH_LATER_FRAMES


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Watched]]:
    """Watch all of them at once until each has come back."""
    folder = tmp_path_factory.mktemp("faults")
    clip = encode(folder / "clip.mp4", Recording(seconds=4, gop=GOP))
    files = {
        "larger": encode(folder / "larger.mp4", Recording(seconds=4, gop=GOP, size=(320, 192))),
        "other": encode(folder / "other.mp4", Recording("libx265", seconds=4, gop=GOP)),
    }
    specs = [PathSpec(n, clip, faults=(parse_fault(f.format(**files))[1],)) for n, f in FAULTS.items()]
    watched = {name: Watched() for name in FAULTS}
    stop = threading.Event()
    with serving(specs) as running, LanePool(2) as pool:
        shared = Surroundings(pool)
        threads = []
        for name, each in watched.items():
            plan = WatchPlan(name, _stream(running.server.url(name), name), cadence_s=0.4, dwell_s=60.0)
            each.watcher = CameraWatcher(
                plan,
                shared,
                analyse=each.analyse,
                on_outcome=lambda _: None,
                on_state=each.states.append,
                backoff=Backoff(base_s=0.3, cap_s=0.5),
                auth_backoff=Backoff(base_s=0.3, cap_s=0.5),
            )
            threads.append(threading.Thread(target=each.watcher.run, args=(stop,), name=name))
        began_s = time.monotonic()
        for thread in threads:
            thread.start()
        while time.monotonic() < began_s + PATIENCE_S:
            if all(w.recovered(began_s + ALL_FAULTS_OVER_S) for w in watched.values()):
                break
            stop.wait(0.2)
        yield watched
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def _stream(url: str, name: str) -> StreamConfig:
    stream = StreamConfig(url=url, read_timeout_s=1.2, open_timeout_s=1.5)
    return stream.model_copy(update={"transport": "udp"}) if name.endswith("_udp") else stream


@pytest.mark.parametrize("fault", FAULTS)
def test_the_camera_is_back_and_its_clip_is_sound(cameras: dict[str, Watched], fault: str, tmp_path: Path) -> None:
    """Pictures go on after the fault, their moments never go back, and what the ring holds makes a readable clip."""
    watched = cameras[fault]
    assert watched.states[-1].state is CameraStateName.ONLINE, [(s.state, s.detail) for s in watched.states]
    moments = [at_s for at_s, _ in watched.frames]
    assert len(moments) >= ENOUGH_LATER_FRAMES
    assert all(a < b for a, b in pairwise(moments))
    assert moments[-1] <= time.monotonic()
    watcher = watched.watcher
    assert watcher is not None
    assert watcher.video is not None
    packets = watcher.ring.since(0.0)
    assert all(a.dts < b.dts and a.at_s <= b.at_s + FORMER_BATCH_S for a, b in pairwise(packets))
    layout = lay_out(packets)
    copy_packets(tmp_path / "clip.mp4", watcher.video, layout)
    probe(tmp_path / "clip.mp4", layout)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.duration is not None
        assert container.duration / 1e6 < PATIENCE_S + 20


@pytest.mark.parametrize("fault", NAMED)
def test_the_trouble_has_its_name_meanwhile(cameras: dict[str, Watched], fault: str) -> None:
    """On the camera's page, with the next try."""
    troubled = [s for s in cameras[fault].states if s.next_try_at is not None]
    assert {s.state.value for s in troubled} & NAMED[fault], [(s.state.value, s.detail) for s in cameras[fault].states]


def test_a_new_size_is_followed(cameras: dict[str, Watched]) -> None:
    """Pictures of both sizes were analysed, the larger ones last."""
    widths = [width for _, width in cameras["switch"].frames]
    assert widths[0] < widths[-1] == 320


def test_wrong_clocks_are_measured(cameras: dict[str, Watched]) -> None:
    """Forty seconds ahead, an hour behind, or nothing to compare with."""

    def offset(name: str) -> float | None:
        watcher = cameras[name].watcher
        assert watcher is not None
        return watcher.state.clock_offset_s

    assert offset("clock_offset") == pytest.approx(40, abs=2)
    assert offset("no_rtcp") is None
    assert offset("reset") == pytest.approx(0, abs=2)
