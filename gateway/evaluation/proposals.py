"""What reviewers' verdicts suggest for a camera: a higher threshold, a longer wait, an area to ignore. Nothing more.

A proposal is a changed camera and the reason for it. It is made from figures of events alone; whether it holds is shown
by replaying the kept clips under it (`dry_run`), and only a person puts it in force.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from camera_configs.models import CameraConfig, RuleConfig, ZoneConfig
from gateway.evaluation.cameras import dwell_of
from gateway.evaluation.dry_run import DryRun, Kept, Would
from storage.records import Verdict

LEAST_REJECTED = 5  # of a rule; fewer are anecdotes
LEAST_SPARED = 0.3  # of the rejected events; a change for less is not worth a person's time
# A threshold stays so far below the least of what was confirmed: the next true event may be a little weaker.
CONFIDENCE_MARGIN = 0.05
DWELL_MARGIN = 0.8  # of the shortest confirmed event
MOST_CONFIDENCE = 0.9
MOST_DWELL_S = 3_600.0
MOST_IGNORED_AREA = 0.1  # of the picture: more is not a spot that deceives but a zone drawn wrongly
IGNORED_RIM = 0.01  # of the picture, around what deceived
SAME_SPOT_IOU = 0.3

Box = tuple[float, float, float, float]


class Kind(StrEnum):
    """What is to be changed."""

    MIN_CONFIDENCE = "min_confidence"
    DWELL_S = "dwell_s"
    IGNORE_AREA = "ignore_area"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change of one rule.

    Attributes:
        camera: The camera as it would be.
        before: Threshold or seconds now; None for an area.
        after: Likewise proposed.
        area: What is to be ignored, in 0-1 of the picture; None for a threshold.
        rejected: Events of the rule that reviewers rejected.
        spared: How many of these would not have been, by their figures.
        confirmed: Events of the rule that reviewers confirmed; by their figures all of them stay.
    """

    rule_id: str
    kind: Kind
    camera: CameraConfig
    before: float | None
    after: float | None
    area: Box | None
    rejected: int
    spared: int
    confirmed: int

    @property
    def key(self) -> str:
        """Names it among the proposals of its camera."""
        return f"{self.rule_id}-{self.kind.value}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What replaying kept clips says of a proposal.

    Attributes:
        spared: Rejected events that would not have been flagged.
        kept: Rejected events that still would.
        lost: Confirmed events that would not have been flagged.
        unknown: Judged events of which the clips do not tell.
    """

    spared: int
    kept: int
    lost: int
    unknown: int

    @property
    def holds(self) -> bool:
        """It spares somebody's time, and no confirmed event is lost."""
        return self.spared > 0 and self.lost == 0


def propose(camera: CameraConfig, events: Sequence[Kept]) -> list[Proposal]:
    """Return what the verdicts on a camera's events suggest, most spared first; events of other rules are ignored."""
    found: list[Proposal] = []
    for rule in camera.rules:
        rejected = [k for k in events if k.event.rule_id == rule.id and k.verdict is Verdict.REJECTED]
        confirmed = [k for k in events if k.event.rule_id == rule.id and k.verdict is Verdict.CONFIRMED]
        if rule.enabled and len(rejected) >= LEAST_REJECTED:
            case = _Case(camera, rule, rejected, confirmed)
            found += [p for p in (_confidence(case), _dwell(case), _ignore(case)) if p is not None]
    return sorted(found, key=lambda p: (-p.spared, p.key))


