"""Signing in, staying signed in, signing out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from gateway.access.passwords import Passwords
from gateway.access.sessions import (
    FREE_TRIES_PER_ADDRESS,
    PURGE_EVERY_S,
    SessionBook,
    WrongCredentials,
    csrf_fits,
    hash_token,
)
from gateway.access.throttle import TooManyTries
from gateway.clock import FakeClock
from tests.unit.gateway.access.fakes import GOOD, FakeAccounts, FakeAudit, account, cheap_passwords

HOUR_S = 3_600.0


class Desk:
    """A session book with its surroundings."""

    def __init__(self, passwords: Passwords | None = None) -> None:
        self.clock = FakeClock()
        self.accounts = FakeAccounts(account(), account("he-jianping"))
        self.audit = FakeAudit()
        self.book = SessionBook(self.accounts, self.audit, self.clock, passwords or cheap_passwords())

    async def fail(self, name: str = "ma-yulan", address: str = "10.0.0.1") -> None:
        with pytest.raises(WrongCredentials):
            await self.book.sign_in(name, "wrong-password", address)

    def actions(self) -> list[str]:
        return [entry.action for entry in self.audit.log]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_unknown_name_and_wrong_password_look_alike(desk: Desk) -> None:
    """Both are the same error, and both cost one verification."""
    await desk.fail("nobody")
    await desk.fail("ma-yulan")
    assert desk.actions() == ["sign_in_failed", "sign_in_failed"]


async def test_an_unknown_name_is_not_written_down(desk: Desk) -> None:
    """Somebody may have typed a password into the wrong field."""
    await desk.fail("my-secret-password")
    assert "my-secret-password" not in str(desk.audit.log)


async def test_a_disabled_account_cannot_sign_in(desk: Desk) -> None:
    """The right password does not help."""
    desk.accounts.accounts["acc_ma-yulan"] = account(disabled=True)
    with pytest.raises(WrongCredentials):
        await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")


async def test_the_sixth_guess_of_a_name_must_wait(desk: Desk) -> None:
    """From whichever address, and the right password is not even looked at meanwhile."""
    for n in range(5):
        await desk.fail(address=f"10.0.0.{n}")
    with pytest.raises(TooManyTries) as caught:
        await desk.book.sign_in("ma-yulan", GOOD, "10.0.9.9")
    assert caught.value.retry_after_s == 2
    await desk.clock.advance(2)
    assert await desk.book.sign_in("Ma-Yulan ", GOOD, "10.0.9.9")


async def test_an_address_that_tries_many_names_must_wait(desk: Desk) -> None:
    """Spraying one password over all names is slowed down as well."""
    for n in range(FREE_TRIES_PER_ADDRESS):
        await desk.fail(name=f"name-{n}")
    with pytest.raises(TooManyTries):
        await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")


async def test_parallel_guesses_count_as_well(desk: Desk) -> None:
    """Thirty guesses at once are not thirty free ones."""
    tries = [desk.book.sign_in("ma-yulan", f"guess-number-{n}", f"10.1.0.{n}") for n in range(30)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, WrongCredentials) for answer in answers) == 5
    assert sum(isinstance(answer, TooManyTries) for answer in answers) == 25


async def test_signing_in_leaves_no_trace_of_the_token(desk: Desk) -> None:
    """Only its hash is stored; token and CSRF token carry 256 random bits."""
    token, session, who = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    assert who.id == "acc_ma-yulan"
    assert list(desk.accounts.sessions) == [hash_token(token)]
    assert token not in str(session)
    assert min(len(token), len(session.csrf_token)) >= 43
    assert desk.actions() == ["sign_in"]
    assert desk.audit.log[0].detail == {"address": "10.0.0.1"}


async def test_success_clears_the_name(desk: Desk) -> None:
    """Four slips and then the right password start afresh."""
    for _ in range(4):
        await desk.fail()
    await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    for _ in range(5):
        await desk.fail()


async def test_an_old_hash_is_renewed() -> None:
    """A sign-in under raised parameters stores a new hash of the same password."""
    desk = Desk(Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)))
    before = desk.accounts.accounts["acc_ma-yulan"].password_hash
    await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    assert desk.accounts.accounts["acc_ma-yulan"].password_hash != before
    await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")


@pytest.mark.parametrize("token", ["", "x", "中文"])
async def test_an_unknown_token_is_nobody(desk: Desk, token: str) -> None:
    """Whatever stands in the cookie."""
    assert await desk.book.resolve(token) is None


async def test_a_token_names_its_account(desk: Desk) -> None:
    """As the account is now, not as it was at sign-in."""
    token, session, _ = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    desk.accounts.accounts["acc_ma-yulan"] = replace(account(), grid_ids=("dongjie-1",))
    resolved = await desk.book.resolve(token)
    assert resolved is not None
    assert resolved[0].grid_ids == ("dongjie-1",)
    assert resolved[1] == session


async def test_eight_idle_hours_end_a_session(desk: Desk) -> None:
    """Not used for a shift: gone, and removed."""
    token, _, _ = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    await desk.clock.advance(8 * HOUR_S - 1)
    assert await desk.book.resolve(token)
    await desk.clock.advance(8 * HOUR_S)
    assert await desk.book.resolve(token) is None
    assert desk.accounts.sessions == {}


async def test_a_busy_session_ends_after_a_day(desk: Desk) -> None:
    """Used every hour, it still ends 24 hours after sign-in."""
    token, _, _ = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    for _ in range(23):
        await desk.clock.advance(HOUR_S)
        assert await desk.book.resolve(token)
    await desk.clock.advance(HOUR_S)
    assert await desk.book.resolve(token) is None


async def test_use_is_noted_once_a_minute(desk: Desk) -> None:
    """A page full of thumbnails is one write, not fifty."""
    token, _, _ = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    await desk.clock.advance(61)
    for _ in range(50):
        await desk.book.resolve(token)
    assert desk.accounts.touched == 1


@pytest.mark.parametrize("gone", [True, False])
async def test_a_session_dies_with_its_account(desk: Desk, gone: bool) -> None:
    """Removed or disabled: the next request is nobody's."""
    token, _, who = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    if gone:
        del desk.accounts.accounts[who.id]
    else:
        desk.accounts.accounts[who.id] = replace(who, disabled=True)
    assert await desk.book.resolve(token) is None
    assert desk.accounts.sessions == {}


