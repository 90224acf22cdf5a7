"""The command serves what it is told to, says where, and stops when asked."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from gateway.simulator.clip import ClipError
from gateway.simulator.command import BadPathArgument, faults_of, simulate, split_argument
from gateway.simulator.credentials import Login
from gateway.simulator.faults import BadFault
from gateway.simulator.onvif_cameras import OnvifOptions
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


def test_faults_of_unknown_paths_and_files(tmp_path: Path) -> None:
    """The fault and the paths there are; a file that is not there."""
    with pytest.raises(BadFault, match="there is no path 'lane'; there are: gate a/b"):
        faults_of(["lane:stall"], ["gate", "a/b"])
    file = encode(tmp_path / "a.mp4", Recording())
    with pytest.raises(ClipError, match=r"none\.mp4"):
        simulate([f"cam={file}"], faults=[f"switch={tmp_path / 'none.mp4'}"])
    with pytest.raises(SceneUnknown):
        simulate([f"cam={file}"], faults=["switch=scene:nowhere"], scenes_dir=tmp_path)


def test_faults_are_of_one_path_or_of_all() -> None:
    """In the order in which they were given."""
    scripts = faults_of(["gate:stall@3s", "loss=5%", "a/b:auth"], ["gate", "a/b"])
    assert [f.kind for f in scripts["gate"]] == ["stall", "loss"]
    assert [f.kind for f in scripts["a/b"]] == ["loss", "auth"]
    assert faults_of([], ["gate"]) == {"gate": ()}


def test_snapshots_are_said_too(tmp_path: Path) -> None:
    """After each path, where its pictures are."""
    file = encode(tmp_path / "a.mp4", Recording())
    said: list[str] = []

    def hear(url: str) -> None:
        said.append(url)
        if url.startswith("http:"):
            threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM)).start()

    simulate([f"cam={file}"], port=0, http_port=0, faults=["cam:stall@1s"], say=hear)
    assert [url.rpartition("/")[2] for url in said] == ["cam", "cam"]
    assert "/snapshot/" in said[1]


def test_devices_are_said_too(tmp_path: Path) -> None:
    """Once they can be asked; a substream is no device of its own."""
    file = encode(tmp_path / "a.mp4", Recording())
    said: list[str] = []

    def hear(url: str) -> None:
        said.append(url)
        if "/onvif/" in url:
            with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))):
                threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM)).start()

    simulate([f"cam={file}", f"cam-sub={file}"], port=0, onvif=OnvifOptions(), say=hear)
    assert sorted(url.rpartition("/")[2] for url in said) == ["cam", "cam-sub", "device_service"]


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
