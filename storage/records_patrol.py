"""Facts of patrols: plans, rounds and what was said of each view; tasks on foot; looks at places after handling.

Times are aware UTC unless a name says local. Positions are WGS-84. As in `records`, nothing here is about residents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from storage.records import Case, CaseStep, Delivery, Event, Evidence, ReviewItem


@dataclass(frozen=True, slots=True)
class PatrolPoint:
    """One view of a round: a camera, and how long it is to be looked at."""

    id: str
    camera_id: str
    name: str
    dwell_s: float
    preset: str | None = None  # shown to the worker; the gateway turns no camera


@dataclass(frozen=True, slots=True)
class PatrolWindow:
    """A part of the day in local time, "HH:MM"; an end before the start lies on the next day."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class PatrolPlan:
    """Which views of a grid are patrolled by video, in which windows of which days, by whom."""

    id: str
    name: str
    grid_id: str
    points: tuple[PatrolPoint, ...]
    windows: tuple[PatrolWindow, ...]
    weekdays: tuple[str, ...]  # "mon".."sun", of the day a window begins; empty: every day
    assignees: tuple[str, ...]  # account ids; empty: every worker of the grid
    enabled: bool
    version: int  # 1, 2, 3 ...
    updated_by: str  # account id
    updated_at: datetime  # rounds are made from here on


class RoundState(StrEnum):
    """Where a round stands."""

    WAITING = "waiting"  # nobody has begun it
    RUNNING = "running"
    DONE = "done"  # ended by its due time
    LATE = "late"  # ended after its due time
    MISSED = "missed"  # not ended when it closed; what was seen still counts


OPEN_ROUNDS = (RoundState.WAITING, RoundState.RUNNING)


@dataclass(frozen=True, slots=True)
class PatrolRound:
    """One plan in one window of one day."""

    id: str
    plan_id: str
    name: str
    grid_id: str
    day: date  # local day on which its window begins
    opens_at: datetime
    due_at: datetime
    closes_at: datetime  # later than that it cannot be ended any more
    views: tuple[PatrolPoint, ...]  # as the plan had them
    planned: int  # number of views
    assignees: tuple[str, ...]
    state: RoundState = RoundState.WAITING
    assignee: str | None = None  # account id of who runs or ran it
    started_at: datetime | None = None
    marked_at: datetime | None = None  # when the present view came up: no look at it can have begun before
    finished_at: datetime | None = None
    seen: int = 0  # views with a verdict
    not_viewable: int = 0
    findings: int = 0
    short: int = 0  # views that were shown for less than asked for


class ViewVerdict(StrEnum):
    """What was said of a view."""

    NORMAL = "normal"
    FINDING = "finding"
    NOT_VIEWABLE = "not_viewable"


@dataclass(frozen=True, slots=True)
class PatrolView:
    """What was said of one view in one round."""

    round_id: str
    point_id: str
    camera_id: str
    grid_id: str
    verdict: ViewVerdict
    shown: str  # "live", "last_look", "none"
    dwell_s: float  # time it was visible to the worker
    dwell_due_s: float
    judged_at: datetime
    judged_by: str
    client_id: str  # made by the browser: the same one twice is one verdict
    note: str = ""
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class FindingRecords:
    """What a finding leads to, saved together: an event with its pictures, confirmed, and its case."""

    event: Event
    evidence: tuple[Evidence, ...]
    item: ReviewItem
    case: tuple[Case, CaseStep, Sequence[Delivery]]


class TaskKind(StrEnum):
    """Why somebody is asked to go and look."""

    CHECK = "check"  # a reviewer could not tell from the video
    VERIFY = "verify"  # a case came back as handled
    ROUTINE = "routine"  # by hand or by a plan


class TaskState(StrEnum):
    """The life of a task."""

    OPEN = "open"
    ARRIVED = "arrived"  # somebody has checked in on site
    DONE = "done"
    RETURNED = "returned"  # given back by its worker: open to others
    CANCELLED = "cancelled"  # its reason is gone: the verdict was taken back, the case was judged otherwise
    MISSED = "missed"  # of a plan, and not done when it closed


