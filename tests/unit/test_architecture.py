"""The plan of the house, held by reading every import with `ast`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "camera_configs", "detectors", "storage")
# Folders of gateway that must never know each other.
SIBLINGS = (
    "camera", "analysis", "evidence", "casework", "patrol", "delivery", "access", "simulator", "receiver", "onvif",
    "push",
    "desk",
)  # fmt: skip
FOUNDATION = ("types", "errors", "clock", "supervise", "log", "settings", "interfaces")
ONLY_IN = {
    "sqlalchemy": ("storage/",),
    "alembic": ("storage/",),
    "aiosqlite": ("storage/",),
    "asyncpg": ("storage/",),
    "onnxruntime": ("detectors/",),
    "openvino": ("detectors/",),
    "torch": ("detectors/",),
    "ultralytics": ("detectors/",),
    "av": ("gateway/camera/", "gateway/evidence/", "gateway/simulator/"),
    "aiohttp": (
        "gateway/web/", "gateway/delivery/", "gateway/receiver/", "gateway/fleet/", "gateway/app.py",
        "gateway/camera/snapshots/", "gateway/onvif/", "gateway/push/",
    ),
    "onvif": ("gateway/onvif/",),
    "pywebpush": ("gateway/push/",),
    "py_vapid": ("gateway/push/",),
    "zeep": ("gateway/onvif/",),
    "typer": ("gateway/cli/",),
}  # fmt: skip
# Words of what GridPatrol never does; a package of this kind must not even be a dependency.
IDENTITY = re.compile(
    r"face_?recogni|insightface|facenet|deepface|face_?embedding|re_?identif|reid\b|gait|license_?plate|plate_?recogni"
    r"|watch_?list|demographic|person_?attribute",
    re.IGNORECASE,
)
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
# The only places where any exception may be caught: supervision, one delivery attempt, the web boundary.
BROAD_EXCEPT = {"gateway/supervise.py", "gateway/delivery/outbox.py", "gateway/web/middleware.py"}


def sources() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py") if "node_modules" not in p.parts)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def layer(module: str) -> int:
    """Return how high a module of gateway stands: it may import what stands lower (level 3 minds its siblings)."""
    part = module.split(".")[1] if "." in module else ""
    if part in FOUNDATION:
        return 4
    if part in SIBLINGS:
        return 3
    return 2 if part in {"web", "fleet"} else 1


def offences(path: Path) -> list[str]:
    name = relative(path)
    module = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    package = module.split(".")[0]
    found = []
    for line, imported in imports(parsed(path)):
        top = imported.split(".")[0]
        if top in ONLY_IN and not name.startswith(ONLY_IN[top]):
            found.append(f"{name}:{line}: only {', '.join(ONLY_IN[top])} may import {top}")
        if top not in PACKAGES or top == package != "gateway":
            continue
        if package == "camera_configs" or (package != "gateway" and top != "camera_configs"):
            found.append(f"{name}:{line}: {package} must not import {imported}")
        elif package == "gateway" and top == "gateway":
            found.extend(f"{name}:{line}: {problem}" for problem in gateway_offences(module, imported))
    return found


def gateway_offences(module: str, imported: str) -> list[str]:
    if layer(imported) < layer(module):
        return [f"{module} must not look up to {imported}"]
    mine, theirs = module.split(".")[1:2], imported.split(".")[1:2]
    if layer(module) in (2, 3) and layer(imported) == layer(module) and mine != theirs:
        return [f"{module} must not know its neighbour {imported}"]
    return []


def test_imports_follow_the_plan() -> None:
    """Leaves know nothing of ours, neighbours do not know each other, drivers stay where they belong."""
    assert [problem for path in sources() for problem in offences(path)] == []


def test_the_rules_can_fail() -> None:
    """A rule that no file could break would hold nothing."""
    assert gateway_offences("gateway.camera.ring", "gateway.analysis.rules")
    assert gateway_offences("gateway.web.app", "gateway.fleet.worker")
    assert gateway_offences("gateway.camera.ring", "gateway.web.app")
    assert not gateway_offences("gateway.web.app", "gateway.access.rights")
    assert not gateway_offences("gateway.camera.ring", "gateway.types.Packet")


def test_files_and_functions_stay_short() -> None:
    """No file over 500 lines, no function over 60 lines (docstring not counted)."""
    assert [problem for path in sources() for problem in too_long(path)] == []


def too_long(path: Path) -> Iterator[str]:
    """Tell what of a file is longer than it may be."""
    text = path.read_text()
    if len(text.splitlines()) > MAX_FILE_LINES:
        yield f"{relative(path)} has {len(text.splitlines())} lines"
    for node in ast.walk(parsed(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (body[-1].end_lineno or 0) - node.body[0].lineno + 1 if body else 0
            doc = (node.body[0].end_lineno or 0) - node.body[0].lineno + 1 if ast.get_docstring(node) else 0
            if lines - doc > MAX_FUNCTION_LINES:
                yield f"{relative(path)}: {node.name} has {lines - doc} lines"


def test_nobody_swallows_everything() -> None:
    """`except Exception` stands in three places only, a bare `except` nowhere, tasks start in task groups only."""
    assert [problem for path in sources() for problem in swallowed(path)] == []


def swallowed(path: Path) -> Iterator[str]:
    """Tell where a file catches anything, or starts a task that nobody waits for."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in {"everything", "Exception", "BaseException"} and relative(path) not in BROAD_EXCEPT:
                yield f"{relative(path)}:{node.lineno} catches {caught}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"asyncio.create_task", "asyncio.ensure_future"}:
            yield f"{relative(path)}:{node.lineno}: a task outside a TaskGroup"


def test_nothing_of_ours_looks_at_who_someone_is() -> None:
    """No dependency and no module is about identity: faces, plates, gait, re-identification, watch lists."""
    assert not IDENTITY.search((ROOT / "pyproject.toml").read_text())
    for path in sources():
        for line, imported in imports(parsed(path)):
            assert not IDENTITY.search(imported), f"{relative(path)}:{line}"
        assert not IDENTITY.search(path.stem), relative(path)


def test_source_files_are_mirrored_by_tests() -> None:
    """Each module with code of its own has its test module (or is named in a mirrored test folder)."""
    named = {p.stem.removeprefix("test_") for p in (ROOT / "tests").rglob("test_*.py")}
    exempt = {"__init__", "protocols", "records", "types", "errors", "base", "tables", "env", "__main__"}
    missing = [
        relative(p)
        for p in sources()
        if p.stem not in exempt
        and not (p.stem.startswith(("records_", "protocols_")) or p.stem.endswith("_tables"))
        and "versions" not in p.parts
        and not any(p.stem in n or n in p.stem for n in named)
    ]
    assert missing == []
