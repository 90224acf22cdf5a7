"""The TCP connection to a camera while it is being opened: blocking calls, one deadline for all of them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from urllib.parse import SplitResult

from gateway.camera.rtsp.framing import MAX_MESSAGE_BYTES, message_bytes
from gateway.errors import CameraNotVideo, CameraReset, CameraSilent, CameraUnreachable

RTSP_PORT = 554
RTSPS_PORT = 322
_READ_BYTES = 16 * 1024
_LEAST_WAIT_S = 0.001
# A cable pulled out is noticed by the kernel even where nobody waits for packets.
_KEEPALIVE_IDLE_S, _KEEPALIVE_STEP_S, _KEEPALIVE_PROBES = 20, 5, 3
_MAX_EARLY_BYTES = 4 << 20  # pictures that overtake the answer to PLAY
_LONGEST_LINE = 2048
_DOLLAR = b"$"
_ANSWER = b"RTSP/"


def address_of(url: SplitResult) -> tuple[str, int]:
    """Return host and port of a stream's address."""
    return url.hostname or "", url.port or (RTSPS_PORT if url.scheme == "rtsps" else RTSP_PORT)


class Peer:
    """One connection; every failure has its name.

    Args:
        camera_id: Named in errors.
        url: Where to; rtsps means TLS, whose certificate is not verified: cameras sign their own.
        deadline_s: On `time.monotonic`; no call blocks for longer.

    Attributes:
        where: host:port, for errors.
        early: What arrived of the stream before it was asked for: whole frames, then whatever followed.
    """

    def __init__(self, camera_id: str, url: SplitResult, deadline_s: float) -> None:
        host, port = address_of(url)
        self.where = f"{f'[{host}]' if ':' in host else host}:{port}"
        self.early = b""
        self._camera_id = camera_id
        self._deadline_s = deadline_s
        self._buffer = b""
        self.sock = self._connected(host, port)
        if url.scheme == "rtsps":
            self.sock = self._encrypted(host)

    @property
    def host(self) -> str:
        """The camera's numeric address."""
        return str(self.sock.getpeername()[0])

    def send(self, data: bytes) -> None:
        """Send a request."""
        try:
            self.sock.settimeout(self._left_s())
            self.sock.sendall(data)
        except TimeoutError:
            raise self._silent() from None
        except OSError as exc:
            raise self._closes() from exc

    def message(self) -> bytes:
        """Return the next RTSP message, head and body."""
        while True:
            self._set_frames_aside()
            if self._buffer and not self._buffer.startswith(_DOLLAR):
                size = self._message_bytes()
                if size:
                    text, self._buffer = self._buffer[:size], self._buffer[size:]
                    return text
            self._fill()

    def finish(self) -> bytes:
        """Return what is left of the bytes read: from now on somebody else reads."""
        left, self.early, self._buffer = self.early + self._buffer, b"", b""
        return left

    def close(self) -> None:
        """Close the connection."""
        self.sock.close()

    def _connected(self, host: str, port: int) -> socket.socket:
        try:
            sock = socket.create_connection((host, port), timeout=self._left_s())
        except TimeoutError as exc:
            raise CameraUnreachable(self._camera_id, f"{self.where}: no answer to the connection attempt") from exc
        except ConnectionResetError as exc:  # a reset may outrun the return of connect
            raise self._closes() from exc
        except OSError as exc:
            raise CameraUnreachable(self._camera_id, f"{self.where}: {exc.strerror or type(exc).__name__}") from exc
        _keep_alive(sock)
        return sock

    def _encrypted(self, host: str) -> socket.socket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            self.sock.settimeout(self._left_s())
            return context.wrap_socket(self.sock, server_hostname=host)
        except TimeoutError:
            self.sock.close()
            raise self._silent() from None
        except ssl.SSLError as exc:
            self.sock.close()
            raise CameraNotVideo(self._camera_id, f"{self.where}: does not speak TLS") from exc
        except OSError as exc:
            self.sock.close()
            raise self._closes() from exc

    def _left_s(self) -> float:
        return max(_LEAST_WAIT_S, self._deadline_s - time.monotonic())

    def _fill(self) -> None:
        try:
            self.sock.settimeout(self._left_s())
            piece = self.sock.recv(_READ_BYTES)
        except TimeoutError:
            raise self._silent() from None
        except OSError as exc:
            raise self._closes() from exc
        if not piece:
            raise self._closes()
        self._buffer += piece

    def _set_frames_aside(self) -> None:
        """Some cameras begin to send before they have said that they will."""
        while self._buffer.startswith(_DOLLAR) and len(self._buffer) >= 4:
            size = 4 + int.from_bytes(self._buffer[2:4], "big")
            if len(self._buffer) < size:
                return
            if len(self.early) < _MAX_EARLY_BYTES:
                self.early += self._buffer[:size]
            self._buffer = self._buffer[size:]

    def _message_bytes(self) -> int:
        """Return the length of the message in the buffer, 0 while it is not all there."""
        self._buffer = self._buffer.lstrip(b"\r\n")
        start, (line, end, _) = self._buffer[: len(_ANSWER)], self._buffer.partition(b"\n")
        told = start == b"HTTP/" or end or len(line) > _LONGEST_LINE
        if told and not start.startswith(_ANSWER) and b" RTSP/" not in line:
            kind = "a web server" if start == b"HTTP/" else "something that is not RTSP"
            raise CameraNotVideo(self._camera_id, f"{self.where}: {kind} answers")
        size = message_bytes(self._buffer)
        if not size and len(self._buffer) > MAX_MESSAGE_BYTES:
            raise CameraNotVideo(self._camera_id, f"{self.where}: an answer without end")
        return size

    def _silent(self) -> CameraSilent:
        return CameraSilent(self._camera_id, f"{self.where}: accepts the connection and says nothing")

    def _closes(self) -> CameraReset:
        return CameraReset(self._camera_id, f"{self.where}: closes the connection at once")


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Known to Linux; where a platform has others, its own pace is good enough.
    with contextlib.suppress(AttributeError, OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_STEP_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)
