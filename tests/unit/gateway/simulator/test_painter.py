"""A painted scene is a real film with a truth beside it."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from gateway.simulator.clip import load_clip
from gateway.simulator.painter import SceneImpossible, SceneUnknown, painted_scene, render_scene

SIZE = (160, 90)


def test_unknown_scene_names_those_there_are(tmp_path: Path) -> None:
    """A typo is answered with the list."""
    with pytest.raises(SceneUnknown, match="fire_lane"):
        render_scene("fire_line", tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("size", "seconds", "fps"), [((160, 120), 10.0, 5), ((144, 81), 10.0, 5), (SIZE, 5.0, 5), (SIZE, 10.0, 0)]
)
def test_impossible_films(tmp_path: Path, size: tuple[int, int], seconds: float, fps: int) -> None:
    """Zones hold for 16:9 only; nothing is written for what cannot be painted."""
    with pytest.raises(SceneImpossible):
        render_scene("quiet", tmp_path / "a.mp4", seconds=seconds, size=size, fps=fps)
    assert list(tmp_path.iterdir()) == []


def test_film_and_truth(tmp_path: Path) -> None:
    """Keyframes every 2 s, no B-frames, the length asked for; times are scaled from 60 s."""
    out = tmp_path / "weir.mp4"
    truth = render_scene("weir", out, seconds=6, size=SIZE, fps=4)
    clip = load_clip(out)
    assert (clip.width, clip.height, len(clip.units), clip.lead) == (160, 90, 24, 0)
    assert clip.keyframes == (0, 8, 16)
    assert clip.duration_s == pytest.approx(6.0)
    assert truth.events[0].start_s == pytest.approx(1.85)
    assert json.loads((tmp_path / "weir.json").read_text()) == [truth.to_json()]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["weir.json", "weir.mp4"]


def test_scenes_are_kept_and_repeatable(tmp_path: Path) -> None:
    """The second call paints nothing; another length is another film; two paintings are the same, bit by bit."""
    first, truth = painted_scene("quiet", tmp_path / "a", seconds=6, size=SIZE, fps=1)
    written = first.stat().st_mtime_ns
    again, same = painted_scene("quiet", tmp_path / "a", seconds=6, size=SIZE, fps=1)
    assert (again, again.stat().st_mtime_ns, same) == (first, written, truth)
    other, _ = painted_scene("quiet", tmp_path / "b", seconds=6, size=SIZE, fps=1)
    assert other.name == first.name
    with av.open(str(first)) as one, av.open(str(other)) as two:
        pictures = [[f.to_ndarray() for f in c.decode(video=0)] for c in (one, two)]
    assert all((a == b).all() for a, b in zip(*pictures, strict=True))
    longer, _ = painted_scene("quiet", tmp_path / "a", seconds=7, size=SIZE, fps=1)
    assert longer.name != first.name
