"""Paints a scene into an H.264 file, with the truth beside it, and keeps what it has painted."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from gateway.errors import GridPatrolError
from gateway.simulator.places import Size
from gateway.simulator.scenery.lens import Picture
from gateway.simulator.scenes import LOOP_S, SCENES, SceneSpec, SceneTruth

MIN_SECONDS = 6.0  # below this, what happens is over before a rule can notice it
GOP_S = 2.0  # seconds between keyframes, as most cameras are set
_CRF = 25  # 0.6-1.5 Mbit/s at 960x540 and 12 fps, like a camera's substream


class SceneUnknown(GridPatrolError):
    """There is no scene of that name."""


class SceneImpossible(GridPatrolError):
    """A scene cannot be painted at that size, length or rate."""


def render_scene(
    name: str, out: Path, *, seconds: float = 60, size: tuple[int, int] = (960, 540), fps: int = 12
) -> SceneTruth:
    """Paint a scene; blocks for about as long as the film lasts. The file appears only when it is whole.

    Beside `out`, `truth.json`'s entry is written to the same name with the suffix `.json`, as a list of one.

    Args:
        name: A key of `SCENES`.
        out: An MP4 file to write; its folder must exist.
        seconds: Length; what happens is scaled from 60 s.
        size: Width and height in pixels, even numbers in the proportion 16:9.
        fps: Pictures per second.

    Raises:
        SceneUnknown: No such scene.
        SceneImpossible: Wrong proportion, odd size, or too short.
    """
    spec = _spec(name)
    _check(size, seconds, fps)
    partial = out.with_suffix(".part.mp4")
    with av.open(str(partial), "w", options={"movflags": "faststart"}) as container:
        _encode(container, _pictures(spec, size, seconds, fps), size, fps)
    truth = _truth(spec, out.name, seconds, size, fps)
    out.with_suffix(".json").write_text(json.dumps([truth.to_json()], indent=1), encoding="utf-8")
    partial.replace(out)
    return truth


def painted_scene(
    name: str, folder: Path, *, seconds: float = 60, size: tuple[int, int] = (960, 540), fps: int = 12
) -> tuple[Path, SceneTruth]:
    """Return a painted scene from a folder, painting it first if it is not there.

    The file's name holds a digest of all that shapes it, the painter's own code included.

    Raises:
        SceneUnknown, SceneImpossible: As `render_scene`.
    """
    spec = _spec(name)
    out = scene_path(name, folder, seconds=seconds, size=size, fps=fps)
    if out.exists():
        return out, _truth(spec, out.name, seconds, size, fps)
    folder.mkdir(parents=True, exist_ok=True)
    return out, render_scene(name, out, seconds=seconds, size=size, fps=fps)


def scene_path(
    name: str, folder: Path, *, seconds: float = 60, size: tuple[int, int] = (960, 540), fps: int = 12
) -> Path:
    """Return where `painted_scene` keeps a scene, whether or not it is there yet."""
    return folder / f"{name}-{_digest((name, seconds, size, fps))}.mp4"


def _spec(name: str) -> SceneSpec:
    if name not in SCENES:
        raise SceneUnknown(f"no scene {name!r}; there are {', '.join(SCENES)}")
    return SCENES[name]


def _check(size: Size, seconds: float, fps: int) -> None:
    width, height = size
    if width * 9 != height * 16 or width % 2 or height % 2:
        raise SceneImpossible(f"{width}x{height} is not an even 16:9")
    if seconds < MIN_SECONDS or fps < 1:
        raise SceneImpossible(f"needs {MIN_SECONDS:g} s and 1 fps or more")


def _pictures(spec: SceneSpec, size: Size, seconds: float, fps: int) -> Iterator[Picture]:
    rng = np.random.default_rng(zlib.crc32(spec.name.encode()))
    stage = spec.stage(size, seconds / LOOP_S, rng)
    for number in range(round(seconds * fps)):
        yield stage.paint(number, number / fps)


def _encode(container: OutputContainer, pictures: Iterator[Picture], size: Size, fps: int) -> None:
    gop = round(GOP_S * fps)
    options = {"preset": "veryfast", "crf": str(_CRF), "bf": "0", "g": str(gop), "sc_threshold": "0"}
    stream: VideoStream = container.add_stream("libx264", rate=fps, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, fps)
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _truth(spec: SceneSpec, file: str, seconds: float, size: Size, fps: int) -> SceneTruth:
    scale = seconds / LOOP_S
    events = tuple(replace(e, start_s=e.start_s * scale, end_s=e.end_s * scale) for e in spec.events)
    media = {"codec": "h264", "width": size[0], "height": size[1], "fps": float(fps), "duration_s": seconds}
    return SceneTruth(file, spec.name, spec.shows, spec.rules, events, spec.negative_for, media)


def _digest(parameters: object) -> str:
    digest = hashlib.sha256(repr(parameters).encode())
    here = Path(__file__).parent
    for source in sorted([here / "painter.py", here / "places.py", here / "scenes.py", *here.glob("scenery/*.py")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]
