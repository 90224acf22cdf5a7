"""A camera's events reach the database whole, in order, and however long it is away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from camera_configs.models import RuleConfig, ZoneConfig
from gateway.analysis.condition import MAX_GAP_S
from gateway.analysis.events import EventBuilder
from gateway.analysis.health.monitor import SoundPicture
from gateway.camera.packets import StoredPayload
from gateway.camera.snapshots.poller import Polled
from gateway.casework.open_case import AUTOMATIC, Scene, Terms, open_case
from gateway.clock import FakeClock
from gateway.errors import EvidenceError
from gateway.evidence.window import POST_ROLL_S
from gateway.fleet.event_desk import MAILBOX_REPORTS, DeskTools, EventDesk, Mailbox, Opening, Report
from gateway.types import Packet, Phase, Signal
from storage.media import FolderMediaStore
from storage.protocols import EventStore
from storage.records import Event, EventState, Evidence, EvidenceKind
from tests.unit.gateway.camera.snapshots.pictures import jpeg
from tests.unit.gateway.fleet.cameras import SQUARE, camera, site
from tests.unit.gateway.fleet.desk_tools import FakeCutter, FakeEvents, FakeFootage, signal

CANDIDATE, RAISED, ONGOING, CLEARED = Phase.CANDIDATE, Phase.RAISED, Phase.ONGOING, Phase.CLEARED
YARD = ZoneConfig(id="yard", name="Yard", polygon=SQUARE)
MASK = ZoneConfig(id="window", name="Window", polygon=SQUARE, kind="privacy_mask")
WAIT_S = 20.0  # for threads; a test that hangs fails
PICTURE = np.full((96, 160, 3), 90, np.uint8)


@dataclass
class House:
    """A desk at work, and everything around it."""

    desk: EventDesk
    events: FakeEvents
    ring: FakeFootage
    cutter: FakeCutter
    clock: FakeClock

    async def tell(self, *signals: Signal, picture: bool = False) -> None:
        """Report signals and let the desk take them in."""
        self.desk.mailbox.put(Report(signals, PICTURE if picture else None))
        await self.clock.advance(0)

    async def raise_event(self, at_s: float = 20.0, *, picture: bool = False) -> None:
        await self.tell(signal(CANDIDATE, 10.0))
        await self.clock.advance(at_s - self.clock.monotonic())
        await self.tell(signal(RAISED, at_s), picture=picture)


def packets(start_s: int, end_s: int) -> list[Packet]:
    return [Packet(StoredPayload(b""), i, i, Fraction(1, 1), True, 10, float(i)) for i in range(start_s, end_s)]


RULES = (
    RuleConfig(id="enter", type="zone_intrusion", zone="yard"),
    RuleConfig(id="night", type="zone_intrusion", zone="yard"),
    RuleConfig(id="burning", type="smoke_fire", zone="yard", auto_report=True),
)


@asynccontextmanager
async def house(
    folder: Path, *, zones: tuple[ZoneConfig, ...] = (YARD,), looks: Sequence[Polled] = ()
) -> AsyncIterator[House]:
    """A desk that runs for the length of the block, and must have come to its end when the block is over."""
    made = make_house(folder, zones, looks)
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        group.create_task(made.desk.run())
        await made.clock.advance(0)
        yield made
        made.desk.hurry()
    assert made.desk.finished.is_set()


def make_house(folder: Path, zones: tuple[ZoneConfig, ...] = (YARD,), looks: Sequence[Polled] = ()) -> House:
    clock, events, ring, cutter = FakeClock(), FakeEvents(), FakeFootage(packets(0, 60), looks), FakeCutter(folder)
    gate = camera("gate", rules=RULES, zones=zones)
    place = site(gate)

    def case_of(event: Event, evidence: Sequence[Evidence]) -> Opening:
        scene = Scene(event, evidence, gate, place.grid("east"), place.event_type(event.event_type))
        return open_case(scene, AUTOMATIC, Terms(("platform",), 10.0), clock.now())

    tools = DeskTools(cast(EventStore, events), FolderMediaStore(folder, 0), cutter, clock, ZoneInfo("Asia/Shanghai"))
    desk = EventDesk(gate, EventBuilder(clock, place, "run_1", "motion"), ring, tools, case_of)
    return House(desk, events, ring, cutter, clock)


async def test_database_away_delays_an_event_but_loses_nothing(tmp_path: Path) -> None:
    """While the database is away the clip is cut in time and the ring let go; everything is written afterwards."""
    async with house(tmp_path) as at:
        at.events.away = True
        await at.raise_event()
        await at.clock.advance(60)
        assert at.cutter.cut_with
        assert at.ring.pins == {}
        assert set(at.events.log) == {"begin?"}
        await at.tell(signal(CLEARED, 80))
        at.events.away = False
        await at.clock.advance(2)
        assert at.events.log[-2:] == ["begin", "conclude"]
        [(event, evidence, review, _)] = at.events.shown
        assert event.state is EventState.CLOSED
        assert [e.kind for e in evidence] == [EvidenceKind.CLIP]
        assert review is not None
        assert review.event_id == event.id


async def test_outage_while_concluding_is_tried_again_and_the_end_follows(tmp_path: Path) -> None:
    """An event that ends while its conclusion waits is concluded first and closed after."""
    async with house(tmp_path) as at:
        await at.raise_event()
        at.events.away = True
        await at.clock.advance(7)
        await at.tell(signal(CLEARED, 28))
        at.events.away = False
        await at.clock.advance(2)
        assert [w for w in at.events.log if not w.endswith("?")] == ["begin", "conclude", "close"]
        assert at.events.closed == [(at.events.shown[0][0].id, at.clock.utc_at(20))]


async def test_refused_conclusion_still_shows_the_event(tmp_path: Path) -> None:
    """Where files or case are refused for good, people see the event without them, and the camera goes on."""
    async with house(tmp_path) as at:
        at.events.refuse = {"conclude": 1}
        await at.tell(signal(RAISED, 0, 0, rule_id="burning", event_type="smoke_fire"))
        await at.clock.advance(7)
        [(event, evidence, review, case)] = at.events.shown
        assert (list(evidence), case) == ([], None)
        assert review is not None
        assert review.case_id is None
        await at.raise_event(at_s=30)
        await at.clock.advance(7)
        assert len(at.events.shown) == 2
        assert at.events.shown[1][0].id != event.id


async def test_event_refused_altogether_does_not_stop_the_camera(tmp_path: Path) -> None:
    """A desk whose every write was refused ends in good order all the same."""
    async with house(tmp_path) as at:
        at.events.refuse = {"begin": 1, "conclude": 2, "close": 1}
        await at.raise_event()
        await at.clock.advance(7)
        await at.tell(signal(CLEARED, 30))
    assert at.events.log == ["begin!", "conclude!", "conclude!", "close!"]


@pytest.mark.parametrize("broken", [EvidenceError("no keyframe"), PermissionError("scratch")])
async def test_event_without_clip_is_concluded(tmp_path: Path, broken: EvidenceError | OSError) -> None:
    """Evidence that cannot be made leaves the event with its review item."""
    async with house(tmp_path) as at:
        at.cutter.broken = broken
        await at.raise_event()
        await at.clock.advance(7)
        [(_, evidence, review, _)] = at.events.shown
        assert list(evidence) == []
        assert review is not None


async def test_camera_that_was_never_there_raises_an_event_without_evidence(tmp_path: Path) -> None:
    """The offline rule has neither picture nor packets; its event is shown all the same."""
    async with house(tmp_path) as at:
        at.ring.packets = []
        await at.clock.advance(40)
        await at.tell(signal(RAISED, 40, rule_id="camera_fault.offline", event_type="camera_fault.offline"))
        await at.clock.advance(7)
        [(event, evidence, _, _)] = at.events.shown
        assert event.event_type == "camera_fault.offline"
        assert list(evidence) == []


async def test_crash_of_the_desk_repeats_nothing(tmp_path: Path) -> None:
    """Run again after a cancellation, the desk neither cuts nor shows a second time, and still writes the end."""
    at = make_house(tmp_path)
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        first = group.create_task(at.desk.run())
        await at.clock.advance(0)
        await at.raise_event()
        await at.clock.advance(7)
        first.cancel()
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        group.create_task(at.desk.run())
        await at.clock.advance(0)
        await at.tell(signal(CLEARED, 30))
        at.desk.hurry()
    assert at.events.log == ["begin", "conclude", "close"]
    assert len(at.cutter.cut_with) == 1


async def test_event_is_saved_at_once_and_shown_when_its_clip_is_complete(tmp_path: Path) -> None:
    """Saved with the raise, concluded six seconds later with the window from before the beginning, then refreshed."""
    async with house(tmp_path) as at:
        await at.raise_event()
        assert at.events.log == ["begin"]
        await at.clock.advance(5.9)
        assert at.events.log == ["begin"]
        await at.clock.advance(0.2)
        assert at.events.log == ["begin", "conclude"]
        assert [at.cutter.cut_with[0][0].at_s, at.cutter.cut_with[0][-1].at_s] == [4, 26]
        await at.tell(signal(ONGOING, 28))
        await at.tell(signal(CLEARED, 40))
        assert at.events.log == ["begin", "conclude", "touch", "close"]
        assert at.events.touched[0][1:] == (at.clock.utc_at(28), 0.8)


async def test_event_that_ends_before_its_clip_is_ready_is_shown_as_ended(tmp_path: Path) -> None:
    """No open event is shown that is known to be over."""
    async with house(tmp_path) as at:
        await at.raise_event()
        await at.tell(signal(CLEARED, 23))
        await at.clock.advance(7)
        assert at.events.log == ["begin", "conclude"]
        assert at.events.shown[0][0].state is EventState.CLOSED
        assert at.events.shown[0][0].ended_at == at.clock.utc_at(20)


async def test_refresh_that_fails_is_left_to_the_next_one(tmp_path: Path) -> None:
    """A touch is not worth holding up what comes after it."""
    async with house(tmp_path) as at:
        await at.raise_event()
        await at.clock.advance(7)
        at.events.away = True
        await at.tell(signal(ONGOING, 28))
        at.events.away = False
        await at.tell(signal(ONGOING, 34))
        assert at.events.log == ["begin", "conclude", "touch?", "touch"]


async def test_candidate_holds_the_ring_until_it_comes_to_nothing(tmp_path: Path) -> None:
    """The pre-roll is held from before the beginning, and let go with the candidate."""
    async with house(tmp_path) as at:
        await at.tell(signal(CANDIDATE, 10))
        assert list(at.ring.pins.values()) == [4.0]
        await at.tell(signal(CLEARED, 12))
        assert at.ring.pins == {}
        assert at.events.log == []


async def test_next_candidate_does_not_take_the_ring_from_an_event(tmp_path: Path) -> None:
    """An event whose clip is not cut keeps its pin when its condition begins anew, and neither ends the other's."""
    async with house(tmp_path) as at:
        await at.raise_event()
        await at.tell(signal(CLEARED, 22), signal(CANDIDATE, 22, 22))
        assert sorted(at.ring.pins.values()) == [4.0, 16.0]
        await at.clock.advance(7)
        assert list(at.ring.pins.values()) == [16.0]


