"""The stores of patrols and tasks, as contracts; rules as in `protocols`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.protocols import Scope
from storage.records import Case, CaseStep, Delivery, Evidence, Page, ReviewItem
from storage.records_patrol import (
    Arrival,
    CaseLook,
    CheckPoint,
    DeskNumbers,
    FedBackCase,
    FindingRecords,
    FootPlan,
    PatrolPlan,
    PatrolRound,
    PatrolView,
    RoundNumbers,
    RoundState,
    Task,
    TaskKind,
    TaskNumbers,
    TaskPhoto,
    TaskState,
)

Opening = tuple[Case, CaseStep, Sequence[Delivery]]


@dataclass(frozen=True, slots=True)
class RoundFilter:
    """Which rounds of a span of time somebody asked for."""

    start: datetime  # opening from here on
    end: datetime  # and before
    states: tuple[RoundState, ...] = ()
    grid_id: str | None = None
    account_id: str | None = None  # only what this account runs, ran or may begin


class PatrolStore(Protocol):
    """Plans, the rounds made from them, and what was said of each view."""

    async def plans(self, scope: Scope, grid_id: str | None = None, limit: int = 500) -> list[PatrolPlan]:
        """Return plans by grid and name."""

    async def plan(self, plan_id: str) -> PatrolPlan:
        """Return a plan."""

    async def save_plan(self, plan: PatrolPlan) -> None:
        """Save version 1 of a new plan, or the next version of one; rounds of it not yet open are made anew.

        Raises:
            RecordConflict: Somebody saved another version meanwhile.
        """

    async def remove_plan(self, plan_id: str, now: datetime) -> None:
        """Remove a plan and its rounds that have not opened; rounds that have stay."""

    async def plans_to_round(self, before: datetime, limit: int) -> list[tuple[PatrolPlan, datetime | None]]:
        """Return enabled plans whose rounds are not made up to that moment, with the moment they are made up to."""

    async def add_rounds(self, plan: PatrolPlan, rounds: Sequence[PatrolRound], until: datetime) -> int:
        """Save rounds and that the plan's are made up to `until`; return how many were new.

        Rounds that are there already (same plan, same opening) are left as they are. Nothing happens when the plan
        has another version by now.
        """

    async def miss(self, now: datetime) -> list[PatrolRound]:
        """Turn open rounds that have closed into missed ones and return them."""

    async def rounds(
        self, scope: Scope, query: RoundFilter, cursor: str | None = None, limit: int = 100
    ) -> Page[PatrolRound]:
        """Return rounds in order of opening."""

    async def round(self, round_id: str) -> PatrolRound:
        """Return a round."""

    async def views(self, round_ids: Sequence[str]) -> list[PatrolView]:
        """Return what was said in these rounds, in order of time."""

    async def start(self, round_id: str, account_id: str, now: datetime, left_since: datetime) -> PatrolRound:
        """Give a round to an account; its own running one is returned as it is.

        Args:
            left_since: Somebody else's running round in which nothing has happened since may be taken over.

        Raises:
            RecordConflict: It has ended, or somebody else runs it.
        """

    async def judge_view(
        self, view: PatrolView, marks: tuple[datetime, datetime], finding: FindingRecords | None = None
    ) -> PatrolView:
        """Save what was said of a view, and with a finding its event, files, item and case, or none of it.

        Args:
            marks: `PatrolRound.marked_at` as the caller has read it, and as it is to be then.

        Returns:
            The view as kept: the same `client_id` twice is one verdict.

        Raises:
            RecordConflict: The view has a verdict, the round is not this account's or not running, or somebody else
                has said something meanwhile.
        """

    async def finish(self, round_id: str, account_id: str, now: datetime) -> PatrolRound:
        """End a running round; one that this account has ended is returned as it is.

        Raises:
            RecordConflict: It is not this account's, or was missed.
        """


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks somebody asked for; empty tuples mean any."""

    states: tuple[TaskState, ...] = ()
    grid_id: str | None = None
    account_id: str | None = None  # only those of this account, and those that nobody has
    start: datetime | None = None  # made or finished from here on
    end: datetime | None = None  # and before
    kinds: tuple[TaskKind, ...] = ()
    due_before: datetime | None = None  # with a span: also live ones from elsewhere that are due before this moment


