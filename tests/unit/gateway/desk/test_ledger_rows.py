"""From a row of the ledger to a camera."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from camera_configs.models import CameraConfig, SiteConfig, StreamConfig
from gateway.desk.datum import gcj02_of_wgs84
from gateway.desk.ledger_file import LedgerRow
from gateway.desk.ledger_rows import LedgerSite, RowRead, RowReader
from gateway.desk.ledger_words import worded
from storage.protocols import Scope
from tests.unit.gateway.desk.county import FakeSeals, camera, county, grid

EVERYTHING = Scope(None)
CODE = "37112100001320000001"
ROW = {
    "code": CODE, "name": "东街路口", "place": "东街 3 号", "lon": "118.15", "lat": "35.05",
    "main_url": "rtsp://10.0.0.9:554/main", "username": "admin", "password": "geheim-77", "placement": "公共道路",
    "purpose": "街面秩序", "legal_basis": "政府", "installer": "综治中心",
}  # fmt: skip


def read(row: dict[str, str], site: SiteConfig | None = None, scope: Scope = EVERYTHING, **defaults: str) -> RowRead:
    return read_all([row], site, scope, **defaults)[0]


def read_all(
    rows: list[dict[str, str]], site: SiteConfig | None = None, scope: Scope = EVERYTHING, **defaults: str
) -> list[RowRead]:
    names = sorted({name for row in rows for name in row})
    columns = {name: n for n, name in enumerate(names)}
    reader = RowReader(LedgerSite.of(site or county()), columns, defaults, FakeSeals(), scope)
    return reader.read_all([LedgerRow(n + 2, tuple(row.get(name, "") for name in names)) for n, row in enumerate(rows)])


def camera_of(row: dict[str, str], site: SiteConfig | None = None, **defaults: str) -> CameraConfig:
    found = read(row, site, EVERYTHING, **defaults)
    assert found.camera is not None, found.errors
    return found.camera


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": ""}, "name", "missing"),
        ({"code": ""}, "code", "no_id"),
        ({"code": "123"}, "code", "bad_code"),
        ({"code": "3.711210000132e+19"}, "code", "rounded_code"),
        ({"id": "东街 1"}, "id", "bad_id"),
        ({"lon": "east"}, "lon", "not_a_number"),
        ({"lon": "nan"}, "lon", "not_a_number"),
        ({"lon": "35.05", "lat": "118.15"}, "lat", "swapped"),
        ({"lon": "218", "lat": "35"}, "lon", "out_of_range"),
        ({"lon": "0", "lat": "0.0"}, "lon", "no_position"),
        ({"datum": "北京54"}, "datum", "unknown_datum"),
        ({"lon": "120"}, "grids", "no_grid"),
        ({"grids": "north"}, "grids", "unknown_grid"),
        ({"main_url": "http://10.0.0.9/x"}, "main_url", "invalid"),
        ({"main_url": "rtsp://["}, "main_url", "bad_url"),
        ({"main_url": "rtsp://{ip}/x"}, "ip", "no_ip"),
        ({"main_url": "rtsp://{ip}/x", "ip": "10.0.0.9/evil@"}, "ip", "bad_ip"),
        ({"placement": "女更衣室"}, "placement", "forbidden_place"),
        ({"name": "三楼卫生间"}, "name", "forbidden_place"),
        ({"placement": "月球"}, "placement", "unknown_placement"),
        ({"legal_basis": "随便"}, "legal_basis", "unknown_basis"),
        ({"purpose": "人脸抓拍"}, "purpose", "about_persons"),
        ({"signage": "也许"}, "signage", "not_yes_or_no"),
        ({"transport": "sctp"}, "transport", "unknown_transport"),
        ({"heading": "up"}, "heading", "unknown_heading"),
        ({"heading": "400"}, "heading", "unknown_heading"),
        ({"tags": "好"}, "tags", "bad_name"),
        ({"recorder": "录像机 1"}, "recorder", "bad_name"),
        ({"password": "x" * 1_001}, "password", "too_long"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(changes: dict[str, str], field: str, code: str) -> None:
    """One thing wrong, one error, in words; never the password."""
    seals = FakeSeals()
    seals.seal = _strict  # type: ignore[method-assign]
    found = read(ROW | changes)
    if code == "too_long":
        columns = {name: n for n, name in enumerate(ROW)}
        row = LedgerRow(2, tuple((ROW | changes)[name] for name in ROW))
        found = RowReader(LedgerSite.of(county()), columns, {}, seals).read(row)
    assert found.camera is None
    assert [(e.row, e.field, e.code) for e in found.errors] == [(2, field, code)]
    (error,) = found.errors
    assert worded(code, "zh-CN", error.params)
    assert "geheim" not in repr(found)


def _strict(text: str) -> str:
    raise ValueError("longer than 1000 characters") if len(text) > 1_000 else AssertionError


def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    """Nobody wants to upload once per mistake."""
    found = read(ROW | {"name": "", "lat": "north", "placement": "", "legal_basis": "x"})
    assert {e.field for e in found.errors} == {"name", "lat", "placement", "legal_basis"}


def test_a_forbidden_place_names_the_article() -> None:
    """So that whoever reads it knows that no administrator can allow it."""
    (error,) = read(ROW | {"placement": "宿舍"}).errors
    assert "第八条" in worded(error.code, "zh-CN", error.params)
    assert "article 8" in worded(error.code, "en", error.params)
    assert error.value == "宿舍"


def test_values_that_may_hold_secrets_are_never_repeated() -> None:
    """An address may hold a password although it should not."""
    (error,) = read(ROW | {"main_url": "ftp://admin:geheim-77@10.0.0.9/x"}).errors
    assert error.value is None
    assert "geheim" not in repr(error)


def test_the_same_camera_twice_names_the_first_row() -> None:
    """Which of the two was meant nobody can know."""
    first, second = read_all([ROW, ROW | {"name": "again"}])
    assert first.camera is not None
    (error,) = second.errors
    assert (error.code, error.params["row"]) == ("repeated", "2")


def test_a_row_becomes_a_camera() -> None:
    """With its grid found from its position and its password sealed."""
    found = camera_of(ROW)
    assert (found.id, found.grids, found.position.place) == (CODE, ("east",), "东街 3 号")
    (stream,) = found.streams
    assert (stream.url, stream.username, stream.password) == ("rtsp://10.0.0.9:554/main", "admin", None)
    assert stream.password_sealed is not None
    assert FakeSeals().open(stream.password_sealed) == "geheim-77"
    assert found.legal.placement_class == "public_road"


def test_credentials_in_an_address_are_taken_out_of_it() -> None:
    """As ledgers have them; what stands in its own column goes first."""
    row = {name: text for name, text in ROW.items() if name not in {"username", "password"}}
    (stream,) = camera_of(row | {"main_url": "rtsp://op:p%40ss@10.0.0.9:554/main"}).streams
    assert (stream.url, stream.username) == ("rtsp://10.0.0.9:554/main", "op")
    assert FakeSeals().open(stream.password_sealed or "") == "p@ss"
    (stream,) = camera_of(ROW | {"main_url": "rtsp://op:other@10.0.0.9:554/main"}).streams
    assert (stream.username, FakeSeals().open(stream.password_sealed or "")) == ("admin", "geheim-77")


def test_an_address_may_be_made_from_the_ip() -> None:
    """Many ledgers have nothing else."""
    row = {name: text for name, text in ROW.items() if name != "main_url"} | {"ip": "10.9.9.9"}
    template = "rtsp://{ip}:554/Streaming/Channels/101"
    found = camera_of(row, main_url=template, sub_url="rtsp://{ip}/2", snapshot_url="http://{ip}/s.jpg")
    assert [s.url for s in found.streams] == ["rtsp://10.9.9.9:554/Streaming/Channels/101", "rtsp://10.9.9.9/2"]
    assert found.snapshot is not None
    assert found.snapshot.url == "http://10.9.9.9/s.jpg"
    assert camera_of(row | {"ip": "fe80::1"}, main_url="rtsp://{ip}/1").streams[0].url == "rtsp://[fe80::1]/1"


@pytest.mark.parametrize(
    ("changes", "path", "expected"),
    [
        ({"grids": "WG-west、east"}, "grids", ("west", "east")),
        ({"grids": "west网格"}, "grids", ("west",)),
        ({"heading": "东南"}, "position.heading_deg", 135),
        ({"heading": "360°"}, "position.heading_deg", 0),
        ({"signage": "已设置"}, "legal.signage_confirmed", True),
        ({"enabled": "停用"}, "enabled", False),
        ({"recorder": "NVR-1"}, "recorder", "nvr-1"),
        ({"tags": "A,b"}, "tags", ("a", "b")),
        ({"id": "Gate-1"}, "tags", (f"gb-{CODE}",)),
        ({"transport": "UDP"}, "streams", None),
    ],
)
def test_cells_are_read_as_people_write_them(changes: dict[str, str], path: str, expected: Any) -> None:
    """Names or codes of grids, compass points, yes and no."""
    found: Any = camera_of(ROW | changes)
    if path == "streams":
        assert found.streams[0].transport == "udp"
        return
    for part in path.split("."):
        found = getattr(found, part)
    assert found == expected


def test_a_position_in_gcj02_is_put_right_when_somebody_says_so() -> None:
    """By a column, or for the whole file."""
    lon, lat = gcj02_of_wgs84(118.15, 35.05)
    row = ROW | {"lon": str(lon), "lat": str(lat)}
    for found in (camera_of(row | {"datum": "GCJ-02"}), camera_of(row, datum="gcj02")):
        assert (found.position.lon, found.position.lat) == pytest.approx((118.15, 35.05), abs=2e-7)


def test_two_grids_of_one_name_must_be_told_apart() -> None:
    """By their codes."""
    site = county().model_copy(update={"grids": (grid("a", 118.0, name="同名"), grid("b", 118.1, name="同名"))})
    (error,) = read(ROW | {"grids": "同名"}, site).errors
    assert error.code == "ambiguous_grid"


def imported() -> SiteConfig:
    return county(camera_of(ROW))


def test_the_same_row_again_changes_nothing() -> None:
    """Not even the token of the password."""
    site = imported()
    found = read(ROW, site)
    assert found.change == "unchanged"
    assert found.camera == site.cameras[0]


def test_a_position_with_fewer_digits_is_the_same_position() -> None:
    """Spreadsheets keep sixteen, exports of other systems six or seven; what is known more exactly stays."""
    exact = camera_of(ROW | {"lon": "118.15000001", "lat": "35.0500000499"})
    assert (exact.position.lon, exact.position.lat) == (118.15, 35.05)
    finer = exact.model_copy(update={"position": exact.position.model_copy(update={"lon": 118.15000001})})
    assert read(ROW, county(finer)).change == "unchanged"
    assert read(ROW | {"lon": "118.1501"}, county(finer)).change == "changed"


def test_what_the_ledger_leaves_empty_stays() -> None:
    """Zones, rules, a second grid and the password outlive an import; defaults are for new cameras."""
    (before,) = imported().cameras
    kept = before.model_copy(update={"grids": ("east", "west"), "detector": "motion"})
    row = dict.fromkeys(ROW, "") | {"code": CODE, "name": "新名"}
    found = read(row, county(kept), purpose="其他", sub_url="rtsp://10.0.0.9/2")
    assert found.change == "changed"
    assert found.camera == kept.model_copy(update={"name": "新名"})


def test_a_camera_with_an_id_of_its_own_is_found_by_its_code() -> None:
    """And keeps its id."""
    site = county(camera_of(ROW | {"id": "gate-1"}))
    found = read(ROW | {"name": "新名"}, site)
    assert found.camera is not None
    assert (found.camera.id, found.camera.tags, found.change) == ("gate-1", (f"gb-{CODE}",), "changed")


def test_a_password_does_not_follow_an_address_to_another_host() -> None:
    """Else whoever may edit addresses could have it sent to a host of their own."""
    row = ROW | {"password": "", "main_url": "rtsp://10.6.6.6:554/main"}
    (error,) = read(row, imported()).errors
    assert (error.field, error.code) == ("password", "password_again")
    assert read(row | {"password": "geheim-77"}, imported()).change == "changed"
    assert read(row | {"main_url": "rtsp://10.0.0.9:8554/other"}, imported()).change == "changed"


def test_a_plain_password_of_a_file_is_kept_or_replaced() -> None:
    """The same one changes nothing; another one is sealed and the plain one gone."""
    plain = StreamConfig(url="rtsp://10.0.0.9:554/main", username="admin", password=SecretStr("geheim-77"))
    site = county(camera(CODE, streams=(plain,)))
    row = {"code": CODE, "password": "geheim-77"}
    assert read(row, site).change == "unchanged"
    changed = camera_of({"code": CODE, "password": "new"}, site)
    assert changed.streams[0].password is None
    assert changed.streams[0].password_sealed is not None


def test_an_import_stays_within_its_scope() -> None:
    """Neither a camera put into a grid of others nor one of theirs changed."""
    west = Scope(frozenset({"west"}))
    assert [e.code for e in read(ROW, scope=west).errors] == ["other_scope"]
    moved = ROW | {"lon": "118.05", "grids": "west"}
    assert [e.code for e in read(moved, imported(), west).errors] == ["other_scope"]
    assert read(moved, scope=west).errors == ()
