"""Making accounts."""

from __future__ import annotations

import pytest

from gateway.access.accounts import AccountDesk, InvalidAccount, NewAccount
from gateway.access.passwords import WeakPassword
from storage.errors import RecordConflict
from storage.records import Role
from tests.unit.gateway.access.fakes import GOOD, NOW, FakeAccounts, FakeAudit, account, cheap_passwords


@pytest.fixture
def desk() -> AccountDesk:
    return AccountDesk(FakeAccounts(account()), FakeAudit(), cheap_passwords())


@pytest.mark.parametrize(
    ("name", "display_name", "field"),
    [
        ("", "何建平", "name"),
        ("x", "何建平", "name"),
        ("he jianping", "何建平", "name"),
        ("何建平", "何建平", "name"),
        ("a" * 64, "何建平", "name"),
        ("he-jianping", "  ", "display_name"),
        ("he-jianping", "何" * 121, "display_name"),
        ("he-jianping", "何\0", "display_name"),
    ],
)
async def test_a_name_that_cannot_be_used_is_refused(
    desk: AccountDesk, name: str, display_name: str, field: str
) -> None:
    """The field at fault is named."""
    with pytest.raises(InvalidAccount) as caught:
        await desk.draft(NewAccount(name, display_name, Role.OPERATOR), GOOD, NOW)
    assert caught.value.field == field


async def test_a_weak_password_makes_no_account(desk: AccountDesk) -> None:
    """The same rules for everybody, administrators included."""
    with pytest.raises(WeakPassword):
        await desk.draft(NewAccount("he-jianping", "何建平", Role.ADMIN), "password123", NOW)


async def test_a_taken_name_is_a_conflict(desk: AccountDesk) -> None:
    """And nothing is registered for it."""
    drafted = await desk.draft(NewAccount("MA-yulan", "马玉兰", Role.OPERATOR), GOOD, NOW)
    with pytest.raises(RecordConflict):
        await desk.save(drafted, "acc_admin")
    assert await desk.audit.entries() == []


async def test_a_new_account_is_registered_without_its_password(desk: AccountDesk) -> None:
    """Who made it, whom and with which role; the hash is not shown."""
    drafted = await desk.draft(NewAccount(" He-Jianping ", " 何建平 ", Role.GRID_WORKER, ("hewan-1",)), GOOD, NOW)
    await desk.save(drafted, "acc_admin")
    assert (drafted.name, drafted.display_name, drafted.grid_ids) == ("he-jianping", "何建平", ("hewan-1",))
    assert await desk.passwords.verify(drafted.password_hash, GOOD)
    (entry,) = await desk.audit.entries()
    assert (entry.actor, entry.action, entry.subject) == ("acc_admin", "account_created", drafted.id)
    assert drafted.password_hash not in f"{entry} {drafted}"
