"""YAML read strictly, with a place for everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from camera_configs.problems import Problem
from camera_configs.yaml_source import Located, read_yaml


def read(tmp_path: Path, text: str | bytes) -> tuple[Located | None, list[Problem]]:
    path = tmp_path / "x.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems: list[Problem] = []
    return read_yaml(path, problems), problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "anchors and aliases are not read"),
        ("a: &x [*x]\n", "anchors and aliases are not read"),
        ("a: !!python/object:os.system {}\n", "tag tag:yaml.org,2002:python/object:os.system is not read"),
        ("a: !secret x\n", "tag !secret is not read"),
        ("? [a, b]\n: 1\n", "a key must be a word"),
        ("a: {b: 1, b: 2}\n", "is given twice, first in line 1"),
        ("a: !!int x\n", "'x' cannot be read as int"),
    ],
)
def test_what_is_not_plain_data_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Tags, anchors, odd keys and keys given twice are problems with a place, and nothing is run."""
    _, problems = read(tmp_path, text)
    assert [p.message for p in problems] == [message]
    assert problems[0].line > 0


def test_text_in_another_encoding_is_told(tmp_path: Path) -> None:
    """A file saved as GBK is named as such a problem instead of being misread."""
    tree, problems = read(tmp_path, "name: 东街".encode("gb18030"))
    assert tree is None
    assert problems[0].message == "is not UTF-8 text"


def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    """A dangling link is reported, not raised."""
    problems: list[Problem] = []
    assert read_yaml(tmp_path / "gone.yaml", problems) is None
    assert problems[0].message.startswith("cannot be read: ")


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """Editors on Windows put one in front."""
    tree, problems = read(tmp_path, "\ufeffa: 1\n")
    assert tree is not None
    assert (tree.plain(), problems) == ({"a": 1}, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("08:30", "08:30"),
        ("2026-10-01", "2026-10-01"),
        ("012", 12),
        ("0o17", 15),
        ("0x1f", 31),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("'1'", "1"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_follow_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    """Only true and false are booleans; times and dates stay text."""
    tree, problems = read(tmp_path, f"a: {text}\n")
    assert tree is not None
    assert problems == []
    assert tree.plain()["a"] == value
    assert type(tree.plain()["a"]) is type(value)


def test_keys_stay_text(tmp_path: Path) -> None:
    """`no:` and `1:` are keys like any other."""
    tree, _ = read(tmp_path, "no: 1\n1: 2\n")
    assert tree is not None
    assert list(tree.entries) == ["no", "1"]
