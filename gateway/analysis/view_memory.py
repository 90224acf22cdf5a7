"""What analysis remembers of one view of a camera; a camera that turns has as many as it has presets.

Each preset is remembered as if it were a stream of its own with gaps in it: what was seen in one says nothing of
another. Of an unknown view nothing is kept once it is left.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from camera_configs.models import CameraConfig
from detectors.base import Image
from gateway.analysis.fire_watch import FireWatch
from gateway.analysis.following import Follower
from gateway.analysis.health.presets import PresetFinder
from gateway.analysis.model_pass import ModelPass
from gateway.analysis.observation import ForegroundView
from gateway.analysis.ruleset import ArmedRule
from gateway.analysis.seen import SceneWatch
from gateway.types import Frame


class ForegroundSource(Protocol):
    """Where the foreground comes from; one per view, shown its frames in order."""

    def update(self, luma: Image, at_s: float) -> ForegroundView:
        """Take in one luma plane, 240 px wide or more."""


class ViewMemory:
    """One view's own background, tracks and watches.

    Attributes:
        armed: The rules in force when a frame of it was last analysed.
        readable_s: The last picture in which the scene could be seen.
        changed_s: The last global change.
        moved_s: The last motion in or near an armed zone.
        analysed_s: The last frame.
    """

    def __init__(self, foreground: ForegroundSource, follower: Follower, fire: FireWatch, scene: SceneWatch) -> None:
        self.foreground = foreground
        self.follower = follower
        self.fire = fire
        self.scene = scene
        self.armed: list[ArmedRule] = []
        self.readable_s = self.changed_s = self.moved_s = self.analysed_s = -math.inf

    @property
    def passes(self) -> tuple[ModelPass, ...]:
        """Of models, counted."""
        return self.follower.passes, self.fire.passes, self.scene.passes


Remember = Callable[[str | None], ViewMemory]


class Views:
    """The views of one camera, and the one it shows.

    Args:
        finder: Knows the presets; None: they are not told apart, and everything belongs to one view.
        remember: Makes a memory, of a preset or (None) of all that is none.

    Attributes:
        preset: The preset in view; None: none, or unknown.
        now: The memory of the view shown.
        inferences: Passes of models in views that are forgotten.
        failed_inferences: Of those, the ones that failed.
    """

    def __init__(self, finder: PresetFinder | None, remember: Remember) -> None:
        self._finder = finder
        self._remember = remember
        self.preset: str | None = None
        self.now = remember(None)
        self._kept: dict[str, ViewMemory] = {}
        self.inferences = self.failed_inferences = 0

    @property
    def told_apart(self) -> bool:
        """The camera has presets, and it is known which one it shows or that it shows none."""
        return self._finder is not None

    @property
    def all(self) -> list[ViewMemory]:
        """Every memory there is."""
        shown = [] if self.preset is not None else [self.now]
        return [*self._kept.values(), *shown]

    def look(self, frame: Frame) -> None:
        """Find out which view a frame shows, and turn to what is remembered of it."""
        if self._finder is None:
            return
        preset = self._finder.look(frame.small, frame.at_s)
        if preset == self.preset:
            return
        if self.preset is None:
            self.inferences += sum(p.inferences for p in self.now.passes)
            self.failed_inferences += sum(p.failed_inferences for p in self.now.passes)
        self.preset = preset
        if preset is None:
            self.now = self._remember(None)
        else:
            self.now = self._kept[preset] = self._kept.get(preset) or self._remember(preset)

    def holds(self, rule: ArmedRule) -> bool:
        """Say whether a rule belongs to the view shown."""
        return self._finder is None or rule.preset is None or rule.preset == self.preset


def seen_in(camera: CameraConfig, view: str | None) -> CameraConfig:
    """Return the camera with the zones of one view alone: those of that preset, and those of every view."""
    zones = tuple(zone for zone in camera.zones if zone.preset in {None, view})
    return camera.model_copy(update={"zones": zones})
