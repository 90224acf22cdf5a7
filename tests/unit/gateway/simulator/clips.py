"""Small real recordings for tests, encoded on the spot, and clips without any file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from gateway.simulator.clip import Clip, Unit
from gateway.simulator.nal import Codec
from gateway.simulator.rtp import CLOCK_HZ, cut

H264_SETS = (bytes.fromhex("6742c01fda014016e840"), bytes.fromhex("68ce3c80"))
H265_SETS = (b"\x40\x01vps", b"\x42\x01sps", b"\x44\x01pps")


@dataclass(frozen=True)
class Recording:
    """How a test recording is encoded."""

    codec: str = "libx264"
    seconds: float = 1.0
    fps: int = 25
    gop: int = 10
    b_frames: int = 0
    size: tuple[int, int] = (160, 90)
    noise: bool = False  # large pictures: nothing can be predicted


def encode(file: Path, recording: Recording) -> Path:
    """Write a recording with a bright column that wanders to the right; returns the file."""
    options = {"preset": "ultrafast", "bf": str(recording.b_frames), "g": str(recording.gop)}
    if recording.codec == "libx264":
        options |= {"sc_threshold": "0", "b_strategy": "0"}
    else:
        options["x265-params"] = f"keyint={recording.gop}:min-keyint={recording.gop}:scenecut=0:log-level=none"
    with av.open(str(file), "w") as container:
        stream = container.add_stream(recording.codec, rate=recording.fps, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = recording.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, recording.fps)
        for number in range(round(recording.seconds * recording.fps)):
            frame = av.VideoFrame.from_ndarray(_picture(recording, number), format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file


def _picture(recording: Recording, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    width, height = recording.size
    if recording.noise:
        return np.random.default_rng(number).integers(0, 255, (height, width, 3)).astype(np.uint8)
    picture = np.full((height, width, 3), 60, np.uint8)
    picture[:, (number * 3) % width :][:, :8] = 220
    return picture


def clip(
    keyframes: str = "Kppp", *, fps: int = 10, codec: Codec = "h264", nal_bytes: int = 40, lead_frames: int = 0
) -> Clip:
    """Return a clip of one tiny unit per letter, `K` for keyframes, without any file."""
    step = CLOCK_HZ // fps
    nal = b"\x65" + bytes(nal_bytes - 1)
    units = tuple(
        Unit(i * step, (i + lead_frames) * step, letter == "K", cut(codec, [nal])) for i, letter in enumerate(keyframes)
    )
    return Clip(
        codec=codec,
        width=160,
        height=90,
        fps=float(fps),
        parameter_sets=H264_SETS if codec == "h264" else H265_SETS,
        units=units,
        keyframes=tuple(i for i, letter in enumerate(keyframes) if letter == "K"),
        period=len(keyframes) * step,
        lead=lead_frames * step,
    )


class ListSink:
    """A sink that keeps what it is given, and pretends to hold `buffered_bytes`."""

    def __init__(self) -> None:
        self.buffered_bytes = 0
        self.units: list[tuple[bytes, tuple[int, ...]]] = []
        self.control: list[bytes] = []
        self.noise: list[bytes] = []
        self.flushes = 0

    def send_unit(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        """Keep a unit."""
        self.units.append((bytes(packets), starts))

    def send_control(self, packet: bytes) -> None:
        """Keep a control packet."""
        self.control.append(packet)

    def send_noise(self, noise: bytes) -> None:
        """Keep what is no packet."""
        self.noise.append(noise)

    def flush(self) -> None:
        """Count."""
        self.flushes += 1

    @property
    def timestamps(self) -> list[int]:
        """RTP time of each unit."""
        return [int.from_bytes(packets[8:12], "big") for packets, _ in self.units]

    @property
    def sequences(self) -> list[int]:
        """Sequence numbers of all packets."""
        return [int.from_bytes(p[s + 6 : s + 8], "big") for p, starts in self.units for s in starts]
