"""Entries as documents: one canonical form, and back."""

from __future__ import annotations

import pytest

from camera_configs.documents import (
    Entry,
    Key,
    canonical,
    document_of,
    entries_of,
    key_of,
    model_of,
    models_of,
    site_of,
)
from camera_configs.loader import load_site
from camera_configs.models import RuleConfig
from camera_configs.taxonomy import EVENT_TYPES
from tests.unit.camera_configs.folders import EXAMPLE_SITE

SITE = load_site(EXAMPLE_SITE)


def test_site_is_its_entries() -> None:
    """Whatever order the files had, the same entries make the same site; shipped event types are none."""
    entries = list(entries_of(SITE))
    again = site_of({entry.key: model_of(entry) for entry in entries})
    assert again == site_of(models_of(SITE))
    assert {entry.key.kind for entry in entries} == {"region", "grid", "camera"}


def test_defaults_are_left_out() -> None:
    """A document says what somebody decided, no more."""
    document = document_of(SITE.camera("weir-1"))
    assert "enabled" not in document
    assert document["rules"][1] == {"id": "offline", "type": "camera_fault.offline"}


def test_minimal_area_that_was_asked_for_is_kept() -> None:
    """Rules behave otherwise where somebody asked for it, though it be the default."""
    camera = SITE.camera("weir-1")
    asked = camera.model_copy(update={"rules": (RuleConfig(id="a", type="litter", min_area=0.002),)})
    document = document_of(asked)
    assert document["rules"][0]["min_area"] == 0.002
    again = model_of(Entry(key_of(asked), document))
    assert "min_area" in again.rules[0].model_fields_set  # type: ignore[attr-defined]


def test_event_type_says_only_what_is_other() -> None:
    """A later program's better defaults reach the fields that the site left alone."""
    other = EVENT_TYPES["litter"].model_copy(update={"zh": "垃圾", "cm_code": None})
    document = document_of(other)
    assert set(document) <= {"id", "zh", "cm_code"}
    assert model_of(Entry(Key("event_type", "litter"), document)) == other


def test_zero_is_written_in_one_way() -> None:
    """-0.0 equals 0.0, so its text must be the same."""
    position = SITE.camera("weir-1").position.model_copy(update={"lon": -0.0})
    document = document_of(SITE.camera("weir-1").model_copy(update={"position": position}))
    assert "-0.0" not in canonical(document)


def test_what_is_no_entry_has_no_key() -> None:
    """Only four kinds are kept by themselves."""
    with pytest.raises(TypeError):
        key_of(SITE.camera("weir-1").legal)
