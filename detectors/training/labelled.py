"""Labelled fire and smoke pictures, grouped by scene so that nothing learnt from a scene is examined on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.base import Image

FIRE, SMOKE = 0, 1
LABELS = ("fire", "smoke")
Boxes = NDArray[np.float32]  # shape (n, 5): class, left, top, right, bottom in 0-1

# Pictures whose names begin so have no smoke labels: smoke in them is neither right nor wrong.
_SMOKE_UNKNOWN = "fb_"
_HASH = re.compile(r"_[0-9a-f]{32}$")
_VIDEO_FRAME = re.compile(r"^(?:f8|fb)_(.+)_mp4_\d+$")
# The same video was cut up more than once under other names: pictures that look alike are one scene whatever their
# name. Correlation of grey thumbnails; 0.9 keeps the rooms apart and joins what differs by flames only.
_THUMBNAIL_PX = 16
_ALIKE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture with all that is known of it.

    Attributes:
        name: Unique within its set; file stem, or clip and second.
        image: uint8 BGR.
        boxes: Class and corners in 0-1 of the picture.
        smoke_known: Whether smoke without a box means that there is none.
        scene: Pictures of one place and event share it.
    """

    name: str
    image: Image
    boxes: Boxes
    smoke_known: bool
    scene: str = ""
    real_aspect: bool = field(default=False)  # the picture has the proportions of its camera; data sets were stretched


def read_samples(folder: Path) -> list[Sample]:
    """Return all pictures of `folder/images` with their `folder/labels`, in order of name, grouped by scene."""
    files = sorted((folder / "images").glob("*.jpg"))
    samples = [_read(f, folder / "labels" / f"{f.stem}.txt") for f in files]
    scenes = group_scenes([s.name for s in samples], [s.image for s in samples])
    return [Sample(s.name, s.image, s.boxes, s.smoke_known, scene) for s, scene in zip(samples, scenes, strict=True)]


def _read(file: Path, label_file: Path) -> Sample:
    image = cv2.imread(str(file))
    if image is None:
        msg = f"{file}: not a picture"
        raise ValueError(msg)
    boxes = parse_boxes(label_file.read_text("utf-8"))
    return Sample(file.stem, np.asarray(image, np.uint8), boxes, not file.name.startswith(_SMOKE_UNKNOWN))


def parse_boxes(text: str) -> Boxes:
    """Return class and corners from lines of `class cx cy w h`.

    Raises:
        ValueError: A line has other than five numbers, or a class other than 0 and 1.
    """
    rows = [[float(x) for x in line.split()] for line in text.splitlines() if line.strip()]
    if any(len(r) != 5 or r[0] not in {FIRE, SMOKE} for r in rows):
        raise ValueError("labels are lines of: class cx cy w h, class 0 or 1")
    table = np.asarray(rows, np.float32).reshape(-1, 5)
    half = table[:, 3:] / 2
    corners = np.concatenate([table[:, 1:3] - half, table[:, 1:3] + half], axis=1)
    return np.concatenate([table[:, :1], np.clip(corners, 0, 1)], axis=1).astype(np.float32)


def group_scenes(names: Sequence[str], images: Sequence[Image]) -> list[str]:
    """Return a scene for each picture: frames of one video file, and all that looks alike, belong together.

    The scene is called after the first picture of its group, so it depends on nothing but the pictures.
    """
    groups = _Groups(len(names))
    first_of: dict[str, int] = {}
    for i, name in enumerate(names):
        video = _VIDEO_FRAME.match(_HASH.sub("", name))
        if video:
            groups.join(i, first_of.setdefault(video[1], i))
    for i, j in _look_alikes(images):
        groups.join(i, j)
    return [_HASH.sub("", names[groups.root(i)]) for i in range(len(names))]


def _look_alikes(images: Sequence[Image]) -> Iterator[tuple[int, int]]:
    thumbnails = np.stack([_thumbnail(x) for x in images]) if images else np.zeros((0, 1))
    alike = thumbnails @ thumbnails.T > _ALIKE
    for i, j in np.argwhere(np.triu(alike, 1)):
        yield int(i), int(j)


def _thumbnail(image: Image) -> NDArray[np.float64]:
    """Return a grey thumbnail as a vector of length 1 and mean 0."""
    small = cv2.resize(image, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float64).ravel()
    grey -= grey.mean()
    return np.asarray(grey / max(float(np.linalg.norm(grey)), 1e-9), np.float64)


class _Groups:
    """Union of sets; the root of a set is its first member."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = sorted((self.root(i), self.root(j)))
        self._parent[b] = a


def split(samples: Iterable[Sample], held_out: frozenset[str]) -> tuple[list[Sample], list[Sample]]:
    """Return samples to train on and samples to examine on; whole scenes are held out.

    Raises:
        ValueError: A held-out scene has no picture: the data is not what the split was made for.
    """
    train: list[Sample] = []
    examine: list[Sample] = []
    missing = set(held_out)
    for sample in samples:
        missing.discard(sample.scene)
        (examine if sample.scene in held_out else train).append(sample)
    if missing:
        msg = f"no pictures of the held-out scenes {sorted(missing)}"
        raise ValueError(msg)
    return train, examine


def read_clip(file: Path, every_s: float) -> list[Sample]:
    """Return pictures of a recording without fire or smoke, one every so many seconds, all of one scene."""
    reader = cv2.VideoCapture(str(file))
    rate = reader.get(cv2.CAP_PROP_FPS) or 25.0
    step, samples, index = max(1, round(rate * every_s)), [], 0
    while reader.grab():
        if index % step == 0:
            _, image = reader.retrieve()
            name = f"{file.stem}@{index / rate:.1f}"
            nothing = np.zeros((0, 5), np.float32)
            samples.append(Sample(name, np.asarray(image, np.uint8), nothing, True, file.stem, real_aspect=True))
        index += 1
    reader.release()
    return samples
