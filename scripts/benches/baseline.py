"""What others do: an ffmpeg per camera that decodes everything, and motion by running average in Python.

Run as a program it watches the addresses it is given until its standard input closes.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import cv2
import numpy as np

from scripts.benches.serving import ROOT

FPS = 5
MAX_WIDTH, MAX_HEIGHT = 1280, 720
MOTION_WIDTH = 320  # px: motion is looked for in a small picture, as others do
WEIGHT = 0.05  # of the newest picture in the running average
THRESHOLD = 25  # grey levels
KERNEL = np.ones((3, 3), np.uint8)
END_TIMEOUT_S = 10.0


def size_for(width: int, height: int) -> tuple[int, int]:
    """Return 720p, or the camera's own size when that is smaller."""
    return (MAX_WIDTH, MAX_HEIGHT) if height > MAX_HEIGHT else (width, height)


def command(url: str, width: int, height: int) -> list[str]:
    """Return ffmpeg's command line, made as cheap as it gets.

    Pictures are dropped before they are scaled (`-r` alone would scale all 25 a second), and planar YUV needs no
    conversion: its first plane is the grey picture.
    """
    return [
        *("ffmpeg", "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url, "-an"),
        *("-r", str(FPS), "-vf", f"fps={FPS},scale={width}:{height}"),
        *("-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1"),
    ]  # fmt: skip


class Motion:
    """Running average on a small grey picture; counts pictures and those in which something moved."""

    def __init__(self) -> None:
        self.pictures = 0
        self.moving = 0
        self._average: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None

    def look(self, luma: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        """Take in a luma plane (h, w)."""
        size = (MOTION_WIDTH, MOTION_WIDTH * luma.shape[0] // luma.shape[1])
        small = cv2.GaussianBlur(cv2.resize(luma, size, interpolation=cv2.INTER_LINEAR), (3, 3), 0)
        if self._average is None:
            self._average = small.astype(np.float32)
        difference = cv2.absdiff(small, cv2.convertScaleAbs(self._average))
        mask = cv2.dilate(cv2.threshold(difference, THRESHOLD, 255, cv2.THRESH_BINARY)[1], KERNEL, iterations=2)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.accumulateWeighted(small, self._average, WEIGHT)
        self.pictures += 1
        self.moving += bool(outlines)


@contextmanager
def baseline(urls: Sequence[str], width: int, height: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the baseline on these cameras for the length of the block."""
    size = ("--width", str(width), "--height", str(height))
    with subprocess.Popen([sys.executable, "-m", __name__, *size, *urls], stdin=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None  # noqa: S101 - a pipe was asked for
            process.stdin.close()
            try:
                process.wait(END_TIMEOUT_S)
            finally:
                process.kill()


def _read(pipe: IO[bytes], width: int, height: int, motion: Motion) -> None:
    size = width * height * 3 // 2
    while len(data := pipe.read(size)) == size:
        motion.look(np.frombuffer(data, np.uint8, width * height).reshape(height, width))


def main() -> None:
    """Watch until standard input closes."""
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("urls", nargs="+")
    options = parser.parse_args()
    programs: list[subprocess.Popen[bytes]] = []
    motions: list[Motion] = []
    for url in options.urls:
        program = subprocess.Popen(command(url, options.width, options.height), stdout=subprocess.PIPE)
        assert program.stdout is not None  # noqa: S101 - a pipe was asked for
        motions.append(Motion())
        work = (program.stdout, options.width, options.height, motions[-1])
        threading.Thread(target=_read, args=work, daemon=True).start()
        programs.append(program)
    sys.stdin.buffer.read()
    for program in programs:
        program.send_signal(signal.SIGKILL)
        program.wait()
    pictures = [m.pictures for m in motions]
    print(f"baseline: {pictures} pictures, {[m.moving for m in motions]} of them with motion", file=sys.stderr)


if __name__ == "__main__":
    main()
