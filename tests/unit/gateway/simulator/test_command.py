"""The command serves what it is told to, says where, and stops when asked."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from gateway.simulator.clip import ClipError
from gateway.simulator.command import BadPathArgument, simulate, split_argument
from gateway.simulator.credentials import Login
from gateway.simulator.painter import SceneUnknown
from tests.unit.gateway.simulator.clips import Recording, encode


@pytest.mark.parametrize("argument", ["", "cam", "=file.mp4", "cam=", "/=x"])
def test_bad_arguments(argument: str) -> None:
    """A name and a source are needed."""
    with pytest.raises(BadPathArgument):
        split_argument(argument)


def test_good_arguments() -> None:
    """Slashes inside a name and equal signs inside a file are kept."""
    assert split_argument("/street/7/=a=b.mp4") == ("street/7", "a=b.mp4")
    assert split_argument("cam=scene:weir") == ("cam", "scene:weir")


def test_unknown_scene_and_file(tmp_path: Path) -> None:
    """Told before anything is served."""
    with pytest.raises(SceneUnknown):
        simulate(["cam=scene:nowhere"], scenes_dir=tmp_path)
    with pytest.raises(ClipError):
        simulate([f"cam={tmp_path / 'none.mp4'}"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """The URL is said once it can be opened; a signal ends it without an error."""
    file = encode(tmp_path / "a.mp4", Recording())
    said: list[str] = []

    def hear(url: str) -> None:
        said.append(url)
        with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) as client:
            client.sendall(b"DESCRIBE " + url.encode() + b" RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        threading.Thread(target=os.kill, args=(os.getpid(), number)).start()

    simulate([f"cam={file}"], port=0, login=Login("digest", "u", "p"), say=hear)
    assert said[0].endswith("/cam")
