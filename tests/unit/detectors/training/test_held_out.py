"""What is examined was never learnt from."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.training.held_out import EXAMINED_CLIPS, HELD_OUT, NEGATIVE_CLIPS, NOT_QUITE_UNSEEN, load


def test_no_recording_is_both_learnt_from_and_examined() -> None:
    """A clip is on one side only, and scenes left out of the figures were held out in the first place."""
    assert not NEGATIVE_CLIPS.keys() & EXAMINED_CLIPS.keys()
    assert NOT_QUITE_UNSEEN < HELD_OUT
    assert "house_fire" not in NEGATIVE_CLIPS


@pytest.mark.media
def test_no_scene_is_on_both_sides(media: Path) -> None:
    """Every held-out scene exists, and none of its pictures is trained on."""
    train, examined = load(media / "train" / "fire_smoke", media / "open")
    assert {sample.scene for sample in examined} >= HELD_OUT - NOT_QUITE_UNSEEN
    assert not {sample.scene for sample in train} & {sample.scene for sample in examined}
    assert not {sample.scene for sample in train} & HELD_OUT
