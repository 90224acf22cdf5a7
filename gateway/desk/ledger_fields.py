"""The fields of the camera ledger (一机一档): how they are named, and which column of a file is probably which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LedgerField:
    """One field of a camera's file.

    Attributes:
        required: A new camera cannot do without it, in a column or as a default for all rows.
        synonyms: Other headings that mean it.
        exported: Stands in exported ledgers. A password never does.
    """

    id: str
    zh: str
    en: str
    synonyms: tuple[str, ...] = ()
    required: bool = False
    exported: bool = True


FIELDS: tuple[LedgerField, ...] = (
    LedgerField("id", "摄像机编号", "Camera id", ("相机编号", "点位编号", "编号", "id", "camera", "camera no")),
    LedgerField(
        "code",
        "国标编码",
        "GB/T 28181 code",
        ("设备编码", "设备编号", "国标编号", "国标id", "20位编码", "gb28181", "gbcode", "device id", "deviceid"),
    ),
    LedgerField(
        "name",
        "摄像机名称",
        "Camera name",
        ("设备名称", "点位名称", "监控点名称", "相机名称", "名称", "name", "device name", "camera"),
        required=True,
    ),
    LedgerField(
        "place",
        "安装地址",
        "Address",
        ("地址", "安装位置", "安装地点", "详细地址", "位置", "address", "place", "location"),
    ),
    LedgerField("lon", "经度", "Longitude", ("lon", "lng", "x", "经度坐标", "wgs84经度"), required=True),
    LedgerField("lat", "纬度", "Latitude", ("lat", "y", "纬度坐标", "wgs84纬度"), required=True),
    LedgerField("datum", "坐标系", "Coordinate system", ("坐标类型", "datum", "coordinates", "crs"), exported=False),
    LedgerField("heading", "方位角", "Heading", ("朝向", "监视方位", "镜头朝向", "azimuth", "direction")),
    LedgerField(
        "grids", "所属网格", "Grids", ("网格", "网格编码", "网格名称", "所属网格编码", "grid", "grid code", "grid id")
    ),
    LedgerField("ip", "IP地址", "IP address", ("ip", "ipv4", "ipv4地址", "设备ip", "网络地址", "host"), exported=False),
    LedgerField(
        "main_url",
        "主码流地址",
        "Main stream URL",
        ("码流地址", "视频流地址", "取流地址", "rtsp地址", "rtsp", "主码流", "url", "stream url", "main stream"),
        required=True,
    ),
    LedgerField("sub_url", "子码流地址", "Substream URL", ("子码流", "辅码流地址", "辅码流", "sub stream")),
    LedgerField("snapshot_url", "抓图地址", "Snapshot URL", ("快照地址", "截图地址", "snapshot")),
    LedgerField("transport", "传输协议", "Transport", ("传输方式", "协议", "protocol")),
    LedgerField("username", "用户名", "User name", ("账号", "登录名", "设备用户名", "user", "username", "account")),
    LedgerField("password", "密码", "Password", ("口令", "设备密码", "登录密码", "password", "pwd"), exported=False),
    LedgerField(
        "placement",
        "安装场所类型",
        "Kind of place",
        ("场所类型", "点位类型", "安装场所", "监控点位类型", "场所", "placement", "place type", "site type"),
        required=True,
    ),
    LedgerField("purpose", "用途", "Purpose", ("采集目的", "建设目的", "使用目的", "监控用途"), required=True),
    LedgerField("legal_basis", "法律依据", "Legal basis", ("建设依据", "依据"), required=True),
    LedgerField(
        "installer",
        "建设单位",
        "Installed by",
        ("管理单位", "安装单位", "所属单位", "产权单位", "权属单位", "所属部门", "owner", "installer", "unit"),
        required=True,
    ),
    LedgerField("signage", "提示标识", "Sign", ("标识", "警示标识", "提示牌", "是否设置提示标识", "signage")),
    LedgerField("recorder", "录像机编号", "Recorder", ("nvr", "nvr编号", "录像机", "所属录像机", "recorder")),
    LedgerField("tags", "标签", "Tags", ("分组", "tag", "labels", "group")),
    LedgerField("enabled", "启用", "In use", ("是否启用", "使用状态", "enabled", "active")),
)
BY_ID: Mapping[str, LedgerField] = {field.id: field for field in FIELDS}
SECRET = frozenset({"password"})
# May hold a password although they should not.
MASKED = frozenset({"password", "main_url", "sub_url", "snapshot_url"})

_NOISE = re.compile(r"[（(【\[].*?[)）\]】]|[\s*＊:：_\-./°]")


def plain(heading: str) -> str:
    """Return a heading without what people decorate it with: `*经度 (°)` is `经度`."""
    return _NOISE.sub("", heading.strip().casefold())


_MEANT: dict[str, str] = {}
for _field in FIELDS:
    for _word in (_field.id, _field.zh, _field.en, *_field.synonyms):
        _MEANT.setdefault(plain(_word), _field.id)


def meant_by(heading: str) -> str | None:
    """Return the id of the field that a heading means, None when it is none we know."""
    return _MEANT.get(plain(heading))


def suggested(columns: Iterable[str], remembered: Mapping[str, str]) -> dict[str, str]:
    """Return field by column: as it was mapped the last time, else by the headings; each field once.

    Args:
        columns: The file's headings.
        remembered: Field id by plain heading, from earlier imports; "" for a column that was left out on purpose.
    """
    headings = list(columns)
    found: dict[str, str] = {}
    for guess in (lambda h: remembered.get(plain(h)), meant_by):
        for heading in headings:
            left_out = remembered.get(plain(heading)) == ""
            field = guess(heading)
            if field and not left_out and heading not in found and field in BY_ID and field not in found.values():
                found[heading] = field
    return found