async def test_second_rule_of_the_same_event_does_not_hold_the_ring(tmp_path: Path) -> None:
    """Two rules tell of one event; once it is concluded nothing is held, though both conditions last for hours."""
    async with house(tmp_path) as at:
        await at.raise_event()
        await at.tell(signal(CANDIDATE, 21, rule_id="night"), signal(RAISED, 25, rule_id="night"))
        await at.clock.advance(7)
        assert at.ring.pins == {}
        assert len(at.events.shown) == 1


async def test_two_conditions_are_two_events(tmp_path: Path) -> None:
    """Events of one camera are made side by side; the second does not wait for the first."""
    async with house(tmp_path) as at:
        await at.tell(signal(RAISED, 0, 0), signal(RAISED, 0, 0, rule_id="burning", event_type="smoke_fire"))
        assert at.events.log == ["begin", "begin"]
        await at.clock.advance(7)
        assert {e.event_type for e, *_ in at.events.shown} == {"zone_intrusion", "smoke_fire"}


async def test_auto_report_opens_the_case_with_the_event(tmp_path: Path) -> None:
    """Event, review item and case go into one write, and know of each other."""
    async with house(tmp_path) as at:
        await at.tell(signal(RAISED, 0, 0, rule_id="burning", event_type="smoke_fire"))
        await at.clock.advance(7)
        [(event, _, review, case)] = at.events.shown
        assert case is not None
        assert review is not None
        assert case[0].event_id == event.id
        assert case[0].id == review.case_id
        assert [d.endpoint_id for d in case[2]] == ["platform"]


