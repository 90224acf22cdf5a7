"""One change to many cameras: which ones, and what each of them becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from camera_configs.documents import Document, document_of
from camera_configs.models import CameraConfig, SiteConfig

_REGION_LEVELS = (6, 9, 12)  # digits of a county, a town, a village


@dataclass(frozen=True, slots=True)
class Selection:
    """Cameras for which all that is given holds; None: whichever."""

    region_code: str | None = None
    grid_id: str | None = None
    tag: str | None = None
    camera_ids: frozenset[str] | None = None

    @property
    def is_open(self) -> bool:
        """It leaves out no camera at all."""
        return self == Selection()


@dataclass(frozen=True, slots=True)
class BatchChange:
    """What is done to each camera; None and empty: nothing.

    Attributes:
        add_rules: Rules as documents; one of the same id gives way.
        remove_rule_types: Rules of these event types go.
        schedule: As a document; given to the rules of `rule_types`, or all where these are empty.
    """

    add_rules: Sequence[Mapping[str, Any]] = ()
    remove_rule_types: frozenset[str] = frozenset()
    schedule: Mapping[str, Any] | None = None
    rule_types: frozenset[str] = frozenset()
    enabled: bool | None = None
    analyse: str | None = None
    add_tags: Sequence[str] = ()
    remove_tags: frozenset[str] = frozenset()


def selected(site: SiteConfig, selection: Selection) -> list[CameraConfig]:
    """Return the cameras of a selection, in order of id."""
    grids = _grids_in(site, selection.region_code) if selection.region_code else None
    found = (camera for camera in site.cameras if _fits(camera, selection, grids))
    return sorted(found, key=lambda camera: camera.id)


def region_prefix(code: str) -> str:
    """Return the digits that the codes of all regions inside a region begin with: those of a town, a county."""
    return next(code[:digits] for digits in _REGION_LEVELS if not code[digits:].strip("0"))


def _grids_in(site: SiteConfig, region_code: str) -> set[str]:
    prefix = region_prefix(region_code)
    return {grid.id for grid in site.grids if grid.region_code.startswith(prefix)}


def _fits(camera: CameraConfig, selection: Selection, grids: set[str] | None) -> bool:
    return (
        (grids is None or not grids.isdisjoint(camera.grids))
        and (selection.grid_id is None or selection.grid_id in camera.grids)
        and (selection.tag is None or selection.tag in camera.tags)
        and (selection.camera_ids is None or camera.id in selection.camera_ids)
    )


def changed(camera: CameraConfig, change: BatchChange) -> Document:
    """Return what a camera becomes."""
    document = document_of(camera)
    document["rules"] = list(_rules(document.get("rules", ()), change))
    document["tags"] = _tags(document.get("tags", ()), change)
    for name, value in (("enabled", change.enabled), ("analyse", change.analyse)):
        if value is not None:
            document[name] = value
    return document


def _rules(rules: Iterable[Mapping[str, Any]], change: BatchChange) -> Iterable[Mapping[str, Any]]:
    fresh = {rule.get("id"): rule for rule in change.add_rules}
    for rule in rules:
        if rule["id"] in fresh:
            yield fresh.pop(rule["id"])
        elif rule["type"] not in change.remove_rule_types:
            yield _scheduled(rule, change)
    yield from fresh.values()


def _scheduled(rule: Mapping[str, Any], change: BatchChange) -> Mapping[str, Any]:
    meant = change.schedule is not None and (not change.rule_types or rule["type"] in change.rule_types)
    return {**rule, "schedule": change.schedule} if meant else rule


def _tags(tags: Iterable[str], change: BatchChange) -> list[str]:
    kept = [tag for tag in tags if tag not in change.remove_tags]
    return kept + [tag for tag in change.add_tags if tag not in kept]
