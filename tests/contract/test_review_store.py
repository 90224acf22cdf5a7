"""What a review store must do, on every backend."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.errors import InvalidCursor, RecordConflict, RecordNotFound, StorageError
from storage.protocols import ReviewFilter, Scope
from storage.records import CaseState, ReviewItem, Verdict
from storage.stores import Stores
from tests.contract.store_samples import (
    EVERYTHING,
    a_case,
    a_step,
    after,
    an_event,
    an_item,
    judged,
    opened,
    shown,
)

JUDGED = ReviewFilter(waiting=False)


async def all_pages(stores: Stores, scope: Scope, query: ReviewFilter, limit: int = 3) -> list[str]:
    """Return the ids of all items, page by page."""
    page = await stores.reviews.page(scope, query, None, limit)
    ids = [i.id for i in page.items]
    while page.next_cursor is not None:
        page = await stores.reviews.page(scope, query, page.next_cursor, limit)
        ids += [i.id for i in page.items]
    return ids


async def test_unknown_items_are_named(stores: Stores) -> None:
    """An id that is not there is RecordNotFound everywhere."""
    item = an_item(an_event(), id="rev_none")
    for call in (
        stores.reviews.get("rev_none"),
        stores.reviews.by_event("rev_none"),
        stores.reviews.judge(judged(item), None),
        stores.reviews.undo("rev_none", "acc-li", after(0)),
    ):
        with pytest.raises(RecordNotFound, match="rev_none"):
            await call


@pytest.mark.parametrize("cursor", ["", "x", "é", "bm9uZQ", "WyJqdWRnZWQiLCAiYSIsICJiIl0"])
async def test_foreign_cursor_is_refused(stores: Stores, cursor: str) -> None:
    """A cursor that is garbage, or of another list, is an error of the asker and not of the database."""
    with pytest.raises(InvalidCursor):
        await stores.reviews.page(EVERYTHING, ReviewFilter(), cursor)


async def test_second_reviewer_loses(stores: Stores, other_stores: Stores) -> None:
    """Of two verdicts at once one is saved, the other is told; only the winner's case exists."""
    event, item = await shown(stores)
    results = await asyncio.gather(
        stores.reviews.judge(judged(item, judged_by="acc-li"), a_case(event)),
        other_stores.reviews.judge(judged(item, judged_by="acc-wang"), a_case(event)),
        return_exceptions=True,
    )
    assert sorted(type(r).__name__ for r in results) == ["NoneType", "RecordConflict"]
    kept = await stores.reviews.get(item.id)
    case = await stores.cases.by_event(event.id)
    assert case is not None
    assert kept.case_id == case.id
    assert len(await stores.outbox.for_case(case.id)) == 1


async def test_same_verdict_again_changes_nothing(stores: Stores) -> None:
    """The answer was lost on a bad line: the second try succeeds, with one case and no second word."""
    event, item = await shown(stores)
    first, second = a_case(event), a_case(event)
    await stores.reviews.judge(judged(item), first)
    told = await stores.changes.last_id()
    await stores.reviews.judge(judged(item, judged_at=after(101)), second)
    assert await stores.reviews.get(item.id) == judged(item, case_id=first[0].id)
    assert await stores.changes.last_id() == told


@pytest.mark.parametrize("changed", [{"verdict": Verdict.REJECTED}, {"judged_by": "acc-wang"}])
async def test_other_verdict_is_a_conflict(stores: Stores, changed: dict[str, str]) -> None:
    """Another word, or another person with the same word, comes too late."""
    _, item = await shown(stores)
    await stores.reviews.judge(judged(item), None)
    with pytest.raises(RecordConflict):
        await stores.reviews.judge(judged(item, **changed), None)
    assert await stores.reviews.get(item.id) == judged(item)


async def test_failed_case_leaves_the_item_waiting(stores: Stores) -> None:
    """A verdict without its case would tell nobody: both or neither."""
    event, item = await shown(stores)
    case, step, deliveries = a_case(event)
    with pytest.raises(StorageError):
        await stores.reviews.judge(judged(item), (case, step, [*deliveries, *deliveries]))
    assert await stores.reviews.get(item.id) == item
    assert await stores.cases.by_event(event.id) is None
    assert await stores.outbox.next_due() is None


async def test_verdict_with_case_is_told(stores: Stores) -> None:
    """Readers hear of the item and of the case."""
    item, (case, step, deliveries) = await opened(stores)
    assert item.case_id == case.id
    assert await stores.cases.steps(case.id) == [step]
    assert await stores.outbox.for_case(case.id) == list(deliveries)
    told = [(c.kind, c.ref_id) for c in await stores.changes.since(0)]
    assert told == [("review", item.id), ("review", item.id), ("case", case.id)]


