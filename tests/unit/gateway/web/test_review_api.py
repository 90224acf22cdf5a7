"""The review queue over HTTP: verdicts open cases, can be taken back, and stay within a grid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from storage.errors import RecordNotFound
from storage.records import CaseState, DeliveryState
from tests.unit.gateway.web.house import Client, House, SignedIn


async def _judge(client: Client, item_id: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"/api/v1/review/{item_id}/verdict", json=body)
    return answer.status, await answer.json()


async def _undo(client: Client, item_id: str) -> tuple[int, dict[str, Any]]:
    answer = await client.delete(f"/api/v1/review/{item_id}/verdict")
    return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": "rejected", "reason": "because"}, "reason"),
        ({"verdict": "rejected", "note": "x" * 501}, "note"),
        ({"verdict": "rejected", "note": "a\0b"}, "note"),
        ({"verdict": "rejected", "judged_by": "somebody"}, "judged_by"),
    ],
)
async def test_bad_verdict_names_its_field(house: House, signed_in: SignedIn, body: dict[str, Any], field: str) -> None:
    """422 says which field is wrong, and changes nothing."""
    item = await house.add_event()
    status, problem = await _judge(await signed_in("grid-worker"), item.id, **body)
    assert (status, problem["code"], problem["errors"][0]["field"]) == (422, "invalid", field)
    assert (await house.stores.reviews.get(item.id)).verdict is None


async def test_second_judge_is_told(house: House, signed_in: SignedIn) -> None:
    """The first of two reviewers wins; the other gets 409."""
    item = await house.add_event()
    assert (await _judge(await signed_in("grid-worker"), item.id, verdict="rejected"))[0] == 200
    status, problem = await _judge(await signed_in("grid-leader"), item.id, verdict="confirmed")
    assert (status, problem["code"]) == (409, "already_judged")


async def test_item_of_another_grid_is_not_there(house: House, signed_in: SignedIn) -> None:
    """Reading, judging, undoing and the deep link all say 404 outside the scope."""
    item = await house.add_event()
    client = await signed_in("west-worker")
    assert (await client.get(f"/api/v1/review/{item.id}")).status == 404
    assert (await client.get(f"/api/v1/events/{item.event_id}")).status == 404
    assert (await _judge(client, item.id, verdict="rejected"))[0] == 404
    assert (await _undo(client, item.id))[0] == 404
    listed = await (await client.get("/api/v1/review")).json()
    assert (listed["items"], listed["counts"]["S2"]) == ([], 0)


async def test_camera_no_longer_configured_opens_no_case(house: House, signed_in: SignedIn) -> None:
    """A confirmed event whose camera is gone cannot become a case; the verdict is not taken."""
    item = await house.add_event(camera_id="cam-gone")
    assert (await _judge(await signed_in("grid-worker"), item.id, verdict="confirmed"))[0] == 404
    assert (await house.stores.reviews.get(item.id)).verdict is None


async def test_undo_comes_too_late_after_the_window(house: House, signed_in: SignedIn) -> None:
    """After `undo_window_s` a verdict stands."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    await _judge(client, item.id, verdict="rejected")
    house.clock.ahead = timedelta(seconds=11)
    assert (await _undo(client, item.id))[1]["code"] == "undo_too_late"


async def test_undo_comes_too_late_once_the_case_is_on_its_way(house: House, signed_in: SignedIn) -> None:
    """A claimed delivery cannot be called back."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    await _judge(client, item.id, verdict="confirmed")
    await house.stores.outbox.claim(house.clock.now() + timedelta(seconds=11), 60, 10)
    status, problem = await _undo(client, item.id)
    assert (status, problem["code"]) == (409, "undo_too_late")


async def test_undo_of_somebody_elses_verdict_is_refused(house: House, signed_in: SignedIn) -> None:
    """One takes back one's own words only."""
    item = await house.add_event()
    await _judge(await signed_in("grid-worker"), item.id, verdict="rejected")
    status, problem = await _undo(await signed_in("grid-leader"), item.id)
    assert (status, problem["code"]) == (409, "conflict")


async def test_confirmed_event_becomes_a_case_with_a_delivery(house: House, signed_in: SignedIn) -> None:
    """One verdict: judged item, case, delivery after the undo window, outbox woken, act registered."""
    item = await house.add_event()
    status, detail = await _judge(await signed_in("grid-worker"), item.id, verdict="confirmed", note="看过了")
    assert status == 200
    assert (detail["item"]["verdict"], detail["item"]["judged_by_name"]) == ("confirmed", "grid-worker 同志")
    assert (detail["case"]["state"], detail["case"]["id"]) == (CaseState.OPENED, detail["item"]["case_id"])
    (delivery,) = await house.stores.outbox.for_case(detail["case"]["id"])
    assert (delivery.endpoint_id, delivery.state) == ("plat", DeliveryState.PENDING)
    assert delivery.not_before > house.clock.now()
    assert len(house.woken) == 1
    assert [e.subject for e in await house.stores.audit.entries() if e.action == "verdict"] == [item.id]


