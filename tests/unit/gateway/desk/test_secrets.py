"""Passwords on their way in and out of documents."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from camera_configs.models import CameraConfig, OnvifConfig, SnapshotConfig, StreamConfig
from gateway.access.sealing import Sealer
from gateway.desk.secrets import sealed, sealed_model, shown
from tests.unit.gateway.fleet.cameras import camera

SEALER, OTHER = Sealer([bytes(32)]), Sealer([bytes(31) + b"x"])
URL = "rtsp://192.0.2.1/main"


def kept(word: str = "secret-word", sealer: Sealer = SEALER) -> CameraConfig:
    """Return a camera whose stream and snapshot have sealed passwords."""
    token = sealer.seal(word)
    snapshot = SnapshotConfig(url="http://192.0.2.1/a.jpg", password_sealed=token)
    stream = StreamConfig(url=URL, password_sealed=token)
    return camera("a").model_copy(update={"streams": (stream,), "snapshot": snapshot})


def stream_of(source: dict[str, Any], present: CameraConfig | None, *, tokens: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = sealed({"streams": [source]}, present, SEALER, tokens=tokens)["streams"][0]
    return found


def test_plain_password_is_sealed() -> None:
    """It goes from the document before anything else sees that."""
    found = stream_of({"url": URL, "password": "secret-word"}, None)
    assert "password" not in found
    assert SEALER.open(found["password_sealed"]) == "secret-word"


def test_same_password_keeps_its_token() -> None:
    """Nothing changes where nothing has; a token whose key is gone gives way."""
    present = kept()
    source = {"url": URL, "password": "secret-word"}
    assert stream_of(source, present)["password_sealed"] == present.streams[0].password_sealed
    assert SEALER.open(stream_of(source, kept(sealer=OTHER))["password_sealed"]) == "secret-word"


def test_kept_password_does_not_travel_to_another_host() -> None:
    """Who edits an address could otherwise have the password sent there."""
    present = kept()
    token = present.streams[0].password_sealed
    same, other = {"url": URL + "2", "password_sealed": True}, {"url": "rtsp://198.51.100.9/", "password_sealed": True}
    assert stream_of(same, present)["password_sealed"] == token
    assert stream_of(other, present)["password_sealed"] is True
    assert stream_of({"url": URL, "password_sealed": True}, None)["password_sealed"] is True


def test_token_of_another_camera_is_taken_from_files_only() -> None:
    """People send words, never tokens; versions and files hold tokens."""
    token = SEALER.seal("other")
    source = {"url": URL, "password_sealed": token}
    assert stream_of(source, kept())["password_sealed"] is True
    assert stream_of(source, kept(), tokens=True)["password_sealed"] == token


def test_shown_document_says_only_that_there_is_one() -> None:
    """Neither word nor token."""
    document = {"streams": [{"url": URL, "password_sealed": "token"}], "snapshot": {"password_sealed": "token"}}
    assert "token" not in str(shown(document))
    assert shown(document)["snapshot"] == {"password_sealed": True}
    assert shown({"streams": [{"url": URL}]}) == {"streams": [{"url": URL}]}


def test_plain_password_of_a_file_is_sealed_in_the_model() -> None:
    """By the present token where that holds it; a camera without any stays the very same."""
    present = kept()
    plain = StreamConfig(url=URL, password=SecretStr("secret-word"))
    model = sealed_model(present.model_copy(update={"streams": (plain,)}), present, SEALER)
    assert model.streams[0].password is None
    assert model.streams[0].password_sealed == present.streams[0].password_sealed
    assert sealed_model(present, present, SEALER) is present


def test_what_is_no_document_is_left_to_the_check() -> None:
    """Nonsense is refused with a field, not with a crash."""
    assert sealed({"streams": "none"}, None, SEALER, tokens=False) == {"streams": "none"}
    assert sealed({"streams": [3], "snapshot": None}, None, SEALER, tokens=False)["streams"] == [3]


def test_a_devices_password_is_kept_as_those_of_streams() -> None:
    """Sealed on its way in, kept by `true` on the same host only, and never shown."""
    plain = {"onvif": {"url": "http://192.0.2.1/onvif", "password": "secret-word"}}
    token = sealed(plain, None, SEALER, tokens=False)["onvif"]["password_sealed"]
    assert SEALER.open(token) == "secret-word"
    present = camera("a").model_copy(update={"onvif": OnvifConfig(url="http://192.0.2.1/onvif", password_sealed=token)})
    for host, expected in (("192.0.2.1", token), ("198.51.100.9", True)):
        again = {"onvif": {"url": f"http://{host}/x", "password_sealed": True}}
        assert sealed(again, present, SEALER, tokens=False)["onvif"]["password_sealed"] == expected
    assert shown({"onvif": {"url": "http://192.0.2.1/", "password_sealed": token}})["onvif"]["password_sealed"] is True
    typed = present.model_copy(
        update={"onvif": OnvifConfig(url="http://192.0.2.1/onvif", password=SecretStr("secret-word"))}
    )
    kept_device = sealed_model(typed, present, SEALER).onvif
    assert kept_device is not None
    assert (kept_device.password, kept_device.password_sealed) == (None, token)
