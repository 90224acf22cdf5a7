"""The first start of a gateway."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.access.accounts import AccountDesk
from gateway.access.first_start import (
    SetupForm,
    SetupToken,
    open_setup,
    pronounceable_password,
    set_up,
)
from gateway.access.passwords import WeakPassword, check_new_password
from gateway.errors import NotFound
from storage.errors import StoreUnavailable
from storage.records import Role
from tests.unit.gateway.access.fakes import GOOD, NOW, FakeAccounts, FakeAudit, account, cheap_passwords


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


@pytest.fixture
def desk(accounts: FakeAccounts) -> AccountDesk:
    return AccountDesk(accounts, FakeAudit(), cheap_passwords())


@pytest.fixture
def token(tmp_path: Path) -> SetupToken:
    return SetupToken(tmp_path / "data")


def form(token: str) -> SetupForm:
    return SetupForm(token, "admin-li", "李主任", GOOD)


async def test_without_a_token_nobody_sets_up(desk: AccountDesk, token: SetupToken, accounts: FakeAccounts) -> None:
    """Before one is issued, and with a wrong one, there is nothing to find."""
    with pytest.raises(NotFound):
        await set_up(desk, token, form(""), NOW)
    await open_setup(desk, token)
    with pytest.raises(NotFound):
        await set_up(desk, token, form("guess"), NOW)
    assert accounts.accounts == {}


async def test_the_file_holds_a_hash_that_only_its_owner_reads(
    desk: AccountDesk, token: SetupToken, tmp_path: Path
) -> None:
    """A backup of the data folder does not give the token away."""
    shown = await open_setup(desk, token)
    (file,) = (tmp_path / "data").iterdir()
    assert shown is not None
    assert shown not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_the_token_makes_one_administrator_once(
    desk: AccountDesk, token: SetupToken, accounts: FakeAccounts
) -> None:
    """The second use finds nothing, and set-up is closed from then on."""
    shown = await open_setup(desk, token) or ""
    made = await set_up(desk, token, form(shown), NOW)
    assert (made.role, made.region_codes) == (Role.ADMIN, ("",))
    with pytest.raises(NotFound):
        await set_up(desk, token, replace(form(shown), name="another"), NOW)
    assert not token.needed
    assert await open_setup(desk, token) is None
    assert list(accounts.accounts.values()) == [made]


async def test_two_at_once_make_one_administrator(desk: AccountDesk, token: SetupToken, accounts: FakeAccounts) -> None:
    """The token is used up atomically."""
    shown = await open_setup(desk, token) or ""
    forms = [replace(form(shown), name=f"admin-{n}") for n in range(4)]
    answers = await asyncio.gather(*(set_up(desk, token, f, NOW) for f in forms), return_exceptions=True)
    assert sum(isinstance(answer, NotFound) for answer in answers) == 3
    assert len(accounts.accounts) == 1


async def test_a_failure_leaves_the_token_good(desk: AccountDesk, token: SetupToken, accounts: FakeAccounts) -> None:
    """A weak password or a database that is away must not lock everybody out."""
    shown = await open_setup(desk, token) or ""
    with pytest.raises(WeakPassword):
        await set_up(desk, token, replace(form(shown), password="short"), NOW)
    accounts.down = True
    with pytest.raises(StoreUnavailable):
        await set_up(desk, token, form(shown), NOW)
    accounts.down = False
    assert await set_up(desk, token, form(shown), NOW)


async def test_a_restart_shows_a_new_token(desk: AccountDesk, token: SetupToken) -> None:
    """The one in yesterday's terminal is worth nothing."""
    first = await open_setup(desk, token) or ""
    second = await open_setup(desk, token) or ""
    assert not token.fits(first)
    assert token.fits(second)
    assert token.needed


async def test_an_existing_administrator_closes_setup(token: SetupToken) -> None:
    """A token left over from an interrupted first start is withdrawn."""
    token.issue()
    desk = AccountDesk(FakeAccounts(account(role=Role.ADMIN)), FakeAudit(), cheap_passwords())
    assert await open_setup(desk, token) is None
    assert not token.needed


def test_a_token_cannot_be_taken_twice(token: SetupToken) -> None:
    """Nor can one that was never issued."""
    assert not token.take("x")
    shown = token.issue()
    assert token.take(shown)
    assert not token.take(shown)


def test_demo_passwords_are_random_and_good_enough() -> None:
    """They pass our own rules, and no two are alike."""
    passwords = {pronounceable_password() for _ in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        check_new_password(password, "duty")
