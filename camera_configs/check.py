"""What `gridpatrol check` finds in a configuration folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from camera_configs.loader import read_draft
from camera_configs.problems import Problem


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything wrong or dubious in a folder, in order of file and line, and how much was read."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    counts: Mapping[
        str, int
    ]  # "regions", "grids", "cameras", "zones", "rules", "event_types" (changed by the site); "calendar_years"

    @property
    def ok(self) -> bool:
        """Whether the folder can be used; warnings do not stand in the way."""
        return not self.problems

    def text(self) -> str:
        """One line per finding, `file:line:column: key: message (hint)`, then one line of totals."""
        lines = [f"{problem}" for problem in self.problems]
        lines += [f"{_with_word(warning)}" for warning in self.warnings]
        totals = ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in self.counts.items())
        verdict = "ok" if self.ok else f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        return "\n".join([*lines, f"{verdict}: {totals}"])


def check(folder: Path) -> CheckReport:
    """Read a folder and report; raises nothing, whatever the folder holds."""
    draft = read_draft(folder)
    cameras = [item.tree.entries for item in draft.of("cameras")]
    counts = {section: len(list(draft.of(section))) for section in ("regions", "grids", "cameras")}
    for key in ("zones", "rules"):
        counts[key] = sum(len(camera[key].items) for camera in cameras if key in camera)
    counts["event_types"] = len(list(draft.of("event_types")))
    if years := len(list(draft.of("calendar"))):
        counts["calendar_years"] = years
    return CheckReport(tuple(draft.problems), tuple(draft.warnings), counts)


def _with_word(warning: Problem) -> str:
    place, _, rest = str(warning).partition(f"{warning.key_path}: ")
    return f"{place}warning: {warning.key_path}: {rest}"