def judge(outcome: DryRun) -> Tried:
    """Return what a replay says of the change it was made for."""

    def count(verdict: Verdict, would: Would) -> int:
        return outcome.count(verdict.value, would)

    return Tried(
        spared=count(Verdict.REJECTED, Would.NOT_FLAGGED),
        kept=count(Verdict.REJECTED, Would.FLAGGED),
        lost=count(Verdict.CONFIRMED, Would.NOT_FLAGGED),
        unknown=count(Verdict.REJECTED, Would.UNKNOWN) + count(Verdict.CONFIRMED, Would.UNKNOWN),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    camera: CameraConfig
    rule: RuleConfig
    rejected: Sequence[Kept]
    confirmed: Sequence[Kept]

    def proposal(
        self,
        kind: Kind,
        camera: CameraConfig,
        spared: int,
        *,
        before: float | None = None,
        after: float | None = None,
        area: Box | None = None,
    ) -> Proposal | None:
        """Return the proposal if it is worth one."""
        if spared < max(1, math.ceil(LEAST_SPARED * len(self.rejected))):
            return None
        rejected, confirmed = len(self.rejected), len(self.confirmed)
        return Proposal(self.rule.id, kind, camera, before, after, area, rejected, spared, confirmed)

    def with_rule(self, **changes: float) -> CameraConfig:
        """Return the camera with this rule changed."""
        changed = RuleConfig.model_validate(self.rule.model_dump(exclude_unset=True) | changes)
        rules = tuple(changed if r.id == self.rule.id else r for r in self.camera.rules)
        return self.camera.model_copy(update={"rules": rules})


def _confidence(case: _Case) -> Proposal | None:
    """Ask for more certainty, as far as every confirmed event had more; without one nobody knows how far."""
    if not case.confirmed:
        return None
    least = min(k.event.confidence for k in case.confirmed)
    after = _floor(min(least - CONFIDENCE_MARGIN, MOST_CONFIDENCE), 0.01)
    if after <= case.rule.min_confidence:
        return None
    spared = sum(k.event.confidence < after for k in case.rejected)
    changed = case.with_rule(min_confidence=after)
    return case.proposal(Kind.MIN_CONFIDENCE, changed, spared, before=case.rule.min_confidence, after=after)


def _dwell(case: _Case) -> Proposal | None:
    """Wait longer, as far as every confirmed event lasted."""
    if not case.confirmed:
        return None
    before = dwell_of(case.rule)
    after = _floor(min(DWELL_MARGIN * min(map(_lasted_s, case.confirmed)), MOST_DWELL_S), 1.0)
    if after <= before:
        return None
    spared = sum(_lasted_s(k) < after for k in case.rejected)
    return case.proposal(Kind.DWELL_S, case.with_rule(dwell_s=after), spared, before=before, after=after)


def _ignore(case: _Case) -> Proposal | None:
    """Ignore a spot that deceives again and again, and that no confirmed event ever touched."""
    boxes = [box for k in case.rejected if (box := _box(k)) is not None]
    spot = max(([b for b in boxes if _iou(b, seed) >= SAME_SPOT_IOU] for seed in boxes), key=len, default=[])
    if len(spot) < LEAST_REJECTED:
        return None
    area = _around(spot)
    if _size(area) > MOST_IGNORED_AREA or any(_overlap(area, box) > 0 for k in case.confirmed for box in k.event.boxes):
        return None
    x1, y1, x2, y2 = area
    zone_id = _free(f"ignore-{case.rule.id}"[:60], {z.id for z in case.camera.zones})
    polygon = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    preset = None if case.rule.zone is None else case.camera.zone(case.rule.zone).preset
    zone = ZoneConfig(id=zone_id, name=zone_id, kind="ignore", polygon=polygon, preset=preset)
    changed = case.camera.model_copy(update={"zones": (*case.camera.zones, zone)})
    spared = sum(_inside(box, area) for box in boxes)
    return case.proposal(Kind.IGNORE_AREA, changed, spared, area=area)


def _lasted_s(kept: Kept) -> float:
    event = kept.event
    return ((event.ended_at or event.last_seen_at) - event.started_at).total_seconds()


def _box(kept: Kept) -> Box | None:
    return max(kept.event.boxes, key=_size, default=None)


def _size(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(a: Box, b: Box) -> float:
    return _size((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def _iou(a: Box, b: Box) -> float:
    both = _overlap(a, b)
    return both / max(_size(a) + _size(b) - both, 1e-9)


def _inside(box: Box, area: Box) -> bool:
    """Say whether what stands there is ignored: by its middle, as the analysis does."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return area[0] <= x <= area[2] and area[1] <= y <= area[3]


def _around(boxes: Iterable[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (
        max(0.0, round(min(lefts) - IGNORED_RIM, 3)),
        max(0.0, round(min(tops) - IGNORED_RIM, 3)),
        min(1.0, round(max(rights) + IGNORED_RIM, 3)),
        min(1.0, round(max(bottoms) + IGNORED_RIM, 3)),
    )


def _floor(value: float, step: float) -> float:
    return round(math.floor(value / step + 1e-9) * step, 4)


def _free(wanted: str, taken: set[str]) -> str:
    names = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
