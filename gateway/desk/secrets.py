"""Cameras' passwords in documents: sealed on their way in, never shown on their way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from camera_configs.diff import without_secrets
from camera_configs.documents import Document
from camera_configs.models import CameraConfig, OnvifConfig, SnapshotConfig, StreamConfig
from gateway.errors import GridPatrolError

_Source = StreamConfig | SnapshotConfig | OnvifConfig
_S = TypeVar("_S", StreamConfig, SnapshotConfig, OnvifConfig)
# Of a camera, beside its streams: what has a login of its own.
_BESIDE = ("snapshot", "onvif")


class Seals(Protocol):
    """Seals and opens; see `gateway.access.sealing.Sealer`."""

    def seal(self, text: str) -> str:
        """Return a token for a secret."""

    def open(self, token: str) -> str:
        """Return the secret of a token."""


def sealed(document: Document, present: CameraConfig | None, seals: Seals, *, tokens: bool) -> Document:
    """Return a camera's document with plain passwords sealed, and `password_sealed: true` as the token it stands for.

    What is kept as `true` and cannot be kept is left so, and a document with it does not fit its type: there is none,
    or the address has another host, to which a password that nobody there has typed must not go.

    Args:
        document: As it was sent.
        present: The camera as it is.
        seals: For new passwords.
        tokens: Whether a token in the document is taken as it is; else only the present one is.
    """
    found = dict(document)
    streams = found.get("streams")
    if isinstance(streams, list):
        found["streams"] = [_sealed_source(s, _stream_of(present, s), seals, tokens=tokens) for s in streams]
    for name in _BESIDE:
        if isinstance(found.get(name), Mapping):
            before = getattr(present, name) if present else None
            found[name] = _sealed_source(found[name], before, seals, tokens=tokens)
    return found


def sealed_model(camera: CameraConfig, present: CameraConfig | None, seals: Seals) -> CameraConfig:
    """Return a camera as it is kept: what a file says in plain is sealed, by the present token if that holds it."""
    streams = tuple(_sealed_settings(s, _stream_of(present, {"role": s.role}), seals) for s in camera.streams)
    snapshot, onvif = camera.snapshot, camera.onvif
    if snapshot is not None:
        snapshot = _sealed_settings(snapshot, present.snapshot if present else None, seals)
    if onvif is not None:
        onvif = _sealed_settings(onvif, present.onvif if present else None, seals)
    if (streams, snapshot, onvif) == (camera.streams, camera.snapshot, camera.onvif):
        return camera
    return camera.model_copy(update={"streams": streams, "snapshot": snapshot, "onvif": onvif})


def _sealed_settings(source: _S, present: _Source | None, seals: Seals) -> _S:
    if source.password is None:
        return source
    token = _again(source.password.get_secret_value(), None if present is None else present.password_sealed, seals)
    return source.model_copy(update={"password": None, "password_sealed": token})


def shown(document: Document) -> dict[str, Any]:
    """Return a camera's document as people see it: that there is a sealed password, never which."""
    hidden: dict[str, Any] = without_secrets(document)
    for source in _sources(hidden):
        if "password_sealed" in source:
            source["password_sealed"] = True
    return hidden


def _sealed_source(source: Any, present: _Source | None, seals: Seals, *, tokens: bool) -> Any:
    if not isinstance(source, Mapping):
        return source
    found = dict(source)
    plain, token = found.get("password"), found.get("password_sealed")
    mine = None if present is None else present.password_sealed
    if isinstance(plain, str) and plain:
        del found["password"]
        found["password_sealed"] = _again(plain, mine, seals)
    elif token is True and present is not None and mine is not None and _same_host(found.get("url"), present.url):
        found["password_sealed"] = mine
    elif isinstance(token, str) and not tokens and token != mine:
        found["password_sealed"] = True
    return found


def _same_host(url: Any, other: str) -> bool:
    return isinstance(url, str) and urlsplit(url).hostname == urlsplit(other).hostname


def _again(plain: str, token: str | None, seals: Seals) -> str:
    """Return the present token where it holds the same password, so that nothing changes; else a new one."""
    with suppress(GridPatrolError):  # its key is gone: all the better that there is a new one
        if token is not None and seals.open(token) == plain:
            return token
    return seals.seal(plain)


def _stream_of(present: CameraConfig | None, stream: Any) -> StreamConfig | None:
    role = stream.get("role", "main") if isinstance(stream, Mapping) else "main"
    streams = () if present is None else present.streams
    return next((found for found in streams if found.role == role), None)


def _sources(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from document.get("streams", ())
    yield from (document[name] for name in _BESIDE if isinstance(document.get(name), dict))
