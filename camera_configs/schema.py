"""JSON Schema (2020-12) of a configuration file, for editors; the loader checks more than a schema can say."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import Field

from camera_configs.base import ConfigModel
from camera_configs.calendar import CalendarYear
from camera_configs.models import (
    CameraConfig,
    GridConfig,
    LegalCard,
    RegionConfig,
    RuleConfig,
    SnapshotConfig,
    StreamConfig,
)
from camera_configs.taxonomy import EVENT_TYPES, EventTypeSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Defaults(ConfigModel):
    """What a camera leaves out; once per folder."""

    stream: StreamConfig | None = None
    snapshot: SnapshotConfig | None = None
    legal: LegalCard | None = None
    rule: RuleConfig | None = None


class _ConfigFile(ConfigModel):
    """A GridPatrol configuration file: any of these keys, in any split over files."""

    regions: tuple[RegionConfig, ...] = ()
    grids: tuple[GridConfig, ...] = ()
    cameras: tuple[CameraConfig, ...] = ()
    event_types: tuple[EventTypeSpec, ...] = Field(
        default=(), description="Changes and additions to the shipped table."
    )
    calendar: tuple[CalendarYear, ...] = Field(
        default=(), description="Holidays and make-up working days, an entry per year."
    )
    defaults: _Defaults | None = None


def json_schema() -> dict[str, Any]:
    """Return the schema; only `id` is required where `defaults` or the shipped table may fill in the rest."""
    schema = _ConfigFile.model_json_schema(mode="validation")
    parts = schema["$defs"]
    parts["CameraConfig"]["required"].remove("legal")
    for name in ("LegalCard", "StreamConfig", "SnapshotConfig", "RuleConfig"):
        del parts[name]["required"]
    parts["EventTypeSpec"]["required"] = ["id"]
    parts["RuleConfig"]["properties"]["type"] |= _type_choices()
    return {"$schema": DIALECT, **schema, "title": "GridPatrol configuration"}


def schema_text() -> str:
    """Return the schema as it is kept in `schema.json`."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


def _type_choices() -> dict[str, Any]:
    known = [{"const": spec.id, "description": f"{spec.zh} · {spec.en}"} for spec in EVENT_TYPES.values()]
    return {"anyOf": [*known, {"pattern": EventTypeSpec.model_json_schema()["properties"]["id"]["pattern"]}]}


if __name__ == "__main__":
    sys.stdout.write(schema_text())
