"""The table of event types: what can be flagged, how urgent it is, and who puts it right.

The shipped table is `event_types.yaml` beside this module. Codes and deadlines differ from city to city, so a site
overrides single fields, or adds types, under `event_types` in its configuration folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal

import yaml
from pydantic import Field, StringConstraints

from camera_configs.base import ConfigModel, Name, Severity

EventTypeId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}(\.[a-z][a-z0-9_]{0,47})?$"),
    Field(description="Lower-case words joined by '_'; one '.' sets a kind apart from its parent."),
]
Technique = Literal["classical", "objects", "model"]

# Not in the shipped table, since no list of a city's that we know has it; a site that adds it under its own
# `event_types` gets the rule for it (GA/T 2000.254 has the code 07, GB/T 28181 5/7).
WRONG_WAY = "wrong_way"

_UNIT_ZH = {"min": "分钟", "h": "小时", "wh": "工作时", "wd": "工作日"}
_UNIT_EN = {"min": "minute", "h": "hour", "wh": "working hour", "wd": "working day"}


class Deadline(ConfigModel):
    """Time allowed from opening a case to putting it right."""

    amount: int = Field(ge=1, le=10_000)
    unit: Literal["min", "h", "wh", "wd"] = Field(
        description="Clock minutes or hours; 'wh' and 'wd' are working hours (工作时) and working days (工作日)."
    )

    @property
    def zh(self) -> str:
        """In Chinese, for example `4 工作时`."""
        return f"{self.amount} {_UNIT_ZH[self.unit]}"

    @property
    def en(self) -> str:
        """In English, for example `4 working hours`."""
        return f"{self.amount} {_UNIT_EN[self.unit]}{'' if self.amount == 1 else 's'}"


class Department(ConfigModel):
    """Who puts it right, as the platform would route it by default."""

    zh: Name
    en: Name


class EventTypeSpec(ConfigModel):
    """One kind of scene event.

    `technique` says what recognises it: `classical` needs no model, `objects` a detector of people and vehicles
    (a motion detector will do, less precisely), `model` a model trained for it, without which nothing is flagged.
    """

    id: EventTypeId
    zh: Name
    en: Name
    severity: Severity
    dwell_s: float = Field(ge=0, le=86_400, description="The condition must hold for so long before it is an event.")
    cadence_s: float = Field(gt=0, le=3_600, description="At least one look per so many seconds.")
    deadline: Deadline
    department: Department
    technique: Technique
    parent: str | None = Field(default=None, description="The group it belongs to, for example `camera_fault`.")
    cm_code: str | None = Field(default=None, description="City-management class (数字城管) of this city.")
    ga_code: str | None = Field(default=None, description="GA/T 2000.254 event code.")
    gb_code: str | None = Field(default=None, description="GB/T 28181 alarm `method/type`.")

    @property
    def needs_model(self) -> bool:
        """Nothing is flagged without a trained model."""
        return self.technique == "model"


def _load() -> dict[str, EventTypeSpec]:
    text = files("camera_configs").joinpath("event_types.yaml").read_text(encoding="utf-8")
    specs = [EventTypeSpec.model_validate(item) for item in yaml.safe_load(text)["event_types"]]
    return {spec.id: spec for spec in specs}


EVENT_TYPES: Mapping[str, EventTypeSpec] = MappingProxyType(_load())


def is_camera_fault(type_id: str) -> bool:
    """Say whether an event type is a fault of the camera itself, not something in its scene."""
    return type_id.startswith("camera_fault.")


def event_type(type_id: str) -> EventTypeSpec:
    """Return an event type of the shipped table; a site's own wording is `SiteConfig.event_type`.

    Raises:
        KeyError: No such event type.
    """
    return EVENT_TYPES[type_id]
