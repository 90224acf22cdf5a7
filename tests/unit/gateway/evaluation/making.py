"""A small recording in which a bright block crosses the picture twice, and truth files that tell of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

WIDTH, HEIGHT, FPS, LENGTH_S = 320, 180, 10, 20
GRAIN = 3.0  # grey levels: a sensor never repeats itself, and a picture that does is a fault
CROSSINGS_S = ((4.0, 8.0), (13.0, 17.0))
SQUARE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
RULE: dict[str, Any] = {"id": "r1", "type": "zone_intrusion", "zone": SQUARE, "dwell_s": 1, "clear_s": 1.5}
EVENTS: list[dict[str, Any]] = [
    {"rule": "r1", "type": "zone_intrusion", "start_s": start, "end_s": end} for start, end in CROSSINGS_S
]


def write_clip(path: Path, crossings_s: Sequence[tuple[float, float]] = CROSSINGS_S) -> Path:
    """Encode the recording: 20 s, H.264, a keyframe every 2 s."""
    chance = np.random.default_rng(1)
    ground = np.kron(chance.integers(60, 120, (HEIGHT // 4, WIDTH // 4)), np.ones((4, 4))).astype(np.float32)
    with av.open(str(path), "w") as output:
        options = {"preset": "ultrafast", "x264-params": f"keyint={2 * FPS}:scenecut=0:bframes=0"}
        video = output.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(LENGTH_S * FPS):
            picture = _picture(ground + chance.normal(0, GRAIN, ground.shape), index / FPS, crossings_s)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            output.mux(video.encode(frame))
        output.mux(video.encode())
    return path


def _picture(ground: np.ndarray[Any, Any], at_s: float, crossings_s: Sequence[tuple[float, float]]) -> Any:
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    picture[:HEIGHT] = np.clip(ground, 0, 255)
    for start_s, end_s in crossings_s:
        if start_s <= at_s < end_s:
            left = round((at_s - start_s) * 60)
            picture[60:130, left : left + 60] = 230
    return picture


def entry(file: str = "clip.mp4", **changes: Any) -> dict[str, Any]:
    """One clip of a truth file, as a person writes it."""
    return {
        "file": file,
        "shows": "a block crosses the picture twice",
        "setup": {"rules": [RULE]},
        "events": EVENTS,
        "negative_for": ["camera_fault.black"],
        "tolerance_s": 0.5,
        **changes,
    }


def write_truth(folder: Path, *entries: Any) -> Path:
    """Write a truth file beside the recordings."""
    path = folder / "truth.json"
    path.write_text(json.dumps(list(entries)), "utf-8")
    return path
