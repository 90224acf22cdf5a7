"""Why a camera does not open: one DESCRIBE over a plain socket, for the cases in which the driver cannot tell.

FFmpeg answers "invalid data" alike for a dead host, a silent one, a reset and a web server on the port (measured).
So after such a failure, and only then, the same thread asks once more by hand. Nothing is sent but a DESCRIBE without
credentials; no session is set up.
"""

from __future__ import annotations

import re
import socket
from urllib.parse import SplitResult

from gateway.errors import (
    CameraAuthError,
    CameraBusy,
    CameraError,
    CameraNotVideo,
    CameraReset,
    CameraSilent,
    CameraUnreachable,
)

RTSP_PORT = 554
RTSPS_PORT = 322
# Together with the default open timeout (8 s) a camera's trouble has its name within 15 s.
CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 3.0
_MAX_ANSWER_BYTES = 64 * 1024
_STATUS = re.compile(rb"RTSP/\d\.\d (\d{3})")


def address_of(url: SplitResult) -> tuple[str, int]:
    """Return host and port of a stream's address."""
    return url.hostname or "", url.port or (RTSPS_PORT if url.scheme == "rtsps" else RTSP_PORT)


def diagnose(camera_id: str, url: SplitResult) -> CameraError | None:
    """Ask the camera by hand and name its trouble; None when it describes a video stream all the same.

    Blocks for at most `CONNECT_TIMEOUT_S` + `ANSWER_TIMEOUT_S`, plus the resolver's own time. Errors carry
    host:port only.
    """
    host, port = address_of(url)
    where = f"{host}:{port}"
    try:
        peer = socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S)
    except TimeoutError:
        return CameraUnreachable(camera_id, f"{where}: no answer to the connection attempt")
    except ConnectionResetError:  # a reset may outrun the return of connect
        return _closes_at_once(camera_id, where)
    except OSError as exc:
        return CameraUnreachable(camera_id, f"{where}: {exc.strerror or type(exc).__name__}")
    with peer:
        if url.scheme == "rtsps":
            return None  # what goes on inside TLS is the driver's to tell
        return _ask(camera_id, peer, url, where)


def _ask(camera_id: str, peer: socket.socket, url: SplitResult, where: str) -> CameraError | None:
    peer.settimeout(ANSWER_TIMEOUT_S)
    target = f"rtsp://{where}{url.path}" + (f"?{url.query}" if url.query else "")
    request = f"DESCRIBE {target} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\nUser-Agent: GridPatrol\r\n\r\n"
    try:
        peer.sendall(request.encode())
        answer = _read_answer(peer)
    except TimeoutError:
        return CameraSilent(camera_id, f"{where}: accepts the connection and says nothing")
    except OSError:
        return _closes_at_once(camera_id, where)
    if not answer:
        return _closes_at_once(camera_id, where)
    return _judge(camera_id, answer, where)


def _closes_at_once(camera_id: str, where: str) -> CameraReset:
    return CameraReset(camera_id, f"{where}: closes the connection at once")


def _read_answer(peer: socket.socket) -> bytes:
    """Read until head and body are there, the peer closes or it pauses after having said something."""
    answer = b""
    while len(answer) < _MAX_ANSWER_BYTES and not _complete(answer):
        try:
            piece = peer.recv(4096)
        except OSError:
            if answer:
                return answer
            raise
        if not piece:
            return answer
        answer += piece
    return answer


def _complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    return bool(end) and len(body) >= (int(length.group(1)) if length else 0)


def _judge(camera_id: str, answer: bytes, where: str) -> CameraError | None:
    status = _STATUS.match(answer)
    if status is None:
        kind = "a web server" if answer.startswith(b"HTTP/") else "something that is not RTSP"
        return CameraNotVideo(camera_id, f"{where}: {kind} answers")
    code = int(status.group(1))
    if code == 401:
        return None
    return error_for_status(camera_id, code, where) or _judge_media(camera_id, answer, where)


def error_for_status(camera_id: str, code: int, where: str) -> CameraError | None:
    """Name the trouble behind an RTSP status; None for success."""
    if code in {401, 403}:
        return CameraAuthError(camera_id, f"{where}: access refused ({code})")
    if code == 404:
        return CameraNotVideo(camera_id, f"{where}: no stream at this path (404)")
    if code in {453, 503}:
        return CameraBusy(camera_id, f"{where}: no further stream to be had ({code})")
    return CameraError(camera_id, f"{where}: answers {code}") if code >= 400 else None


def _judge_media(camera_id: str, answer: bytes, where: str) -> CameraError | None:
    if re.search(rb"(?m)^m=video ", answer):
        return None
    return CameraNotVideo(camera_id, f"{where}: offers no video track")
