"""What an audit register must do, on every backend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from storage.stores import Stores
from tests.contract.store_samples import T0, after

Tamper = Callable[[str], None]


async def written(stores: Stores, number: int = 5) -> None:
    """Write entries 1 to `number`."""
    for n in range(number):
        await stores.audit.append(after(n), "acc-li", "view_clip", f"evd_{n}", {"理由": "复核", "n": n, "f": 0.1})


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE audit_entries SET actor = 'acc-wang' WHERE id = 2", 2),
        ("UPDATE audit_entries SET detail = '{}' WHERE id = 3", 3),
        ("UPDATE audit_entries SET at = '2026-11-22 08:00:01.5' WHERE id = 4", 4),
        ("UPDATE audit_entries SET prev_hash = hash WHERE id = 1", 1),
        ("DELETE FROM audit_entries WHERE id = 3", 4),
        ("DELETE FROM audit_entries WHERE id = 1", 2),
        ("UPDATE audit_entries SET id = 9 WHERE id = 5", 9),
    ],
)
async def test_tampering_is_found(stores: Stores, tamper: Tamper, statement: str, first_bad: int) -> None:
    """Changed, removed and renumbered entries show, and where."""
    await written(stores)
    tamper(statement)
    assert await stores.audit.verify() == first_bad


async def test_what_json_cannot_hold_is_refused(stores: Stores) -> None:
    """An entry that could not be hashed alike everywhere is not written at all."""
    with pytest.raises(TypeError):
        await stores.audit.append(T0, "system", "x", "y", {"at": T0})
    with pytest.raises(ValueError, match="JSON"):
        await stores.audit.append(T0, "system", "x", "y", {"n": float("nan")})
    assert await stores.audit.entries() == []


async def test_entries_come_back_in_order(stores: Stores) -> None:
    """What append returned is what is kept, chained, and readable in parts."""
    first = await stores.audit.append(T0, "acc-li", "sign_in", "acc-li", {"地址": "10.0.0.1", "tags": [1, None]})
    second = await stores.audit.append(after(1), "system", "purge", "sessions", {})
    assert await stores.audit.entries() == [first, second]
    assert await stores.audit.entries(after_id=1, limit=1) == [second]
    assert (first.id, first.prev_hash, second.prev_hash) == (1, "0" * 64, first.hash)
    assert await stores.audit.verify() is None


async def test_two_processes_write_one_chain(stores: Stores, other_stores: Stores) -> None:
    """Entries written at once queue up; none is lost, no link is broken."""
    await asyncio.gather(*(written(s, 5) for s in (stores, other_stores)))
    assert [e.id for e in await stores.audit.entries()] == list(range(1, 11))
    assert await stores.audit.verify() is None
