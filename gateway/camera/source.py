"""Where packets come from: a camera over RTSP, or a recording. The only file that opens PyAV inputs for watching."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import av
import av.error
from av.container import InputContainer
from av.packet import Packet as AvPacket
from av.video.stream import VideoStream

from camera_configs.models import StreamConfig
from gateway.camera import h264
from gateway.camera.packets import PacketSource, RawPacket, StoredPayload, WallClock
from gateway.camera.rtsp.peer import address_of
from gateway.camera.rtsp.receiver import OtherEncoding, RtspReceiver
from gateway.camera.rtsp.session import Session
from gateway.errors import (
    CameraAuthError,
    CameraError,
    CameraNotVideo,
    CameraSilent,
    CameraUnreachable,
    StreamCorrupt,
    StreamEnded,
    StreamStalled,
)
from gateway.types import VideoFormat

__all__ = ["FileSource", "LibavSource", "PacketSource", "RawPacket", "RtspSource", "WallClock", "source_for"]

# What opening waits for before the first packet: parameter sets come with the description, the frame rate can wait.
_ANALYSE_US = 1_000_000
_PROBE_BYTES = 500_000
_UDP_BUFFER_BYTES = 1 << 20  # a 1080p keyframe must fit while Python is busy
_UDP_REORDER_US = 300_000
# Asking a camera by hand why the driver failed.
_ASK_TIMEOUT_S = 3.0


class RtspSource:
    """A camera's RTSP stream: our own receiver, or FFmpeg's for what ours does not take apart.

    Args:
        camera_id: Named in errors.
        stream: Address, transport, timeouts and which reader; the address holds no credentials.
        password: Of `stream.username`; never in an error.
    """

    def __init__(self, camera_id: str, stream: StreamConfig, password: str | None = None) -> None:
        self._libav = LibavSource(camera_id, stream, password)
        own = stream.reader == "auto"
        self._inner: RtspReceiver | LibavSource = RtspReceiver(camera_id, stream, password) if own else self._libav

    @property
    def eager(self) -> bool:
        """See `PacketSource`."""
        return self._inner.eager

    @eager.setter
    def eager(self, eager: bool) -> None:
        self._inner.eager = eager

    @property
    def wall_clock(self) -> WallClock | None:
        """See `PacketSource`."""
        return self._inner.wall_clock

    @property
    def lost_packets(self) -> int:
        """See `PacketSource`."""
        return self._inner.lost_packets

    def open(self) -> VideoFormat:
        """Connect; of a codec that is not ours the driver opens a session of its own."""
        try:
            return self._inner.open()
        except OtherEncoding:
            self._inner.close()
        self._inner = self._libav
        return self._inner.open()

    def packets(self) -> Iterator[RawPacket]:
        """Yield packets with their arrival on the monotonic clock."""
        return self._inner.packets()

    def close(self) -> None:
        """End the session."""
        self._inner.close()


class LibavSource:
    """A camera's RTSP stream over PyAV: three times the cost of our own receiver, and every codec that FFmpeg has.

    Args:
        camera_id: Named in errors.
        stream: Address, transport and timeouts; the address holds no credentials.
        password: Goes, with `stream.username`, into the driver's address only; never into an error.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        camera_id: str,
        stream: StreamConfig,
        password: str | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.eager = True  # it never keeps packets back
        self._camera_id = camera_id
        self._stream = stream
        self._url = urlsplit(stream.url)
        self._password = password
        self._clock_s = clock_s
        self._container: InputContainer | None = None

    @property
    def wall_clock(self) -> WallClock | None:
        """The driver does not tell."""
        return None

    @property
    def lost_packets(self) -> int:
        """The driver does not tell."""
        return 0

    def open(self) -> VideoFormat:
        """Connect; an unclear failure is asked after by hand before it is named."""
        started_s = self._clock_s()
        try:
            self._container = av.open(
                self._driver_url(),
                timeout=(self._stream.open_timeout_s, self._stream.read_timeout_s),
                options=self._options(),
            )
        except (av.FFmpegError, OSError) as exc:
            # Without cause: the driver's error quotes the address with its credentials.
            raise self._named(exc, self._clock_s() - started_s) from None
        return _format_of(self._camera_id, _video_of(self._camera_id, self._container))

    def packets(self) -> Iterator[RawPacket]:
        """Yield packets with their arrival on the monotonic clock."""
        container = _opened(self._container)
        video = container.streams.video[0]
        clock_s = self._clock_s
        try:
            for packet in container.demux(video):
                if packet.size:  # an empty one is the driver's mark for the end
                    yield _copied(packet, clock_s())
        except (av.FFmpegError, OSError) as exc:
            raise _read_error(self._camera_id, exc) from None
        raise StreamEnded(self._camera_id, f"{self._where()}: the stream ended")

    def close(self) -> None:
        """Close the connection."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _where(self) -> str:
        host, port = address_of(self._url)
        return f"{host}:{port}"

    def _driver_url(self) -> str:
        user = self._stream.username
        if user is None:
            return self._stream.url
        secret = f":{quote(self._password, safe='')}" if self._password is not None else ""
        return urlunsplit(self._url._replace(netloc=f"{quote(user, safe='')}{secret}@{self._url.netloc}"))

    def _options(self) -> dict[str, str]:
        options = {
            "rtsp_transport": self._stream.transport,
            "allowed_media_types": "video",  # a sound track is never set up
            "analyzeduration": str(_ANALYSE_US),
            "probesize": str(_PROBE_BYTES),
            "fpsprobesize": "0",
            "user_agent": "GridPatrol",
        }
        if self._stream.transport == "udp":
            options |= {"buffer_size": str(_UDP_BUFFER_BYTES), "max_delay": str(_UDP_REORDER_US)}
        return options

    def _named(self, exc: Exception, took_s: float) -> CameraError:
        if isinstance(exc, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
            return CameraAuthError(self._camera_id, f"{self._where()}: user name or password refused")
        if isinstance(exc, av.error.HTTPNotFoundError):
            return CameraNotVideo(self._camera_id, f"{self._where()}: no stream at this path (404)")
        if isinstance(exc, av.error.ConnectionRefusedError):
            return CameraUnreachable(self._camera_id, f"{self._where()}: connection refused")
        return self._asked_by_hand() or self._unexplained(exc, took_s)

    def _asked_by_hand(self) -> CameraError | None:
        """FFmpeg says "invalid data" for a dead host, a silent one, a reset and a web server alike: see ourselves."""
        brief = self._stream.model_copy(update={"open_timeout_s": _ASK_TIMEOUT_S})
        session = Session(self._camera_id, brief, self._password)
        try:
            session.describe()
        except CameraError as error:
            return error
        finally:
            session.close()
        return None

    def _unexplained(self, exc: Exception, took_s: float) -> CameraError:
        """Name a failure of a peer that, asked by hand, describes a video stream."""
        if took_s >= self._stream.open_timeout_s:
            return CameraSilent(self._camera_id, f"{self._where()}: describes a stream and sends no picture")
        return StreamCorrupt(self._camera_id, f"{self._where()}: cannot be read ({type(exc).__name__})")


class FileSource:
    """A recording, read as if it were a camera.

    Args:
        camera_id: Named in errors.
        path: Any container FFmpeg reads.
        realtime: True paces packets by their timestamps and stamps their arrival on the monotonic clock; False reads
            as fast as the consumer takes them, `arrival_s` being media seconds.
        clock_s: Monotonic seconds.
        sleep: Waits; called with a frame's length at most, unless the recording itself has a gap.
    """

    def __init__(
        self,
        camera_id: str,
        path: Path,
        *,
        realtime: bool,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.eager = True  # nothing is kept back
        self._camera_id = camera_id
        self._path = path
        self._realtime = realtime
        self._clock_s = clock_s
        self._sleep = sleep
        self._began_s: float | None = None  # when the first tick of the recording would have been
        self._container: InputContainer | None = None

    @property
    def wall_clock(self) -> WallClock | None:
        """A recording has none."""
        return None

    @property
    def lost_packets(self) -> int:
        """A recording loses none."""
        return 0

    def open(self) -> VideoFormat:
        """Open the file."""
        try:
            self._container = av.open(str(self._path))
        except FileNotFoundError as exc:
            raise CameraUnreachable(self._camera_id, f"no file {self._path.name}") from exc
        except (av.FFmpegError, OSError) as exc:
            raise CameraNotVideo(self._camera_id, f"{self._path.name} is not a recording") from exc
        return _format_of(self._camera_id, _video_of(self._camera_id, self._container))

    def packets(self) -> Iterator[RawPacket]:
        """Yield all packets once."""
        container = _opened(self._container)
        video = container.streams.video[0]
        try:
            for packet in container.demux(video):
                if packet.size:
                    yield _copied(packet, self._arrive(packet.dts, float(packet.time_base)))
        except (av.FFmpegError, OSError) as exc:
            raise _read_error(self._camera_id, exc) from exc
        raise StreamEnded(self._camera_id, f"end of {self._path.name}")

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _arrive(self, dts: int | None, tick_s: float) -> float:
        media_s = (dts or 0) * tick_s
        if not self._realtime:
            return media_s
        now_s = self._clock_s()
        if self._began_s is None:
            self._began_s = now_s - media_s
        if self._began_s + media_s > now_s:
            self._sleep(self._began_s + media_s - now_s)
        return self._clock_s()


def source_for(camera_id: str, stream: StreamConfig, password: str | None) -> PacketSource:
    """Return the source that the stream's address asks for; a `file://` address is paced like a camera."""
    url = urlsplit(stream.url)
    if url.scheme == "file":
        return FileSource(camera_id, Path(unquote(url.path)), realtime=True)
    return RtspSource(camera_id, stream, password)


