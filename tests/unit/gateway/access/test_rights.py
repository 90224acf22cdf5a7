"""Who may do what, where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import camera_configs
from camera_configs.loader import load_site
from gateway.access.rights import RIGHTS, Principal, Right, principal_for, require, require_any
from gateway.errors import AccessDenied, NotFound
from storage.protocols import Scope
from storage.records import Role
from tests.unit.gateway.access.fakes import account

SITE = load_site(Path(camera_configs.__file__).parent / "examples" / "site")
NAMES = """review.read review.judge case.read case.replay camera.read camera.health footage.view account.manage
audit.read fleet.read patrol.do patrol.plan task.do numbers.read
config.read config.edit onboard"""


def principal(role: Role = Role.GRID_WORKER, **fields: Any) -> Principal:
    return principal_for(account(role=role, **fields), SITE)


def test_the_rights_are_those_of_the_interface() -> None:
    """The front end reads these very words."""
    assert {right.value for right in Right} == set(NAMES.split())


def test_every_role_has_its_rights() -> None:
    """A role that is forgotten here could do nothing, or worse."""
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize("role", [Role.MAINTAINER, Role.AUDITOR])
@pytest.mark.parametrize("right", [Right.FOOTAGE_VIEW, Right.REVIEW_READ, Right.REVIEW_JUDGE, Right.ACCOUNT_MANAGE])
def test_who_maintains_or_audits_sees_no_footage(role: Role, right: Right) -> None:
    """Order 799 article 19, and the same care for the register's readers."""
    with pytest.raises(AccessDenied):
        require(principal(role, region_codes=("",)), right)


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.ADMIN])
def test_only_administrators_manage_accounts(role: Role) -> None:
    """Nobody gives himself rights."""
    assert not principal(role, region_codes=("",)).may(Right.ACCOUNT_MANAGE)


@pytest.mark.parametrize("role", [r for r in Role if r not in {Role.ADMIN, Role.AUDITOR}])
def test_only_auditors_and_administrators_read_the_register(role: Role) -> None:
    """Who is watched over does not read along."""
    assert not principal(role, region_codes=("",)).may(Right.AUDIT_READ)


def test_a_foreign_grid_is_not_there() -> None:
    """Outside the scope the answer is "not found", not "forbidden"."""
    worker = principal(grid_ids=("dongjie-1",))
    require(worker, Right.REVIEW_READ, "dongjie-1")
    with pytest.raises(NotFound):
        require(worker, Right.REVIEW_READ, "hewan-1")
    with pytest.raises(NotFound):
        require(worker, Right.REVIEW_READ, "no-such-grid")


def test_a_missing_right_goes_before_a_foreign_grid() -> None:
    """Who may not read cases at all learns nothing about grids."""
    with pytest.raises(AccessDenied):
        require(principal(Role.MAINTAINER), Right.CASE_READ, "hewan-1")


def test_a_camera_in_two_grids_is_seen_by_both() -> None:
    """One grid in scope is enough; none is "not found"."""
    camera = SITE.camera("river-bend-2")
    for grid in camera.grids:
        require_any(principal(grid_ids=(grid,)), Right.CAMERA_READ, camera.grids)
    with pytest.raises(NotFound):
        require_any(principal(grid_ids=("dongjie-1",)), Right.CAMERA_READ, camera.grids)


@pytest.mark.parametrize(
    ("fields", "grids"),
    [
        ({}, set()),
        ({"grid_ids": ("hewan-1",)}, {"hewan-1"}),
        ({"region_codes": ("620702199001",)}, {"dongjie-1"}),
        ({"region_codes": ("620702199",)}, {"dongjie-1", "hewan-1", "qingxi-river"}),
        ({"region_codes": ("620702199201",), "grid_ids": ("dongjie-1",)}, {"dongjie-1", "hewan-1"}),
        ({"region_codes": ("11",)}, set()),
        ({"grid_ids": ("since-removed",)}, {"since-removed"}),
    ],
)
def test_scope_is_given_grids_and_grids_of_given_regions(fields: dict[str, Any], grids: set[str]) -> None:
    """By prefix of the region code; nothing given is nothing seen; old events of a removed grid stay readable."""
    assert principal(Role.OPERATOR, **fields).scope == Scope(frozenset(grids))


def test_everything_is_a_scope_of_its_own() -> None:
    """An administrator, and a region "", cover grids that are yet to come."""
    assert principal(Role.ADMIN).scope.grid_ids is None
    assert principal(Role.OPERATOR, region_codes=("",)).scope.grid_ids is None


def test_a_disabled_account_may_do_nothing() -> None:
    """Even if a session of it were still open."""
    assert principal(Role.ADMIN, disabled=True).rights == frozenset()
