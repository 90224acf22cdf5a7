"""The baseline is what others do, made as cheap as it gets."""

from __future__ import annotations

import numpy as np

from scripts.benches.baseline import Motion, command, size_for


def test_pictures_are_dropped_before_they_are_scaled() -> None:
    """Otherwise it would scale five times as many as it shows, and lose unfairly."""
    words = command("rtsp://x/1", 1280, 720)
    assert words[words.index("-vf") + 1] == "fps=5,scale=1280:720"
    assert words[words.index("-r") + 1] == "5"
    assert words[words.index("-rtsp_transport") + 1] == "tcp"


def test_small_cameras_are_not_made_larger() -> None:
    """720p, or native if smaller."""
    assert size_for(1920, 1080) == (1280, 720)
    assert size_for(704, 576) == (704, 576)


def test_what_moves_is_seen_and_what_stands_is_not() -> None:
    """A bright block comes."""
    motion = Motion()
    ground = np.random.default_rng(1).integers(90, 110, (360, 640), np.uint8)
    for _ in range(5):
        motion.look(ground)
    assert (motion.pictures, motion.moving) == (5, 0)
    ground[100:200, 100:200] = 250
    motion.look(ground)
    assert motion.moving == 1
