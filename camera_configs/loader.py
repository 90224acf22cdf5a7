"""A folder of YAML files becomes one `SiteConfig`, or a list of everything that is wrong with it.

Files may be split in any way. Top-level keys: `regions`, `grids`, `cameras`, `event_types`, `calendar` (lists that
add up over all files) and `defaults` (once per folder: `stream`, `snapshot`, `legal` and `rule`, which fill in what a
camera leaves out).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from camera_configs.base import ConfigModel
from camera_configs.boundary import BOUNDARY, about_persons
from camera_configs.calendar import CalendarYear
from camera_configs.drafts import Checked, Draft, Item, M
from camera_configs.fields import check_item
from camera_configs.models import (
    CameraConfig,
    GridConfig,
    LegalCard,
    RegionConfig,
    RuleConfig,
    SiteConfig,
    SnapshotConfig,
    StreamConfig,
)
from camera_configs.problems import ConfigError as ConfigError
from camera_configs.problems import Problem, likely
from camera_configs.references import check_references, check_unique
from camera_configs.taxonomy import EVENT_TYPES, EventTypeSpec
from camera_configs.yaml_source import Located, Mark, located, read_yaml

LIST_KEYS = ("regions", "grids", "cameras", "event_types", "calendar")
DEFAULT_KEYS: dict[str, type[ConfigModel]] = {
    "stream": StreamConfig,
    "snapshot": SnapshotConfig,
    "legal": LegalCard,
    "rule": RuleConfig,
}
TOP_KEYS = (*LIST_KEYS, "defaults")


def load_site(folder: Path) -> SiteConfig:
    """Read every *.yaml and *.yml file below a folder; reads files, nothing else.

    Raises:
        ConfigError: With all problems found, never only the first.
    """
    draft = read_draft(folder)
    if draft.problems:
        raise ConfigError(draft.problems)
    return SiteConfig(
        regions=tuple(entry.model for entry in draft.regions),
        grids=tuple(entry.model for entry in draft.grids),
        cameras=tuple(entry.model for entry in draft.cameras),
        event_types=tuple(draft.event_types.values()),
        calendar=tuple(entry.model for entry in draft.calendar),
    )


def read_draft(folder: Path) -> Draft:
    """Read and check a folder; problems and warnings are in the draft, in order of file and line, each once."""
    draft = Draft()
    draft.items = list(gather(yaml_paths(folder, draft.problems), draft.problems).items)
    check_unique(draft)
    _check_types(draft)
    check_references(draft)
    draft.problems = sorted(set(draft.problems))
    draft.warnings = sorted(set(draft.warnings))
    return draft


@dataclass(slots=True)
class Gathered:
    """What files hold: entries, not checked yet, and defaults with their places."""

    items: list[Item] = field(default_factory=list)
    defaults: dict[str, Located] = field(default_factory=dict)
    default_marks: dict[str, Mark] = field(default_factory=dict)


def yaml_paths(folder: Path, problems: list[Problem]) -> list[Path]:
    """Return the files that make up a configuration, in order; a folder without any is a problem."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"} and path.is_file())
    if not paths:
        what = "has no .yaml file in it" if folder.is_dir() else "is not a folder"
        problems.append(Problem(folder, 0, 0, "", what))
    return paths


def gather(paths: Iterable[Path], problems: list[Problem]) -> Gathered:
    """Read files; their entries come with what `defaults`, in whichever of them, fills in."""
    gathered = Gathered()
    for path in paths:
        tree = read_yaml(path, problems)
        if tree is not None:
            _gather_file(tree, gathered, problems)
    gathered.items = [_with_defaults(item, gathered.defaults) for item in gathered.items]
    return gathered


def _gather_file(tree: Located, gathered: Gathered, problems: list[Problem]) -> None:
    if not isinstance(tree.value, dict):
        problems.append(_at(tree.mark, "", "must be a mapping", f"begin with one of {', '.join(TOP_KEYS)}"))
        return
    for key, section in tree.entries.items():
        if key == "defaults":
            _gather_defaults(section, gathered, problems)
        elif key in LIST_KEYS:
            gathered.items.extend(_gather_section(key, section, problems))
        else:
            problems.append(_at(tree.key_marks[key], key, "is not a known key", likely(key, TOP_KEYS)))


