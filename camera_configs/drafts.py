"""A configuration on its way from files to types: entries with their places, before they are checked together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from camera_configs.calendar import CalendarYear
from camera_configs.models import CameraConfig, GridConfig, RegionConfig
from camera_configs.problems import Problem
from camera_configs.taxonomy import EVENT_TYPES, EventTypeSpec
from camera_configs.yaml_source import Located, Mark

M = TypeVar("M", bound=BaseModel)
Loc = Sequence[str | int]

ID_KEYS = {"regions": "code", "calendar": "year"}  # every other section names its entries by `id`


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a section, as it stands in its file."""

    section: str
    index: int
    tree: Located

    @property
    def id(self) -> str | None:
        """Its id as written, None when it has none."""
        return self.tree.text(ID_KEYS.get(self.section, "id"))

    @property
    def key_path(self) -> str:
        """How the entry is named to people."""
        return f"{self.section}[{self.index if self.id is None else self.id}]"

    def problem(self, loc: Loc, message: str, hint: str = "", code: str = "invalid") -> Problem:
        """Say what is wrong at a place inside the entry."""
        mark, key_path = locate(self.tree, loc)
        place = (mark.file, mark.line, mark.column, self.key_path + key_path)
        return Problem(*place, message, hint, code, tuple(loc), self.id or "")


@dataclass(frozen=True, slots=True)
class Checked(Generic[M]):
    """An entry that fits its type, with where it stands."""

    item: Item
    model: M


@dataclass(slots=True)
class Draft:
    """All that was read; entries that do not fit their type are missing from the lists of models."""

    items: list[Item] = field(default_factory=list)
    regions: list[Checked[RegionConfig]] = field(default_factory=list)
    grids: list[Checked[GridConfig]] = field(default_factory=list)
    cameras: list[Checked[CameraConfig]] = field(default_factory=list)
    event_types: dict[str, EventTypeSpec] = field(default_factory=dict)
    calendar: list[Checked[CalendarYear]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    # What stands already, where only some entries are checked: looked at, not checked again.
    other_grids: list[Checked[GridConfig]] = field(default_factory=list)
    other_addresses: dict[str, str] = field(default_factory=dict)  # camera id by address of a stream or snapshot
    _ids: dict[str, frozenset[str]] = field(default_factory=dict)

    def know(self, section: str, ids: Iterable[str]) -> None:
        """Take these for all ids of a section, whatever entries are in the draft."""
        self._ids[section] = frozenset(ids)

    def of(self, section: str) -> Iterator[Item]:
        """Return the entries of a section, sound or not."""
        return (item for item in self.items if item.section == section)

    def ids(self, section: str) -> frozenset[str]:
        """Return the ids used in a section, those of faulty entries too, so that one fault is reported once.

        Event types include the shipped ones. Gathered once: a site may have ten thousand cameras.
        """
        if section not in self._ids:
            shipped = EVENT_TYPES if section == "event_types" else ()
            self._ids[section] = frozenset([*shipped, *(item.id for item in self.of(section) if item.id is not None)])
        return self._ids[section]


def locate(tree: Located, loc: Loc) -> tuple[Mark, str]:
    """Return the place of a value and its key path, or of the nearest thing around it that exists.

    A key that is there is pointed at itself; for one that is missing, the mapping it is missing from.
    """
    mark, key_path = tree.mark, ""
    for part in loc:
        inner = _step(tree, part)
        key_path += f".{part}" if isinstance(part, str) else f"[{_entry_name(inner, part)}]"
        if inner is None:
            break
        mark = tree.key_marks[part] if isinstance(part, str) else inner.mark
        tree = inner
    return mark, key_path


def _step(tree: Located, part: str | int) -> Located | None:
    if isinstance(part, str):
        return tree.entries.get(part)
    return tree.items[part] if part < len(tree.items) else None


def _entry_name(entry: Located | None, index: int) -> str:
    return str(index) if entry is None else entry.text("id") or str(index)
