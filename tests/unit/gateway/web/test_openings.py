"""One look at a file is one entry in the register, however many ranges a player asks for."""

from __future__ import annotations

from gateway.clock import FakeClock
from gateway.web.openings import CAPACITY, SAME_LOOK_S, Openings


async def test_a_look_is_told_once_and_again_after_a_while() -> None:
    """Ranges of the same look are silent; coming back later is another look."""
    clock = FakeClock()
    openings = Openings(clock)
    assert [openings.begins("anna", "clip") for _ in range(3)] == [True, False, False]
    await clock.advance(SAME_LOOK_S)
    assert openings.begins("anna", "clip")


def test_everybody_and_every_file_count_apart() -> None:
    """Another person, or another file, is another opening."""
    openings = Openings(FakeClock())
    assert all(openings.begins(who, what) for who in ("anna", "bo") for what in ("clip", "snapshot"))


def test_memory_is_bounded() -> None:
    """When too many looks are remembered the oldest is forgotten, and would be registered once more."""
    openings = Openings(FakeClock())
    for number in range(CAPACITY + 1):
        openings.begins("anna", str(number))
    assert openings.begins("anna", "0")
    assert not openings.begins("anna", str(CAPACITY))
