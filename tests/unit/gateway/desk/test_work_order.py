"""The work order."""

from __future__ import annotations

import csv
import io
from zoneinfo import ZoneInfo

from camera_configs.taxonomy import EVENT_TYPES
from gateway.desk.work_order import _STATES, Wording, work_order
from storage.records import CameraStateName
from tests.unit.gateway.desk.county import fault, outage
from tests.unit.gateway.desk.test_health_board import snapshot


def lines(locale: str) -> list[list[str]]:
    now = snapshot(faults=(fault("password", "camera_fault.unheard_of"),))
    words = Wording(locale, ZoneInfo("Asia/Shanghai"), EVENT_TYPES)
    positions = [now.index.position["blurred"], now.index.position["password"]]
    content = work_order("csv", now, positions, [outage("host:10.0.0.9")], words)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_sites_come_first_and_times_are_local() -> None:
    """One line for a site, one for a camera; room for the technician's pen."""
    head, site, blurred, password = lines("zh-CN")
    assert head[0] == "摄像机编号"
    assert site[8] == "整点故障：3 路离线"
    assert (blurred[0], blurred[7], blurred[8], blurred[9]) == ("blurred", "在线", "画面模糊", "2026-11-22 11:50")
    assert password[7] == "用户名或密码错误"
    assert password[8].startswith("camera_fault.unheard_of")
    assert blurred[-3:] == ["", "", ""]


def test_it_speaks_english_too() -> None:
    """Headings, states and faults."""
    head, site, blurred, _ = lines("en")
    assert (head[7], site[8], blurred[8]) == (
        "State",
        "site down: 3 cameras away",
        EVENT_TYPES["camera_fault.blurred"].en,
    )


def test_every_state_has_its_words() -> None:
    """A new state without words would break the order."""
    assert set(_STATES) == set(CameraStateName)
