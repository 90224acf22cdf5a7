"""What is in force when, how it adds up, and every way to write it wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.simulator.faults import KINDS, BadFault, FaultSpec, Timeline, explained, parse_fault


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "'' is no fault"),
        ("cam1:", "'' is no fault"),
        ("explode", "'explode' is no fault; there are: stall half_open"),
        (":stall", "no path before ':'"),
        ("stall@soon", "the start 'soon' is no time"),
        ("stall@", "the start '' is no time"),
        ("stall@-3s", "the start '-3s' is no time"),
        ("stall@3s+", "the length '' is no time"),
        ("stall@3s+1d", "the length '1d' is no time"),
        ("stall@3s+0s", "a length must be above 0"),
        ("stall@3s,every=x", "the period 'x' is no time"),
        ("stall@3s+10s,every=5s", "no shorter than the length"),
        ("reset@3s,every=0", "the period must be above 0"),
        ("stall=3", "stall takes no value, but '3' is given"),
        ("loss", "loss needs per cent, such as 5%"),
        ("loss=5", "'5' is not per cent"),
        ("loss=0%", "above 0% and at most 100%"),
        ("loss=101%", "above 0% and at most 100%"),
        ("loss=-5%", "loss cannot be negative"),
        ("jitter=5%", "'5%' is not milliseconds"),
        ("clock_step=x@3s", "'x' is not seconds"),
        ("switch", "switch needs a FILE"),
        ("switch=@3s", "switch= needs a FILE"),
        ("pts_wrap@3s+1s", "pts_wrap has neither length nor period"),
        ("stall@1s@2s", "is not [PATH:]KIND"),
    ],
)
def test_wrong_words_name_the_part(text: str, part: str) -> None:
    """The whole fault and what is wrong with it."""
    with pytest.raises(BadFault) as raised:
        parse_fault(text)
    assert part in str(raised.value)
    assert str(raised.value).startswith(f"fault {text!r}: ")


@pytest.mark.parametrize(
    ("text", "path", "fault"),
    [
        ("stall", None, FaultSpec("stall")),
        ("cam1:stall@30s+10s", "cam1", FaultSpec("stall", at_s=30, for_s=10)),
        ("/street 7/a:reset@1m,every=2m", "street 7/a", FaultSpec("reset", at_s=60, every_s=120)),
        ("reset@500ms every=60s", None, FaultSpec("reset", at_s=0.5, every_s=60)),
        ("cam2:loss=5%@10", "cam2", FaultSpec("loss", 0.05, at_s=10)),
        ("clock_step=+2.5@1h+1s", None, FaultSpec("clock_step", 2.5, at_s=3600, for_s=1)),
        ("pts_jump=-200ms", None, FaultSpec("pts_jump", -0.2)),
        ("clock_rate=-50ppm", None, FaultSpec("clock_rate", -50)),
        ("jitter=200", None, FaultSpec("jitter", 0.2)),
        ("jitter=1s", None, FaultSpec("jitter", 1.0)),
        ("tiny_nals", None, FaultSpec("tiny_nals")),
        ("switch=/a/b:c@2.mp4@10s", None, FaultSpec("switch", at_s=10, file=Path("/a/b:c@2.mp4"))),
        ("cam:switch=scene:weir@10s+1s", "cam", FaultSpec("switch", at_s=10, for_s=1, file=Path("scene:weir"))),
        ("snap_other", None, FaultSpec("snap_other")),
    ],
)
def test_right_words(text: str, path: str | None, fault: FaultSpec) -> None:
    """Units, signs, paths with slashes, files with odd names."""
    found, spec = parse_fault(text)
    assert found == path
    assert (spec.kind, spec.file, spec.for_s, spec.every_s) == (fault.kind, fault.file, fault.for_s, fault.every_s)
    assert spec.amount == pytest.approx(fault.amount)
    assert spec.at_s == fault.at_s


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode"},
        {"kind": "loss"},
        {"kind": "stall", "value": 1.0},
        {"kind": "stall", "file": Path("a")},
        {"kind": "switch", "value": 1.0},
        {"kind": "slow", "value": 2.0},
        {"kind": "stall", "at_s": -1.0},
    ],
)
def test_data_is_checked_too(wrong: dict[str, Any]) -> None:
    """A fault made in code is held to the same rules."""
    with pytest.raises(BadFault):
        FaultSpec(**wrong)


def test_every_kind_is_explained() -> None:
    """The grammar, then each by name."""
    grammar, *lines = explained()
    assert "every=" in grammar
    assert [line.split(":")[0].split("=")[0].split("[")[0] for line in lines] == list(KINDS)


def moments(fault: FaultSpec, until_s: int) -> str:
    """`x` for each second in which it is in force."""
    return "".join("." if fault.since(t) is None else "x" for t in range(until_s))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (FaultSpec("stall"), "xxxxxxxx"),
        (FaultSpec("stall", at_s=3), "...xxxxx"),
        (FaultSpec("stall", at_s=1, for_s=2), ".xx....."),
        (FaultSpec("stall", at_s=1, for_s=2, every_s=4), ".xx..xx."),
        (FaultSpec("stall", at_s=1, every_s=4), ".xxxxxxx"),
        (FaultSpec("reset", at_s=1, every_s=2), "........"),
        (FaultSpec("reset", at_s=1, for_s=1, every_s=2), ".x.x.x.x"),
    ],
)
def test_in_force(fault: FaultSpec, expected: str) -> None:
    """Starts are included, ends are not; what does not last is never in force without a length."""
    assert moments(fault, 8) == expected


def test_occurrences_are_counted() -> None:
    """One at its start, then one each period."""
    fault = FaultSpec("reset", at_s=2, every_s=3)
    assert [fault.started(t) for t in range(9)] == [0, 0, 1, 1, 1, 2, 2, 2, 3]
    assert FaultSpec("reset", at_s=2).started(1000) == 1


def test_changes_are_both_ends() -> None:
    """The last moment at which it came or went."""
    fault = FaultSpec("stall", at_s=2, for_s=1, every_s=5)
    assert [fault.changed_s(t) for t in (0, 2, 2.5, 3, 6, 7.5, 9)] == [0, 2, 2, 3, 3, 7, 8]


def test_time_in_force_adds_up() -> None:
    """Over occurrences, and over one that lasts."""
    fault = FaultSpec("clock_rate", 100.0, at_s=2, for_s=1, every_s=5)
    assert [fault.total_s(t) for t in (1, 2.5, 4, 7.5, 20)] == [0, 0.5, 1, 1.5, 4]
    assert FaultSpec("clock_rate", 100.0, at_s=2).total_s(12) == 10
    assert FaultSpec("clock_rate", 100.0, at_s=2, every_s=4).total_s(12) == 10


def test_steps_stay_or_go() -> None:
    """Without length each adds to the last; with a length it is taken back."""
    staying = FaultSpec("clock_step", 2.0, at_s=1, every_s=2)
    assert [staying.shift(t) for t in range(6)] == [0, 2, 2, 4, 4, 6]
    passing = FaultSpec("clock_step", 2.0, at_s=1, for_s=1, every_s=2)
    assert [passing.shift(t) for t in range(6)] == [0, 2, 0, 2, 0, 2]


async def test_timeline_begins_with_the_first_request() -> None:
    """Before it, time stands at 0; later requests do not move it."""
    clock = FakeClock()
    timeline = Timeline([FaultSpec("auth", at_s=0, for_s=1), FaultSpec("busy", at_s=5)], clock)
    await clock.advance(100)
    assert timeline.now_s == 0
    assert timeline.active("auth") is not None
    timeline.touch()
    await clock.advance(5)
    timeline.touch()
    assert timeline.now_s == 5
    assert timeline.active("auth") is None
    assert timeline.active("stall", "busy") is timeline.all("busy")[0]
    assert timeline.monotonic(timeline.at(103)) == 103


def test_clocks_add_up() -> None:
    """Drift moves both clocks, steps the wall clock, jumps the RTP clock."""
    faults = [
        FaultSpec("clock_rate", 1000.0),
        FaultSpec("clock_offset", -7.0),
        FaultSpec("clock_step", 3.0, at_s=5),
        FaultSpec("pts_jump", -2.0, at_s=5),
    ]
    timeline = Timeline(faults, FakeClock())
    assert timeline.wall_shift_s(1) == pytest.approx(-6.999)
    assert timeline.wall_shift_s(10) == pytest.approx(-3.99)
    assert timeline.rtp_shift_s(1) == pytest.approx(0.001)
    assert timeline.rtp_shift_s(10) == pytest.approx(-1.99)


def test_slow_lags_only_while_it_lasts() -> None:
    """A quarter of real time leaves three quarters behind; then everything follows at once."""
    timeline = Timeline([FaultSpec("slow", 0.25, at_s=4, for_s=4)], FakeClock())
    assert [timeline.lag_s(t) for t in (3, 4, 6, 8)] == [0, 0, 1.5, 0]
