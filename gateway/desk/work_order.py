"""The work order: what a technician takes along, and fills in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from camera_configs.taxonomy import EventTypeSpec
from gateway.desk.health_board import faults_of
from gateway.desk.ledger_file import Cell, Format, write_ledger
from gateway.desk.ledger_words import choose
from gateway.desk.pulse import Snapshot
from gateway.desk.site_outages import wired_to
from storage.records import CameraStateName
from storage.records_desk import SiteOutage

_HEADINGS = (
    ("摄像机编号", "Camera id"), ("名称", "Name"), ("安装地址", "Address"), ("网格", "Grid"), ("经度", "Longitude"),
    ("纬度", "Latitude"), ("接入", "Connected by"), ("状态", "State"), ("故障", "Faults"), ("自", "Since"),
    ("时钟偏差（秒）", "Clock off (s)"), ("处理人", "Done by"), ("处理情况", "What was done"), ("完成时间", "Done at"),
)  # fmt: skip
_BLANK = ("", "", "")  # for the technician's pen
_STATES: Mapping[CameraStateName, tuple[str, str]] = {
    CameraStateName.CONNECTING: ("连接中", "connecting"),
    CameraStateName.ONLINE: ("在线", "online"),
    CameraStateName.WAITING: ("等待录像机空位", "waiting for the recorder"),
    CameraStateName.UNREACHABLE: ("无法到达", "unreachable"),
    CameraStateName.RESET: ("连接被重置", "connection reset"),
    CameraStateName.SILENT: ("无应答", "no answer"),
    CameraStateName.AUTH_FAILED: ("用户名或密码错误", "wrong user name or password"),
    CameraStateName.NOT_VIDEO: ("没有视频", "no video"),
    CameraStateName.ENDED: ("码流已结束", "stream ended"),
    CameraStateName.STALLED: ("码流中断", "stream stalled"),
    CameraStateName.CORRUPT: ("码流损坏", "stream corrupt"),
    CameraStateName.OFFLINE: ("离线", "offline"),
    CameraStateName.DISABLED: ("已停用", "out of use"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """In which language and time zone."""

    locale: str
    zone: tzinfo
    event_types: Mapping[str, EventTypeSpec]

    def fault(self, event_type: str) -> str:
        """Return a fault's name."""
        spec = self.event_types.get(event_type)
        return choose(self.locale, spec.zh, spec.en) if spec else event_type

    def moment(self, at: datetime | None) -> str:
        """Return a time of day as people there read it."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if at else ""


def work_order(
    kind: Format, snapshot: Snapshot, positions: Iterable[int], outages: Sequence[SiteOutage], words: Wording
) -> bytes:
    """Return the file: sites that are down first, a line each, then the cameras. Blocks."""
    lines = [_site_line(outage, words) for outage in outages]
    lines += [_camera_line(snapshot, position, words) for position in positions]
    return write_ledger(kind, [choose(words.locale, zh, en) for zh, en in _HEADINGS], lines)


def _site_line(outage: SiteOutage, words: Wording) -> list[Cell]:
    what = choose(words.locale, f"整点故障：{outage.cameras} 路离线", f"site down: {outage.cameras} cameras away")
    since = words.moment(outage.since)
    return ["", outage.name, "", outage.grid_id or "", None, None, outage.key, "", what, since, None, *_BLANK]


def _camera_line(snapshot: Snapshot, position: int, words: Wording) -> list[Cell]:
    camera = snapshot.index.cameras[position]
    faults, brief = faults_of(snapshot, camera), snapshot.briefs.get(camera.id)
    named = choose(words.locale, "、", ", ").join(words.fault(fault.type) for fault in faults)
    since = faults[0].since if faults else brief.since if brief else None
    return [
        camera.id, camera.name, camera.position.place, snapshot.index.grid_name(position), camera.position.lon,
        camera.position.lat, wired_to(camera), choose(words.locale, *_STATES[snapshot.state(position)]), named,
        words.moment(since), round(brief.clock_offset_s, 1) if brief and brief.clock_offset_s is not None else None,
        *_BLANK,
    ]  # fmt: skip
