"""The rules of faults read from pictures: one fault each; which one it is was settled by the monitor."""

from __future__ import annotations

from gateway.analysis.condition import Condition, Sight
from gateway.analysis.observation import Observation
from gateway.analysis.zones import WHOLE_PICTURE
from gateway.types import Signal


class FaultRule:
    """The camera has the fault that this rule's event type names."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.zone = WHOLE_PICTURE
        self.objects: frozenset[str] = frozenset()

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame."""
        if not observation.armed:
            return self.condition.drop(observation.at_s)
        health = observation.health
        there = health.fault == self.condition.subject.event_type
        return self.condition.update(Sight(health.since_s) if there else None, observation.at_s)
