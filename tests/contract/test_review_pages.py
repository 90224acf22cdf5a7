"""Pages of the queue against what a plain look through all items finds, whatever leads and wherever it lies."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from storage import review_pages
from storage.errors import InvalidCursor
from storage.protocols import ReviewFilter, Scope
from storage.records import ReviewItem, Verdict
from storage.stores import Stores
from tests.contract.store_samples import EVERYTHING, after, an_event, an_item, judged

GRIDS = tuple(f"grid-{n:03}" for n in range(90))
TYPES = ("smoke", "litter", "waterlogging")
FEW, SOME, WIDE = Scope(frozenset(GRIDS[:1])), Scope(frozenset(GRIDS[5:15])), Scope(frozenset(GRIDS[10:80]))
FILTERS = [
    {},
    {"severities": ("S1",)},
    {"severities": ("S3", "S1")},
    {"event_types": ("smoke",)},
    {"event_types": ("smoke", "litter")},
    {"event_types": ("litter", "smoke"), "severities": ("S2", "S4")},
    {"camera_id": "cam-1"},
    {"camera_id": "cam-1", "event_types": ("smoke",), "severities": ("S1", "S2")},
    {"grid_id": GRIDS[12]},
    {"grid_id": GRIDS[12], "event_types": ("smoke", "litter")},
]
OWN = [frozenset[str](), frozenset(GRIDS[8:14]), frozenset({"elsewhere"})]


@pytest.fixture
async def items(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> list[ReviewItem]:
    """A hundred items, half of them judged; windows and merges so small that all ways are gone."""
    monkeypatch.setattr(review_pages, "WINDOW", 10)
    monkeypatch.setattr(review_pages, "STRETCHES", 4)
    return [await _queued(stores, random.Random(number), number) for number in range(100)]


async def _queued(stores: Stores, dice: random.Random, number: int) -> ReviewItem:
    event = an_event(
        grid_id=dice.choice(GRIDS),
        camera_id=f"cam-{dice.randrange(4)}",
        event_type=dice.choice(TYPES),
        severity=f"S{dice.randint(1, 4)}",
        raised_at=after(dice.randrange(30)),
    )
    item = an_item(event)
    await stores.events.conclude(event, [], item)
    if number % 2:
        said = judged(item, verdict=Verdict.UNCLEAR, judged_at=after(100 + dice.randrange(30)))
        await stores.reviews.judge(said, None)
        return said
    return item


def expected(items: list[ReviewItem], scope: Scope, query: ReviewFilter) -> list[str]:
    """Return the ids that the list must hold, in its order."""
    found = [i for i in items if (i.verdict is None) is query.waiting and scope.allows(i.grid_id)]
    found = [i for i in found if not query.event_types or i.event_type in query.event_types]
    found = [i for i in found if not query.severities or i.severity in query.severities]
    found = [i for i in found if query.camera_id in {None, i.camera_id} and query.grid_id in {None, i.grid_id}]
    if query.waiting:
        found.sort(key=lambda i: (i.severity, i.created_at, i.id))
    else:
        found.sort(key=lambda i: (str(i.judged_at), i.id), reverse=True)
    if query.grid_id is None:
        found.sort(key=lambda i: i.grid_id not in query.first_grids)
    return [i.id for i in found]


async def test_every_way_finds_the_same(stores: Stores, items: list[ReviewItem]) -> None:
    """Each filter in each scope, with and without grids of one's own, waiting and judged, in pages of eleven."""
    for scope in (EVERYTHING, FEW, SOME, WIDE, Scope(frozenset())):
        for asked in FILTERS:
            for own in OWN if scope in {EVERYTHING, WIDE} else OWN[:1]:
                for waiting in (True, False):
                    query = replace(ReviewFilter(**asked), waiting=waiting, first_grids=own)  # type: ignore[arg-type]
                    assert await _all(stores, scope, query) == expected(items, scope, query), (scope, query)


async def _all(stores: Stores, scope: Scope, query: ReviewFilter) -> list[str]:
    page = await stores.reviews.page(scope, query, None, 11)
    found = [i.id for i in page.items]
    while page.next_cursor is not None:
        page = await stores.reviews.page(scope, query, page.next_cursor, 11)
        found += [i.id for i in page.items]
    return found


async def test_counts_follow_every_change(stores: Stores, items: list[ReviewItem]) -> None:
    """Judged, undone, and per scope: always what a count of the items would say."""
    judged_ones = [i for i in items if i.verdict is not None][:20]
    for item in judged_ones:
        await stores.reviews.undo(item.id, "acc-li", after(200))
    waiting = [i for i in items if i.verdict is None] + judged_ones
    for scope in (EVERYTHING, FEW, SOME, WIDE, Scope(frozenset())):
        counted = Counter(i.severity for i in waiting if scope.allows(i.grid_id))
        assert await stores.reviews.counts(scope) == dict(sorted(counted.items()))


async def test_cursor_of_the_other_list_is_refused(stores: Stores, items: list[ReviewItem]) -> None:
    """Where one's own grids come first the order is another: its cursors fit nothing else."""
    plain, own = ReviewFilter(), ReviewFilter(first_grids=frozenset(GRIDS[:40]))
    for asked, other in ((plain, own), (own, plain)):
        page = await stores.reviews.page(EVERYTHING, asked, None, 3)
        with pytest.raises(InvalidCursor):
            await stores.reviews.page(EVERYTHING, other, page.next_cursor, 3)
