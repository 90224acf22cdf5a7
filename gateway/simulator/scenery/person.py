"""A person on foot, built of limbs that swing; shape and clothes only, nobody in particular."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from gateway.simulator.scenery.figures import OVERSAMPLING, Cutout, Patch, Pose, Route, shade, shadow
from gateway.simulator.scenery.lens import Lens, Picture, Points
from gateway.simulator.scenery.texture import Colour

_STRIDE_M = 1.45  # two steps
_SKIN: Colour = (120, 150, 190)
_HAIR: Colour = (28, 26, 28)
_SHOE: Colour = (40, 38, 40)


@dataclass(frozen=True, slots=True)
class Look:
    """Clothes and size."""

    coat: Colour = (92, 62, 48)
    trousers: Colour = (58, 50, 46)
    height_m: float = 1.70


@dataclass(frozen=True, slots=True)
class _Limb:
    ends: Points  # (2, 3) world
    radii_m: tuple[float, float]
    colour: Colour


class Walker:
    """A person on a route; while the route stands still so do the legs.

    Attributes:
        sunk_m: How deep the ground lies under water where the person is; what is below is not drawn.
    """

    def __init__(self, lens: Lens, route: Route, look: Look, *, carries_until_s: float = -1.0) -> None:
        self._lens = lens
        self._route = route
        self._look = look
        self._carries_until_s = carries_until_s
        self._wet_from_y: tuple[float, float] | None = None
        self._depth_m = 0.0

    def wading(self, between_y: tuple[float, float], depth_m: float) -> Walker:
        """Say where this person stands in water, and how deep; returns itself."""
        self._wet_from_y, self._depth_m = between_y, depth_m
        return self

    def distance_m(self, at_s: float) -> float:
        """As far as the feet."""
        pose = self._route.pose(at_s)
        return pose.y if pose else math.inf

    def draw(self, picture: Picture, at_s: float) -> None:
        """Lay shadow and figure."""
        pose = self._route.pose(at_s)
        if pose is None:
            return
        sunk = self._sunk_m(pose)
        limbs = self._limbs(pose, at_s, sunk)
        joints = np.concatenate([limb.ends for limb in limbs])
        if sunk > 0:
            self._wake(picture, pose, at_s, sunk)
        else:
            shadow(self._lens, joints, 0.5, 1.6).lay_on(picture)
        self._figure(pose, limbs, joints, wet=sunk > 0).lay_on(picture)

    def _figure(self, pose: Pose, limbs: list[_Limb], joints: Points, *, wet: bool) -> Cutout:
        margin = np.array([[0.25, 0, 0.2], [-0.25, 0, -0.1]])
        patch = Patch(self._lens, np.concatenate([joints + m for m in margin]))
        scale = self._lens.pixels_per_m(pose.x, pose.y, 0.9) * OVERSAMPLING
        far_first = sorted(limbs, key=lambda m: -float(self._lens.depth(m.ends).mean()))
        for limb in far_first:
            patch.taper(limb.ends, limb.radii_m, shade(limb.colour, 0.72), scale)
            lit = limb.ends + np.array([-0.018, 0.0, 0.012])  # the side towards the sun
            patch.taper(lit, (limb.radii_m[0] * 0.66, limb.radii_m[1] * 0.66), shade(limb.colour, 1.06), scale)
        if wet:
            line = patch.place(np.array([[pose.x, pose.y, 0.0]]))[0, 1]
            patch.matte[max(int(line), 0) :] = 0
        patch.colour[:] = cv2.GaussianBlur(patch.colour, (0, 0), OVERSAMPLING * 0.3)
        return patch.cut_out()

    def _wake(self, picture: Picture, pose: Pose, at_s: float, sunk_m: float) -> None:
        """Rings on the water around the legs, and the dark mirror image before them."""
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([np.cos(turn), np.sin(turn), np.zeros(24)], axis=1)
        here = np.array([pose.x, pose.y, 0.0])
        mirror = here + ring * [0.28, 0.7, 0] - [0, 0.6, 0]
        patch = Patch(self._lens, here + ring * 1.6)
        patch.fill_world(mirror, (70, 72, 62))
        patch.cut_out().lay_on(picture, 0.30)
        for number in range(3):
            age = (at_s * 0.9 + number / 3) % 1.0
            patch = Patch(self._lens, here + ring * 1.8)
            edge = patch.place(here + ring * (0.25 + 1.1 * age))
            fixed = [np.round(edge * 16).astype(np.int32)]
            cv2.polylines(patch.matte, fixed, True, 255, OVERSAMPLING, cv2.LINE_AA, 4)
            patch.colour[:] = (216, 212, 204)
            patch.cut_out().lay_on(picture, 0.7 * (1 - age) * min(sunk_m * 4, 1))

    def _sunk_m(self, pose: Pose) -> float:
        if self._wet_from_y is None:
            return 0.0
        near, far = self._wet_from_y
        return self._depth_m * float(np.clip(min(pose.y - near, far - pose.y) / 0.8, 0, 1))

    def _limbs(self, pose: Pose, at_s: float, sunk_m: float) -> list[_Limb]:
        phase = pose.gone_m / _STRIDE_M * 2 * math.pi if pose.moving else 0.0
        swing = 0.48 * math.sin(phase) if pose.moving else 0.04 * math.sin(at_s * 0.7)
        limbs = []
        for side in (-1, 1):
            limbs += self._leg(pose, side, swing * side, phase + (math.pi if side < 0 else 0.0))
            limbs += self._arm(pose, side, -swing * side * 0.9)
        limbs += self._trunk(pose)
        if at_s < self._carries_until_s:
            hand = limbs[5].ends[1] if len(limbs) > 5 else self._at(pose, 0, 0.2, 0.75)
            limbs.append(_Limb(hand - np.array([(0, 0, 0.16), (0, 0, 0.32)]), (0.10, 0.16), (30, 32, 44)))
        return [_Limb(limb.ends - [0, 0, sunk_m], limb.radii_m, limb.colour) for limb in limbs]

    def _at(self, pose: Pose, ahead: float, aside: float, up: float) -> Points:
        """World point relative to the body; lengths are for a height of 1.70 m."""
        size = self._look.height_m / 1.70
        cos, sin = math.cos(pose.heading), math.sin(pose.heading)
        x = pose.x + (ahead * cos - aside * sin) * size
        y = pose.y + (ahead * sin + aside * cos) * size
        return np.array([x, y, up * size])

    def _leg(self, pose: Pose, side: int, swing: float, phase: float) -> list[_Limb]:
        bend = 0.75 * max(math.cos(phase), 0.0) if pose.moving else 0.05  # the knee gives while the foot comes forward
        hip = (0.0, 0.93)
        knee = (hip[0] + 0.45 * math.sin(swing), hip[1] - 0.45 * math.cos(swing))
        ankle = (knee[0] + 0.44 * math.sin(swing - bend), knee[1] - 0.44 * math.cos(swing - bend))
        points = [self._at(pose, a, side * 0.095, z) for a, z in (hip, knee, ankle)]
        toe = self._at(pose, ankle[0] + 0.17, side * 0.10, max(ankle[1] - 0.04, 0.02))
        trousers = self._look.trousers
        return [
            _Limb(np.stack([points[0], points[1]]), (0.105, 0.075), trousers),
            _Limb(np.stack([points[1], points[2]]), (0.075, 0.055), trousers),
            _Limb(np.stack([points[2], toe]), (0.05, 0.04), _SHOE),
        ]

    def _arm(self, pose: Pose, side: int, swing: float) -> list[_Limb]:
        elbow = (0.29 * math.sin(swing), 1.39 - 0.29 * math.cos(swing))
        bent = swing + 0.35
        hand = (elbow[0] + 0.27 * math.sin(bent), elbow[1] - 0.27 * math.cos(bent))
        points = [
            self._at(pose, a, side * w, z)
            for a, w, z in ((0, 0.20, 1.39), (*[elbow[0], 0.25], elbow[1]), (hand[0], 0.24, hand[1]))
        ]
        return [
            _Limb(np.stack([points[0], points[1]]), (0.065, 0.052), self._look.coat),
            _Limb(np.stack([points[1], points[2]]), (0.052, 0.040), shade(self._look.coat, 0.95)),
            _Limb(np.stack([points[2], points[2] - [0, 0, 0.05]]), (0.042, 0.038), _SKIN),
        ]

    def _trunk(self, pose: Pose) -> list[_Limb]:
        hips, chest = self._at(pose, 0, 0, 0.92), self._at(pose, 0.03, 0, 1.33)
        shoulders = np.stack([self._at(pose, 0.02, s * 0.13, 1.40) for s in (-1, 1)])
        neck, head = self._at(pose, 0.03, 0, 1.46), self._at(pose, 0.06, 0, 1.60)
        crown = self._at(pose, 0.035, 0, 1.64)
        return [
            _Limb(np.stack([hips, chest]), (0.15, 0.175), self._look.coat),
            _Limb(shoulders, (0.09, 0.09), self._look.coat),
            _Limb(np.stack([neck, head]), (0.055, 0.092), _SKIN),
            _Limb(np.stack([crown, self._at(pose, 0.0, 0, 1.60)]), (0.092, 0.085), _HAIR),
        ]
