"""What an account store must do, on every backend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.errors import RecordConflict, RecordNotFound
from storage.records import Role
from storage.stores import Stores
from tests.contract.store_samples import T0, a_session, after, an_account


async def test_unknown_accounts(stores: Stores) -> None:
    """By id it is an error, by name a question, and sessions that are gone are no secret in an error."""
    for call in (
        stores.accounts.get("acc_none"),
        stores.accounts.update(an_account(id="acc_none")),
    ):
        with pytest.raises(RecordNotFound, match="acc_none"):
            await call
    assert await stores.accounts.by_name("nobody") is None
    assert await stores.accounts.session("token") is None
    await stores.accounts.close_session("token")
    with pytest.raises(RecordNotFound) as gone:
        await stores.accounts.use_session("tokenhash", T0)
    assert "tokenhash" not in str(gone.value)


async def test_names_are_unique(stores: Stores) -> None:
    """A taken name is refused, for new accounts and renamed ones."""
    li, wang = an_account(name="li"), an_account(name="wang")
    await stores.accounts.add(li)
    with pytest.raises(RecordConflict):
        await stores.accounts.add(an_account(name="li"))
    await stores.accounts.add(wang)
    with pytest.raises(RecordConflict):
        await stores.accounts.update(replace(wang, name="li"))
    assert await stores.accounts.get(wang.id) == wang


async def test_conflict_does_not_repeat_the_password_hash(stores: Stores) -> None:
    """Errors end up in logs."""
    await stores.accounts.add(an_account(name="li"))
    with pytest.raises(RecordConflict) as taken:
        await stores.accounts.add(an_account(name="li", password_hash="$argon2id$secret"))
    assert "secret" not in str(taken.value) + str(taken.value.__cause__)


async def test_accounts_come_back_as_saved(stores: Stores) -> None:
    """Scopes and roles survive; the list is by name."""
    wang = an_account(name="wang", role=Role.ADMIN, grid_ids=(), region_codes=("",))
    li = an_account(name="li", disabled=True)
    for account in (wang, li):
        await stores.accounts.add(account)
    assert await stores.accounts.all() == [li, wang]
    assert await stores.accounts.by_name("wang") == wang
    changed = replace(li, disabled=False, locale="en", grid_ids=("grid-9",))
    await stores.accounts.update(changed)
    assert await stores.accounts.get(li.id) == changed


async def test_sessions_live_until_they_are_closed_or_purged(stores: Stores) -> None:
    """Use is noted; a session that ends at this very moment has ended."""
    account = an_account()
    await stores.accounts.add(account)
    short, long, left = a_session(account, expires_at=after(10)), a_session(account), a_session(account)
    for session in (short, long, left):
        await stores.accounts.open_session(session)
    await stores.accounts.use_session(long.token_hash, after(5))
    assert await stores.accounts.session(long.token_hash) == replace(long, last_used_at=after(5))
    await stores.accounts.close_session(left.token_hash)
    assert await stores.accounts.purge_sessions(after(10)) == 1
    assert await stores.accounts.session(short.token_hash) is None
    assert await stores.accounts.session(left.token_hash) is None


async def test_session_needs_its_account(stores: Stores) -> None:
    """Nobody is signed in who does not exist."""
    with pytest.raises(RecordConflict):
        await stores.accounts.open_session(a_session(an_account()))
