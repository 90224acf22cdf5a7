from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.training.held_out import HELD_OUT
from detectors.training.labelled import group_scenes, parse_boxes, read_clip, read_samples, split
from tests.unit.detectors.training.making import picture, sample

HASH = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("text", ["2 0.5 0.5 0.1 0.1", "0 0.5 0.5 0.1", "0 0.1 0.2 0.3 0.4 0.5", "0 a b c d"])
def test_labels_that_are_something_else_are_refused(text: str) -> None:
    """A third class, a missing number and a polygon do not slip in as boxes."""
    with pytest.raises(ValueError, match=r"labels|float|inhomogeneous"):
        parse_boxes(text)


def test_a_box_is_corners_within_the_picture() -> None:
    """Centre and size become corners, and what hangs over the edge is cut."""
    assert parse_boxes("1 0.5 0.5 0.2 0.4\n\n0 0.05 0.5 0.2 0.2\n") == pytest.approx(
        np.array([[1, 0.4, 0.3, 0.6, 0.7], [0, 0.0, 0.4, 0.15, 0.6]])
    )
    assert parse_boxes("").shape == (0, 5)


def test_a_scene_that_is_not_there_is_an_error() -> None:
    """A split made for other data must not quietly examine nothing."""
    with pytest.raises(ValueError, match="elsewhere"):
        split([sample(1), sample(2)], frozenset({"scene1", "elsewhere"}))


def test_a_scene_is_held_out_whole() -> None:
    """No picture of a held-out scene is trained on."""
    samples = [sample(i, scene="a" if i % 2 else "b") for i in range(6)]
    train, examine = split(samples, frozenset({"a"}))
    assert {s.scene for s in train} == {"b"}
    assert len(examine) == 3


def test_frames_of_one_video_are_one_scene_and_so_is_what_looks_alike() -> None:
    """The same alley under a third name joins it; another room does not."""
    names = [f"f8_alley_mp4_1_{HASH}", f"f8_alley_mp4_2_{HASH}", f"fb_img_335_{HASH}", f"fb_img_336_{HASH}"]
    alley, later, room = picture(1), picture(2), picture(3)
    scenes = group_scenes(names, [alley, later, np.clip(later + 20, 0, 255).astype(np.uint8), room])
    assert scenes == ["f8_alley_mp4_1"] * 3 + ["fb_img_336"]
    assert group_scenes([], []) == []


def test_only_one_of_the_two_data_sets_knows_smoke(tmp_path: Path) -> None:
    """Pictures whose names begin with fb_ say nothing about smoke."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for i, name in enumerate(("f8_a", "fb_b")):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), picture(i))
        (tmp_path / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert [(s.name, s.smoke_known, s.scene) for s in read_samples(tmp_path)] == [
        ("f8_a", True, "f8_a"),
        ("fb_b", False, "fb_b"),
    ]


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    """A broken download is told by its name."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "f8_broken.jpg").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"f8_broken\.jpg"):
        read_samples(tmp_path)


@pytest.mark.media
def test_a_recording_gives_pictures_at_a_cadence(media: Path) -> None:
    """12.5 seconds of road at a picture every 4 s: four, all without boxes and of one scene."""
    samples = read_clip(media / "open" / "road_topview.mp4", every_s=4)
    assert [s.name for s in samples] == [f"road_topview@{t}.0" for t in (0, 4, 8, 12)]
    assert {(s.scene, len(s.boxes), s.smoke_known) for s in samples} == {("road_topview", 0, True)}


@pytest.mark.media
def test_the_held_out_scenes_are_in_the_data(media: Path) -> None:
    """Every scene that the model card calls unseen exists, with fire and with smoke; the alley is learnt from."""
    train, examine = split(read_samples(media / "train" / "fire_smoke"), HELD_OUT)
    kinds = {int(k) for s in examine for k in s.boxes[:, 0]}
    assert kinds == {0, 1}
    assert len(train) > 1_500
    assert any("fire2_mp4" in s.name for s in train)