def _copied(packet: AvPacket[VideoStream], arrival_s: float) -> RawPacket:
    payload = StoredPayload(bytes(packet))
    return RawPacket(payload, packet.pts, packet.dts, packet.is_keyframe, packet.size, arrival_s)


def _opened(container: InputContainer | None) -> InputContainer:
    if container is None:
        raise RuntimeError("packets() before open()")
    return container


def _video_of(camera_id: str, container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise CameraNotVideo(camera_id, "no video track")
    video = container.streams.video[0]
    if video.codec_context is None:
        raise CameraNotVideo(camera_id, "a video codec that is not supported")
    return video


def _format_of(camera_id: str, video: VideoStream) -> VideoFormat:
    context = video.codec_context
    if video.time_base is None:
        raise CameraNotVideo(camera_id, "a video track without time base")
    extradata = bytes(context.extradata or b"")
    width, height = context.width, context.height
    if not width and context.name == "h264":
        info = h264.sequence_info(h264.parameter_sets(extradata))
        width, height = (info.width, info.height) if info else (0, 0)
    rate = video.average_rate or video.guessed_rate
    return VideoFormat(context.name, width, height, video.time_base, extradata, float(rate) if rate else None)


def _read_error(camera_id: str, exc: Exception) -> CameraError:
    if isinstance(exc, av.error.ExitError | av.error.TimeoutError):
        return StreamStalled(camera_id, "no packet for the read timeout")
    if isinstance(exc, av.error.InvalidDataError):
        return StreamCorrupt(camera_id, "data that cannot be demuxed")
    if isinstance(exc, OSError):
        return StreamEnded(camera_id, "the connection broke")
    return StreamCorrupt(camera_id, type(exc).__name__)