async def test_same_verdict_again_changes_nothing(house: House, signed_in: SignedIn) -> None:
    """The answer was lost on a bad line, the phone sends it again: one case, no error."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    first = await _judge(client, item.id, verdict="confirmed")
    again = await _judge(client, item.id, verdict="confirmed")
    assert (again[0], again[1]["case"]) == (200, first[1]["case"])


async def test_detail_of_a_fault_names_the_picture_to_compare_with(house: House, signed_in: SignedIn) -> None:
    """A reader tells it from the picture of the alarm by its kind; an event of a scene has none."""
    fault = await house.add_event(event_type="camera_fault.moved")
    scene = await house.add_event(2)
    client = await signed_in("grid-worker")
    found = []
    for item in (fault, scene):
        detail = await (await client.get(f"/api/v1/review/{item.id}")).json()
        found.append((detail["reference_id"], {file["kind"] for file in detail["evidence"]}))
    assert found == [(f"evd_{1:026d}reference", {"clip", "thumbnail", "reference"}), (None, {"clip", "thumbnail"})]


async def test_undone_verdict_leaves_no_trace(house: House, signed_in: SignedIn) -> None:
    """The item waits again, its case is gone; undoing twice is no error."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    case_id = (await _judge(client, item.id, verdict="confirmed"))[1]["case"]["id"]
    for _ in range(2):
        status, detail = await _undo(client, item.id)
        assert (status, detail["item"]["verdict"], detail["case"]) == (200, None, None)
    with pytest.raises(RecordNotFound):
        await house.stores.cases.get(case_id)


@pytest.mark.parametrize("verdict", ["rejected", "on_site", "unclear"])
async def test_other_verdicts_open_no_case(house: House, signed_in: SignedIn, verdict: str) -> None:
    """Only 属实 goes to the platform; the reason is kept for false alarms only."""
    item = await house.add_event()
    _, detail = await _judge(await signed_in("grid-worker"), item.id, verdict=verdict, reason="light")
    assert detail["case"] is None
    assert detail["item"]["reason"] == ("light" if verdict == "rejected" else "")
    assert house.woken == []


async def test_list_shows_what_a_decision_needs(house: House, signed_in: SignedIn) -> None:
    """Names in words, file ids, how many are alike, counts per severity; times end in Z."""
    await house.add_event(1)
    await house.add_event(2)
    await house.add_event(3, severity="S1", event_type="zone_intrusion")
    await house.add_event(4, "west")
    page = await (await (await signed_in("grid-worker")).get("/api/v1/review")).json()
    entries = page["items"]
    assert [entry["item"]["severity"] for entry in entries] == ["S1", "S2", "S2"]
    assert page["counts"] == {"S1": 1, "S2": 2, "S3": 0, "S4": 0}
    entry = entries[1]
    assert (entry["place"], entry["grid_name"]) == ("东街 3 号消防通道", "east 网格")
    assert (entry["camera_name"], entry["event"]["zone_name"]) == ("摄像机 cam-east", "通道")
    assert (entry["similar"], entries[0]["similar"]) == (1, 0)
    assert entry["clip_id"].endswith("clip")
    assert entry["thumbnail_id"].endswith("thumbnail")
    assert entry["event"]["raised_at"].endswith("Z")


async def test_list_is_filtered_and_paged(house: House, signed_in: SignedIn) -> None:
    """Filters combine, several values add up, and cursors walk through all pages."""
    for number in (1, 2, 3):
        await house.add_event(number)
    await house.add_event(4, severity="S1", event_type="zone_intrusion")
    client = await signed_in("grid-worker")
    both = await (await client.get("/api/v1/review?event_type=zone_intrusion,litter&severity=S1")).json()
    assert len(both["items"]) == 1
    seen: list[str] = []
    cursor = ""
    while True:
        page = await (await client.get(f"/api/v1/review?limit=2&cursor={cursor}")).json()
        seen += [entry["item"]["id"] for entry in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 4


async def test_judged_items_are_listed_apart(house: House, signed_in: SignedIn) -> None:
    """`state=judged` lists verdicts with names."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    await _judge(client, item.id, verdict="unclear")
    page = await (await client.get("/api/v1/review?state=judged")).json()
    assert [entry["item"]["judged_by_name"] for entry in page["items"]] == ["grid-worker 同志"]


@pytest.mark.parametrize(
    "query", ["cursor=rubbish", "limit=0", "limit=many", "state=lost", "severity=S9", "camera_id=%00", "cursor=%F0%9F"]
)
async def test_bad_query_is_a_problem(house: House, signed_in: SignedIn, query: str) -> None:
    """Rubbish in a query is 422, never a crash."""
    answer = await (await signed_in("grid-worker")).get(f"/api/v1/review?{query}")
    assert answer.status == 422
    assert answer.content_type == "application/problem+json"


async def test_detail_holds_evidence_and_history(house: House, signed_in: SignedIn) -> None:
    """The detail adds files with their addresses and what else happened at the camera; by item and by event alike."""
    item = await house.add_event(1)
    await house.add_event(2)
    client = await signed_in("grid-worker")
    detail = await (await client.get(f"/api/v1/review/{item.id}")).json()
    assert detail == await (await client.get(f"/api/v1/events/{item.event_id}")).json()
    clip = detail["evidence"][0]
    assert (clip["kind"], clip["url"]) == ("clip", f"/api/v1/evidence/{clip['id']}")
    assert clip["segments"][0]["wall_start"].endswith("Z")
    assert "media_key" not in clip
    assert [other["id"] for other in detail["recent"]] == [f"evt_{2:026d}"]
