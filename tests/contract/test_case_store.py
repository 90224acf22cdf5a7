"""What a case store must do, on every backend."""

from __future__ import annotations

import asyncio

import pytest

from storage.errors import InvalidCursor, RecordConflict, RecordNotFound
from storage.protocols import Scope
from storage.records import CaseState
from storage.stores import Stores
from tests.contract.store_samples import EVERYTHING, a_case, a_step, after, an_event, opened


async def test_unknown_case_is_named(stores: Stores) -> None:
    """Get, timeline and advance say which case is not there."""
    case, _, _ = a_case(an_event(), id="case_none")
    for call in (
        stores.cases.get("case_none"),
        stores.cases.steps("case_none"),
        stores.cases.advance(a_step(case, CaseState.FILED)),
    ):
        with pytest.raises(RecordNotFound, match="case_none"):
            await call
    assert await stores.cases.by_event("evt_none") is None


async def test_repeated_callback_changes_nothing(stores: Stores) -> None:
    """A platform that did not hear our answer sends again: False, one step, one word to readers."""
    _, (case, _, _) = await opened(stores)
    step = a_step(case, CaseState.ACCEPTED, source_id="cb-1", at=after(200))
    assert await stores.cases.advance(step, "2026-1")
    told = await stores.changes.last_id()
    again = a_step(case, CaseState.ACCEPTED, source_id="cb-1", at=after(300))
    assert not await stores.cases.advance(again, "2026-1")
    assert len(await stores.cases.steps(case.id)) == 2
    assert (await stores.cases.get(case.id)).updated_at == after(200)
    assert await stores.changes.last_id() == told


async def test_same_callback_twice_at_once(stores: Stores, other_stores: Stores) -> None:
    """Two copies that arrive at two front processes at once make one step."""
    _, (case, _, _) = await opened(stores)
    results = await asyncio.gather(
        *(s.cases.advance(a_step(case, CaseState.FILED, source_id="cb-1")) for s in (stores, other_stores))
    )
    assert sorted(results) == [False, True]
    assert len(await stores.cases.steps(case.id)) == 2


async def test_same_source_id_of_another_case_is_no_repeat(stores: Stores) -> None:
    """Two platforms may count their callbacks alike."""
    cases = [(await opened(stores))[1][0] for _ in range(2)]
    results = [await stores.cases.advance(a_step(c, CaseState.FILED, source_id="1")) for c in cases]
    assert results == [True, True]


async def test_other_number_is_a_conflict(stores: Stores) -> None:
    """A case has one number; a callback with another is refused whole, the step with it."""
    _, (case, _, _) = await opened(stores)
    assert await stores.cases.advance(a_step(case, CaseState.ACCEPTED), "2026-1")
    assert await stores.cases.advance(a_step(case, CaseState.FILED), "2026-1")
    with pytest.raises(RecordConflict):
        await stores.cases.advance(a_step(case, CaseState.DISPATCHED), "2026-2")
    kept = await stores.cases.get(case.id)
    assert (kept.number, kept.state) == ("2026-1", CaseState.FILED)
    assert len(await stores.cases.steps(case.id)) == 3


async def test_late_step_is_recorded_but_moves_nothing(stores: Stores) -> None:
    """`accepted` that arrives after `filed` is on the timeline in its place; the case stays filed."""
    _, (case, first, _) = await opened(stores)
    filed, accepted = a_step(case, CaseState.FILED, at=after(300)), a_step(case, CaseState.ACCEPTED, at=after(200))
    assert await stores.cases.advance(filed)
    assert await stores.cases.advance(accepted, "2026-1")
    kept = await stores.cases.get(case.id)
    assert (kept.state, kept.number, kept.updated_at) == (CaseState.FILED, "2026-1", after(300))
    assert await stores.cases.steps(case.id) == [first, accepted, filed]


async def test_steps_of_one_moment_keep_their_order(stores: Stores) -> None:
    """A platform that gives whole seconds still has its steps in order of arrival."""
    _, (case, first, _) = await opened(stores)
    steps = [a_step(case, state) for state in (CaseState.HANDLING, CaseState.FED_BACK, CaseState.REWORK)]
    for step in steps:
        await stores.cases.advance(step)
    assert await stores.cases.steps(case.id) == [first, *steps]
    assert (await stores.cases.get(case.id)).state is CaseState.REWORK


async def test_step_without_source_is_never_a_repeat(stores: Stores) -> None:
    """Steps that people add bear no callback id."""
    _, (case, _, _) = await opened(stores)
    for _ in range(2):
        assert await stores.cases.advance(a_step(case, CaseState.HANDLING))
    assert len(await stores.cases.steps(case.id)) == 3


async def test_advance_is_told(stores: Stores) -> None:
    """Readers hear of the case, with its grid."""
    _, (case, _, _) = await opened(stores, grid_id="grid-4")
    told = await stores.changes.last_id()
    await stores.cases.advance(a_step(case, CaseState.FILED))
    assert [(c.kind, c.ref_id, c.grid_id) for c in await stores.changes.since(told)] == [("case", case.id, "grid-4")]


async def test_pages_are_newest_first_and_in_scope(stores: Stores) -> None:
    """Pages by state and grid, complete, without cases of other grids."""
    cases = [(await opened(stores, grid_id=f"grid-{n % 2}"))[1][0] for n in range(6)]
    await stores.cases.advance(a_step(cases[0], CaseState.FILED))

    async def ids(scope: Scope, states: tuple[CaseState, ...] = ()) -> list[str]:
        found, cursor = [], None
        while True:
            page = await stores.cases.page(scope, states, cursor, 2)
            found += [c.id for c in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found

    newest_first = [c.id for c in reversed(cases)]
    assert await ids(EVERYTHING) == newest_first
    assert await ids(EVERYTHING, (CaseState.FILED,)) == [cases[0].id]
    assert await ids(Scope(frozenset({"grid-1"}))) == [c.id for c in reversed(cases[1::2])]
    assert await ids(Scope(frozenset())) == []
    with pytest.raises(InvalidCursor):
        await stores.cases.page(EVERYTHING, (), "x")
