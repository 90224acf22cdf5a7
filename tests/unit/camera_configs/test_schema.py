"""The JSON Schema that editors use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import camera_configs
from camera_configs.schema import json_schema, schema_text
from tests.unit.camera_configs.folders import EXAMPLE_SITE, SOUND

PACKAGE = Path(camera_configs.__file__).parent
SHIPPED = [*sorted(EXAMPLE_SITE.rglob("*.yaml")), PACKAGE / "event_types.yaml"]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("zone: lane }", "zoen: lane }"),
        ("public_road", "toilet"),
        ("lon: 100.4", "lon: east"),
        ("type: fire_lane_blocked", "type: Fire Lane"),
        ("/gate }]", "/gate }]\n    snapshot: { uri: http://10.0.0.5/snap }"),
    ],
)
def test_an_editor_would_mark_a_slip(validator: jsonschema.Draft202012Validator, old: str, new: str) -> None:
    """Unknown keys, forbidden places, wrong types and malformed event types are not valid."""
    assert not validator.is_valid(yaml.safe_load(SOUND.replace(old, new)))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_are_valid_and_name_the_schema(validator: jsonschema.Draft202012Validator, path: Path) -> None:
    """Every YAML file we ship fits, and its first line leads an editor to the schema."""
    text = path.read_text(encoding="utf-8")
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    reference = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / reference).resolve() == PACKAGE / "schema.json"


def test_the_committed_copy_is_in_step() -> None:
    """After a change of the models run: python -m camera_configs.schema > camera_configs/schema.json."""
    assert (PACKAGE / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_offers_event_types_in_both_languages() -> None:
    """Completion shows what a type means."""
    choices: list[dict[str, Any]] = json_schema()["$defs"]["RuleConfig"]["properties"]["type"]["anyOf"]
    assert {"const": "litter", "description": "暴露垃圾 · Exposed litter"} in choices
