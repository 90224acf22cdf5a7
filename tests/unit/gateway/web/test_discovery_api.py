"""Finding and onboarding over the API: who may, what is refused, and that passwords stay where they were typed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from camera_configs.models import OnvifConfig, StreamConfig
from gateway.camera.stream_probe import StreamProbe
from gateway.errors import CameraAuthError, CameraNotVideo, CameraSilent, CameraUnreachable
from gateway.onvif.discovery import Found
from gateway.web import onboarding
from tests.unit.gateway.onvif.rig import PASSWORD, USER, serving, spec, until
from tests.unit.gateway.web.house import Client, House, SignedIn

BASE = "/api/v1"
PROBE = StreamProbe("h264", 1920, 1080, 25.0, 2.0, 4000.0, -172_800.0, 4.1, b"\xff\xd8jpeg")


class Probing:
    """Stands in for watching streams: tells what it was asked, and answers or fails as wanted."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.error: Exception | None = None

    def __call__(self, stream: StreamConfig, password: str | None) -> StreamProbe:
        self.asked.append((stream.url, stream.username, password))
        if self.error is not None:
            raise self.error
        return PROBE


@pytest.fixture
def probing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probing]:
    """Replace the watching of streams."""
    made = Probing()
    monkeypatch.setattr(onboarding, "probe_stream", made)
    yield made  # noqa: PT022


async def connect(client: Client, password: str = PASSWORD, **address: str) -> Any:
    return await client.post(f"{BASE}/onboarding/connect", json={"username": USER, "password": password, **address})