async def test_undo_takes_the_case_back(stores: Stores) -> None:
    """Item waiting, case, steps and messages gone, readers told; a second undo finds nothing to do."""
    item, (case, _, _) = await opened(stores)
    told = await stores.changes.last_id()
    waiting = await stores.reviews.undo(item.id, "acc-li", after(110))
    assert (waiting.verdict, waiting.case_id, waiting.judged_by, waiting.note) == (None, None, None, "")
    with pytest.raises(RecordNotFound):
        await stores.cases.get(case.id)
    assert await stores.outbox.for_case(case.id) == []
    assert [c.kind for c in await stores.changes.since(told)] == ["review", "case"]
    assert await stores.reviews.undo(item.id, "acc-li", after(111)) == waiting


async def test_undone_item_can_be_judged_again(stores: Stores) -> None:
    """After an undo the event may get a new case."""
    item, (case, _, _) = await opened(stores)
    waiting = await stores.reviews.undo(item.id, "acc-li", after(110))
    again = a_case(an_event(id=item.event_id))
    await stores.reviews.judge(judged(waiting, judged_by="acc-wang"), again)
    found = await stores.cases.by_event(item.event_id)
    assert found is not None
    assert found.id == again[0].id != case.id


async def test_only_the_judge_may_undo(stores: Stores) -> None:
    """Somebody else's verdict stays."""
    item, _ = await opened(stores)
    with pytest.raises(RecordConflict):
        await stores.reviews.undo(item.id, "acc-wang", after(110))
    assert await stores.reviews.get(item.id) == item


@pytest.mark.parametrize("then", ["leased", "delivered", "retry", "dead"])
async def test_undo_is_refused_once_a_message_was_claimed(stores: Stores, then: str) -> None:
    """The platform may have heard of it, whatever became of the attempt, even if only one of two went out."""
    item, (case, _, deliveries) = await opened(stores, deliveries=2)
    sent = (await stores.outbox.claim(after(120), 60, 1))[0]
    outcome = {
        "delivered": lambda: stores.outbox.succeeded(sent.id, after(121), 200, {}),
        "retry": lambda: stores.outbox.retry(sent.id, after(999), 503, "busy"),
        "dead": lambda: stores.outbox.dead(sent.id, 400, "bad"),
    }
    if then in outcome:
        await outcome[then]()
    with pytest.raises(RecordConflict):
        await stores.reviews.undo(item.id, "acc-li", after(122))
    assert await stores.reviews.get(item.id) == item
    assert len(await stores.outbox.for_case(case.id)) == len(deliveries)


async def test_undo_and_claim_race_has_one_winner(stores: Stores, other_stores: Stores) -> None:
    """Either the message goes out and the case stays, or it is undone and nothing goes out. Never both."""
    for _ in range(10):
        item, (case, _, _) = await opened(stores, deliveries=2)
        undone, claimed = await asyncio.gather(
            stores.reviews.undo(item.id, "acc-li", after(110)),
            other_stores.outbox.claim(after(120), 60, 10),
            return_exceptions=True,
        )
        assert isinstance(claimed, list)
        if isinstance(undone, ReviewItem):
            assert claimed == []
        else:
            assert isinstance(undone, RecordConflict)
            assert {d.case_id for d in claimed} == {case.id}
            assert len(await stores.outbox.for_case(case.id)) == 2


async def test_undo_leaves_the_case_that_a_rule_opened(stores: Stores) -> None:
    """An automatic report went out before anybody judged: taking back a verdict does not take it back."""
    event = an_event(auto_report=True)
    item, case = an_item(event), a_case(event, opened_by="auto")
    await stores.events.conclude(event, [], item, case)
    await stores.outbox.claim(after(120), 60, 1)
    await stores.reviews.judge(judged(item, verdict=Verdict.REJECTED), None)
    assert (await stores.reviews.get(item.id)).case_id == case[0].id
    waiting = await stores.reviews.undo(item.id, "acc-li", after(130))
    assert waiting == replace(item, case_id=case[0].id)
    assert (await stores.cases.get(case[0].id)).state is CaseState.OPENED


async def test_undo_removes_steps_that_were_added_by_hand(stores: Stores) -> None:
    """A note on the timeline does not keep a case alive that was never sent."""
    item, (case, _, _) = await opened(stores)
    await stores.cases.advance(a_step(case, CaseState.OPENED, actor="acc-li", note="call first"))
    await stores.reviews.undo(item.id, "acc-li", after(130))
    assert await stores.cases.by_event(item.event_id) is None


async def test_severest_first_then_oldest(stores: Stores) -> None:
    """S1 before S4; among equals who has waited longest."""
    wanted = {}
    for severity, second in [("S3", 1), ("S1", 9), ("S1", 2), ("S4", 0), ("S3", 0)]:
        _, item = await shown(stores, severity=severity, raised_at=after(second))
        wanted[(severity, second)] = item.id
    assert await all_pages(stores, EVERYTHING, ReviewFilter()) == [wanted[key] for key in sorted(wanted)]
    assert await stores.reviews.counts(EVERYTHING) == {"S1": 2, "S3": 2, "S4": 1}


