"""Rounds over HTTP: one worker's at a time, stepped through honestly, findings become cases."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest

from storage.protocols import Scope
from storage.records import CameraStateName, DeliveryState, EvidenceKind
from storage.records_patrol import RoundState
from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import API, add_round, finding, get, post, started, verdict


async def test_round_of_another_grid_is_not_there(house: House, signed_in: SignedIn) -> None:
    """Showing, beginning, judging, ending: 404; lists leave it out."""
    found = await add_round(house)
    client = await signed_in("west-worker")
    path = f"/patrol/rounds/{found.id}"
    assert (await get(client, path))[0] == 404
    for action, body in (("start", {}), ("views/p1", verdict()), ("finish", {})):
        assert (await post(client, f"{path}/{action}", **body))[0] == 404
    assert (await get(client, "/patrol/rounds"))[1]["items"] == []


@pytest.mark.parametrize("name", ["maintainer", "auditor"])
async def test_who_sees_no_footage_patrols_nothing(signed_in: SignedIn, name: str) -> None:
    """403 for the technician and the auditor."""
    assert (await get(await signed_in(name), "/patrol/rounds"))[0] == 403


async def test_second_worker_is_told_that_the_round_is_taken(house: House, signed_in: SignedIn) -> None:
    """409 `taken`, until it has been left alone for half an hour."""
    found = await add_round(house)
    await started(await signed_in("grid-worker"), found)
    leader = await signed_in("grid-leader")
    status, problem = await post(leader, f"/patrol/rounds/{found.id}/start")
    assert (status, problem["code"]) == (409, "taken")
    status, problem = await post(leader, f"/patrol/rounds/{found.id}/views/p1", **verdict())
    assert (status, problem["code"]) == (409, "taken")
    house.clock.ahead = timedelta(minutes=31)
    assert (await started(leader, found))["assignee_name"] == "grid-leader 同志"


async def test_round_opens_with_its_window(house: House, signed_in: SignedIn) -> None:
    """Not before, and not after it was missed; what was not begun cannot be judged or ended."""
    early = await add_round(house, opened_s_ago=-60)
    client = await signed_in("grid-worker")
    path = f"/patrol/rounds/{early.id}"
    assert (await post(client, f"{path}/start"))[1]["code"] == "not_open"
    assert (await post(client, f"{path}/views/p1", **verdict()))[1]["code"] == "not_started"
    assert (await post(client, f"{path}/finish"))[1]["code"] == "not_started"
    old = await add_round(house, opened_s_ago=4 * 3600)
    await house.stores.patrol.miss(house.clock.now())
    assert (await post(client, f"/patrol/rounds/{old.id}/start"))[1]["code"] == "closed"


async def test_named_round_is_for_who_is_named_and_leaders(house: House, signed_in: SignedIn) -> None:
    """Others of the grid see it and may not begin it."""
    found = await add_round(house, assignees=("acc_operator",))
    worker = await signed_in("grid-worker")
    assert (await post(worker, f"/patrol/rounds/{found.id}/start"))[0] == 403
    assert [r["may_start"] for r in (await get(worker, "/patrol/rounds"))[1]["items"]] == [False]
    assert (await get(worker, "/patrol/rounds?mine=true"))[1]["items"] == []
    assert (await started(await signed_in("grid-leader"), found))["state"] == "running"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (verdict(dwell_s=60), "dwell_s"),
        (verdict(shown="none"), "shown"),
        (verdict(verdict="finding"), "invalid"),
        (verdict(finding=finding()["finding"]), "invalid"),
        (verdict(dwell_s=-1), "invalid"),
        (verdict(client_id="x"), "invalid"),
        (finding(event_type="litter"), "invalid"),
        (finding(box=[0.5, 0.2, 0.1, 0.6]), "invalid"),
        (finding(box=[0.1, 0.2, 1.5, 0.6]), "invalid"),
        (finding(frame_jpeg="data:image/jpeg;base64,AAAA"), "invalid"),
        (finding(frame_jpeg="AAAA"), "invalid"),
    ],
)
async def test_what_cannot_be_true_is_refused(
    house: House, signed_in: SignedIn, said: dict[str, Any], code: str
) -> None:
    """Looks longer than the round, pictures that were not shown, findings without a picture or a purpose."""
    found = await add_round(house)
    client = await signed_in("grid-worker")
    await started(client, found)
    status, problem = await post(client, f"/patrol/rounds/{found.id}/views/p1", **said)
    assert (status, problem["code"]) == (422, code)
    assert await house.stores.patrol.views([found.id]) == []
    assert await house.stores.events.recent(Scope(None)) == []


async def test_dwell_counts_from_the_view_before(house: House, signed_in: SignedIn) -> None:
    """Twenty seconds after the start hold one look of twenty seconds, not two."""
    found = await add_round(house)
    client = await signed_in("grid-worker")
    await started(client, found)
    house.clock.ahead = timedelta(seconds=20)
    path = f"/patrol/rounds/{found.id}/views"
    assert (await post(client, f"{path}/p1", **verdict(dwell_s=20)))[0] == 200
    assert (await post(client, f"{path}/p2", **verdict(dwell_s=20)))[1]["code"] == "dwell_s"
    house.clock.ahead = timedelta(seconds=40)
    assert (await post(client, f"{path}/p2", **verdict(dwell_s=20)))[0] == 200


async def test_looks_of_a_bad_line_pass_together(house: House, signed_in: SignedIn) -> None:
    """Two looks of twenty seconds arrive at once after forty; a third moment of them would be one too many."""
    found = await add_round(house)
    client = await signed_in("grid-worker")
    detail = await started(client, found)
    house.clock.ahead = timedelta(seconds=42)
    path = f"/patrol/rounds/{found.id}/views"
    said = verdict(dwell_s=20, judged_at="2020-01-01T00:00:00Z")
    status, view = await post(client, f"{path}/p1", **said)
    assert (status, view["judged_at"]) == (200, detail["marked_at"])
    assert (await post(client, f"{path}/p2", **verdict(dwell_s=60)))[1]["code"] == "dwell_s"
    assert (await post(client, f"{path}/p2", **verdict(dwell_s=20)))[0] == 200
    ended = await post(client, f"/patrol/rounds/{found.id}/finish", at="2099-01-01T00:00:00Z")
    assert (ended[0], ended[1]["state"]) == (200, "done")


async def test_same_request_again_is_one_verdict(house: House, signed_in: SignedIn) -> None:
    """The answer was lost, the clock went on, the phone sends it again; another verdict is refused."""
    found = await add_round(house)
    client = await signed_in("grid-worker")
    await started(client, found)
    path, said = f"/patrol/rounds/{found.id}/views/p1", finding()
    first = await post(client, path, **said)
    house.clock.ahead = timedelta(seconds=5)
    assert await post(client, path, **said) == first
    assert (await post(client, path, **verdict()))[1]["code"] == "already_judged"
    assert (await house.stores.patrol.round(found.id)).findings == 1
    assert (await post(client, f"/patrol/rounds/{found.id}/views/p9", **verdict()))[0] == 404


async def test_finding_becomes_a_case(house: House, signed_in: SignedIn) -> None:
    """Event with the frame and its box, confirmed item, case, message after the undo window, register."""
    found = await add_round(house)
    client = await signed_in("grid-worker")
    await started(client, found)
    status, view = await post(client, f"/patrol/rounds/{found.id}/views/p1", **finding())
    assert (status, view["verdict"]) == (200, "finding")
    detail = (await get(client, f"/events/{view['event_id']}"))[1]
    assert (detail["event"]["detector"], detail["event"]["boxes"]) == ("patrol", [[0.1, 0.2, 0.5, 0.6]])
    assert (detail["item"]["verdict"], detail["item"]["note"]) == ("confirmed", "堵了")
    assert detail["case"]["state"] == "opened"
    assert {file["kind"] for file in detail["evidence"]} == {EvidenceKind.SNAPSHOT, EvidenceKind.THUMBNAIL}
    picture = await client.get(detail["evidence"][0]["url"])
    assert (picture.status, picture.content_type) == (200, "image/jpeg")
    (message,) = await house.stores.outbox.for_case(detail["case"]["id"])
    assert message.state is DeliveryState.PENDING
    assert message.not_before > house.clock.now()
    assert len(house.woken) == 1
    looked = [e for e in await house.stores.audit.entries() if e.action == "patrol_view"]
    assert [(e.subject, e.detail["verdict"]) for e in looked] == [("cam-east", "finding")]
    assert (await client.delete(f"{API}/review/{detail['item']['id']}/verdict")).status == 200


async def test_frame_of_two_mebibytes_passes(house: House, signed_in: SignedIn) -> None:
    """The limit of other bodies is far lower; here it is read, and found to be no picture."""
    found = await add_round(house)
    client = await signed_in("grid-worker")
    await started(client, found)
    body = io.BytesIO(json.dumps(finding(frame_jpeg="A" * 2_700_000)).encode())
    answer = await client.post(
        f"{API}/patrol/rounds/{found.id}/views/p1", data=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, "finding.frame_jpeg")


async def test_round_says_what_was_seen(house: House, signed_in: SignedIn) -> None:
    """The summary counts; ended twice is ended once; a round in which nothing was seen is not ended."""
    found = await add_round(house)
    client = await signed_in("grid-worker")
    await started(client, found)
    path = f"/patrol/rounds/{found.id}"
    assert (await post(client, f"{path}/finish"))[1]["code"] == "nothing_seen"
    await post(client, f"{path}/views/p1", **verdict(verdict="not_viewable", shown="none", dwell_s=0))
    house.clock.ahead = timedelta(seconds=30)
    status, summary = await post(client, f"{path}/finish")
    assert status == 200
    assert (summary["state"], summary["seen"], summary["missed"], summary["not_viewable"]) == ("done", 1, 1, 1)
    assert 29 < summary["took_s"] < 40
    assert (await post(client, f"{path}/finish"))[1] == summary
    assert (await post(client, f"{path}/start"))[1]["code"] == "closed"


async def test_leader_sees_late_and_missed_rounds(house: House, signed_in: SignedIn) -> None:
    """Overdue while it is open, late when it was ended after all, missed when it closed; the count of views stays."""
    late = await add_round(house, opened_s_ago=2 * 3600)
    await add_round(house, opened_s_ago=4 * 3600)
    worker, leader = await signed_in("grid-worker"), await signed_in("grid-leader")
    days = {(house.clock.now() - timedelta(hours=h)).astimezone(house.context.settings.timezone).date() for h in (2, 4)}

    async def states() -> set[tuple[str, bool]]:
        pages = [(await get(leader, f"/patrol/rounds?day={day}"))[1]["items"] for day in days]
        return {(found["state"], found["overdue"]) for page in pages for found in page}

    assert await states() == {("waiting", True)}
    await house.stores.patrol.miss(house.clock.now())
    await started(worker, late)
    await post(worker, f"/patrol/rounds/{late.id}/views/p1", **verdict())
    await post(worker, f"/patrol/rounds/{late.id}/finish")
    assert await states() == {(RoundState.LATE, False), (RoundState.MISSED, False)}


async def test_player_knows_what_it_can_show(house: House, signed_in: SignedIn) -> None:
    """Live or not, the last picture's time, the place, and what may be reported from this camera."""
    found = await add_round(house)
    await house.report("cam-east", CameraStateName.ONLINE)
    client = await signed_in("grid-worker")
    status, detail = await get(client, f"/patrol/rounds/{found.id}")
    assert (status, detail["state"], detail["may_start"], detail["points"]) == (200, "waiting", True, 2)
    view = detail["views"][0]
    assert (view["live"], view["event_types"], view["place"]) == (True, ["fire_lane_blocked"], "东街 3 号消防通道")
    assert (view["verdict"], view["dwell_due_s"], view["name"]) == (None, 20, "北口")


@pytest.mark.parametrize("query", ["cursor=rubbish", "day=yesterday", "state=lost", "limit=0"])
async def test_bad_query_is_a_problem(signed_in: SignedIn, query: str) -> None:
    """422, never a crash."""
    assert (await get(await signed_in("grid-worker"), f"/patrol/rounds?{query}"))[0] == 422
