"""Finds the bench that was asked for and runs it."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts import benches

USAGE_ERROR = 2


def names() -> list[str]:
    """Return what can be measured, as it is typed."""
    folder = Path(benches.__path__[0])
    modules = [m.name for m in pkgutil.iter_modules([str(folder)])]
    return [m.replace("_", "-") for m in modules if "\ndef run(" in (folder / f"{m}.py").read_text("utf-8")]


def main(argv: Sequence[str]) -> int:
    """Run one bench; the exit code is the bench's, or 2 when there is none of that name."""
    name, *arguments = argv or [""]
    if name not in names():
        print(f"usage: scripts/bench NAME [arguments]; there are: {', '.join(names())}", file=sys.stderr)
        return USAGE_ERROR
    bench = importlib.import_module(f"{benches.__name__}.{name.replace('-', '_')}")
    code: int = bench.run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
