"""Where a value stands, and how its place is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_configs.drafts import Item, Loc
from camera_configs.problems import Problem
from camera_configs.yaml_source import read_yaml

TEXT = """\
id: gate
zones:
  - id: lane
    polygon: [[0, 0], [2, 0]]
  - 7
"""


@pytest.fixture
def item(tmp_path: Path) -> Item:
    path = tmp_path / "x.yaml"
    path.write_text(TEXT)
    problems: list[Problem] = []
    tree = read_yaml(path, problems)
    assert tree is not None
    return Item("cameras", 4, tree)


@pytest.mark.parametrize(
    ("loc", "place", "key_path"),
    [
        ((), (1, 1), "cameras[gate]"),
        (("nme",), (1, 1), "cameras[gate].nme"),
        (("zones", 0, "polygon"), (4, 5), "cameras[gate].zones[lane].polygon"),
        (("zones", 0, "polygon", 1, 0), (4, 24), "cameras[gate].zones[lane].polygon[1][0]"),
        (("zones", 0, "kind"), (3, 5), "cameras[gate].zones[lane].kind"),
        (("zones", 1), (5, 5), "cameras[gate].zones[1]"),
        (("zones", 9, "id"), (2, 1), "cameras[gate].zones[9]"),
    ],
)
def test_a_problem_points_at_the_nearest_thing_there_is(
    item: Item, loc: Loc, place: tuple[int, int], key_path: str
) -> None:
    """A missing key is shown at the mapping it is missing from; entries are named by id, else by number."""
    problem = item.problem(loc, "x")
    assert ((problem.line, problem.column), problem.key_path) == (place, key_path)


def test_an_entry_without_id_is_named_by_its_number(item: Item) -> None:
    """Counting from zero, as in the schema."""
    del item.tree.entries["id"]
    assert item.key_path == "cameras[4]"
