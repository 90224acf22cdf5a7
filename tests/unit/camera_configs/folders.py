"""Configuration folders for tests: one small sound site, and ways to spoil it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from camera_configs.loader import load_site
from camera_configs.problems import ConfigError, Problem

EXAMPLE_SITE = Path(__file__).resolve().parents[3] / "camera_configs" / "examples" / "site"

SOUND = """\
regions:
  - { code: "620702199001", name: 东街社区 }
grids:
  - { id: east, code: "01", name: 东街网格, region_code: "620702199001" }
cameras:
  - id: gate-1
    name: 东门
    grids: [east]
    position: { lon: 100.4, lat: 38.9 }
    streams: [{ url: rtsp://10.0.0.5/gate }]
    legal:
      purpose: 维护公共安全
      legal_basis: art7_gov
      installer_unit: 综治中心
      placement_class: public_road
      signage_confirmed: true
    zones:
      - { id: lane, name: 通道, polygon: [[0.1, 0.9], [0.5, 0.2], [0.9, 0.9]] }
    rules:
      - { id: lane, type: fire_lane_blocked, zone: lane }
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def spoilt(folder: Path, old: str, new: str) -> Path:
    """Write the sound site with one passage replaced."""
    assert SOUND.count(old) == 1, old
    return write(folder, {"site.yaml": SOUND.replace(old, new)})


def problems_of(folder: Path) -> tuple[Problem, ...]:
    """Return what is wrong with a folder that must not load."""
    with pytest.raises(ConfigError) as caught:
        load_site(folder)
    return caught.value.problems


def only_problem(folder: Path) -> Problem:
    """Return the one problem of a folder that has exactly one."""
    found = problems_of(folder)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]