async def test_pictures_are_kept_with_the_clip(tmp_path: Path) -> None:
    """A raise with a picture gives snapshot and thumbnail, noted as masked on a camera with masks."""
    async with house(tmp_path, zones=(YARD, MASK)) as at:
        await at.raise_event(picture=True)
        at.desk.hurry()
        while not at.events.shown:
            at.events.news.clear()
            await at.events.news.wait()
        [(_, evidence, _, _)] = at.events.shown
        assert [e.kind for e in evidence] == [EvidenceKind.CLIP, EvidenceKind.SNAPSHOT, EvidenceKind.THUMBNAIL]
        assert all(e.masked for e in evidence)
        assert all((tmp_path / e.media_key).is_file() for e in evidence[1:])


@pytest.mark.parametrize(("event_type", "references"), [("camera_fault.covered", 1), ("zone_intrusion", 0)])
async def test_a_fault_is_shown_beside_what_the_camera_showed_before(
    tmp_path: Path, event_type: str, references: int
) -> None:
    """A scene's event needs no such picture."""
    async with house(tmp_path) as at:
        raised = signal(RAISED, 20.0, rule_id=event_type, event_type=event_type)
        at.desk.mailbox.put(Report((raised,), PICTURE, SoundPicture(PICTURE, 5.0)))
        await at.clock.advance(20.0)
        at.desk.hurry()
        while not at.events.shown:
            at.events.news.clear()
            await at.events.news.wait()
        [(_, evidence, _, _)] = at.events.shown
        kinds = [e.kind for e in evidence]
        assert (kinds.count(EvidenceKind.SNAPSHOT), kinds.count(EvidenceKind.REFERENCE)) == (1, references)
        taken = {e.kind: e.segments[0].wall_start for e in evidence if e.segments}
        before = taken.get(EvidenceKind.REFERENCE)
        assert (before is not None) == bool(references)
        assert before is None or taken[EvidenceKind.SNAPSHOT] - before == timedelta(seconds=15)


