"""Who may do what, where: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from camera_configs.models import SiteConfig
from gateway.errors import AccessDenied, NotFound
from storage.protocols import Scope
from storage.records import Account, Role


class Right(StrEnum):
    """What an account may be allowed to do; the names are those of the interface."""

    REVIEW_READ = "review.read"
    REVIEW_JUDGE = "review.judge"
    CASE_READ = "case.read"
    CASE_REPLAY = "case.replay"
    CAMERA_READ = "camera.read"
    CAMERA_HEALTH = "camera.health"
    FOOTAGE_VIEW = "footage.view"
    ACCOUNT_MANAGE = "account.manage"
    AUDIT_READ = "audit.read"
    FLEET_READ = "fleet.read"
    PATROL_DO = "patrol.do"
    PATROL_PLAN = "patrol.plan"
    TASK_DO = "task.do"
    NUMBERS_READ = "numbers.read"
    CONFIG_READ = "config.read"
    CONFIG_EDIT = "config.edit"
    ONBOARD = "onboard"


_WORKER = frozenset(
    {Right.REVIEW_READ, Right.REVIEW_JUDGE, Right.CASE_READ, Right.CAMERA_READ, Right.FOOTAGE_VIEW}
    | {Right.PATROL_DO, Right.TASK_DO, Right.NUMBERS_READ},
)
_LEADER = _WORKER | {Right.CAMERA_HEALTH, Right.PATROL_PLAN}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.GRID_WORKER: _WORKER,
    Role.GRID_LEADER: _LEADER,
    Role.OPERATOR: _LEADER | {Right.CASE_REPLAY, Right.CONFIG_READ, Right.CONFIG_EDIT, Right.ONBOARD},
    # Order 799 article 19: who keeps the system running does not see what it shows.
    Role.MAINTAINER: frozenset({Right.CAMERA_READ, Right.CAMERA_HEALTH, Right.FLEET_READ, Right.CONFIG_READ}),
    Role.AUDITOR: frozenset({Right.AUDIT_READ, Right.CASE_READ}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in account with what it may do and the grids it may do it in."""

    account: Account
    rights: frozenset[Right]
    scope: Scope

    def may(self, right: Right) -> bool:
        """Say whether it holds a right, in whichever grid."""
        return right in self.rights


def principal_for(account: Account, site: SiteConfig) -> Principal:
    """Return what an account may do on this site.

    Its scope is the grids it is given, and every grid in the regions it is given (by prefix of the region code, so
    that a county covers its towns). An administrator, and a region "", cover everything.
    """
    rights = frozenset() if account.disabled else RIGHTS[account.role]
    return Principal(account, rights, _scope(account, site))


def own_grids(account: Account, site: SiteConfig) -> frozenset[str]:
    """Return the grids that are this person's own: those whose worker they are, else those given to them by name.

    What a region adds is not somebody's own: who answers for a county does not walk its streets.
    """
    named = (grid.id for grid in site.grids if any(worker.account == account.name for worker in grid.workers))
    return frozenset(named) or frozenset(account.grid_ids)


def require(principal: Principal, right: Right, grid_id: str | None = None) -> None:
    """Let pass who holds the right, and, where a grid is named, has that grid in scope.

    Raises:
        AccessDenied: The account lacks the right.
        NotFound: The grid is outside its scope; that something is there is not revealed.
    """
    require_any(principal, right, None if grid_id is None else (grid_id,))


def require_any(principal: Principal, right: Right, grid_ids: Iterable[str] | None) -> None:
    """Let pass who holds the right and has one of the grids in scope (a camera may stand in several).

    Raises:
        AccessDenied: The account lacks the right.
        NotFound: None of the grids is in its scope.
    """
    if not principal.may(right):
        raise AccessDenied(right.value)
    if grid_ids is not None and not any(principal.scope.allows(grid_id) for grid_id in grid_ids):
        raise NotFound


def _scope(account: Account, site: SiteConfig) -> Scope:
    if account.role is Role.ADMIN or "" in account.region_codes:
        return Scope(None)
    regional = (grid.id for grid in site.grids if grid.region_code.startswith(account.region_codes))
    return Scope(frozenset([*account.grid_ids, *regional]))