def document(connection: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a camera as the wizard would save it."""
    main = next(p for p in connection["profiles"] if p["role"] == "main")
    return {
        "id": "new-cam",
        "name": "新摄像机",
        "grids": ["east"],
        "position": {"lon": 117.0, "lat": 36.6},
        "streams": [{"url": main["stream_url"], "role": "main"}],
        "legal": {
            "purpose": "消防通道",
            "legal_basis": "art7_gov",
            "installer_unit": "街道办",
            "placement_class": "public_road",
        },
        **changes,
    }


@pytest.mark.parametrize("name", ["grid-worker", "grid-leader", "maintainer", "auditor"])
async def test_onboarding_needs_its_right(signed_in: SignedIn, name: str) -> None:
    """Operators and administrators only."""
    client = await signed_in(name)
    for answer in (
        await client.post(f"{BASE}/discovery", json={"method": "multicast"}),
        await client.get(f"{BASE}/discovery/srch_1"),
        await connect(client, xaddr="127.0.0.1"),
        await client.post(f"{BASE}/onboarding/conn_1/probe", json={"profile_tokens": ["main"]}),
        await client.get(f"{BASE}/onboarding/conn_1/picture?profile=main"),
        await client.post(f"{BASE}/onboarding/conn_1/save", json={"document": {}, "reason": "x"}),
    ):
        assert answer.status == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"method": "range", "ranges": []}, "ranges"),
        ({"method": "range", "ranges": ["10.0.0.0/8"]}, "ranges"),
        ({"method": "range", "ranges": ["nonsense"]}, "ranges"),
        ({"method": "range", "ranges": ["10.0.0.1"], "ports": [0]}, "ports.0"),
        ({"method": "guess"}, "method"),
        ({"method": "multicast", "seconds": 600}, "seconds"),
    ],
)
async def test_searches_that_are_refused(signed_in: SignedIn, body: dict[str, Any], field: str) -> None:
    """With the field that is wrong."""
    answer = await (await signed_in("operator")).post(f"{BASE}/discovery", json=body)
    assert answer.status == 422
    assert (await answer.json())["errors"][0]["field"] == field


async def test_a_search_by_range(house: House, signed_in: SignedIn) -> None:
    """Found, counted, and a camera of the site at the same host is named; nobody else sees it."""
    client, other = await signed_in("operator"), await signed_in("admin")
    async with serving(spec("one")) as server, asyncio.TaskGroup() as group:
        port = int(server.url("one").split(":")[2].split("/")[0])
        body = {"method": "range", "ranges": ["127.0.0.1-127.0.0.2"], "ports": [port]}
        started = await client.post(f"{BASE}/discovery", json=body)
        assert started.status == 202
        where = f"{BASE}/discovery/{(await started.json())['search_id']}"
        again = await client.post(f"{BASE}/discovery", json=body)
        assert (again.status, (await again.json())["code"]) == (409, "conflict")
        running = group.create_task(house.context.onboarding.run())
        [search] = house.context.onboarding.searches._kept.values()
        await until(lambda: not search.running)
        search.found["known"] = Found("known", "http://camera.example/onvif", "camera.example", "门口")
        shown = await (await client.get(where)).json()
        assert (shown["running"], shown["asked"], shown["total"]) == (False, 2, 2)
        assert [(f["xaddr"], f["known_camera_id"]) for f in shown["found"]] == [
            (server.url("one"), None),
            ("http://camera.example/onvif", "cam-east"),
        ]
        assert [f["name"] for f in shown["found"]][1] == "门口"
        # Several devices at one host: told apart by the address that was written down when one of them was added.
        search.found["also"] = Found("also", "http://camera.example:81/onvif", "camera.example", "")
        shown = await (await client.get(where)).json()
        assert [f["known_camera_id"] for f in shown["found"]] == [None, None, None]
        onvif = OnvifConfig(url="http://camera.example:81/onvif")
        cameras = [
            c.model_copy(update={"onvif": onvif}) if c.id == "cam-east" else c for c in house.context.site.cameras
        ]
        house.context.book.site = house.context.site.model_copy(update={"cameras": tuple(cameras)})
        shown = await (await client.get(where)).json()
        told = [(f["known_camera_id"], f["name"] != "") for f in shown["found"]]
        assert told[1:] == [(None, True), ("cam-east", True)]
        assert (await other.get(where)).status == 404
        running.cancel()


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ({}, "body"),
        ({"xaddr": "127.0.0.1", "stream_url": "rtsp://h/1"}, "body"),
        ({"xaddr": "ftp://h/"}, "xaddr"),
        ({"xaddr": "http://u:p@h/"}, "xaddr"),
        ({"stream_url": "file:///etc/passwd"}, "stream_url"),
        ({"stream_url": "rtsp://u:p@h/1"}, "stream_url"),
    ],
)
async def test_addresses_that_are_refused(signed_in: SignedIn, address: dict[str, str], field: str) -> None:
    """Files above all; and never is the password repeated."""
    answer = await connect(await signed_in("operator"), **address)
    text = await answer.text()
    assert answer.status == 422
    assert (await answer.json())["errors"][0]["field"] == field
    assert PASSWORD not in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CameraAuthError("x"), "auth_failed"),
        (CameraUnreachable("x"), "unreachable"),
        (CameraSilent("x"), "timeout"),
        (CameraNotVideo("x"), "no_video"),
    ],
)
async def test_streams_that_cannot_be_watched(
    signed_in: SignedIn, probing: Probing, error: Exception, code: str
) -> None:
    """The stream is the proof, where there is nothing else."""
    probing.error = error
    answer = await connect(await signed_in("operator"), stream_url="rtsp://camera.example/1")
    assert (answer.status, (await answer.json())["code"]) == (422, code)


async def test_connecting_by_a_stream(signed_in: SignedIn, probing: Probing) -> None:
    """One profile, as it was seen; its picture is there already."""
    client = await signed_in("operator")
    made = await (await connect(client, stream_url="rtsp://camera.example/1")).json()
    [profile] = made["profiles"]
    assert (made["device"], made["clock"], made["quirks"]) == (None, {"offset_s": -172_800.0}, [])
    assert (profile["token"], profile["role"], profile["width"], profile["fps"]) == ("stream", "main", 1920, 25.0)
    assert probing.asked == [("rtsp://camera.example/1", USER, PASSWORD)]
    picture = await client.get(f"{BASE}/onboarding/{made['connection_id']}/picture?profile=stream")
    assert (picture.status, picture.content_type, await picture.read()) == (200, "image/jpeg", PROBE.jpeg)
    assert "no-store" in picture.headers["Cache-Control"]
    main = await client.get(f"{BASE}/onboarding/{made['connection_id']}/picture")
    assert await main.read() == PROBE.jpeg
    assert len(probing.asked) == 1


async def test_a_device_from_login_to_saving(house: House, signed_in: SignedIn, probing: Probing) -> None:
    """With a clock two days off and a wrong host: connected, probed, saved with a sealed password, and let go."""
    client = await signed_in("operator")
    device = spec(clock_offset_s=-172_800.0, advertised_host="10.9.9.9", presets={"1": "门口"})
    async with serving(device) as server:
        wrong = await connect(client, "wrong", xaddr=server.url("gate"))
        assert (wrong.status, (await wrong.json())["code"]) == (422, "auth_failed")
        answer = await connect(client, xaddr=server.url("gate"))
        text, made = await answer.text(), await answer.json()
    assert answer.status == 200
    assert PASSWORD not in text
    assert made["clock"]["offset_s"] == pytest.approx(-172_800, abs=2)
    assert [q["id"] for q in made["quirks"]] == ["wrong_host", "clock_wrong"]
    assert [(p["token"], p["role"]) for p in made["profiles"]] == [("main", "main"), ("sub", "sub")]
    assert made["presets"] == [{"token": "1", "name": "门口"}]
    where = f"{BASE}/onboarding/{made['connection_id']}"
    probes = await (await client.post(f"{where}/probe", json={"profile_tokens": ["main", "sub"]})).json()
    assert [(s["token"], s["gop_s"], s["code"]) for s in probes["streams"]] == [("main", 2.0, None), ("sub", 2.0, None)]
    saved = await client.post(f"{where}/save", json={"document": document(made), "reason": "新装"})
    assert (saved.status, (await saved.json())["document"]["streams"]) == (
        200,
        [{"url": "rtsp://127.0.0.1:8554/gate", "username": USER, "password_sealed": True}],
    )
    saved_camera = house.context.site.camera("new-cam")
    assert saved_camera.streams[0].password_sealed
    device_block = saved_camera.onvif
    assert device_block is not None
    assert (device_block.url, device_block.username) == (server.url("gate"), USER)
    assert device_block.password_sealed
    assert (device_block.profiles, device_block.events) == (("main",), True)
    assert len(device_block.sources) == 2
    assert PASSWORD not in await saved.text()
    register = [(e.action, e.subject, e.detail.get("outcome")) for e in await house.stores.audit.entries()]
    assert ("onboarding.connect", "127.0.0.1", "auth_failed") in register
    assert ("onboarding.connect", "127.0.0.1", "connected") in register
    assert ("onboarding.save", "new-cam", "saved") in register
    assert (await client.get(f"{where}/picture?profile=main")).status == 404


async def test_probes_tell_why_not(signed_in: SignedIn, probing: Probing) -> None:
    """Each stream for itself; another address only on the same host, for the password is for that one."""
    client = await signed_in("operator")
    made = await (await connect(client, stream_url="rtsp://camera.example/1")).json()
    where = f"{BASE}/onboarding/{made['connection_id']}/probe"
    probing.error = CameraNotVideo("x")
    failed = await (await client.post(where, json={"profile_tokens": ["stream"]})).json()
    assert failed["streams"][0]["code"] == "no_video"
    probing.error = None
    own = await client.post(where, json={"stream_url": "rtsp://camera.example:8554/2"})
    assert own.status == 200
    for body in ({"stream_url": "rtsp://evil.example/2"}, {"stream_url": "file:///x"}, {}):
        assert (await client.post(where, json=body)).status == 422
    assert (await client.post(where, json={"profile_tokens": ["other"]})).status == 404
    assert "evil" not in repr(probing.asked)


async def test_saving_what_must_not_be_saved(signed_in: SignedIn, probing: Probing) -> None:
    """Another host, an id that exists, a wrong document, a grid that is not theirs: nothing is saved, all is kept."""
    client = await signed_in("operator")
    made = await (await connect(client, stream_url="rtsp://camera.example/1")).json()
    where = f"{BASE}/onboarding/{made['connection_id']}/save"

    async def saved(reason: str = "新装", **changes: Any) -> tuple[int, dict[str, Any]]:
        answer = await client.post(where, json={"document": document(made, **changes), "reason": reason})
        return answer.status, await answer.json()

    status, told = await saved(streams=[{"url": "rtsp://evil.example/1"}])
    assert (status, told["errors"][0]["field"]) == (422, "streams[0].url")
    status, told = await saved(snapshot={"url": "http://evil.example/1.jpg"})
    assert (status, told["errors"][0]["field"]) == (422, "snapshot.url")
    assert (await saved(id="cam-east"))[0] == 409
    assert (await saved(grids=["west"]))[0] == 404
    assert (await saved(streams="none"))[0] == 422
    assert (await saved(streams=["none"]))[0] == 422
    assert (await saved(reason=""))[0] == 422
    assert (await saved(snapshot={"url": "http://camera.example/1.jpg", "password": "typed"}))[0] == 200


async def test_connections_belong_to_who_made_them(signed_in: SignedIn, probing: Probing) -> None:
    """Even an administrator has no use of somebody else's password."""
    client, admin = await signed_in("operator"), await signed_in("admin")
    made = await (await connect(client, stream_url="rtsp://camera.example/1")).json()
    where = f"{BASE}/onboarding/{made['connection_id']}"
    assert (await admin.get(f"{where}/picture?profile=stream")).status == 404
    assert (await admin.post(f"{where}/save", json={"document": {}, "reason": "x"})).status == 404
