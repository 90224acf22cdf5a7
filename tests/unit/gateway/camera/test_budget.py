"""Tests of gateway.camera.budget."""

from __future__ import annotations

import pytest

from gateway.camera.budget import CREDIT_S, HALF_LIFE_S, MAX_DEBT_S, SMALL_DEBT_S, CpuBudget


def test_no_cores_are_no_budget() -> None:
    """Nothing could ever be paid back."""
    with pytest.raises(ValueError, match="0 cores"):
        CpuBudget(0)


def test_the_heavy_user_is_refused_when_the_tokens_are_gone() -> None:
    """A camera alone is no exception: it is what fills the budget."""
    budget = CpuBudget(1.0)
    budget.spend("web", CREDIT_S + 0.1, 0.0)
    assert not budget.allows_burst("web", 0.0)
    assert not budget.allows_burst("web", 0.05)


def test_a_deep_debt_refuses_everybody() -> None:
    """Looks overdrew by more than is small: then no burst begins, whoever asks."""
    budget = CpuBudget(1.0)
    budget.spend("looks", CREDIT_S + SMALL_DEBT_S, 0.0)
    assert not budget.allows_burst("new", 0.0)
    assert budget.allows_burst("new", 0.1)


def test_two_equal_users_in_debt_are_both_refused() -> None:
    """Else they would drive each other into the debt that is meant for others."""
    budget = CpuBudget(1.0)
    for _ in range(10):
        budget.spend("a", CREDIT_S / 18, 0.0)
        budget.spend("b", CREDIT_S / 18, 0.0)
    assert budget.tokens_s(0.0) < 0
    assert not budget.allows_burst("a", 0.0)
    assert not budget.allows_burst("b", 0.0)


def test_a_thousand_quiet_cameras_do_not_lower_the_fair_share() -> None:
    """A neighbour that bursts a little is far above the mean of the cameras, and still no burden."""
    budget = CpuBudget(1.0)
    for number in range(1000):
        budget.spend(f"quiet-{number}", 0.002, 0.0)
    budget.spend("web", 4.0, 0.0)
    budget.spend("neighbour", 0.5, 0.0)
    assert budget.tokens_s(0.0) < 0
    assert budget.allows_burst("neighbour", 0.0)
    assert not budget.allows_burst("web", 0.0)


def test_tokens_come_back_with_time_up_to_the_credit() -> None:
    """Half a core earns half a second each second, and saves no more than its credit."""
    budget = CpuBudget(0.5)
    budget.spend("cam", CREDIT_S, 0.0)
    assert budget.tokens_s(0.0) == pytest.approx(-CREDIT_S / 2)
    assert budget.tokens_s(3.0) == pytest.approx(-CREDIT_S / 2 + 1.5)
    assert budget.tokens_s(1000.0) == CREDIT_S / 2


def test_an_hour_of_overdraft_is_forgiven_soon() -> None:
    """Bursts are back a bounded time after looks have stopped overdrawing."""
    budget = CpuBudget(1.0)
    for second in range(3600):
        budget.spend("looks", 3.0, float(second))
    assert budget.tokens_s(3600.0) >= -MAX_DEBT_S
    assert budget.allows_burst("looks", 3600.0 + MAX_DEBT_S)


def test_use_counts_half_after_the_half_life() -> None:
    """Who was busy a while ago is judged by what it does now."""
    budget = CpuBudget()
    budget.spend("cam", 2.0, 100.0)
    assert budget.recent_s("cam", 100.0) == 2.0
    assert budget.recent_s("cam", 100.0 + HALF_LIFE_S) == pytest.approx(1.0)
    assert budget.recent_s("other", 100.0) == 0.0


def test_the_kept_sums_agree_with_the_cameras() -> None:
    """The fair share, kept up to date step by step, is what counting anew gives; also after names were forgotten."""
    budget = CpuBudget()
    names = ("a", "b", "c")
    for step in range(400):
        budget.spend(names[step % 3], 0.01 * (step % 7), step * 0.5)
    uses = [budget.recent_s(name, 200.0) for name in names]
    assert budget.fair_share_s(200.0) == pytest.approx(0.8 * sum(u * u for u in uses) / sum(uses))


def test_cameras_that_are_gone_are_forgotten() -> None:
    """A worker that sees cameras come and go for a year keeps those of the last minutes."""
    budget = CpuBudget()
    for number in range(500):
        budget.spend(f"cam-{number}", 0.1, number * 10.0)
    assert sum(budget.recent_s(f"cam-{n}", 5000.0) > 0 for n in range(500)) < 30


def test_what_belongs_to_no_camera_costs_tokens_only() -> None:
    """Polled looks of all cameras together are nobody's recent use."""
    budget = CpuBudget(1.0)
    budget.spend(None, 1.0, 0.0)
    assert budget.tokens_s(0.0) == CREDIT_S - 1.0
    assert budget.fair_share_s(0.0) == 0.0


def test_without_a_limit_nothing_is_refused() -> None:
    """The use is known all the same, for it decides who goes first."""
    budget = CpuBudget()
    budget.spend("web", 1e6, 0.0)
    assert budget.allows_burst("web", 0.0)
    assert budget.recent_s("web", 0.0) == 1e6


def test_a_moment_that_lies_back_changes_nothing() -> None:
    """Two threads read the clock and take the lock in another order."""
    budget = CpuBudget(1.0)
    budget.spend("cam", 2.0, 10.0)
    before = budget.tokens_s(10.0)
    assert budget.tokens_s(9.9) == before
    assert budget.recent_s("cam", 9.9) == 2.0
