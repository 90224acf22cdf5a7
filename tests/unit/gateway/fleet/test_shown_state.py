"""One state out of two watchers'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from gateway.camera.watcher import CameraWatcher
from gateway.fleet.shown_state import STREAMS_APART, shown_state, streams_apart
from storage.records import CAMERA_NOTES, CameraState, CameraStateName

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAIN = CameraState(
    "gate", CameraStateName.ONLINE, NOW, NOW, codec="hevc", width=1920, height=1080, fps=25.0, tier="main", looks=3,
    lost_packets=1, notes=("long_gop",),
)  # fmt: skip
SUB = CameraState(
    "gate", CameraStateName.ONLINE, NOW, NOW, codec="h264", width=704, height=576, fps=12.5, tier="sub", looks=40,
    lost_packets=2, gop_s=2.0, audited=5,
)  # fmt: skip


def watchers(*ahead: float | None) -> Sequence[CameraWatcher]:
    return [cast(CameraWatcher, SimpleNamespace(utc_ahead_s=each)) for each in ahead]


def test_stream_analysed_says_how_the_camera_is() -> None:
    """While the substream is away and the main stream does not stand in yet, nobody watches."""
    gone = replace(SUB, state=CameraStateName.ENDED, detail="closed", gop_s=None)
    shown = shown_state({"main": MAIN, "sub": gone}, "sub", ())
    assert (shown.state, shown.detail, shown.tier) == (CameraStateName.ENDED, "closed", "sub")
    assert shown_state({"main": MAIN, "sub": gone}, "main", ("sub_unavailable",)).state is CameraStateName.ONLINE


def test_format_is_of_what_people_see_and_counters_are_of_all() -> None:
    """Keyframes and notes are those of the stream analysed."""
    shown = shown_state({"main": MAIN, "sub": SUB}, "sub", ("streams_apart",))
    assert (shown.codec, shown.width, shown.height, shown.fps) == ("hevc", 1920, 1080, 25.0)
    assert (shown.looks, shown.lost_packets, shown.audited, shown.gop_s) == (43, 3, 5, 2.0)
    assert shown.notes == ("streams_apart",)


def test_main_stream_that_is_away_shows_nothing() -> None:
    """People see the substream then."""
    gone = replace(MAIN, state=CameraStateName.UNREACHABLE)
    assert shown_state({"main": gone, "sub": SUB}, "sub", ()).width == 704


def test_one_stream_is_shown_as_it_is() -> None:
    """A camera without a substream, or one of whose streams only one has told."""
    assert shown_state({"main": MAIN}, "main", ()) == MAIN
    assert shown_state({"main": MAIN}, "sub", ()) == MAIN


def test_streams_of_two_clocks_are_noted() -> None:
    """Only where both tell their time."""
    assert streams_apart(watchers(100.0, 160.0)) == (STREAMS_APART,)
    assert streams_apart(watchers(100.0, 100.8)) == streams_apart(watchers(100.0, None)) == ()
    assert streams_apart(watchers(100.0)) == ()
    assert STREAMS_APART in CAMERA_NOTES
