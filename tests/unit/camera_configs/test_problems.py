"""How a problem is worded."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_configs.problems import ConfigError, Problem, likely


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(Path("a.yaml"), 3, 5, "grids[x].id", "is missing"), "a.yaml:3:5: grids[x].id: is missing"),
        (Problem(Path("site"), 0, 0, "", "is not a folder"), "site: is not a folder"),
        (Problem(Path("a.yaml"), 1, 1, "rgids", "is not known", "try"), "a.yaml:1:1: rgids: is not known (try)"),
    ],
)
def test_a_problem_is_one_line_an_editor_can_follow(problem: Problem, text: str) -> None:
    """`file:line:column: key: message (hint)`, leaving out what there is none of."""
    assert str(problem) == text


def test_an_error_lists_all_its_problems() -> None:
    """The error's text is its problems, line by line."""
    problem = Problem(Path("a.yaml"), 1, 2, "cameras", "must be a list")
    assert str(ConfigError([problem, problem])) == f"{problem}\n{problem}"


def test_nothing_alike_gives_no_suggestion() -> None:
    """A far-fetched suggestion misleads."""
    assert likely("zebra", ["regions", "grids"]) == ""
    assert likely("grid", ["regions", "grids"]) == "did you mean 'grids'?"
