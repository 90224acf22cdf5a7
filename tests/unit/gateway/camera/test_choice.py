"""Tests of gateway.camera.choice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.camera.choice import (
    EVIDENCE_FROM_SUB,
    OPENING_PATIENCE_S,
    PATIENCE_S,
    SETTLE_S,
    SUB_LONG_GOP,
    SUB_UNAVAILABLE,
    StreamChoice,
    StreamFacts,
)
from gateway.camera.gate import LONG_GOP_S
from storage.records import CAMERA_NOTES

GOOD = StreamFacts(online=True, gop_s=2.0)
RARE = StreamFacts(online=True, gop_s=60.0)
NEW = StreamFacts(online=True)
GONE = StreamFacts(online=False)
OPENING = StreamFacts(online=False, opening=True)
NO_SUCH = StreamFacts(online=False, hopeless=True)


class Streams:
    """A choice that is asked every second."""

    def __init__(self, *, keep_to_sub: bool = False) -> None:
        self.choice = StreamChoice(keep_to_sub=keep_to_sub)
        self.now_s = 100.0
        self.choice.begin(self.now_s)

    def pass_s(self, seconds: float, main: StreamFacts, sub: StreamFacts) -> str:
        """Let time pass in which the streams do so; return what is analysed then."""
        for _ in range(round(seconds)):
            self.now_s += 1
            self.choice.follow(self.now_s, main, sub)
        return self.choice.analysed


def test_main_stream_stands_in_for_a_substream_that_stays_away() -> None:
    """Not for a moment's loss; then at once, with a word, and only until the substream has been sound for a while."""
    streams = Streams()
    assert streams.pass_s(30, GOOD, GOOD) == "sub"
    assert streams.pass_s(PATIENCE_S, GOOD, GONE) == "sub"
    assert streams.pass_s(1, GOOD, GONE) == "main"
    assert list(streams.choice.notes) == [SUB_UNAVAILABLE]
    assert streams.pass_s(SETTLE_S, GOOD, GOOD) == "main"
    assert list(streams.choice.notes) == [SUB_UNAVAILABLE]
    assert streams.pass_s(1, GOOD, GOOD) == "sub"
    assert list(streams.choice.notes) == []


def test_substream_that_does_not_exist_is_not_waited_for() -> None:
    """404, or no video in it: the next try will say the same."""
    streams = Streams()
    assert streams.pass_s(1, GONE, NO_SUCH) == "sub"
    assert streams.pass_s(1, GOOD, NO_SUCH) == "main"


def test_substream_that_waits_for_its_turn_is_given_more_time() -> None:
    """After a restart all streams of a recorder are opened a few at a time; once it has failed the time is up."""
    streams = Streams()
    assert streams.pass_s(OPENING_PATIENCE_S, GOOD, OPENING) == "sub"
    assert streams.pass_s(1, GOOD, OPENING) == "main"
    failing = Streams()
    assert failing.pass_s(OPENING_PATIENCE_S - 2, GOOD, OPENING) == "sub"
    assert failing.pass_s(1, GOOD, GONE) == "main"


def test_nothing_changes_while_neither_can_be_had() -> None:
    """A camera that is off is waited for on the stream that is wanted; nothing is said of evidence."""
    streams = Streams()
    assert streams.pass_s(60, GONE, GONE) == "sub"
    assert list(streams.choice.notes) == []


def test_substream_with_rare_keyframes_gives_way_to_a_main_stream_with_frequent_ones() -> None:
    """And stays away as long as that is so."""
    streams = Streams()
    assert streams.pass_s(20, GOOD, NEW) == "sub"
    assert streams.pass_s(PATIENCE_S + 1, GOOD, RARE) == "main"
    assert list(streams.choice.notes) == [SUB_LONG_GOP]
    assert streams.pass_s(600, GOOD, RARE) == "main"


def test_rare_keyframes_of_both_or_of_an_unknown_main_stream_change_nothing() -> None:
    """The substream is then the cheaper one to be decoded through."""
    for main in (RARE, NEW, GONE):
        assert Streams().pass_s(60, main, RARE) == "sub"


def test_who_wants_the_substream_gets_it_however_rare_its_keyframes() -> None:
    """But not where it cannot be had."""
    streams = Streams(keep_to_sub=True)
    assert streams.pass_s(60, GOOD, RARE) == "sub"
    assert streams.pass_s(PATIENCE_S + 1, GOOD, GONE) == "main"


def test_substream_is_analysed_at_once_when_the_main_stream_goes_too() -> None:
    """Whatever was wrong with it, it is what there is; and clips are of it."""
    streams = Streams()
    assert streams.pass_s(20, GOOD, RARE) == "main"
    assert streams.pass_s(1, GONE, RARE) == "sub"
    assert list(streams.choice.notes) == []
    assert streams.pass_s(PATIENCE_S, GONE, RARE) == "sub"
    assert list(streams.choice.notes) == [EVIDENCE_FROM_SUB]


def test_streams_opened_again_have_their_time_to_come() -> None:
    """What was away before the camera was polled is no reason to give up the substream a second after."""
    streams = Streams()
    streams.pass_s(10, GONE, GONE)
    streams.now_s += 1000
    streams.choice.begin(streams.now_s)
    assert streams.pass_s(PATIENCE_S - 1, GOOD, GONE) == "sub"
    assert streams.pass_s(2, GOOD, GONE) == "main"


facts = st.builds(
    StreamFacts, st.booleans(), st.just(False), st.just(False), st.none() | st.sampled_from([1.0, LONG_GOP_S, 60.0])
)


@given(st.lists(st.tuples(facts, facts, st.integers(1, 30)), max_size=12), facts, facts)
def test_what_is_there_is_analysed_in_the_end(
    past: list[tuple[StreamFacts, StreamFacts, int]], main: StreamFacts, sub: StreamFacts
) -> None:
    """Whatever came before: within the patience a stream that is there is analysed, and every note has words."""
    streams = Streams()
    for before_main, before_sub, seconds in past:
        streams.pass_s(seconds, before_main, before_sub)
    analysed = streams.pass_s(PATIENCE_S + 1, main, sub)
    chosen = main if analysed == "main" else sub
    assert chosen.online or not (main.online or sub.online)
    assert set(streams.choice.notes) <= set(CAMERA_NOTES)
