"""Numbers over HTTP: mine for me, grids for leaders, nobody beside anybody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import add_round, finding, get, post, started


async def test_day_without_work_has_no_shares(signed_in: SignedIn) -> None:
    """Nothing divided by nothing is no number, not zero."""
    status, mine = await get(await signed_in("grid-worker"), "/numbers/mine")
    assert (status, mine["judged"], mine["rounds_due"]) == (200, 0, 0)
    assert {mine[name] for name in ("median_time_to_verdict_s", "patrol_completion", "grid_false_alarm_rate")} == {None}


@pytest.mark.parametrize(("name", "mine", "grids"), [("grid-worker", 200, 403), ("auditor", 403, 403)])
async def test_grids_are_for_leaders(signed_in: SignedIn, name: str, mine: int, grids: int) -> None:
    """Who works a grid sees their own day."""
    client = await signed_in(name)
    assert (await get(client, "/numbers/mine"))[0] == mine
    assert (await get(client, "/numbers/grids"))[0] == grids
    assert (await get(client, "/numbers/mine?days=93"))[0] == (422 if mine == 200 else 403)


async def test_figures_add_up(house: House, signed_in: SignedIn) -> None:
    """Two verdicts on detections, one finding of a patrol, a round half seen, one missed."""
    worker, leader = await signed_in("grid-worker"), await signed_in("grid-leader")
    for number, verdict in ((1, "rejected"), (2, "confirmed")):
        item = await house.add_event(number)
        await post(worker, f"/review/{item.id}/verdict", verdict=verdict)
    found = await add_round(house, opened_s_ago=3500)
    await started(worker, found)
    await post(worker, f"/patrol/rounds/{found.id}/views/p1", **finding())
    await post(worker, f"/patrol/rounds/{found.id}/finish")
    await add_round(house, opened_s_ago=4 * 3600)
    house.clock.ahead = timedelta(minutes=3)
    await house.stores.patrol.miss(house.clock.now())
    _, mine = await get(worker, "/numbers/mine?days=2")
    assert (mine["judged"], mine["grid_false_alarm_rate"]) == (2, 0.5)
    assert mine["median_time_to_verdict_s"] == pytest.approx(300, abs=60)
    assert (mine["rounds_due"], mine["rounds_done"], mine["rounds_missed"]) == (2, 1, 1)
    assert mine["patrol_completion"] == 0.25
    _, grids = await get(leader, "/numbers/grids?days=2")
    (east,) = grids["items"]
    assert (east["grid_id"], east["false_alarm_rate"], east["patrol_completion"]) == ("east", 0.5, 0.25)
    assert not {"account", "account_id", "worker", "rank"} & set(east)
