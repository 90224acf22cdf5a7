"""A site as single entries: what is kept, compared and written one by one.

A document is an entry as JSON-like values in one canonical form: fields in the order of the model, defaults left out,
plain passwords never in it. Of an event type that comes with the program it holds only what the site says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from camera_configs.calendar import CalendarYear
from camera_configs.models import CameraConfig, GridConfig, RegionConfig, SiteConfig
from camera_configs.taxonomy import EVENT_TYPES, EventTypeSpec

Kind = Literal["region", "grid", "event_type", "calendar", "camera"]
Document = Mapping[str, Any]

# In the order in which what is referred to comes first.
KINDS: tuple[Kind, ...] = ("region", "grid", "event_type", "calendar", "camera")
SECTIONS: Mapping[Kind, str] = {
    "region": "regions",
    "grid": "grids",
    "event_type": "event_types",
    "calendar": "calendar",
    "camera": "cameras",
}
MODELS: Mapping[Kind, type[BaseModel]] = {
    "region": RegionConfig,
    "grid": GridConfig,
    "event_type": EventTypeSpec,
    "calendar": CalendarYear,
    "camera": CameraConfig,
}
ID_FIELDS: Mapping[Kind, str] = {
    "region": "code", "grid": "id", "event_type": "id", "calendar": "year", "camera": "id",
}  # fmt: skip


class Key(NamedTuple):
    """Names an entry."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One region, grid, event type, year of the calendar or camera."""

    key: Key
    document: Document


def document_of(model: BaseModel) -> dict[str, Any]:
    """Return the canonical document of an entry."""
    if isinstance(model, EventTypeSpec):
        return _event_type_document(model)
    document: dict[str, Any] = model.model_dump(mode="json", exclude_defaults=True, exclude=_EXCLUDED)
    if isinstance(model, CameraConfig):
        _keep_what_is_told_apart(model, document)
    return _settled(document)


# A plain password is for trials in files only; see `gateway.desk` for how it is sealed on its way in.
_EXCLUDED: Any = {"streams": {"__all__": {"password"}}, "snapshot": {"password"}, "onvif": {"password"}}


def _keep_what_is_told_apart(camera: CameraConfig, document: dict[str, Any]) -> None:
    # Whether somebody asked for a minimal area, be it the default one, makes a difference to the rules.
    for rule, written in zip(camera.rules, document.get("rules", ()), strict=True):
        if "min_area" in rule.model_fields_set:
            written["min_area"] = rule.min_area


def _event_type_document(spec: EventTypeSpec) -> dict[str, Any]:
    shipped = EVENT_TYPES.get(spec.id)
    if shipped is None:
        return _settled(spec.model_dump(mode="json", exclude_defaults=True))
    mine, theirs = spec.model_dump(mode="json"), shipped.model_dump(mode="json")
    return _settled({name: value for name, value in mine.items() if name == "id" or value != theirs[name]})


def _settled(document: Document) -> dict[str, Any]:
    """Turn -0.0, which is written in two ways, into 0.0."""
    return {key: _settled_value(entry) for key, entry in document.items()}


def _settled_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _settled(value)
    if isinstance(value, list):
        return [_settled_value(entry) for entry in value]
    return value + 0.0 if isinstance(value, float) else value


def canonical(document: Document) -> str:
    """Return a document as text: equal documents, equal text."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def key_of(model: BaseModel) -> Key:
    """Return what a model is known by."""
    for kind, of in MODELS.items():
        if isinstance(model, of):
            return Key(kind, getattr(model, ID_FIELDS[kind]))
    raise TypeError(type(model).__name__)


def entries_of(site: SiteConfig) -> Iterator[Entry]:
    """Yield all entries of a site in canonical order; shipped event types only where the site changed them."""
    for models in (site.regions, site.grids, site.event_types, site.calendar, site.cameras):
        changed = (model for model in models if EVENT_TYPES.get(getattr(model, "id", "")) != model)
        entries = (Entry(key_of(model), document_of(model)) for model in changed)
        yield from sorted(entries, key=lambda entry: entry.key.id)


def model_of(entry: Entry) -> BaseModel:
    """Return the model of an entry that was checked before.

    Raises:
        pydantic.ValidationError: It does not fit its type, for it comes from another version of the program.
    """
    document = dict(entry.document)
    shipped = EVENT_TYPES.get(entry.key.id) if entry.key.kind == "event_type" else None
    if shipped is not None:
        document = shipped.model_dump(mode="json") | document
    return MODELS[entry.key.kind].model_validate(document)


def site_of(models: Mapping[Key, BaseModel]) -> SiteConfig:
    """Return the site made of these models, in canonical order; they must have been checked together."""
    by_kind: dict[Kind, list[Any]] = {kind: [] for kind in KINDS}
    for key in sorted(models):
        by_kind[key.kind].append(models[key])
    types = dict(EVENT_TYPES) | {spec.id: spec for spec in by_kind["event_type"]}
    return SiteConfig(
        regions=tuple(by_kind["region"]),
        grids=tuple(by_kind["grid"]),
        cameras=tuple(by_kind["camera"]),
        event_types=tuple(types.values()),
        calendar=tuple(by_kind["calendar"]),
    )


def models_of(site: SiteConfig) -> dict[Key, BaseModel]:
    """Return the models of a site by key; shipped event types only where the site changed them."""
    types = [spec for spec in site.event_types if EVENT_TYPES.get(spec.id) != spec]
    every: Iterable[BaseModel] = (*site.regions, *site.grids, *types, *site.calendar, *site.cameras)
    return {key_of(model): model for model in every}