async def test_judged_items_newest_verdict_first(stores: Stores) -> None:
    """The list of judged items holds no waiting one, and the other way round."""
    items = [(await shown(stores))[1] for _ in range(8)]
    for item in items[:7]:
        second = random.Random(item.id).random()
        await stores.reviews.judge(judged(item, judged_at=after(100 + second)), None)
    found = await all_pages(stores, EVERYTHING, JUDGED)
    moments = [(await stores.reviews.get(i)).judged_at for i in found]
    assert len(set(found)) == 7
    assert moments == sorted(moments, key=str, reverse=True)
    assert await all_pages(stores, EVERYTHING, ReviewFilter()) == [items[7].id]


async def test_pages_are_complete_while_items_come_and_go(stores: Stores) -> None:
    """Whoever turns pages meets every item that stays exactly once, in spite of new and judged ones in between."""
    first = [(await shown(stores, severity=f"S{1 + n % 4}", raised_at=after(n // 4)))[1] for n in range(20)]
    page = await stores.reviews.page(EVERYTHING, ReviewFilter(), None, 3)
    met = [i.id for i in page.items]
    judged_meanwhile = set()
    while page.next_cursor is not None:
        await shown(stores, severity="S1", raised_at=after(50))  # comes before where we are
        await shown(stores, severity="S4", raised_at=after(50))  # comes after
        gone = await stores.reviews.get(met[-1])  # the very item the cursor points at
        await stores.reviews.judge(judged(gone), None)
        judged_meanwhile.add(gone.id)
        page = await stores.reviews.page(EVERYTHING, ReviewFilter(), page.next_cursor, 3)
        met += [i.id for i in page.items]
    assert len(met) == len(set(met))
    assert {i.id for i in first} <= set(met)


async def test_items_of_the_same_moment_are_not_skipped(stores: Stores) -> None:
    """A storm of events within one tick still pages by id."""
    items = [(await shown(stores))[1].id for _ in range(7)]
    assert await all_pages(stores, EVERYTHING, ReviewFilter(), limit=2) == items


async def test_page_limit_that_fits_exactly_has_no_next(stores: Stores) -> None:
    """No cursor to an empty page."""
    for _ in range(3):
        await shown(stores)
    page = await stores.reviews.page(EVERYTHING, ReviewFilter(), None, 3)
    assert len(page.items) == 3
    assert page.next_cursor is None


@pytest.mark.parametrize("query", [ReviewFilter(), JUDGED], ids=["waiting", "judged"])
async def test_pages_and_counts_stay_in_scope(stores: Stores, query: ReviewFilter) -> None:
    """Items of other grids never appear, not even when the filter names their grid."""
    mine = set()
    for number in range(9):
        _, item = await shown(stores, grid_id=f"grid-{number % 3}")
        if not query.waiting:
            await stores.reviews.judge(judged(item), None)
        if number % 3 == 0:
            mine.add(item.id)
    scope = Scope(frozenset({"grid-0"}))
    assert set(await all_pages(stores, scope, query, limit=2)) == mine
    assert await all_pages(stores, scope, replace(query, grid_id="grid-1")) == []
    assert await all_pages(stores, Scope(frozenset()), query) == []
    assert await stores.reviews.counts(scope) == ({"S2": 3} if query.waiting else {})
    assert await stores.reviews.counts(Scope(frozenset())) == {}


async def test_wide_scope_sees_the_same(stores: Stores) -> None:
    """A county's scope of hundreds of grids takes another way through the indexes to the same items."""
    items = [(await shown(stores, grid_id=f"grid-{n}"))[1].id for n in range(6)]
    scope = Scope(frozenset(f"grid-{n}" for n in range(3, 400)))
    assert await all_pages(stores, scope, ReviewFilter()) == items[3:]
    assert await stores.reviews.counts(scope) == {"S2": 3}


async def test_filters_narrow_the_list(stores: Stores) -> None:
    """Type, severity, camera and grid each narrow; together they all hold."""
    _, smoke = await shown(stores, event_type="smoke", severity="S1", camera_id="cam-2")
    _, litter = await shown(stores, event_type="litter", severity="S4", grid_id="grid-2")

    async def ids(**query: object) -> list[str]:
        return await all_pages(stores, EVERYTHING, ReviewFilter(**query))  # type: ignore[arg-type]

    assert await ids(event_types=("smoke", "fire")) == [smoke.id]
    assert await ids(severities=("S4",)) == [litter.id]
    assert await ids(camera_id="cam-2") == [smoke.id]
    assert await ids(grid_id="grid-2") == [litter.id]
    assert await ids(grid_id="grid-2", event_types=("smoke",)) == []


async def test_moments_keep_their_microseconds(stores: Stores, tamper: Callable[[str], None]) -> None:
    """Two items a microsecond apart are in order, across the page border too."""
    late = (await shown(stores, raised_at=after(1) + timedelta(microseconds=1)))[1].id
    early = (await shown(stores, raised_at=after(1)))[1].id
    assert await all_pages(stores, EVERYTHING, ReviewFilter(), limit=1) == [early, late]
