"""What a governance platform answers about a case: a CloudEvent of type `cn.gridpatrol.case.state`, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from gateway.errors import GridPatrolError
from storage.records import CaseState

# `opened` is ours to say; everything after it is the platform's.
PlatformState = Literal[
    "accepted",
    "declined",
    "filed",
    "dispatched",
    "handling",
    "fed_back",
    "verified",
    "rework",
    "closed",
    "cancelled",
]


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """Where the platform says a case stands."""

    case_id: str
    state: CaseState
    number: str | None  # the platform's own case number
    note: str
    at: datetime  # aware UTC; when the platform is silent on it, the time of arrival


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field of a callback that cannot be used."""

    field: str  # "data.state"; "" when the whole body is meant
    message: str


class CallbackInvalid(GridPatrolError):
    """The body is not a callback that can be used; answered with 422 and the names of the fields."""

    def __init__(self, faults: tuple[FieldFault, ...]) -> None:
        self.faults = faults
        super().__init__(faults)

    def __str__(self) -> str:
        return "; ".join(f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in self.faults)


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold NUL characters")  # PostgreSQL has no way to keep them
    return text


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("is outside the calendar") from exc


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_storable)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000), AfterValidator(_storable)]


class _Data(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    state: PlatformState
    case_number: Line | None = None
    note: Words | None = None
    at: Moment | None = None


class _CloudEvent(BaseModel):
    """The envelope; attributes that we do not know are extensions, which the standard asks us to tolerate."""

    model_config = ConfigDict(strict=True, frozen=True)

    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=256)
    source: str = Field(min_length=1, max_length=2_000)
    type: Literal["cn.gridpatrol.case.state"]
    subject: Line = Field(min_length=1)
    time: Moment | None = None
    data: _Data


def parse_callback(body: bytes, received_at: datetime) -> PlatformAnswer:
    """Read a callback's body (structured JSON mode).

    Raises:
        CallbackInvalid: With every field that is missing or wrong.
    """
    try:
        event = _CloudEvent.model_validate_json(body)
    except ValidationError as exc:
        raise CallbackInvalid(tuple(_fault(error) for error in exc.errors(include_url=False))) from exc
    return PlatformAnswer(
        case_id=event.subject,
        state=CaseState(event.data.state),
        number=event.data.case_number or None,
        note=event.data.note or "",
        at=event.data.at or event.time or received_at,
    )


def _fault(error: ErrorDetails) -> FieldFault:
    return FieldFault(".".join(str(part) for part in error["loc"]), error["msg"])
