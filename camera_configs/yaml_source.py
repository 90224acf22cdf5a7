"""YAML with a place for every value, read strictly.

The rules are those of YAML 1.2: only `true` and `false` are booleans, `08:30` is text, `010` is ten. Keys given twice,
tags, anchors and a second document in a file are errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from camera_configs.problems import Problem

Scalar = str | int | float | bool | None

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's parser is ten times as fast, where it was built


class _StrictLoader(_BASE):  # type: ignore[misc]  # which of the two bases is known only at run time
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


_PREFIX = "tag:yaml.org,2002:"
_FORMS = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
)
for _name, _form, _first in _FORMS:
    _StrictLoader.add_implicit_resolver(_PREFIX + _name, re.compile(_form), list(_first))


def _int(text: str) -> int:
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


_READERS: dict[str, Callable[[str], Scalar]] = {
    _PREFIX + "str": str,
    _PREFIX + "int": _int,
    _PREFIX + "float": float,
    _PREFIX + "bool": lambda text: text.lower() == "true",
    _PREFIX + "null": lambda _: None,
}
_PLAIN_TAGS = {*_READERS, _PREFIX + "map", _PREFIX + "seq"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1. Line 0: not in a file, but in the configuration in force."""

    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else "the present configuration"


@dataclass(frozen=True, slots=True)
class Located:
    """A value and where it stands; lists and mappings hold located values in turn."""

    mark: Mark
    value: Scalar | list[Located] | dict[str, Located]
    key_marks: dict[str, Mark] = field(default_factory=dict)  # of a mapping: where each key stands

    @property
    def entries(self) -> dict[str, Located]:
        """The entries of a mapping, empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Located]:
        """The items of a list, empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {key: entry.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def text(self, key: str) -> str | None:
        """The text under a key of a mapping, None when there is none."""
        entry = self.entries.get(key)
        return entry.value if entry is not None and isinstance(entry.value, str) else None

    def over(self, defaults: Located) -> Located:
        """Return this mapping with the entries of another added where it has none of its own."""
        return Located(self.mark, {**defaults.entries, **self.entries}, {**defaults.key_marks, **self.key_marks})


def located(value: Any, mark: Mark) -> Located:
    """Return a JSON-like value of which every part stands at one place."""
    if isinstance(value, Mapping):
        entries = {str(key): located(entry, mark) for key, entry in value.items()}
        return Located(mark, entries, dict.fromkeys(entries, mark))
    if isinstance(value, list | tuple):
        return Located(mark, [located(entry, mark) for entry in value])
    return Located(mark, value)


def read_yaml(path: Path, problems: list[Problem]) -> Located | None:
    """Read one file; what is wrong is added to `problems`. None: empty, or too broken to go on."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        problems.append(Problem(path, 0, 0, "", "is not UTF-8 text", f"byte {exc.start} cannot be read"))
        return None
    except OSError as exc:
        problems.append(Problem(path, 0, 0, "", f"cannot be read: {exc.strerror}"))
        return None
    try:
        node = yaml.compose(text, Loader=_StrictLoader)
    except yaml.YAMLError as exc:
        problems.append(_syntax_problem(path, exc))
        return None
    return None if node is None else _Converter(path, problems).convert(node, "")


def _syntax_problem(path: Path, exc: yaml.YAMLError) -> Problem:
    if not isinstance(exc, yaml.MarkedYAMLError) or exc.problem_mark is None:
        return Problem(path, 0, 0, "", f"is not YAML: {exc}")
    mark = exc.problem_mark
    hint = "indent with spaces" if "\\t" in (exc.problem or "") or "'\t'" in (exc.problem or "") else ""
    return Problem(path, mark.line + 1, mark.column + 1, "", f"is not YAML: {exc.problem}", hint)


class _Converter:
    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems
        self._seen: set[int] = set()

    def convert(self, node: yaml.Node, key_path: str) -> Located:
        mark = self._mark(node)
        if id(node) in self._seen:  # an alias gives the same node again; one inside itself would never end
            self._complain(mark, key_path, "anchors and aliases are not read", "put what is shared under `defaults`")
            return Located(mark, None)
        self._seen.add(id(node))
        if node.tag not in _PLAIN_TAGS:
            self._complain(mark, key_path, f"tag {node.tag} is not read", "")
            return Located(mark, None)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, mark, key_path)
        if isinstance(node, yaml.SequenceNode):
            return Located(mark, [self.convert(item, f"{key_path}[{i}]") for i, item in enumerate(node.value)])
        return Located(mark, self._scalar(node, mark, key_path))

    def _mapping(self, node: yaml.MappingNode, mark: Mark, key_path: str) -> Located:
        entries: dict[str, Located] = {}
        key_marks: dict[str, Mark] = {}
        for key, key_mark, value in self._pairs(node, key_path):
            inner = f"{key_path}.{key}" if key_path else key
            if key in entries:
                self._complain(key_mark, inner, f"is given twice, first in line {key_marks[key].line}", "")
                continue
            key_marks[key] = key_mark
            entries[key] = self.convert(value, inner)
        return Located(mark, entries, key_marks)

    def _pairs(self, node: yaml.MappingNode, key_path: str) -> Iterator[tuple[str, Mark, yaml.Node]]:
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, self._mark(key), value
            else:
                self._complain(self._mark(key), key_path, "a key must be a word", "quote braces and brackets")

    def _scalar(self, node: yaml.Node, mark: Mark, key_path: str) -> Scalar:
        try:
            return _READERS[node.tag](node.value)
        except (ValueError, KeyError):
            self._complain(mark, key_path, f"{node.value!r} cannot be read as {node.tag.removeprefix(_PREFIX)}", "")
            return None

    def _mark(self, node: yaml.Node) -> Mark:
        return Mark(self._path, node.start_mark.line + 1, node.start_mark.column + 1)

    def _complain(self, mark: Mark, key_path: str, message: str, hint: str) -> None:
        self._problems.append(Problem(mark.file, mark.line, mark.column, key_path, message, hint))
