"""What is wrong with a configuration: where, what, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Below this likeness a suggestion misleads more than it helps ("rivers" for "regions").
LIKENESS = 0.6


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, or dubious.

    `line` and `column` count from 1 and are 0 when the whole file or folder is meant. `key_path` names list entries
    by their id: `cameras[weir-1].rules[fall].dwell_s`. `code` is a stable word that an interface can translate, `loc`
    the keys and indexes inside the entry `entry_id`.
    """

    file: Path
    line: int
    column: int
    key_path: str
    message: str
    hint: str = ""
    code: str = field(default="invalid", compare=False)
    loc: tuple[str | int, ...] = field(default=(), compare=False)
    entry_id: str = field(default="", compare=False)

    @property
    def field_path(self) -> str:
        """The place inside its entry as programs write it: `rules[0].dwell_s`."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.loc).removeprefix(".")

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        key = f"{self.key_path}: " if self.key_path else ""
        return f"{place}: {key}{self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(Exception):
    """A configuration that cannot be used; exit code 2.

    Attributes:
        problems: All that was found, in order of file and line.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def likely(word: str, candidates: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the candidate most like `word`, or "" when none is like it."""
    found = difflib.get_close_matches(word, list(candidates), n=1, cutoff=LIKENESS)
    return f"did you mean '{found[0]}'?" if found else ""
