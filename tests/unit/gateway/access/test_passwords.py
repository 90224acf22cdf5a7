"""Which passwords are refused, and how the others are kept."""

from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from gateway.access.passwords import HASHES_AT_ONCE, Passwords, WeakPassword, check_new_password
from tests.unit.gateway.access.fakes import CHEAP, GOOD, cheap_passwords, full_width


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "too_short"),
        ("tavo-ki-1", "too_short"),
        ("x" * 257, "too_long"),
        ("Password123", "common"),
        ("1Q2W3E4R5T6Y", "common"),
        (full_width("password123"), "common"),
        ("aaaaaaaaaaaaa", "common"),
        ("abababababab", "common"),
        ("123412341234", "common"),
        ("0123456789", "common"),
        ("klmnopqrstu", "common"),
        ("my-Ma-Yulan-77", "contains_name"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(password: str, reason: str) -> None:
    """Too short, too long, on every list, a run, a repetition, the name itself."""
    with pytest.raises(WeakPassword) as caught:
        check_new_password(password, "ma-yulan")
    assert caught.value.reason == reason


@pytest.mark.parametrize("password", [GOOD, "correct horse battery", "东街第一网格的猫在睡觉"])
def test_an_ordinary_passphrase_is_taken(password: str) -> None:
    """Length is what counts; no rules about digits and signs."""
    check_new_password(password, "ma-yulan")


async def test_a_wrong_password_does_not_fit() -> None:
    """Nor does anything fit where there is no account or the hash is damaged."""
    passwords = cheap_passwords()
    kept = await passwords.hash(GOOD)
    assert await passwords.verify(kept, GOOD)
    assert not await passwords.verify(kept, GOOD + "x")
    assert not await passwords.verify(None, GOOD)
    assert not await passwords.verify(None, "nobody has this password")
    assert not await passwords.verify("$argon2id$damaged", GOOD)


async def test_the_same_password_in_full_width_fits() -> None:
    """Input methods differ between a phone and a desk."""
    passwords = cheap_passwords()
    assert await passwords.verify(await passwords.hash(full_width(GOOD)), GOOD)


async def test_hashes_of_other_parameters_are_outdated() -> None:
    """When the parameters are raised, the next sign-in renews the hash."""
    old = CHEAP.hash(GOOD)
    assert not cheap_passwords().outdated(old)
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).outdated(old)


class CountingHasher(PasswordHasher):
    """Counts how many hashes are being made at once, and on which threads."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.now = self.most = 0
        self.on_main_thread = False
        self._lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.on_main_thread |= threading.current_thread() is threading.main_thread()
        result = super().hash(password, salt=salt)
        with self._lock:
            self.now -= 1
        return result


async def test_a_flood_of_sign_ins_hashes_a_few_at_a_time_off_the_loop() -> None:
    """Memory and cores stay for the cameras."""
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    hasher.on_main_thread = False  # the constructor hashes once, before the loop is busy
    await asyncio.gather(*(passwords.hash(GOOD) for _ in range(12)))
    assert 1 <= hasher.most <= HASHES_AT_ONCE
    assert not hasher.on_main_thread