async def test_sharper_picture_of_the_same_moment_is_shown_instead(tmp_path: Path) -> None:
    """The substream is watched, reviewers see the main stream; an event without a picture gets none."""
    async with house(tmp_path) as at:
        at.ring.sharper = np.full((1080, 1920, 3), 90, np.uint8)
        await at.raise_event(picture=True)
        await at.tell(signal(RAISED, 20, rule_id="camera_fault.offline", event_type="camera_fault.offline"))
        at.desk.hurry()
        while len(at.events.shown) < 2:
            at.events.news.clear()
            await at.events.news.wait()
        widths = [
            [e.width for e in evidence if e.kind is EvidenceKind.SNAPSHOT] for _, evidence, _, _ in at.events.shown
        ]
        assert sorted(widths) == [[], [1920]]


async def test_clip_waits_for_the_slower_stream(tmp_path: Path) -> None:
    """What happened after the raise has not come yet where the main stream's encoder takes longer."""
    async with house(tmp_path) as at:
        at.ring.late_s = 1.5
        await at.raise_event()
        await at.clock.advance(POST_ROLL_S + 1)
        assert not at.cutter.cut_with
        await at.clock.advance(1)
        assert at.cutter.cut_with


async def test_hurry_cuts_with_what_there_is(tmp_path: Path) -> None:
    """At an orderly stop no post-roll is waited for, and every event gets its end."""
    async with house(tmp_path) as at:
        await at.raise_event()
        at.desk.hurry()
        at.desk.mailbox.put(Report((signal(RAISED, 21, rule_id="burning", event_type="smoke_fire"),)))
    assert at.events.log == ["begin", "conclude"]
    [(event, evidence, _, _)] = at.events.shown
    assert (event.state, event.ended_at) == (EventState.CLOSED, at.clock.utc_at(20))
    assert len(evidence) == 1