async def test_signing_out_ends_one_session_only(desk: Desk) -> None:
    """The phone stays signed in when the desk signs out; doing it twice does no harm."""
    phone, _, _ = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    office, _, _ = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.2")
    await desk.book.sign_out(office)
    await desk.book.sign_out(office)
    assert await desk.book.resolve(office) is None
    assert await desk.book.resolve(phone)
    assert desk.actions() == ["sign_in", "sign_in", "sign_out"]


async def test_expired_sessions_are_swept(desk: Desk) -> None:
    """Once an hour, whether or not their cookies come back."""
    await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    async with asyncio.TaskGroup() as group:
        sweeper = group.create_task(desk.book.run())
        await desk.clock.advance(23 * HOUR_S)
        assert len(desk.accounts.sessions) == 1
        await desk.clock.advance(PURGE_EVERY_S * 2)
        assert desk.accounts.sessions == {}
        sweeper.cancel()


async def test_a_csrf_token_fits_its_own_session_only(desk: Desk) -> None:
    """Missing, foreign or mangled ones do not."""
    _, session, _ = await desk.book.sign_in("ma-yulan", GOOD, "10.0.0.1")
    _, other, _ = await desk.book.sign_in("he-jianping", GOOD, "10.0.0.1")
    assert csrf_fits(session, session.csrf_token)
    for given in (None, "", other.csrf_token, session.csrf_token + "x", "中文"):
        assert not csrf_fits(session, given)
