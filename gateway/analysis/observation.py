"""What a rule sees of one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from detectors.picture import PictureReading
from gateway.analysis.health.monitor import SOUND, Health
from gateway.types import Luma, Track

FOREGROUND = "foreground"  # label of tracks made from moving blobs, where no model is in use


class BlobView(Protocol):
    """A coherent patch of the picture that differs from the background (see `detectors.foreground`)."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in 0-1."""

    @property
    def area(self) -> float:
        """Share of the picture that the patch itself covers; less than its box."""

    @property
    def since_s(self) -> float | None:
        """Since when a still blob has been there; None for moving ones."""

    @property
    def settled_s(self) -> float | None:
        """Since when nearly all of a still blob has not changed at all; None for parts of something that moves."""

    @property
    def strength(self) -> float:
        """How clearly it differs from the background: 1 where it just counts, no upper end."""


def certainty(blob: BlobView) -> float:
    """Return a blob's strength as a confidence: 0.5 where it just counts as foreground, towards 1 above."""
    return blob.strength / (1 + blob.strength)


class ForegroundView(Protocol):
    """One frame against the learned background."""

    @property
    def moving(self) -> Sequence[BlobView]:
        """What changes now."""

    @property
    def still(self) -> Sequence[BlobView]:
        """What was not in the background and has stopped changing."""

    @property
    def global_change(self) -> bool:
        """Most of the picture changed at once: a lamp, a shutter, a bumped camera."""

    @property
    def ready(self) -> bool:
        """The background has been learned."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One frame as the rules see it.

    Attributes:
        tracks: Objects alive; those seen in this very frame have `last_seen_s == at_s`.
        armed: The rule's schedule is in force.
        looked: Objects were looked for in this frame. When False, a missing object means nothing.
        steady: The foreground can be believed: learned, and no light switch just now.
        modelled: Tracks come from a model; when False they are moving blobs labelled "foreground".
        health: What is wrong with the camera itself.
        moment: Wall time, aware.
        small: The picture itself (`Frame.small`), for rules that compare a place with how it was.
    """

    camera_id: str
    at_s: float
    tracks: tuple[Track, ...]
    reading: ForegroundView
    picture: PictureReading
    armed: bool = True
    looked: bool = True
    steady: bool = True
    modelled: bool = True
    health: Health = SOUND
    small: Luma | None = None
    moment: datetime | None = None

    @property
    def seen(self) -> tuple[Track, ...]:
        """The tracks seen in this very frame."""
        return tuple(t for t in self.tracks if t.last_seen_s >= self.at_s)
