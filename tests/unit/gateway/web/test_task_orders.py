"""Who is sent where, by the configuration of the site as it is now."""

from __future__ import annotations

from dataclasses import replace

from camera_configs.models import GridWorker
from gateway.desk.site_book import SiteBook
from gateway.web.context import WebContext
from gateway.web.task_orders import deadline, named_workers, order_check, place_of, worker_for
from storage.records import ReviewItem, Verdict
from storage.records_patrol import TaskState
from tests.unit.gateway.patrol.samples import a_task
from tests.unit.gateway.web.house import House, town


def _staffed(house: House, *accounts: str) -> WebContext:
    """Return the town with these workers named in its east."""
    site = town()
    workers = tuple(GridWorker(account=name, name=name) for name in accounts)
    east = site.grids[0].model_copy(update={"workers": workers})
    book = SiteBook(house.stores.config, site.model_copy(update={"grids": (east, site.grids[1])}))
    return replace(house.context, book=book)


def _judged(house: House, item: ReviewItem) -> ReviewItem:
    now = house.clock.now()
    return replace(item, verdict=Verdict.ON_SITE, judged_by="acc_grid-leader", judged_at=now, note="看看")


async def test_only_who_can_go_is_sent(house: House) -> None:
    """Names without an account, of other grids, or of roles that do no patrols are passed over."""
    context = _staffed(house, "nobody", "west-worker", "auditor", "grid-worker")
    assert [account.name for account in await named_workers(context, "east")] == ["grid-worker"]
    assert await named_workers(context, "west") == []
    assert await named_workers(context, "gone") == []


async def test_work_is_shared(house: House) -> None:
    """Who has a live task is sent after who has none; what is done does not count."""
    context = _staffed(house, "grid-worker", "grid-leader")
    assert await worker_for(context, "east") == "acc_grid-worker"
    done = a_task(id="task_1", assignee="acc_grid-worker", state=TaskState.DONE)
    await house.stores.tasks.add(done)
    assert await worker_for(context, "east") == "acc_grid-worker"
    await house.stores.tasks.add(replace(done, id="task_2", state=TaskState.ARRIVED))
    assert await worker_for(context, "east") == "acc_grid-leader"
    assert await worker_for(house.context, "east") is None


async def test_task_of_a_camera_that_is_gone_can_still_be_done(house: House) -> None:
    """Without a position and without a deadline where the type is gone as well."""
    item = await house.add_event(camera_id="cam-gone", event_type="no_such_type")
    task = await order_check(_staffed(house, "grid-worker"), _judged(house, item))
    assert (task.title, task.lon, task.due_at, task.assignee) == ("cam-gone", None, None, "acc_grid-worker")
    assert place_of(house.context, "cam-east").lon == 117.0


async def test_deadline_is_that_of_the_taxonomy(house: House) -> None:
    """Half an hour for a blocked fire lane, whatever the time of day."""
    now = house.clock.now()
    due_at = deadline(house.context, "fire_lane_blocked", now)
    assert due_at is not None
    assert (due_at - now).total_seconds() == 1800