async def test_silent_camera_ends_its_events(tmp_path: Path) -> None:
    """Nobody can say that a condition lasts of a camera that has shown nothing for minutes."""
    async with house(tmp_path) as at:
        await at.raise_event()
        await at.clock.advance(7)
        at.desk.expire(20, 20 + MAX_GAP_S)
        await at.clock.advance(0)
        assert at.events.closed == []
        at.desk.expire(20, 21 + MAX_GAP_S)
        await at.clock.advance(0)
        assert [c[1] for c in at.events.closed] == [at.clock.utc_at(20)]


async def test_full_mailbox_drops_only_what_begins_and_ends_nothing() -> None:
    """Reports that a condition lasts give way and are counted; an end is taken beyond the bound."""
    mailbox = Mailbox()
    lasts, ends = Report((signal(ONGOING, 1),)), Report((signal(CLEARED, 2),))
    for _ in range(MAILBOX_REPORTS + 3):
        mailbox.put(lasts)
    mailbox.put(ends)
    mailbox.close()
    taken = [await mailbox.get() for _ in range(MAILBOX_REPORTS + 1)]
    assert taken[-1] == ends
    assert mailbox.dropped == 3
    assert await mailbox.get() is None


async def test_mailbox_wakes_the_loop_from_another_thread() -> None:
    """A report put by a camera's thread is got by whoever waits."""
    mailbox = Mailbox()
    report = Report((signal(RAISED, 1),))
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        waiting = group.create_task(mailbox.get())
        await asyncio.sleep(0)
        await asyncio.to_thread(mailbox.put, report)
    assert waiting.result() is report


def test_closed_mailbox_does_not_touch_a_loop_that_is_gone() -> None:
    """A camera's thread that reports after the end disturbs nobody."""

    async def make() -> Mailbox:
        mailbox = Mailbox()
        mailbox.close()
        return mailbox

    mailbox = asyncio.run(make())
    thread = threading.Thread(target=mailbox.put, args=(Report((signal(RAISED, 1),)),))
    thread.start()
    thread.join(WAIT_S)
    mailbox.close()
    assert asyncio.run(mailbox.get()) is None


async def test_event_time_is_the_frames(tmp_path: Path) -> None:
    """A frame analysed late gives an event of the moment it was taken."""
    async with house(tmp_path) as at:
        await at.clock.advance(30)
        await at.tell(signal(RAISED, 20, 10))
        await at.clock.advance(0)
        event = at.events.shown[0][0]
        assert event.raised_at - event.started_at == timedelta(seconds=10)


@pytest.mark.parametrize("zones", [(YARD,), (YARD, MASK)])
async def test_looks_that_led_to_an_event_are_kept(tmp_path: Path, zones: tuple[ZoneConfig, ...]) -> None:
    """Each sound look is a picture of its own, masks painted; one that is damaged is left out."""
    sound = jpeg(1, (480, 270))
    looks = (Polled("gate", sound[:3000], 0.0), Polled("gate", sound, 5.0), Polled("gate", sound, 10.0))
    async with house(tmp_path, zones=zones, looks=looks) as at:
        await at.raise_event(picture=True)
        while not at.events.shown:
            await at.clock.advance(1)
            await asyncio.sleep(0)
    [(event, evidence, _, _)] = at.events.shown
    names = [e.media_key.rsplit("/", 1)[-1].removeprefix(event.id) for e in evidence]
    assert names == [".mp4", "-snapshot.jpg", "-thumbnail.jpg", "-look-2.jpg", "-look-3.jpg"]
    assert {e.masked for e in evidence} == {len(zones) > 1}
    [last] = [e.media_key for e in evidence if e.media_key.endswith("look-3.jpg")]
    shown = cv2.imread(str(tmp_path / last))
    assert shown is not None
    assert bool(shown[100:170, 200:280].max() < 10) is (len(zones) > 1)
