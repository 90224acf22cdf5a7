"""Which faults are armed on a camera: all that are told from pictures or states, unless a rule says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from camera_configs.models import CameraConfig, RuleConfig
from camera_configs.taxonomy import EventTypeSpec
from gateway.analysis.condition import Condition, Patience, Subject
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.rules import FaultRule
from gateway.analysis.health.state_faults import ClockRule, LossRule

# The picture comes back in one frame, and a fault that returns at once is worth knowing of.
FAULT_CLEAR_S = 3.0

StateRule = ClockRule | LossRule
SpecOf = Callable[[str], EventTypeSpec]


def picture_rules(camera: CameraConfig, spec_of: SpecOf) -> list[tuple[FaultRule, RuleConfig | None]]:
    """Return the rules told of frames, each with the configuration it came from; None: armed on every camera."""
    rules = [(FaultRule(c), config) for t in fault.ALWAYS_FROM_PICTURES for c, config in _armed(camera, t, spec_of)]
    asked = [(FaultRule(c), config) for c, config in _armed(camera, fault.TOO_DARK, spec_of) if config is not None]
    return rules + asked


def state_rules(camera: CameraConfig, spec_of: SpecOf) -> tuple[StateRule, ...]:
    """Return the rules told of states, about once a second."""
    clock = [ClockRule(c) for c, _ in _armed(camera, fault.CLOCK, spec_of, gaps_matter=False)]
    loss = [LossRule(c) for c, _ in _armed(camera, fault.LOSS, spec_of, gaps_matter=False)]
    return (*clock, *loss)


def _armed(
    camera: CameraConfig, kind: str, spec_of: SpecOf, *, gaps_matter: bool = True
) -> Iterator[tuple[Condition, RuleConfig | None]]:
    spec = spec_of(kind)
    configs = [r for r in camera.rules if r.type == kind]
    if not configs:
        patience = Patience(spec.dwell_s, FAULT_CLEAR_S, cool_down_s=0.0)
        yield Condition(Subject(camera.id, kind, kind, None), patience, gaps_matter=gaps_matter), None
    for config in configs:
        if config.enabled:
            dwell_s = spec.dwell_s if config.dwell_s is None else config.dwell_s
            patience = Patience(dwell_s, config.clear_s, config.cool_down_s)
            yield Condition(Subject(camera.id, config.id, kind, None), patience, gaps_matter=gaps_matter), config
