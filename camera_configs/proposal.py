"""Some entries of a site changed: checked as the loader would, without checking again what stays as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from camera_configs.documents import ID_FIELDS, MODELS, SECTIONS, Document, Key, document_of, key_of
from camera_configs.drafts import Checked, Draft, Item
from camera_configs.fields import check_item
from camera_configs.loader import merge_event_type
from camera_configs.models import CameraConfig, GridConfig, RegionConfig
from camera_configs.problems import Problem
from camera_configs.references import addresses, check_references
from camera_configs.taxonomy import EVENT_TYPES, EventTypeSpec
from camera_configs.yaml_source import Mark, located

Models = Mapping[Key, BaseModel]

_NOWHERE = Mark(Path(), 0, 0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would become of the entries named; only to be used while there are no problems."""

    models: Mapping[Key, BaseModel | None]  # None: removed
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def propose(present: Models, changes: Mapping[Key, Document | Item | None]) -> Proposal:
    """Check changes together: each on its own, what it refers to, and what refers to it.

    Args:
        present: The sound site as it is.
        changes: By key: complete documents, or items as they were read from files; None removes an entry.
    """
    check = _Check(present, changes)
    check.run()
    draft = check.draft
    return Proposal(check.models, tuple(sorted(set(draft.problems))), tuple(sorted(set(draft.warnings))))


class _Check:
    def __init__(self, present: Models, changes: Mapping[Key, Document | Item | None]) -> None:
        self._present = present
        self._changes = changes
        self.draft = Draft()
        self.models: dict[Key, BaseModel | None] = {}

    def run(self) -> None:
        self._know_event_types()
        for key, document in self._changes.items():
            if document is None:
                self.models[key] = None
            else:
                self._check_entry(key, document)
        for kind in ("region", "grid"):
            ids = {key.id for key in self._after() if key.kind == kind}
            self.draft.know(SECTIONS[kind], ids)
        self.draft.know("event_types", self.draft.event_types)
        self._look_at_the_rest()
        check_references(self.draft)

    def _after(self) -> Iterator[Key]:
        """Yield the keys of the site as it would be; faulty entries count, so that one fault is reported once."""
        yield from (key for key in self._present if key not in self._changes)
        yield from (key for key, document in self._changes.items() if document is not None)

    def _know_event_types(self) -> None:
        self.draft.event_types = dict(EVENT_TYPES)
        for key, model in self._present.items():
            if isinstance(model, EventTypeSpec) and key not in self._changes:
                self.draft.event_types[model.id] = model

    def _check_entry(self, key: Key, document: Document | Item) -> None:
        item = document if isinstance(document, Item) else _item(key, document)
        name = ID_FIELDS[key.kind]
        if item.id != key.id:
            self.draft.problems.append(item.problem((name,), f"must be {key.id!r}", code="other_id"))
            return
        if key.kind == "event_type":
            before = len(self.draft.problems)
            merge_event_type(item, self.draft)
            sound = len(self.draft.problems) == before
            found: BaseModel | None = self.draft.event_types[key.id] if sound else None
        else:
            found = check_item(MODELS[key.kind], item, self.draft.problems)
        if found is not None:
            self.models[key] = None if found == EVENT_TYPES.get(key.id) else found
            self._take(item, found)

    def _take(self, item: Item, model: BaseModel) -> None:
        if isinstance(model, RegionConfig):
            self.draft.regions.append(Checked(item, model))
        elif isinstance(model, GridConfig):
            self.draft.grids.append(Checked(item, model))
        elif isinstance(model, CameraConfig):
            self.draft.cameras.append(Checked(item, model))

    def _look_at_the_rest(self) -> None:
        """Add what refers to something that changed, and what changed entries must not repeat."""
        touched = {kind: {key.id for key in self._changes if key.kind == kind} for kind in SECTIONS}
        codes = touched["region"]
        for key, model in self._present.items():
            if key in self._changes:
                continue
            if isinstance(model, GridConfig):
                if model.region_code in codes:
                    self._take(_item_of(model), model)
                elif touched["grid"]:
                    self.draft.other_grids.append(Checked(_item_of(model), model))
            elif isinstance(model, CameraConfig):
                self._look_at_camera(model, touched["grid"], touched["event_type"])

    def _look_at_camera(self, camera: CameraConfig, grids: set[str], types: set[str]) -> None:
        named = {*camera.legal.event_types, *(rule.type for rule in camera.rules)} if types else set()
        if not grids.isdisjoint(camera.grids) or named & types:
            self._take(_item_of(camera), camera)
        else:
            self.draft.other_addresses.update((url, camera.id) for _, url in addresses(camera))


def _item(key: Key, document: Document) -> Item:
    return Item(SECTIONS[key.kind], 0, located(document, _NOWHERE))


def _item_of(model: BaseModel) -> Item:
    return _item(key_of(model), document_of(model))
