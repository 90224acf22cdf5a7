"""Simulated cameras run in a process of their own, which says how late it was."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.simulator.faults import BadFault
from scripts.benches.serving import Show, name_of, simulating, spread
from scripts.benches.streams import StreamKind, examine
from tests.unit.scripts.benches.recordings import write_recording

SMALL = StreamKind("small", 160, 96, 100_000)


def test_a_fault_that_the_simulator_does_not_know_is_an_error_here() -> None:
    """Before any process is started."""
    with pytest.raises(BadFault):
        Show("cam", "video.mp4", faults=("nonsense@1s",)).spec()


def test_a_recording_that_cannot_be_served_is_an_error(tmp_path: Path) -> None:
    """The simulator's own words go to the terminal."""
    with pytest.raises(RuntimeError, match="simulator ended"), simulating([Show("cam", str(tmp_path / "none.mp4"))]):
        pass


def test_cameras_show_one_recording_from_moments_spread_over_it() -> None:
    """So that things happen on them in turn."""
    shows = spread(Path("video.mp4"), 4, 200.0)
    assert [show.start_s for show in shows] == [0, 50, 100, 150]
    assert [show.path for show in shows] == [name_of(i) for i in range(4)]


def test_cameras_are_open_once_they_are_named_and_gone_afterwards(tmp_path: Path) -> None:
    """One address each; at the end it tells what it noticed."""
    file = write_recording(tmp_path / "video.mp4", SMALL, seconds=2)
    with simulating(spread(file, 2, examine(file).duration_s)) as simulator:
        port = urlsplit(simulator.urls["cam-0001"]).port
        assert port is not None
        socket.create_connection(("127.0.0.1", port)).close()
    assert simulator.noticed is not None
    assert simulator.noticed.dropped_gops == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
