"""Reports that subcommands write, and what they tell meanwhile."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.errors import GridPatrolError


class ReportLost(GridPatrolError):
    """A report could not be written."""


def save(path: Path, text: str) -> None:
    """Write a report.

    Raises:
        ReportLost: It could not be written.
    """
    try:
        path.write_text(text, "utf-8")
    except OSError as exc:
        raise ReportLost(f"{path}: {exc.strerror}") from exc


def tell(line: str) -> None:
    """Show how far the work is, beside what is printed for scripts."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201
