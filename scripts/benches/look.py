"""What one look costs beyond decoding it: every check that needs no model, on 1080p keyframes, in CPU time."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import av
import cv2

from camera_configs.models import CameraConfig
from gateway.analysis.analyst import Analyst
from gateway.analysis.glance import Glance
from gateway.analysis.ruleset import foreground_for, make_rules
from gateway.camera.decoder import PrivacyMask, to_frame
from gateway.evaluation.cameras import camera_with
from gateway.fleet.camera_unit import watched_zones
from gateway.types import Frame, FrameOrigin
from scripts.benches.machine import say
from scripts.benches.streams import MAIN, examine, recording_of

LOOKS = 200
LOOK_EVERY_S = 10.0
WARM_UP = 10  # looks: until the views are learnt, less is done
RULES = ("illegal_parking", "abandoned_object", "waterlogging", "zone_intrusion")
_MIDDLE = [[0.2, 0.3], [0.8, 0.3], [0.8, 0.9], [0.2, 0.9]]
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def run(argv: Sequence[str]) -> int:
    """Measure; see `--help`."""
    options = _arguments().parse_args(argv)
    cv2.setNumThreads(1)
    path = options.file or recording_of(MAIN)
    recording = examine(path)
    print(recording.text())
    decode_ms, added_ms, size = _measure(path, options.looks)
    print(f"{'looks':>8}{'decode ms':>12}{'added ms':>12}{'worst':>10}")
    print(f"{len(added_ms):8}{median(decode_ms):12.2f}{median(added_ms):12.2f}{max(added_ms):10.2f}")
    say(
        {
            "bench": "look",
            "added_cpu_ms": round(sum(added_ms) / len(added_ms), 3),
            "decode_cpu_ms": round(sum(decode_ms) / len(decode_ms), 3),
            "added_cpu_ms_median": round(median(added_ms), 3),
            "looks": len(added_ms),
            "size": size,
            "look_every_s": LOOK_EVERY_S,
            "rules": RULES,
        }
    )
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench look", description=__doc__)
    parser.add_argument("--looks", type=int, default=LOOKS)
    parser.add_argument("--file", type=Path, help="a recording (default: the painted 1080p stream)")
    return parser


def _measure(path: Path, looks: int) -> tuple[list[float], list[float], str]:
    """Return CPU milliseconds of decoding and of analysing each look, and the pictures' size."""
    camera = camera_with([{"id": f"r{n}", "type": t, "zone": _MIDDLE} for n, t in enumerate(RULES)], path)
    analyst, glance = _checks(camera)
    decode_ms, added_ms, size = list[float](), list[float](), ""
    began_s = time.thread_time()
    for number, frame in enumerate(_looks(path)):
        decoded_s = time.thread_time()
        glance(frame)
        analyst.analyse(frame)
        done_s = time.thread_time()
        if number >= WARM_UP:
            decode_ms.append((decoded_s - began_s) * 1e3)
            added_ms.append((done_s - decoded_s) * 1e3)
        if len(added_ms) >= looks:
            return decode_ms, added_ms, f"{frame.width}x{frame.height}"
        size, began_s = f"{frame.width}x{frame.height}", time.thread_time()
    return decode_ms, added_ms, size


def _checks(camera: CameraConfig) -> tuple[Analyst, Glance]:
    rules = make_rules(camera)
    foreground = foreground_for(camera, rules)
    analyst = Analyst(camera, rules, foreground, None, lambda at_s: _EPOCH + timedelta(seconds=at_s))
    return analyst, Glance(watched_zones(rules))


def _looks(path: Path) -> Iterator[Frame]:
    """Yield the keyframes, round after round, as looks at the cadence of a quiet camera."""
    number = 0
    while True:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            video.thread_count = 1
            video.codec_context.skip_frame = "NONKEY"
            for picture in container.decode(video):
                yield to_frame("cam", picture, number * LOOK_EVERY_S, FrameOrigin.LOOK, PrivacyMask())
                number += 1
