"""Small recordings for tests of the benches."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from scripts.benches.streams import StreamKind, encoder


def write_recording(path: Path, kind: StreamKind, seconds: int, fps: int = 10) -> Path:
    """Encode grain."""
    chance = np.random.default_rng(1)
    with av.open(str(path), "w") as output:
        video = encoder(output, kind, fps)
        for index in range(seconds * fps):
            picture = chance.integers(100, 130, (kind.height * 3 // 2, kind.width), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode())
    return path
