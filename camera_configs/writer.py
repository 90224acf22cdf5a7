"""A site as a folder of YAML files: the same site, the same bytes, so that two exports compare line by line.

    regions.yaml                  all regions
    grids/REGION.yaml             the grids of a region
    event_types.yaml              what the site changes or adds
    calendar.yaml                 holidays and make-up days
    cameras/GRID.yaml             the cameras whose events belong to a grid

Entries stand in order of id, fields in the order of the models, defaults are left out. The text is plain YAML 1.2 that
YAML 1.1 reads alike wherever it matters: what could be taken for a number, a date or a boolean stands in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from camera_configs.documents import SECTIONS, Entry, entries_of
from camera_configs.models import SiteConfig

HEADER = "# Written by `gridpatrol config export`: order and form are its own, so that exports compare line by line.\n"
_SUFFIXES = (".yaml", ".yml")

# What stands without quotes: begins with a letter, holds neither `: ` nor ` #`, and is no word of YAML 1.1 or 1.2.
_PLAIN = re.compile(r"[^\W\d_](?:[\w./@+\-、。，；：（）《》]|(?<=\w) (?=\w)|:(?=[/\d]))*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


class ForeignFiles(Exception):
    """The folder holds YAML files that no export wrote; nothing was changed.

    Attributes:
        paths: Some of them.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = tuple(paths)
        super().__init__(self.paths)

    def __str__(self) -> str:
        named = ", ".join(str(path) for path in self.paths[:3])
        return f"not written by an export, so not overwritten: {named}; choose an empty folder"


def site_files(site: SiteConfig) -> dict[str, bytes]:
    """Return the files of a site by path, in order of path."""
    return entry_files(entries_of(site))


def entry_files(entries: Iterable[Entry]) -> dict[str, bytes]:
    """Return the files of entries, which come in canonical order, by path."""
    blocks: dict[str, list[str]] = {}
    for entry in entries:
        lines = blocks.setdefault(path_of(entry), [HEADER, f"{SECTIONS[entry.key.kind]}:\n"])
        lines.extend(_list_item(entry.document, "  "))
    if not blocks:  # a folder without any YAML is taken for the wrong folder
        blocks["regions.yaml"] = [HEADER, "regions: []\n"]
    return {path: "".join(blocks[path]).encode() for path in sorted(blocks)}


def path_of(entry: Entry) -> str:
    """Return the file that an entry stands in, relative to the folder."""
    if entry.key.kind == "camera":
        return f"cameras/{entry.document['grids'][0]}.yaml"
    if entry.key.kind == "grid":
        return f"grids/{entry.document['region_code']}.yaml"
    return f"{SECTIONS[entry.key.kind]}.yaml"


def write_folder(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Make a folder hold these files and no other YAML; return the paths that were written or removed.

    Files that are the same already are not touched. Each file is replaced whole.

    Raises:
        ForeignFiles: There is YAML that no export wrote.
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    present = {path.relative_to(folder).as_posix(): path for path in _yaml_files(folder)}
    foreign = [path for path in present.values() if not path.read_bytes().startswith(HEADER.encode())]
    if foreign:
        raise ForeignFiles(foreign)
    changed = [name for name, data in files.items() if name not in present or present[name].read_bytes() != data]
    for name in changed:
        _replace(folder / name, files[name])
    gone = sorted(present.keys() - files.keys())
    for name in gone:
        present[name].unlink()
    return sorted([*changed, *gone])


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    draft.replace(path)


def _list_item(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    lead = f"{indent}- "
    lines = _mapping(value, indent + "  ")
    yield lead + next(lines)[len(lead) :]  # an entry always has its id
    yield from lines


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, entry in value.items():
        if isinstance(entry, dict) and entry:
            yield f"{indent}{key}:\n"
            yield from _mapping(entry, indent + "  ")
        elif isinstance(entry, list) and entry and isinstance(entry[0], dict):
            yield f"{indent}{key}:\n"
            for item in entry:
                yield from _list_item(item, indent + "  ")
        else:
            yield f"{indent}{key}: {_flow(entry)}\n"


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, str):
        return scalar(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number(value)


def _number(value: float) -> str:
    if isinstance(value, int) or not value.is_integer() or abs(value) >= 1e15:
        return repr(value)
    return str(int(value))


def scalar(text: str) -> str:
    """Return a text as a YAML scalar that reads back as exactly that text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and text.isprintable():
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