LIVE_TASKS = (TaskState.OPEN, TaskState.ARRIVED, TaskState.RETURNED)


class TaskResult(StrEnum):
    """What was found on site."""

    CONFIRMED = "confirmed"  # it is there
    REJECTED = "rejected"  # it is not there
    HANDLED = "handled"  # it was there, and is dealt with


@dataclass(frozen=True, slots=True)
class Arrival:
    """One check-in on site; nothing is recorded on the way."""

    at: datetime
    by: str  # "position", "code"
    account_id: str
    distance_m: float | None  # from the place of the task; None where that has no position
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    point_id: str | None = None  # whose code was scanned


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be looked at on foot."""

    id: str
    kind: TaskKind
    grid_id: str
    title: str
    what: str  # event type, or "" for a routine look
    place: str
    lon: float | None
    lat: float | None
    created_at: datetime
    created_by: str  # account id or "system"
    due_at: datetime | None
    state: TaskState = TaskState.OPEN
    assignee: str | None = None  # account id; None: whoever of the grid takes it
    item_id: str | None = None
    case_id: str | None = None
    event_id: str | None = None
    point_id: str | None = None
    arrival: Arrival | None = None
    arrived_at: datetime | None = None
    finished_at: datetime | None = None
    finished_by: str | None = None
    result: TaskResult | None = None
    note: str = ""
    client_id: str | None = None  # of the request that finished it
    plan_id: str | None = None  # that it was made from; plans may go, tasks stay
    closes_at: datetime | None = None  # of a plan: later than that it cannot be done any more


@dataclass(frozen=True, slots=True)
class TaskPhoto:
    """A picture taken on site, without what the phone wrote into it."""

    id: str
    task_id: str
    moment: str  # "before", "after"
    media_key: str
    content_type: str
    size_bytes: int
    sha256: str
    width: int
    height: int
    taken_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CheckPoint:
    """A place that is visited on foot, with the code that is posted there."""

    id: str
    grid_id: str
    name: str
    lon: float
    lat: float
    code: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FootPlan:
    """Which points of a grid are visited on foot, when and by whom: a task per point and window."""

    id: str
    name: str
    grid_id: str
    point_ids: tuple[str, ...]  # in the order they are visited; points that are gone are left out
    windows: tuple[PatrolWindow, ...]
    weekdays: tuple[str, ...]  # "mon".."sun", of the day a window begins; empty: every day
    workdays: bool  # only on working days of the calendar
    assignee: str | None  # account id; None: the grid's worker with the fewest live tasks
    note: str
    enabled: bool
    version: int  # 1, 2, 3 ...
    updated_by: str  # account id
    updated_at: datetime  # tasks are made from here on


class LookResult(StrEnum):
    """What a detector says of a place after handling."""

    GONE = "nothing_found"
    STILL_THERE = "still_there"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class CaseLook:
    """A fresh look at the place of a case that came back as handled: one per such answer of the platform."""

    id: str
    case_id: str
    step_id: str  # the step that said so
    at: datetime
    result: LookResult
    evidence_id: str | None  # None: no picture could be had in time
    detector: str = ""  # which one looked; "" where none could
    detail: str = ""  # a code for why there is no picture or no answer


@dataclass(frozen=True, slots=True)
class FedBackCase:
    """A case that came back as handled and has not been looked at since."""

    case: Case
    step: CaseStep
    event: Event


@dataclass(frozen=True, slots=True)
class DeskNumbers:
    """What was judged in a span of time, in one grid or by one person."""

    judged: int = 0
    confirmed: int = 0
    rejected: int = 0
    median_s: float | None = None  # from the queue to the verdict


@dataclass(frozen=True, slots=True)
class RoundNumbers:
    """Rounds that were due in a span of time."""

    due: int = 0
    done: int = 0  # in time
    late: int = 0
    missed: int = 0
    planned_views: int = 0
    seen_views: int = 0


@dataclass(frozen=True, slots=True)
class TaskNumbers:
    """Tasks of a span of time."""

    open: int = 0  # now
    overdue: int = 0  # of these
    done: int = 0
    done_in_time: int = 0