class TaskStore(Protocol):
    """Tasks on foot, their photos, and the points that are visited."""

    async def add(self, task: Task) -> None:
        """Save a new task."""

    async def get(self, task_id: str) -> Task:
        """Return a task."""

    async def page(self, scope: Scope, query: TaskFilter, cursor: str | None = None, limit: int = 50) -> Page[Task]:
        """Return tasks, newest first."""

    async def load(self, grid_id: str) -> dict[str, int]:
        """Return how many live tasks each account has in a grid."""

    async def assign(self, task_id: str, account_id: str | None) -> Task:
        """Give a live task to an account, or to nobody in particular.

        Raises:
            RecordConflict: The task has ended.
        """

    async def arrive(self, task_id: str, arrival: Arrival) -> Task:
        """Save a check-in; a task that nobody had is now that account's. A second check-in is left out.

        Raises:
            RecordConflict: The task has ended, or is somebody else's.
        """

    async def give_back(self, task_id: str, account_id: str, why: str) -> Task:
        """Open a task of this account to others, with words why.

        Raises:
            RecordConflict: The task has ended, or is somebody else's.
        """

    async def finish(self, task: Task, item: ReviewItem | None = None, case: Opening | None = None) -> Task:
        """Save a task as finished, with the verdict on its item and the case that opens, or none of it.

        Returns:
            The task as kept: the same `client_id` twice is one result.

        Raises:
            RecordConflict: The task has ended, or its item no longer waits for somebody on site.
        """

    async def add_photo(self, photo: TaskPhoto, limit: int) -> None:
        """Save a photo of a live task.

        Raises:
            RecordConflict: The task has ended, or has `limit` photos.
        """

    async def photos(self, task_id: str) -> list[TaskPhoto]:
        """Return a task's photos, oldest first."""

    async def points(
        self, scope: Scope, grid_id: str | None = None, words: str = "", limit: int = 1000
    ) -> list[CheckPoint]:
        """Return points by grid and name; `words`: only those whose name has them."""

    async def points_by_id(self, point_ids: Sequence[str]) -> list[CheckPoint]:
        """Return these points in this order; those that are gone are left out."""

    async def last_checks(self, point_ids: Sequence[str]) -> Mapping[str, Task]:
        """Return the last task that was done at each point, by point id; points without one are left out."""

    async def point(self, point_id: str) -> CheckPoint:
        """Return a point."""

    async def add_point(self, point: CheckPoint) -> None:
        """Save a new point; RecordConflict when its code is taken."""

    async def save_point(self, point: CheckPoint) -> None:
        """Save a point that is there, changed; its code and age stay."""

    async def remove_point(self, point_id: str, now: datetime) -> None:
        """Remove a point and cancel its live tasks; ended ones stay."""

    async def point_of_code(self, code: str) -> CheckPoint | None:
        """Return the point with that code, None when there is none."""


class FootStore(Protocol):
    """Plans of tasks on foot, and the tasks made from them."""

    async def plans(self, scope: Scope, grid_id: str | None = None, limit: int = 500) -> list[FootPlan]:
        """Return plans by grid and name."""

    async def plan(self, plan_id: str) -> FootPlan:
        """Return a plan."""

    async def save_plan(self, plan: FootPlan) -> None:
        """Save version 1 of a new plan, or the next version of one; tasks that were made of it stay.

        Raises:
            RecordConflict: Somebody saved another version meanwhile.
        """

    async def remove_plan(self, plan_id: str) -> None:
        """Remove a plan; tasks that were made of it stay."""

    async def plans_due(self, now: datetime, limit: int) -> list[tuple[FootPlan, datetime | None]]:
        """Return enabled plans whose tasks are made up to that moment at most, with the moment they are made up to."""

    async def add_tasks(self, plan: FootPlan, made: Sequence[Task], until: datetime) -> int:
        """Save tasks and that the plan's are made up to `until`; return how many were new.

        Tasks that are there already (same plan, point and opening) are left as they are. Nothing happens when the
        plan has another version by now.
        """

    async def miss(self, now: datetime) -> int:
        """Turn live tasks of plans that have closed into missed ones; return how many."""


class LookStore(Protocol):
    """Cases that came back as handled: looks at their places, and what people say of them."""

    async def waiting(self, since: datetime, limit: int) -> list[FedBackCase]:
        """Return cases in state fed_back, changed since that moment, that were not looked at after they became so."""

    async def save_look(self, look: CaseLook, evidence: Evidence | None, task: Task | None) -> bool:
        """Save a look with its picture and the task to verify; False when that step has its look already."""

    async def of_case(self, case_id: str) -> list[CaseLook]:
        """Return a case's looks, oldest first."""

    async def check(self, step: CaseStep, deliveries: Sequence[Delivery], task: Task | None = None) -> bool:
        """Move a case from fed_back to what a person says of it, with the messages that tell the platform.

        Live tasks to verify the case end with it: `task`, a finished one, as given, others cancelled. Returns False,
        and changes nothing, when the same person has said the same already.

        Raises:
            RecordConflict: The case does not wait to be checked.
        """


class NumbersStore(Protocol):
    """Sums over a bounded span of time, `start` inclusive, `end` not; per grid id, or of one account under ""."""

    async def desk(
        self, scope: Scope, start: datetime, end: datetime, account_id: str | None = None
    ) -> Mapping[str, DeskNumbers]:
        """Return what was judged."""

    async def rounds(
        self, scope: Scope, start: datetime, end: datetime, account_id: str | None = None
    ) -> Mapping[str, RoundNumbers]:
        """Return rounds due in the span, also those due later that are ended by its end.

        Of an account: those it ran, and those for it that nobody ran.
        """

    async def tasks(
        self, scope: Scope, start: datetime, end: datetime, now: datetime, account_id: str | None = None
    ) -> Mapping[str, TaskNumbers]:
        """Return tasks finished in the span and those open now."""
