"""The main job: recordings served as cameras, watched by the gateway, flagged once each, with a clip that shows it."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from gateway.types import Phase, Signal
from tests.integration.gateway_rig import READY_TIMEOUT_S, Rig, Visitor, moment, stored_moment, until
from tests.integration.recordings import Clip, camera_of, clip, score

pytestmark = pytest.mark.unpaced

CLIPS = {"people": "person_bicycle_car", "parking": "derived_illegal_parking"}
MODEL = "picodet_s_416_coco"
# The gateway tells when the first keyframe arrived, a little after the play began.
START_TOLERANCE_S = 1.0
# After the end of the play: what waits to be analysed, and the post-roll of the last event.
CONCLUDE_S = 10.0
PRE_ROLL_S = 3.0
PLAYS = """() => {
  const v = document.querySelector('[data-testid=clip]');
  return v && !v.error && v.readyState >= 2 && v.currentTime > 0.5 && v.videoWidth > 0;
}"""


@dataclass(frozen=True)
class Play:
    """The first play of one recording."""

    clip: Clip
    began_at: float  # seconds since 1970

    @property
    def ended_at(self) -> float:
        return self.began_at + float(self.clip.truth["media"]["duration_s"])

    def since_s(self, event: Mapping[str, Any]) -> float:
        """Seconds into the recording at which an event began."""
        return moment(event["started_at"]) - self.began_at

    def truth_of(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the event shows, by the manifest: the last thing of its rule that had begun by then."""
        begun = [
            truth
            for truth in self.clip.truth["events"]
            if truth["rule"] == event["rule_id"]
            and truth["start_s"] <= self.since_s(event) + self.clip.truth["tolerance_s"]
        ]
        found: Mapping[str, Any] = max(begun, key=lambda truth: truth["start_s"])
        return found


def patient(found: Clip) -> Clip:
    """A clip whose events may seem to begin earlier by as much as the start of the play is uncertain."""
    return replace(found, truth=found.truth | {"tolerance_s": found.truth["tolerance_s"] + START_TOLERANCE_S})


async def watch(rig: Rig, media: Path, clips: Mapping[str, Clip]) -> None:
    """Serve the recordings, once each, and start the gateway."""
    cameras = []
    for camera_id, found in clips.items():
        camera = camera_of(found).model_dump(mode="json", exclude_unset=True)
        stream = {"url": f"rtsp://127.0.0.1:{rig.rtsp_port}/{camera_id}"}
        cameras.append(camera | {"id": camera_id, "grids": ["g1"], "streams": [stream]})
    rig.configure(cameras, detector=f"onnx:{MODEL}")
    await rig.run("models", "add", str(media / "weights" / f"{MODEL}.onnx"))
    await rig.add_operator()
    await rig.simulate(*(f"{camera_id}={found.path}" for camera_id, found in clips.items()), options=["--once"])
    await rig.gateway().start()
    await rig.ready()


async def first_plays(visitor: Visitor, clips: Mapping[str, Clip]) -> dict[str, Play]:
    """Return when each camera came online."""
    plays: dict[str, Play] = {}

    async def all_began() -> bool:
        for camera in (await visitor.get("/cameras"))["items"]:
            state = camera["state"]
            if state["state"] == "online" and camera["id"] not in plays:
                plays[camera["id"]] = Play(clips[camera["id"]], moment(state["since"]))
        return len(plays) == len(clips)

    await until(all_began, what="all cameras online")
    return plays


async def wait_for_the_end(rig: Rig, plays: Mapping[str, Play]) -> None:
    """Wait until the first plays are over and everything of them is concluded."""
    due = max(play.ended_at for play in plays.values()) + CONCLUDE_S

    def concluded() -> bool:
        making = rig.rows("SELECT camera_id, started_at FROM events WHERE NOT concluded")
        late = [row for row in making if stored_moment(row["started_at"]) < plays[row["camera_id"]].ended_at]
        return time.time() >= due and not late

    await until(concluded, due - time.time() + READY_TIMEOUT_S, "all events concluded")