def _gather_section(key: str, section: Located, problems: list[Problem]) -> Iterator[Item]:
    if not isinstance(section.value, list) and section.value is not None:
        problems.append(_at(section.mark, key, "must be a list", "begin each entry with '- '"))
    for index, entry in enumerate(section.items):
        if isinstance(entry.value, dict):
            yield Item(key, index, entry)
        else:
            problems.append(_at(entry.mark, f"{key}[{index}]", "must be a mapping"))


def _gather_defaults(section: Located, gathered: Gathered, problems: list[Problem]) -> None:
    for key, entry in section.entries.items():
        mark = section.key_marks[key]
        if key not in DEFAULT_KEYS:
            problems.append(_at(mark, f"defaults.{key}", "is not a known key", likely(key, DEFAULT_KEYS)))
        elif key in gathered.defaults:
            problems.append(_at(mark, f"defaults.{key}", f"is given twice, first in {gathered.default_marks[key]}"))
        else:
            gathered.defaults[key] = _known_fields(key, entry, problems)
            gathered.default_marks[key] = mark


def _known_fields(key: str, entry: Located, problems: list[Problem]) -> Located:
    fields = DEFAULT_KEYS[key].model_fields
    for name in entry.entries:
        if name not in fields:
            path = f"defaults.{key}.{name}"
            problems.append(_at(entry.key_marks[name], path, "is not a known key", likely(name, fields)))
    return Located(entry.mark, {k: v for k, v in entry.entries.items() if k in fields}, entry.key_marks)


def _with_defaults(item: Item, defaults: dict[str, Located]) -> Item:
    if item.section != "cameras" or not defaults:
        return item
    tree = item.tree
    entries = dict(tree.entries)
    if "legal" in defaults:
        own = entries.get("legal", Located(tree.mark, {}))
        entries["legal"] = own.over(defaults["legal"]) if isinstance(own.value, dict) else own
    if "snapshot" in defaults and "snapshot" in entries and isinstance(entries["snapshot"].value, dict):
        entries["snapshot"] = entries["snapshot"].over(defaults["snapshot"])
    for plural, key in (("streams", "stream"), ("rules", "rule")):
        if key in defaults and plural in entries:
            entries[plural] = _each_over(entries[plural], defaults[key])
    marks = {"legal": tree.mark, **tree.key_marks}
    return Item(item.section, item.index, Located(tree.mark, entries, marks))


def _each_over(section: Located, defaults: Located) -> Located:
    if not isinstance(section.value, list):
        return section
    return Located(section.mark, [e.over(defaults) if isinstance(e.value, dict) else e for e in section.items])


def _check_types(draft: Draft) -> None:
    draft.regions = _check_section(RegionConfig, "regions", draft)
    draft.grids = _check_section(GridConfig, "grids", draft)
    draft.cameras = _check_section(CameraConfig, "cameras", draft)
    draft.calendar = _check_section(CalendarYear, "calendar", draft)
    draft.event_types = dict(EVENT_TYPES)
    for item in draft.of("event_types"):
        merge_event_type(item, draft)


def _check_section(model: type[M], section: str, draft: Draft) -> list[Checked[M]]:
    pairs = ((item, check_item(model, item, draft.problems)) for item in draft.of(section))
    return [Checked(item, found) for item, found in pairs if found is not None]


def merge_event_type(item: Item, draft: Draft) -> None:
    """Add an event type of the site to the draft's, over the shipped one of that id where there is one."""
    if any(about_persons(item.tree.text(key) or "") for key in ("id", "zh", "en")):
        draft.problems.append(item.problem(("id",), BOUNDARY, code="about_persons"))
        return
    shipped = EVENT_TYPES.get(item.id or "")
    if shipped is not None:
        full = located(shipped.model_dump(mode="json"), item.tree.mark)
        item = Item(item.section, item.index, item.tree.over(full))
    spec = check_item(EventTypeSpec, item, draft.problems)
    if spec is not None:
        draft.event_types[spec.id] = spec


def _at(mark: Mark, key_path: str, message: str, hint: str = "") -> Problem:
    return Problem(mark.file, mark.line, mark.column, key_path, message, hint)