async def events_of(visitor: Visitor, camera_id: str, play: Play) -> list[dict[str, Any]]:
    """Return the events of the first play."""
    entries = await visitor.every("/review", state="waiting", camera_id=camera_id)
    events = [entry["event"] for entry in entries]
    return [event for event in events if moment(event["started_at"]) < play.ended_at]


def signals(play: Play, events: Sequence[Mapping[str, Any]]) -> list[Signal]:
    """Events as the scoring wants them."""
    return [
        Signal(
            Phase.RAISED,
            event["camera_id"],
            event["rule_id"],
            event["event_type"],
            event["zone_id"],
            since_s=play.since_s(event),
            at_s=moment(event["raised_at"]) - play.began_at,
        )
        for event in events
    ]


async def check_clip(visitor: Visitor, play: Play, event: Mapping[str, Any], file: Path) -> None:
    """The clip is what its record says, is read by range, begins early enough and shows the beginning."""
    detail = await visitor.get(f"/events/{event['id']}")
    (record,) = [evidence for evidence in detail["evidence"] if evidence["kind"] == "clip"]
    status, body, _ = await visitor.fetch(record["url"])
    assert (status, len(body)) == (200, record["size_bytes"])
    assert hashlib.sha256(body).hexdigest() == record["sha256"]
    status, part, headers = await visitor.fetch(record["url"], Range="bytes=100-299")
    assert (status, part) == (206, body[100:300])
    assert headers["Content-Range"] == f"bytes 100-299/{len(body)}"
    await asyncio.to_thread(file.write_bytes, body)

    truth_s, first = play.truth_of(event)["start_s"], record["segments"][0]
    begins_s = moment(first["wall_start"]) - play.began_at
    what = (
        f"{event['camera_id']} {event['rule_id']}: truth {truth_s:g} s, flagged {play.since_s(event):.1f} s, "
        f"clip from {begins_s:.1f} s for {first['duration_s']:.1f} s"
    )
    sys.stdout.write(f"{what}\n")
    assert begins_s <= max(truth_s - PRE_ROLL_S, START_TOLERANCE_S), what
    assert begins_s + first["duration_s"] >= play.since_s(event), what


async def check_probe(ffprobe: str, file: Path) -> None:
    """Decode every frame: ffprobe has nothing to say."""
    process = await asyncio.create_subprocess_exec(
        *(ffprobe, "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"),
        str(file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    frames, complaint = await process.communicate()
    assert (process.returncode, complaint) == (0, b"")
    assert int(frames) > 0


async def check_playing(page: Page, rig: Rig, event_id: str) -> None:
    """The event's own page plays the clip."""
    await page.goto(f"{rig.address}/events/{event_id}")
    await page.get_by_test_id("clip").wait_for()
    await page.wait_for_function(PLAYS)


@pytest.mark.media
@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.usefixtures("built_pages")
async def test_each_truth_event_is_flagged_once_with_a_clip_that_shows_it(
    rig: Rig, media: Path, chromium: str, ffprobe: str, tmp_path: Path
) -> None:
    """A person who enters and a vehicle that stops: one event each, nothing else, and clips that play."""
    clips = {camera_id: patient(clip(media, name)) for camera_id, name in CLIPS.items()}
    await watch(rig, media, clips)
    async with rig.visitor() as visitor, rig.page(chromium) as page:
        plays = await first_plays(visitor, clips)
        await wait_for_the_end(rig, plays)
        events = {camera_id: await events_of(visitor, camera_id, play) for camera_id, play in plays.items()}
        for camera_id, play in plays.items():
            armed = {rule["id"] for rule in play.clip.truth["setup"]["rules"]}
            result = score(play.clip, signals(play, events[camera_id]), armed)
            assert (result.hits, result.misses, result.false_alarms) == (result.due, (), ()), camera_id
            assert result.due > 0
        for camera_id, play in plays.items():
            for event in events[camera_id]:
                file = tmp_path / f"{event['id']}.mp4"
                await check_clip(visitor, play, event, file)
                await check_probe(ffprobe, file)
                await check_playing(page, rig, event["id"])
